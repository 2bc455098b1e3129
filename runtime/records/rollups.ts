import { sql } from 'kysely';
import type { PatientId } from '#domain/ids.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { Records, Within } from './connect.ts';

/**
 * Which hours of readings wait for their rollups. Whoever keeps what a batch of readings leaves marks their hours in the same transaction,
 * when the readings are durable already; so what is computed after a mark was taken holds whatever made the mark.
 */
export type DueHour = { patient: PatientId; panel: PanelName /** Whole hours since 1970, UTC. */; hour: number };

export const hourMs = 3_600_000;

/** Marking again changes nothing until the mark is taken. Always in one order, so that two writers never wait for each other. */
export async function markRollups(
  db: Within,
  readings: readonly { patient: PatientId; panel: PanelName; takenAt: string }[],
  now: number,
): Promise<void> {
  const marked = new Map<PatientId, Map<PanelName, Set<number>>>();
  const due: DueHour[] = [];
  for (const { patient, panel, takenAt } of readings) {
    const hour = Math.floor(Date.parse(takenAt) / hourMs);
    const ofPatient = marked.get(patient) ?? new Map<PanelName, Set<number>>();
    marked.set(patient, ofPatient);
    const hours = ofPatient.get(panel) ?? new Set<number>();
    ofPatient.set(panel, hours);
    if (hours.has(hour)) continue;
    hours.add(hour);
    due.push({ patient, panel, hour });
  }
  if (due.length === 0) return;
  due.sort(inOrder);
  await sql`
    insert into rollup_due (patient_id, panel, hour, marked_at)
    select patient_id, panel, hour, ${new Date(now)}
    from unnest(
      ${due.map(({ patient }) => patient)}::uuid[],
      ${due.map(({ panel }) => panel)}::text[],
      ${due.map(({ hour }) => hour)}::int[]
    ) as due (patient_id, panel, hour)
    on conflict do nothing`.execute(db);
}

const inOrder = (a: DueHour, b: DueHour): number =>
  a.patient < b.patient
    ? -1
    : a.patient > b.patient
      ? 1
      : a.panel < b.panel
        ? -1
        : a.panel > b.panel
          ? 1
          : a.hour - b.hour;

/**
 * Takes marks in hand, the oldest first, and answers all that are in hand, those of an earlier life included. An hour that is still running is
 * taken when its mark is `runningMs` old, any other when it is `settleMs` old: more of it is likely to follow.
 */
export async function takeRollups(
  records: Records,
  wish: { now: number; settleMs: number; runningMs: number; limit: number },
): Promise<DueHour[]> {
  const at = (ms: number) => new Date(wish.now - ms);
  await sql`
    with due as (
      select patient_id, panel, hour from rollup_due
      where not taken
        and marked_at <= (case when hour = ${Math.floor(wish.now / hourMs)} then ${at(wish.runningMs)}::timestamptz else ${at(wish.settleMs)}::timestamptz end)
      order by marked_at limit ${wish.limit}
      for update skip locked
    ), gone as (
      delete from rollup_due using due
      where rollup_due.patient_id = due.patient_id and rollup_due.panel = due.panel and rollup_due.hour = due.hour
        and not rollup_due.taken
      returning rollup_due.patient_id, rollup_due.panel, rollup_due.hour, rollup_due.marked_at
    )
    insert into rollup_due (patient_id, panel, hour, taken, marked_at)
    select patient_id, panel, hour, true, marked_at from gone
    on conflict do nothing`.execute(records);
  const rows = await records
    .selectFrom('rollup_due')
    .select(['patient_id', 'panel', 'hour'])
    .where('taken', '=', true)
    .orderBy('marked_at')
    .limit(wish.limit)
    .execute();
  return rows.map(({ patient_id, panel, hour }) => ({ patient: patient_id, panel, hour }));
}

/** Their rollups are durable. */
export async function finishRollups(db: Within, done: readonly DueHour[]): Promise<void> {
  await sql`
    delete from rollup_due using unnest(
      ${done.map(({ patient }) => patient)}::uuid[],
      ${done.map(({ panel }) => panel)}::text[],
      ${done.map(({ hour }) => hour)}::int[]
    ) as done (patient_id, panel, hour)
    where rollup_due.patient_id = done.patient_id and rollup_due.panel = done.panel and rollup_due.hour = done.hour
      and rollup_due.taken`.execute(db);
}

/** Where each of these patients has their days; who was erased has none. */
export async function zonesOfPatients(db: Within, patients: readonly PatientId[]): Promise<Map<PatientId, string>> {
  const rows = await db
    .selectFrom('patient')
    .innerJoin('care_team', 'care_team.id', 'patient.team_id')
    .select(['patient.id', 'care_team.time_zone'])
    .where('patient.id', '=', sql<PatientId>`any(${[...patients]})`)
    .where('patient.erased_at', 'is', null)
    .execute();
  return new Map(rows.map(({ id, time_zone }) => [id, time_zone]));
}

/** When the first hour of this span begins that has no rollup yet, or one that is out of date. All in ms since 1970. */
export async function firstWaiting(
  db: Within,
  { patient, panel, from, to }: { patient: PatientId; panel: PanelName; from: number; to: number },
): Promise<number | undefined> {
  const row = await db
    .selectFrom('rollup_due')
    .select('hour')
    .where('patient_id', '=', patient)
    .where('panel', '=', panel)
    .where('hour', '>=', Math.floor(from / hourMs))
    .where('hour', '<', Math.ceil(to / hourMs))
    .orderBy('hour')
    .limit(1)
    .executeTakeFirst();
  return row && row.hour * hourMs;
}
