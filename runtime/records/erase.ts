import { sql } from 'kysely';
import type { PatientId } from '#domain/ids.ts';
import { forgetBacktestsAbout } from './backtests.ts';
import type { Within } from './connect.ts';
import type { ErasurePart } from './erasures.ts';
import { removeQuarantined } from './quarantine.ts';

/** What of a patient is in PostgreSQL, part by part. Doing it again removes what came since. Each answers how many rows went. */
export const eraseFromRecords: Record<
  Exclude<ErasurePart, 'readings'>,
  (db: Within, patient: PatientId) => Promise<number>
> = {
  'latest-values': (db, patient) =>
    rows(
      db,
      sql`delete from latest_value where patient_id = ${patient}`,
      sql`delete from rollup_due where patient_id = ${patient}`,
    ),
  hearings: (db, patient) => rows(db, sql`delete from first_hearing where hearing ->> 'patient' = ${patient}`),
  /**
   * Nobody said whose these are. What came from the patient's devices while they were theirs, or nobody else's since, is theirs; and so is what could not
   * even be read, where it came meanwhile from a source behind which they had a device.
   */
  quarantine: (db, patient) =>
    removeQuarantined(
      db,
      sql`exists (
        select from assignment
        join device on device.id = assignment.device_id
        left join lateral (
          select min(next.from_at) as at from assignment as next
          where next.device_id = assignment.device_id and next.from_at >= assignment.to_at and next.patient_id <> ${patient}
        ) as next on true
        where assignment.patient_id = ${patient}
          and coalesce(quarantine.taken_at, quarantine.received_at) >= assignment.from_at
          and coalesce(quarantine.taken_at, quarantine.received_at) < coalesce(next.at, 'infinity')
          and (quarantine.device_id = device.id
            or (quarantine.device_id is null and quarantine.source_id = device.source_id
              and quarantine.received_at < coalesce(assignment.to_at, 'infinity')))
      )`,
    ),
  async judgement(db, patient) {
    const alerts = sql`select id from alert where patient_id = ${patient}`;
    const reports = await forgetBacktestsAbout(db, patient);
    const judged = await rows(
      db,
      sql`delete from rule_memory where patient_id = ${patient}`,
      // subjects such as <patient>/<rule>, <alert>/<step>, <page>/<step>
      sql`delete from agenda where split_part(subject, '/', 1) in (select ${patient}::text
        union all (select id::text from alert where patient_id = ${patient})
        union all (select id::text from page where alert_id in (${alerts})))`,
      sql`delete from page where alert_id in (${alerts})`,
      sql`delete from task where patient_id = ${patient} or alert_id in (${alerts})`,
      sql`delete from alert_event where alert_id in (${alerts})`,
      sql`delete from alert where patient_id = ${patient}`,
    );
    return reports + judged;
  },
  commands: (db, patient) => rows(db, sql`delete from command where patient_id = ${patient}`),
  /** The bare id stays, with whose devices it had when: so that what replays their readings is known for theirs, and refused. */
  person: (db, patient) =>
    rows(
      db,
      sql`delete from care_plan where patient_id = ${patient}`,
      sql`delete from plan_change where patient_id = ${patient}`,
      sql`update patient set name = '{"en": "Erased", "zh": "已删除"}', birth_date = '1900-01-01', sex = 'unknown', conditions = '[]'
        where id = ${patient} and birth_date <> '1900-01-01'`,
    ),
};

async function rows(db: Within, ...statements: ReturnType<typeof sql>[]): Promise<number> {
  let removed = 0;
  for (const statement of statements) removed += Number((await statement.execute(db)).numAffectedRows ?? 0);
  return removed;
}
