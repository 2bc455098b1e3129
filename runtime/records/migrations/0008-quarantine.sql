-- Quarantine that can be looked through, released and never fills the disk; what admission knows of devices, told to whoever keeps it in memory.

alter table quarantine
  -- Of the reading or series, where it could be read.
  add column device_id text,
  add column panel text,
  add column taken_at timestamptz,
  -- How many readings it holds; a message that nobody can read counts as one.
  add column readings int not null default 1,
  add column bytes int not null generated always as (octet_length(payload)) stored,
  -- Somebody asked for it to be judged again, and it may enter now. What it became: in the vitals store since, and seen by the rules since.
  add column released_at timestamptz,
  add column released_by text,
  add column recorded_at timestamptz,
  add column judged_at timestamptz,
  add constraint quarantine_released check ((released_at is null) = (released_by is null)),
  add constraint quarantine_done check (released_at is not null or (recorded_at is null and judged_at is null));
create index quarantine_by_source on quarantine (source_id, received_at);
create index quarantine_under_way on quarantine (released_at) where released_at is not null and (recorded_at is null or judged_at is null);

-- How much is kept of each source, and how many rows gave way to newer ones because it was too much.
create table quarantine_account (
  source_id text primary key,
  items bigint not null check (items >= 0),
  bytes bigint not null check (bytes >= 0),
  given_up bigint not null default 0
);
insert into quarantine_account select source_id, count(*), sum(bytes) from quarantine group by source_id;

-- One row, which changes with every transaction that changes a device, an assignment or a patient: whoever keeps registrations in memory asks for it
-- before using them. At the end of the transaction, so that nobody waits for it while holding something else.
create table registration_state (
  one boolean primary key default true check (one),
  changed_in xid8 not null
);
insert into registration_state (changed_in) values (pg_current_xact_id());
create function note_registration() returns trigger language plpgsql as $$
begin
  update registration_state set changed_in = pg_current_xact_id() where changed_in <> pg_current_xact_id();
  return null;
end $$;
create constraint trigger device_changed after insert or update or delete on device
  deferrable initially deferred for each row execute function note_registration();
create constraint trigger assignment_changed after insert or update or delete on assignment
  deferrable initially deferred for each row execute function note_registration();
create constraint trigger patient_changed after update or delete on patient
  deferrable initially deferred for each row execute function note_registration();

-- Since when it is remembered: after a long while no device replays what it measured then.
alter table first_hearing add column remembered_at timestamptz not null default now();
create index first_hearing_by_time on first_hearing using brin (remembered_at);

-- Written over and over again: room on each page keeps a new version beside the old one, and out of the index.
alter table latest_value set (fillfactor = 50);
