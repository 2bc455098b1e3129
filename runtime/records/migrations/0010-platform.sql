-- How the platform itself is: what each process says of its components, and what has not worked for longer than it may.
-- No patient, no person, no value.
create table platform_component (
  process text not null,
  component text not null,
  state text not null check (state in ('ok', 'degraded', 'down')),
  trouble text,
  detail text,
  at timestamptz not null,
  primary key (process, component)
);

create table platform_alert (
  id uuid primary key,
  process text not null,
  component text not null,
  trouble text not null,
  state text not null check (state in ('degraded', 'down')),
  detail text,
  since timestamptz not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  -- When the operator was sent a mail about it.
  mailed_at timestamptz
);
create index platform_alert_by_time on platform_alert (opened_at desc);
create index platform_alert_open on platform_alert (process) where closed_at is null;

