-- How homes are set up and asked: who entered what, enrolment by code, and commands that are kept until they are answered.
-- Whoever did it stands as `clinician:<id>`, `rule:<name>` or `operator:<login on the platform's machine>`.

alter table patient add column created_by text;
alter table device add column registered_by text;
alter table assignment add column created_by text, add column ended_by text;

-- A source that is registered and not yet enrolled has no secret, and nobody signs in as it.
alter table source
  alter column secret_hash drop not null,
  add column created_by text,
  add column revoked_by text,
  add column enrolled_at timestamptz,
  -- SHA-256 of the SubjectPublicKeyInfo of the key that its box made at enrolment, hexadecimal.
  add column key_fingerprint text;
update source set enrolled_at = created_at;

-- `code_hash`: 40 bits of chance are guessed quickly by whoever holds a copy of this table, so the hash is a slow one.
create table enrolment_code (
  code_hash text primary key,
  source_id text not null references source,
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  key_fingerprint text,
  check ((used_at is null) = (key_fingerprint is null))
);
create index enrolment_code_by_source on enrolment_code (source_id);

-- `body`: the message as it is sent. Open until it is closed: answered, or too late. `send_at`: when it is sent, or sent again.
create table command (
  id uuid primary key,
  source_id text not null references source,
  body jsonb not null,
  device_id text references device,
  -- About whom the home is asked, where it is about somebody.
  patient_id uuid references patient,
  created_at timestamptz not null,
  created_by text not null,
  by_at timestamptz not null,
  send_at timestamptz not null,
  sent_at timestamptz,
  sends int not null default 0,
  answered_at timestamptz,
  closed_at timestamptz,
  outcome text check (outcome in ('done', 'refused', 'too-late')),
  reason text,
  check ((closed_at is null) = (outcome is null))
);
create index command_open on command (source_id, send_at) where closed_at is null;
create index command_by_patient on command (patient_id, created_at desc);
