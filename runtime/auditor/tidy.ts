import { sql } from 'kysely';
import { canary } from '#domain/canary.ts';
import type { Records } from '../records/connect.ts';
import type { VitalsStore } from '../vitals-store.ts';

/** So long a flight can be looked into afterwards. */
export const keptMs = 24 * 3_600_000;
/** Two readings a flight, at most 720 flights a day. */
const readingsAtMost = 5_000;

/** What the canary left behind goes after a day; what it would have a nurse do, at once. @throws Outage */
export async function tidyUp(
  { records, store }: { records: Records; store: Pick<VitalsStore, 'read' | 'erase'> },
  now: number,
): Promise<void> {
  const { patient, panel } = canary;
  const before = new Date(now - keptMs);
  const old = sql`select id from alert where patient_id = ${patient} and state = 'resolved' and resolved_at < ${before}`;
  await records.transaction().execute(async (db) => {
    await sql`delete from task where patient_id = ${patient}`.execute(db);
    await sql`delete from agenda where done_at is not null and split_part(subject, '/', 1) in (select id::text from (${old}) as old)`.execute(
      db,
    );
    await sql`delete from page where alert_id in (${old})`.execute(db);
    await sql`delete from alert_event where alert_id in (${old})`.execute(db);
    await sql`delete from alert where id in (${old})`.execute(db);
  });
  const stale = await store.read({ patient, panel, from: 0, to: before.getTime(), limit: readingsAtMost });
  if (stale.length === 0) return;
  // a store forgets a patient wholly: what flew since goes with it
  const known = await store.read({ patient, panel, from: 0, to: now, limit: readingsAtMost });
  const ids = known.map(({ id }) => id);
  await store.erase(patient);
  await sql`delete from first_hearing where reading_id = any(${ids})`.execute(records);
  await sql`delete from rollup_due where patient_id = ${patient}`.execute(records);
}
