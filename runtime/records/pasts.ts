import { sql } from 'kysely';
import type { PatientId } from '#domain/ids.ts';
import type { VitalName } from '#domain/vitals.ts';
import type { Within } from './connect.ts';

/** What has been measured of a patient and when last, ms since 1970: so that nobody asks the vitals store for what is not there. */
export type Past = { patient: PatientId; lastTakenAt: ReadonlyMap<VitalName, number> };

/** Of these patients; whoever was never measured is absent. */
export async function pastsOf(db: Within, patients: readonly PatientId[]): Promise<Past[]> {
  if (patients.length === 0) return [];
  const rows = await db
    .selectFrom('latest_value')
    .select(['patient_id', 'vital', 'taken_at'])
    .where('patient_id', '=', sql<PatientId>`any(${[...patients]}::uuid[])`)
    .execute();
  const pasts = new Map<PatientId, Map<VitalName, number>>();
  for (const { patient_id, vital, taken_at } of rows) {
    const past = pasts.get(patient_id) ?? new Map<VitalName, number>();
    pasts.set(patient_id, past.set(vital, taken_at.getTime()));
  }
  return [...pasts].map(([patient, lastTakenAt]) => ({ patient, lastTakenAt }));
}

/**
 * By id, those behind `after` who were ever measured.
 * @param query.shards only patients with a device behind a source of these.
 */
export async function measuredPatients(
  db: Within,
  query: { after: PatientId | undefined; shards: readonly number[] | undefined; limit: number },
): Promise<PatientId[]> {
  const rows = await db
    .selectFrom('latest_value')
    .select('patient_id')
    .distinct()
    .where((eb) => (query.after ? eb('patient_id', '>', query.after) : eb.lit(true)))
    .where((eb) =>
      query.shards
        ? eb.exists(
            eb
              .selectFrom('assignment')
              .innerJoin('device', 'device.id', 'assignment.device_id')
              .innerJoin('source', 'source.id', 'device.source_id')
              .select('source.id')
              .whereRef('assignment.patient_id', '=', 'latest_value.patient_id')
              .where('source.shard', 'in', query.shards),
          )
        : eb.lit(true),
    )
    .orderBy('patient_id')
    .limit(query.limit)
    .execute();
  return rows.map(({ patient_id }) => patient_id);
}
