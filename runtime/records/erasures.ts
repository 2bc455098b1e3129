import { sql } from 'kysely';
import type { PatientId, TeamId } from '#domain/ids.ts';
import { instant } from '../clock.ts';
import type { Actor } from './actor.ts';
import { audit } from './audit.ts';
import { forgetBacktestsAbout } from './backtests.ts';
import { announce } from './changes.ts';
import type { Records, Within } from './connect.ts';

/**
 * Erasure of a patient, in two steps.
 *
 * From the moment it is asked for nobody sees the patient, nobody is paged, and no reading of theirs comes in any more, not even one that
 * waits in the journal. What was stored goes when nothing obliges to keep it any longer (`keepUntil`): the Personal Information Protection
 * Law of the PRC, article 47, demands deletion, and where a law's term of keeping has not passed, that everything but storing ends. Such a
 * term stands in the 医疗机构病历管理规定 (2013 edition), article 29: 15 years after the last visit for outpatients' records.
 */
export const erasureParts = [
  'latest-values',
  'hearings',
  'quarantine',
  'judgement',
  'commands',
  'person',
  // last: the vitals store may be away for long
  'readings',
] as const;
export type ErasurePart = (typeof erasureParts)[number];

/** `at`: when it was gone through last. `removed`: rows, all times together; null where the store does not count. `obstacle`: why it stays. */
export type ErasedParts = Partial<Record<ErasurePart, { at: string; removed: number | null; obstacle?: string }>>;

export type Erasure = {
  patient: PatientId;
  askedAt: string;
  askedBy: Actor;
  reason: string;
  keepUntil: string | null;
  /** `kept`: waits for `keepUntil`. `under-way`: parts are being gone through, twice. */
  state: 'kept' | 'under-way' | 'done';
  doneAt: string | null;
  parts: ErasedParts;
};

/**
 * The first step, at once and in one transaction. Asking again changes `keepUntil` and the reason of an erasure that is not done yet.
 * @param wish `keepUntil`: RFC 3339, or null where nothing obliges to keep anything.
 */
export async function askErasure(
  records: Records,
  wish: { patient: PatientId; by: Actor; reason: string; keepUntil: string | null; at: string },
): Promise<'asked' | 'asked-again' | 'done-before' | 'unknown-patient'> {
  const { patient, by, reason, keepUntil, at } = wish;
  return records.transaction().execute(async (db) => {
    const known = await db
      .selectFrom('patient')
      .select(['team_id', 'erased_at'])
      .where('id', '=', patient)
      .forUpdate()
      .executeTakeFirst();
    if (!known) return 'unknown-patient';
    if (known.erased_at) {
      const changed = await db
        .updateTable('erasure')
        .set({ keep_until: keepUntil, reason })
        .where('patient_id', '=', patient)
        .where('done_at', 'is', null)
        .returning('patient_id')
        .executeTakeFirst();
      return changed ? 'asked-again' : 'done-before';
    }
    await db.updateTable('patient').set({ erased_at: at }).where('id', '=', patient).execute();
    await db
      .insertInto('erasure')
      .values({ patient_id: patient, asked_at: at, asked_by: by, reason, keep_until: keepUntil })
      .execute();
    await endEverything(db, { patient, team: known.team_id, by, at });
    await audit(db, { by, action: 'patient-erased', outcome: 'asked', patient, detail: { keepUntil } });
    return 'asked';
  });
}

/** What would go on by itself: devices, calls, tasks, questions to the home. */
async function endEverything(
  db: Within,
  who: { patient: PatientId; team: TeamId; by: Actor; at: string },
): Promise<void> {
  const { patient, team, by, at } = who;
  // all of them, also those that ended before: who keeps registrations in memory is told of each that is written
  await db
    .updateTable('assignment')
    .set((eb) => ({
      to_at: sql<Date>`coalesce(to_at, greatest(from_at, ${at}::timestamptz))`,
      ended_by: sql<Actor>`case when to_at is null then ${by} else ${eb.ref('ended_by')} end`,
    }))
    .where('patient_id', '=', patient)
    .execute();
  const alerts = db.selectFrom('alert').select('id').where('patient_id', '=', patient);
  await db
    .updateTable('page')
    .set({ state: 'cancelled' })
    .where('state', '=', 'due')
    .where('alert_id', 'in', alerts)
    .execute();
  await db
    .updateTable('alert')
    .set({ state: 'resolved', resolved_at: at })
    .where('patient_id', '=', patient)
    .where('state', '<>', 'resolved')
    .execute();
  await db
    .updateTable('task')
    .set({ done_at: at })
    .where('patient_id', '=', patient)
    .where('done_at', 'is', null)
    .execute();
  await db
    .updateTable('command')
    .set({ closed_at: at, outcome: 'too-late', reason: 'not-theirs' })
    .where('patient_id', '=', patient)
    .where('closed_at', 'is', null)
    .execute();
  // they are shown to a whole team, and no law demands that they be kept
  await forgetBacktestsAbout(db, patient);
  await announce(db, [{ kind: 'care-plan', team, patient }]);
}

export async function findErasure(db: Within, patient: PatientId): Promise<Erasure | undefined> {
  const row = await db.selectFrom('erasure').selectAll().where('patient_id', '=', patient).executeTakeFirst();
  return row && erasureOf(row);
}

/** Newest first. @param teams those of their patients only */
export async function listErasures(db: Within, limit: number, teams?: readonly TeamId[]): Promise<Erasure[]> {
  const of = (ids: readonly TeamId[]) =>
    db
      .selectFrom('patient')
      .select('id')
      .where('team_id', '=', sql<TeamId>`any(${[...ids]}::uuid[])`);
  const rows = await db
    .selectFrom('erasure')
    .selectAll()
    .$if(teams !== undefined, (all) => all.where('patient_id', 'in', of(teams ?? [])))
    .orderBy('asked_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map(erasureOf);
}

/**
 * Readings or rollups of these patients went into the vitals store. Where one of them was erased while they were in hand, everything is gone through
 * again. Must be in the transaction that keeps what else they leave.
 */
export async function reopenErasures(db: Within, patients: readonly PatientId[], now: number): Promise<void> {
  if (patients.length === 0) return;
  await db
    .updateTable('erasure')
    .set({ first_pass_at: null, done_at: null, reopened_at: new Date(now) })
    .where('patient_id', '=', sql<PatientId>`any(${[...patients]})`)
    .execute();
}

type Row = Awaited<ReturnType<typeof openErasures>>[number];

/** Those with something left to be gone through. */
export const openErasures = (db: Within) =>
  db.selectFrom('erasure').selectAll().where('done_at', 'is', null).orderBy('asked_at').execute();

const erasureOf = (row: Row): Erasure => ({
  patient: row.patient_id,
  askedAt: instant(row.asked_at.getTime()),
  askedBy: row.asked_by,
  reason: row.reason,
  keepUntil: row.keep_until?.toISOString() ?? null,
  state: row.done_at ? 'done' : row.keep_until && Object.keys(row.parts).length === 0 ? 'kept' : 'under-way',
  doneAt: row.done_at?.toISOString() ?? null,
  parts: row.parts,
});

/** One part was gone through. Must be in its transaction where it has one. */
export async function recordErased(
  db: Within,
  patient: PatientId,
  part: ErasurePart,
  before: ErasedParts[ErasurePart],
  removal: { removed: number | null } | { cannot: string },
  at: string,
): Promise<void> {
  const entry =
    'cannot' in removal
      ? { at, removed: null, obstacle: removal.cannot }
      : { at, removed: removal.removed === null ? null : removal.removed + (before?.removed ?? 0) };
  await db
    .updateTable('erasure')
    .set({ parts: sql`parts || ${JSON.stringify({ [part]: entry })}::jsonb` })
    .where('patient_id', '=', patient)
    .execute();
}
