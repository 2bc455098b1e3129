-- Alerts as episodes that are snoozed, handed over, recover and come back; tasks with an owner, a checklist, a journal of their own.

alter table alert
  -- When it last called for somebody: opened, worsened, renewed or re-opened.
  add column raised_at timestamptz,
  -- Since when the patient is back inside the limits; null: not, or not known.
  add column recovered_at timestamptz,
  -- {"by": …, "at": …, "until": …, "before": "open" | "acknowledged"}
  add column snooze jsonb;
update alert set raised_at = opened_at;
alter table alert alter column raised_at set not null;
create index alert_by_problem on alert (patient_id, problem, resolved_at desc) where state = 'resolved';
-- The report on the clocks of a team's calls.
create index alert_event_by_call on alert_event (at) where kind in ('opened', 'worsened', 'renewed', 'reopened');

alter table task
  add column owner uuid references clinician,
  -- [{"text": {"en": …, "zh": …}, "done": null | {"by": …, "at": …}}]
  add column checklist jsonb not null default '[]',
  -- Null: a rule or the care plan asked for it.
  add column created_by uuid references clinician,
  -- Which call of its alert asked for it: the alert's raised_at then.
  add column raised_at timestamptz,
  -- The entry of the care plan's follow-up, and the day of the care team it stands for.
  add column follow_up uuid,
  add column follow_up_on date,
  add column outcome text,
  add constraint task_follow_up_day check ((follow_up is null) = (follow_up_on is null));
update task set raised_at = alert.raised_at from alert where alert.id = task.alert_id;
update task set outcome = 'other' where done_at is not null;
drop index task_once_per_alert;
-- What a call of an alert asks for, once; an episode that comes back may ask again.
create unique index task_once_per_call on task (alert_id, kind, raised_at) where created_by is null;
create unique index task_open_once on task (alert_id, kind) where done_at is null and created_by is null;
create unique index task_follow_up_once on task (patient_id, follow_up, follow_up_on);
-- One of them waits; a second beside it would help nobody.
create unique index task_follow_up_open on task (patient_id, follow_up) where done_at is null;
create index task_by_owner on task (owner, due_at) where done_at is null;

create table task_event (
  id bigint generated always as identity primary key,
  task_id uuid not null references task on delete cascade,
  at timestamptz not null,
  kind text not null,
  actor uuid references clinician,
  note text,
  detail jsonb not null default '{}'
);
create index task_event_by_task on task_event (task_id, id);
