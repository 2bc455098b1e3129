import { type Selectable, sql } from 'kysely';
import type { Backtest, BacktestFault, BacktestKind, BacktestReport, BacktestWish } from '#domain/backtest.ts';
import type { ClinicianId, PatientId, TeamId } from '#domain/ids.ts';
import type { Language, Words } from '#domain/words.ts';
import type { Within } from './connect.ts';
import type { Database } from './database.ts';

/** Backtests and forecasts: asked for by the API, answered by the rules service, both through these rows. */

/** PostgreSQL's NOTIFY channel: something waits, or was cancelled. */
export const backtestChannel = 'hearthbeat_backtest';

/** Waiting or running, for one team: the next one waits for those anyway. */
export const openBacktestsAtMost = 5;

export async function askBacktest(
  db: Within,
  ask: {
    id: string;
    kind: BacktestKind;
    team: TeamId;
    patient: PatientId | null;
    wish: BacktestWish;
    by: ClinicianId;
    at: string;
  },
): Promise<'asked' | 'too-many'> {
  const { rows } = await sql`
    insert into backtest (id, kind, team_id, patient_id, wish, asked_at, asked_by, state)
    select ${ask.id}, ${ask.kind}, ${ask.team}, ${ask.patient}::uuid, ${JSON.stringify(ask.wish)}::jsonb, ${ask.at}, ${ask.by}, 'waiting'
    where (select count(*) from backtest where team_id = ${ask.team} and state in ('waiting', 'running')) < ${openBacktestsAtMost}
    returning id`.execute(db);
  if (rows.length === 0) return 'too-many';
  await notify(db);
  return 'asked';
}

/** Of these teams; a patient who moved to another team takes their forecasts along out of sight. */
export async function findBacktest(db: Within, teams: readonly TeamId[], id: string): Promise<Backtest | undefined> {
  const row = await ofTeams(db, teams)
    .select([...columns, 'backtest.report'])
    .where('backtest.id', '=', id)
    .executeTakeFirst();
  return row && backtestOf(row);
}

/** The newest first, without their reports. */
export async function listBacktests(db: Within, teams: readonly TeamId[], limit: number): Promise<Backtest[]> {
  const rows = await ofTeams(db, teams).select(columns).orderBy('asked_at', 'desc').limit(limit).execute();
  return rows.map((row) => backtestOf({ ...row, report: null }));
}

/** The plot as SVG; undefined until it is done. */
export async function findPlot(
  db: Within,
  teams: readonly TeamId[],
  id: string,
  language: Language,
): Promise<string | undefined> {
  const row = await ofTeams(db, teams).select('backtest.plots').where('backtest.id', '=', id).executeTakeFirst();
  return row?.plots?.[language];
}

/** What is over stays as it is. */
export async function cancelBacktest(db: Within, id: string, at: string): Promise<void> {
  await db
    .updateTable('backtest')
    .set({ state: 'cancelled', ended_at: at, held_until: null })
    .where('id', '=', id)
    .where('state', 'in', ['waiting', 'running'])
    .execute();
  await notify(db);
}

export type ClaimedBacktest = Pick<Backtest, 'id' | 'kind' | 'team' | 'patient' | 'wish'> & { attempts: number };

/**
 * The oldest that waits, or the one whose holder died; undefined while another one is being worked on, by whomever: one at a time for the whole
 * platform. Times are ms since 1970.
 */
export async function claimBacktest(db: Within, now: number, until: number): Promise<ClaimedBacktest | undefined> {
  const [row] = await db
    .updateTable('backtest')
    .set((eb) => ({ state: 'running', held_until: new Date(until), attempts: eb('attempts', '+', 1), progress: 0 }))
    .where('id', '=', (eb) =>
      eb
        .selectFrom('backtest')
        .select('id')
        .where('state', 'in', ['waiting', 'running'])
        .orderBy(sql`state = 'running'`, 'desc')
        .orderBy('asked_at')
        .limit(1)
        .forUpdate(),
    )
    .where((eb) => eb.or([eb('state', '=', 'waiting'), eb('held_until', '<', new Date(now))]))
    .returning(['id', 'kind', 'team_id', 'patient_id', 'wish', 'attempts'])
    .execute();
  return row && { ...row, team: row.team_id, patient: row.patient_id };
}

/** Says that we are still at it. False: it was cancelled, or taken from us. */
export async function holdBacktest(
  db: Within,
  { id, attempts }: Pick<ClaimedBacktest, 'id' | 'attempts'>,
  progress: number,
  until: number,
): Promise<boolean> {
  const { numUpdatedRows } = await mine(db, id, attempts)
    .set({ progress, held_until: new Date(until) })
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Given back unfinished, by who ends in good order: it waits again, and that counts for nothing. */
export async function releaseBacktest(
  db: Within,
  { id, attempts }: Pick<ClaimedBacktest, 'id' | 'attempts'>,
): Promise<void> {
  await mine(db, id, attempts)
    .set({ state: 'waiting', held_until: null, progress: 0, attempts: attempts - 1 })
    .execute();
}

/** Nothing happens to one that was cancelled meanwhile. `patients`: whose history the report tells of. */
export async function finishBacktest(
  db: Within,
  { id, attempts }: Pick<ClaimedBacktest, 'id' | 'attempts'>,
  end: { report: BacktestReport; plots: Words; patients: readonly PatientId[] } | { fault: BacktestFault },
  at: string,
): Promise<void> {
  const over = { ended_at: at, held_until: null, progress: 1 };
  if ('fault' in end) {
    await mine(db, id, attempts)
      .set({ ...over, state: 'failed', fault: end.fault })
      .execute();
    return;
  }
  const { numUpdatedRows } = await mine(db, id, attempts)
    .set({ ...over, state: 'done', report: JSON.stringify(end.report), plots: JSON.stringify(end.plots) })
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return;
  // one that was erased meanwhile is not among them, and the report must not outlive them
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('backtest_patient')
    .columns(['backtest_id', 'patient_id'])
    .expression((eb) =>
      eb
        .selectFrom('patient')
        .select([sql<string>`${id}::uuid`.as('backtest_id'), 'patient.id as patient_id'])
        .where('patient.id', '=', sql<PatientId>`any(${[...end.patients]}::uuid[])`)
        .where('patient.erased_at', 'is', null),
    )
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if ((numInsertedOrUpdatedRows ?? 0n) < BigInt(end.patients.length))
    await db
      .updateTable('backtest')
      .set({ state: 'cancelled', report: null, plots: null })
      .where('id', '=', id)
      .execute();
}

/** A report that tells of others too goes whole: it can be asked for again. Answers how many went. */
export async function forgetBacktestsAbout(db: Within, patient: PatientId): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from backtest where patient_id = ${patient} or wish -> 'patients' ? ${patient}::text
      or id in (select backtest_id from backtest_patient where patient_id = ${patient})`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** @param before RFC 3339 */
export async function forgetBacktests(db: Within, before: string): Promise<void> {
  await db.deleteFrom('backtest').where('asked_at', '<', new Date(before)).execute();
}

const mine = (db: Within, id: string, attempts: number) =>
  db
    .updateTable('backtest')
    .where('id', '=', id)
    .where('state', '=', 'running')
    // a clock that jumped may have given it to another one
    .where('attempts', '=', attempts);

const notify = (db: Within) => sql`select pg_notify(${backtestChannel}, '')`.execute(db);

const ofTeams = (db: Within, teams: readonly TeamId[]) =>
  db
    .selectFrom('backtest')
    .leftJoin('patient', 'patient.id', 'backtest.patient_id')
    .where('backtest.team_id', '=', sql<TeamId>`any(${[...teams]}::uuid[])`)
    .where((eb) =>
      eb.or([
        eb('patient.id', 'is', null),
        eb.and([eb('patient.team_id', '=', eb.ref('backtest.team_id')), eb('patient.erased_at', 'is', null)]),
      ]),
    );

/** All but what it found, which may be large. */
const columns = [
  ...(['backtest.id', 'backtest.kind', 'backtest.team_id', 'backtest.patient_id', 'backtest.wish'] as const),
  ...(['backtest.state', 'backtest.progress', 'backtest.asked_at', 'backtest.ended_at', 'backtest.fault'] as const),
] as const;

const backtestOf = (row: Omit<Selectable<Database['backtest']>, NotShown>): Backtest => ({
  id: row.id,
  kind: row.kind,
  team: row.team_id,
  patient: row.patient_id,
  wish: row.wish,
  state: row.state,
  progress: row.progress,
  askedAt: row.asked_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
  fault: row.fault,
  report: row.report,
});

type NotShown = 'asked_by' | 'held_until' | 'attempts' | 'plots';
