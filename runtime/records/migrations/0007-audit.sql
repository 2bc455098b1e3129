-- What was done to identities, homes and patients, by whom and when: one row each, added and never changed. Each row holds the hash of the
-- one before it, so whoever changes, takes out or slips in a row afterwards breaks the chain from there on (runtime/records/audit.ts
-- checks it without trusting a function of this database). No names, no values.
create table audit (
  seq bigint primary key,
  -- By the clock of the database, whatever anybody else believes.
  at timestamptz not null default clock_timestamp(),
  -- `clinician:<id>`, `operator:<login>`, `rule:<name>`, `source:<id>`, or `nobody`: whoever asked and was not let in.
  actor text not null,
  action text not null,
  -- `done`, or the fault for which it was refused.
  outcome text not null,
  source_id text,
  device_id text,
  patient_id uuid,
  -- From where, where somebody asked over the network.
  address text,
  -- Ids, fingerprints and numbers that say more about it.
  detail jsonb not null,
  prev text not null,
  hash text not null
);
create index audit_by_source on audit (source_id, seq) where source_id is not null;
create index audit_by_patient on audit (patient_id, seq) where patient_id is not null;

-- Length and text of a part, so that no two rows are written alike.
create function audit_part(part text) returns text language sql immutable as $$
  select coalesce(octet_length(convert_to(part, 'UTF8')) || ':' || part, '-')
$$;

-- Writers come one after the other: the lock is held until the end of their transaction, so that no row waits for one before it that is never
-- committed. Whoever writes here does it last.
create function audit_link() returns trigger language plpgsql as $$
declare
  last record;
begin
  perform pg_advisory_xact_lock(7301007);
  select seq, hash into last from audit order by seq desc limit 1;
  new.seq := coalesce(last.seq, 0) + 1;
  new.prev := coalesce(last.hash, repeat('0', 64));
  new.hash := encode(sha256(convert_to(
    new.prev
      || audit_part(new.seq::text)
      || audit_part(to_char(new.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'))
      || audit_part(new.actor)
      || audit_part(new.action)
      || audit_part(new.outcome)
      || audit_part(new.source_id)
      || audit_part(new.device_id)
      || audit_part(new.patient_id::text)
      || audit_part(new.address)
      || audit_part(new.detail::text),
    'UTF8')), 'hex');
  return new;
end
$$;
create trigger audit_link before insert on audit for each row execute function audit_link();

create function audit_refuse() returns trigger language plpgsql as $$
begin
  raise exception 'the audit trail is only added to';
end
$$;
create trigger audit_refuse before update or delete or truncate on audit for each statement execute function audit_refuse();
do $$
begin
  execute format('revoke update, delete, truncate on audit from %I', current_user);
end
$$;
