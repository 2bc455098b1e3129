-- The first house: people, devices, judgement, paging. Times are timestamptz; names of people stand nowhere but here.

create table care_team (
  id uuid primary key,
  name jsonb not null,
  time_zone text not null,
  -- Escalation steps without people: [{"afterSeconds":0,"onCall":[0]},{"afterSeconds":300,"onCall":[1]}], repeatAfterSeconds, rounds
  escalation jsonb not null
);

create table clinician (
  id uuid primary key,
  email text not null unique check (email = lower(email)),
  name jsonb not null,
  role text not null check (role in ('nurse', 'doctor', 'administrator')),
  language text not null check (language in ('en', 'zh')),
  password_hash text not null,
  disabled_at timestamptz
);

create table team_member (
  team_id uuid not null references care_team,
  clinician_id uuid not null references clinician,
  primary key (team_id, clinician_id)
);

-- Position 0 is called first.
create table on_call (
  team_id uuid not null references care_team,
  position int not null check (position >= 0),
  clinician_id uuid not null references clinician,
  primary key (team_id, position)
);

create table session (
  token_hash text primary key,
  clinician_id uuid not null references clinician,
  created_at timestamptz not null,
  seen_at timestamptz not null,
  expires_at timestamptz not null
);

create table patient (
  id uuid primary key,
  team_id uuid not null references care_team,
  name jsonb not null,
  birth_date date not null,
  sex text not null check (sex in ('female', 'male', 'other', 'unknown')),
  conditions jsonb not null default '[]',
  created_at timestamptz not null default now()
);
create index patient_by_team on patient (team_id);

create table care_plan (
  patient_id uuid primary key references patient,
  overrides jsonb not null default '{}',
  silent_after_minutes int not null check (silent_after_minutes > 0),
  updated_at timestamptz not null default now(),
  updated_by uuid references clinician
);

create table source (
  id text primary key,
  kind text not null check (kind in ('gateway', 'device')),
  shard int not null,
  secret_hash text not null,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  status jsonb,
  status_at timestamptz
);

create table device (
  id text primary key,
  source_id text not null references source,
  model text,
  registered_at timestamptz not null default now()
);

create table assignment (
  id uuid primary key,
  device_id text not null references device,
  user_slot int,
  patient_id uuid not null references patient,
  from_at timestamptz not null,
  to_at timestamptz,
  check (to_at is null or to_at > from_at)
);
create index assignment_by_device on assignment (device_id);
create index assignment_by_patient on assignment (patient_id);

create table latest_value (
  patient_id uuid not null references patient,
  vital text not null,
  panel text not null,
  value double precision not null,
  taken_at timestamptz not null,
  heard_at timestamptz not null,
  stored_at timestamptz not null,
  reading_id text not null,
  device_id text not null,
  marks jsonb not null default '[]',
  primary key (patient_id, vital)
);

-- What could not be admitted: kept whole, with the reason. `key` makes the same refusal of the same thing one row.
create table quarantine (
  key text primary key,
  source_id text not null,
  received_at timestamptz not null,
  reason text not null,
  detail text not null,
  ref text,
  payload bytea not null
);
create index quarantine_by_time on quarantine (received_at);

-- Written by the rules service at start, read by everybody who shows limits.
create table rule_book (
  rule text primary key,
  entry jsonb not null
);

create table rule_memory (
  patient_id uuid not null references patient,
  rule text not null,
  memory jsonb not null,
  primary key (patient_id, rule)
);

create table alert (
  id uuid primary key,
  patient_id uuid not null references patient,
  team_id uuid not null references care_team,
  rule text not null,
  rule_version int not null,
  parameters jsonb not null,
  severity text not null check (severity in ('routine', 'urgent', 'critical')),
  state text not null check (state in ('open', 'acknowledged', 'resolved')),
  title jsonb not null,
  explanation jsonb not null,
  evidence jsonb not null check (jsonb_array_length(evidence) > 0),
  escalation jsonb,
  opened_at timestamptz not null,
  acknowledged_at timestamptz,
  acknowledged_by uuid references clinician,
  resolved_at timestamptz,
  resolved_by uuid references clinician,
  outcome text,
  note text
);
-- One episode per patient and problem.
create unique index alert_unresolved on alert (patient_id, rule) where state <> 'resolved';
create index alert_by_team on alert (team_id, opened_at desc);
create index alert_by_patient on alert (patient_id, opened_at desc);

create table alert_event (
  id bigint generated always as identity primary key,
  alert_id uuid not null references alert,
  at timestamptz not null,
  kind text not null,
  actor uuid references clinician,
  note text,
  detail jsonb not null default '{}'
);
create index alert_event_by_alert on alert_event (alert_id, id);

create table task (
  id uuid primary key,
  patient_id uuid not null references patient,
  team_id uuid not null references care_team,
  alert_id uuid references alert,
  kind text not null,
  title jsonb not null,
  role text not null,
  due_at timestamptz not null,
  created_at timestamptz not null,
  done_at timestamptz,
  done_by uuid references clinician,
  result text
);
create index task_by_team on task (team_id, due_at) where done_at is null;
create index task_by_patient on task (patient_id, created_at desc);
create unique index task_once_per_alert on task (alert_id, kind);

-- The paging outbox. A row is written in the transaction that decides the page; the unique key is the truth about "once".
create table page (
  id uuid primary key,
  alert_id uuid not null references alert,
  step int not null,
  channel text not null,
  recipient uuid not null references clinician,
  created_at timestamptz not null,
  due_at timestamptz not null,
  state text not null check (state in ('due', 'sent', 'failed', 'cancelled')),
  attempts int not null default 0,
  last_attempt_at timestamptz,
  sent_at timestamptz,
  fault text,
  unique (alert_id, step, channel, recipient)
);
create index page_due on page (due_at) where state = 'due';

-- What must happen when. Entries carry an id and a step only: when they fire they look again.
create table agenda (
  key text primary key,
  kind text not null,
  subject text not null,
  step int not null default 0,
  due_at timestamptz not null,
  done_at timestamptz,
  attempts int not null default 0,
  fault text
);
create index agenda_due on agenda (due_at) where done_at is null;
