import { sql } from 'kysely';
import type { PatientId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import type { LatestValue } from '#domain/views.ts';
import { vitalNames } from '#domain/vitals.ts';
import type { Within } from './connect.ts';

/**
 * The newest value of each vital sign of each patient, so that no list ever asks the time series for all patients.
 * Values only move forward: a reading taken earlier than the one that is kept changes nothing. Of two that were taken in the
 * same instant the one with the greater id stays, whatever the order in which they came.
 */
export async function keepLatestValues(db: Within, readings: readonly StoredReading[]): Promise<void> {
  const newest = new Map<string, ReturnType<typeof rowsOf>[number]>();
  for (const row of readings.flatMap(rowsOf)) {
    const key = `${row.patient_id} ${row.vital}`;
    const known = newest.get(key);
    if (!known || isNewer(row, known)) newest.set(key, row);
  }
  // always in one order, so that two writers can never wait for each other
  const rows = [...newest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  for (let i = 0; i < rows.length; i += rowsPerStatement)
    await db
      .insertInto('latest_value')
      .values(rows.slice(i, i + rowsPerStatement))
      .onConflict((conflict) =>
        conflict
          .columns(['patient_id', 'vital'])
          .doUpdateSet((row) => ({
            panel: row.ref('excluded.panel'),
            value: row.ref('excluded.value'),
            decimals: row.ref('excluded.decimals'),
            taken_at: row.ref('excluded.taken_at'),
            heard_at: row.ref('excluded.heard_at'),
            stored_at: row.ref('excluded.stored_at'),
            reading_id: row.ref('excluded.reading_id'),
            device_id: row.ref('excluded.device_id'),
            marks: row.ref('excluded.marks'),
          }))
          .where(
            sql<boolean>`(latest_value.taken_at, latest_value.reading_id) < (excluded.taken_at, excluded.reading_id)`,
          ),
      )
      .execute();
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

/** 11 parameters each; PostgreSQL takes 65,535 in one statement. */
const rowsPerStatement = 2_000;

const rowsOf = (reading: StoredReading) =>
  reading.values.map(({ vital, value, decimals }) => ({
    patient_id: reading.patient,
    vital,
    panel: reading.panel,
    value,
    decimals: decimals ?? null,
    taken_at: new Date(reading.takenAt),
    heard_at: new Date(reading.heardAt),
    stored_at: new Date(reading.storedAt),
    reading_id: reading.id,
    device_id: reading.device,
    marks: JSON.stringify(reading.marks),
  }));

const isNewer = (a: { taken_at: Date; reading_id: string }, b: { taken_at: Date; reading_id: string }): boolean =>
  a.taken_at > b.taken_at || (a.taken_at.getTime() === b.taken_at.getTime() && a.reading_id > b.reading_id);
