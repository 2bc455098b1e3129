import { sql } from 'kysely';
import type { PatientId } from '#domain/ids.ts';
import type { StoredReading, Value } from '#domain/reading.ts';
import type { LatestValue } from '#domain/views.ts';
import { type VitalName, vitalNames } from '#domain/vitals.ts';
import type { Within } from './connect.ts';

/**
 * The newest value of each vital sign of each patient, so that no list ever asks the time series for all patients.
 * Values only move forward: a reading taken earlier than the one that is kept changes nothing. Of two that were taken in the
 * same instant the one with the greater id stays, whatever the order in which they came.
 */
export async function keepLatestValues(db: Within, readings: readonly StoredReading[]): Promise<void> {
  if (readings.length === 0) return;
  // always in one order, so that two writers can never wait for each other
  const rows = newestOf(readings)
    .map((newest) => ({ key: `${newest.reading.patient} ${newest.value.vital}`, row: rowOf(newest) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ row }) => row);
  // one parameter, however many rows, and the same statement every time
  await sql`
    insert into latest_value
      (patient_id, vital, panel, value, decimals, taken_at, heard_at, stored_at, reading_id, device_id, marks)
    select * from json_to_recordset(${JSON.stringify(rows)}) as fresh(
      patient uuid, vital text, panel text, value float8, decimals smallint, taken timestamptz, heard timestamptz,
      stored timestamptz, reading text, device text, marks jsonb)
    on conflict (patient_id, vital) do update set
      panel = excluded.panel, value = excluded.value, decimals = excluded.decimals, taken_at = excluded.taken_at,
      heard_at = excluded.heard_at, stored_at = excluded.stored_at, reading_id = excluded.reading_id,
      device_id = excluded.device_id, marks = excluded.marks
    where (latest_value.taken_at, latest_value.reading_id) < (excluded.taken_at, excluded.reading_id)`.execute(db);
}

type Newest = { reading: StoredReading; takenAt: number; value: Value };

function newestOf(readings: readonly StoredReading[]): Newest[] {
  const ofPatients = new Map<PatientId, Map<VitalName, Newest>>();
  for (const reading of readings) {
    const takenAt = Date.parse(reading.takenAt);
    const newest = ofPatients.get(reading.patient) ?? new Map<VitalName, Newest>();
    ofPatients.set(reading.patient, newest);
    for (const value of reading.values) {
      const known = newest.get(value.vital);
      const isNewer = !known || takenAt > known.takenAt || (takenAt === known.takenAt && reading.id > known.reading.id);
      if (isNewer) newest.set(value.vital, { reading, takenAt, value });
    }
  }
  return [...ofPatients.values()].flatMap((newest) => [...newest.values()]);
}

/** The latest values of each of these patients, in the order of the catalogue; a patient without any is absent. */
export async function findLatestValues(
  db: Within,
  patients: readonly PatientId[],
): Promise<Map<PatientId, LatestValue[]>> {
  const values = new Map<PatientId, LatestValue[]>();
  if (patients.length === 0) return values;
  const rows = await db.selectFrom('latest_value').selectAll().where('patient_id', 'in', patients).execute();
  rows.sort((a, b) => vitalNames.indexOf(a.vital) - vitalNames.indexOf(b.vital));
  for (const row of rows)
    values.set(row.patient_id, [
      ...(values.get(row.patient_id) ?? []),
      {
        vital: row.vital,
        panel: row.panel,
        value: row.value,
        ...(row.decimals === null ? {} : { decimals: row.decimals }),
        takenAt: row.taken_at.toISOString(),
        heardAt: row.heard_at.toISOString(),
        storedAt: row.stored_at.toISOString(),
        reading: row.reading_id,
        device: row.device_id,
        marks: row.marks,
      },
    ]);
  return values;
}

/** A source whose clock is ahead heard it when we had it, at the latest: else its devices would never be silent. */
const rowOf = ({ reading, value: { vital, value, decimals } }: Newest) => ({
  patient: reading.patient,
  vital,
  panel: reading.panel,
  value,
  decimals: decimals ?? null,
  taken: reading.takenAt,
  heard: Date.parse(reading.heardAt) > Date.parse(reading.storedAt) ? reading.storedAt : reading.heardAt,
  stored: reading.storedAt,
  reading: reading.id,
  device: reading.device,
  marks: reading.marks,
});
