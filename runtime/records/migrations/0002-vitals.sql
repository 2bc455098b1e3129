-- Readings where no InfluxDB can be had (runtime/vitals-store-postgres.ts), and the memory of what devices replay.

-- `at_ns` is timestampOf(reading): takenAt in ns since 1970, its last six digits taken from the reading's id.
-- `reading` is json, not jsonb: it comes back as it went in, every escape and the order of its values included.
-- `vitals` holds the same values as {"systolic": 142, …}, for windows.
create table vitals_reading (
  patient_id uuid not null,
  panel text not null,
  at_ns bigint not null,
  reading_id text not null,
  vitals jsonb not null,
  reading json not null,
  primary key (patient_id, panel, at_ns, reading_id)
);

-- How a reading was first heard, for readings that bear the device's own time: such devices replay their memory, and a
-- later copy has another corrected time. The first copy counts, so that one measurement stays one.
create table first_hearing (
  reading_id text primary key,
  hearing jsonb not null
);
