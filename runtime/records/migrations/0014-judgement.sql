-- What the care team plans for a patient, beyond the parameters of rules; which problem an alert is about.

alter table care_plan
  -- Words of domain/care-plan.ts; what is not named has no rules of its own for this patient.
  add column programmes jsonb not null default '[]',
  -- What the patient is to measure: [{"panel": "blood-pressure", "times": 2, "everyDays": 1}].
  add column expected jsonb not null default '[]',
  -- Tasks that come again: see FollowUp in domain/care-plan.ts.
  add column follow_up jsonb not null default '[]',
  -- {"from": …, "until": …, "reason": …}: until then nothing is expected of the patient. Null: not paused.
  add column pause jsonb;

-- Parameters of rules as this team wants them; a patient's care plan goes before it.
alter table care_team add column overrides jsonb not null default '{}';

-- Several rules may speak of one problem, and a patient has one episode of it: the gravest speaks.
alter table alert add column problem text;
update alert set problem = case rule
  when 'blood-pressure-severe' then 'blood-pressure-high'
  when 'blood-pressure-rising' then 'blood-pressure-control'
  else rule end;
alter table alert alter column problem set not null;
drop index alert_unresolved;
create unique index alert_unresolved on alert (patient_id, problem) where state <> 'resolved';
