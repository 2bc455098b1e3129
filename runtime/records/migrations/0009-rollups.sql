-- Hours whose rollups are to be computed, or computed again: marked in the transaction that keeps what a batch of readings leaves.
-- `taken`: the job has it in hand. It is part of the key, so that a reading which comes meanwhile makes a mark of its own.
create table rollup_due (
  patient_id uuid not null,
  panel text not null,
  -- Whole hours since 1970, UTC.
  hour int not null,
  taken boolean not null default false,
  marked_at timestamptz not null,
  primary key (patient_id, panel, hour, taken)
);
create index rollup_due_by_time on rollup_due (marked_at) where not taken;

-- Rollups where there is no InfluxDB. `vitals`: {"systolic": {"count": 3, "sum": 420, "min": …, "max": …, "p10": …, …}}.
create table vitals_rollup (
  patient_id uuid not null,
  panel text not null,
  period text not null check (period in ('1h', '1d')),
  -- ms since 1970. A day is one of the care team's time zone, so it may have 23 or 25 hours.
  from_ms bigint not null,
  to_ms bigint not null,
  vitals jsonb not null,
  primary key (patient_id, panel, period, from_ms)
);

-- For retention, which asks for the oldest readings of everybody. BRIN: a few pages, however many readings.
create index vitals_reading_by_time on vitals_reading using brin (at_ns);

-- Erasure of a patient. From `erased_at` on nobody sees them and no reading of theirs comes in; what was stored goes when `keep_until` has
-- passed, part by part.
alter table patient add column erased_at timestamptz;
create table erasure (
  patient_id uuid primary key references patient,
  asked_at timestamptz not null,
  asked_by text not null,
  -- Why, in the words of the person who asked.
  reason text not null,
  -- Null: nothing obliges to keep anything.
  keep_until timestamptz,
  -- By part: {"readings": {"at": "2026-…", "removed": 12}}, or {"obstacle": "…"} where a part cannot be erased.
  parts jsonb not null default '{}',
  -- When all parts were gone through for the first time. Everything is then gone through once more, after whoever was at work has ended.
  first_pass_at timestamptz,
  -- When something of theirs was written that had been in hand while they were marked: all parts are gone through again.
  reopened_at timestamptz,
  done_at timestamptz
);
create index erasure_open on erasure (asked_at) where done_at is null;
create index first_hearing_by_patient on first_hearing ((hearing ->> 'patient'));
