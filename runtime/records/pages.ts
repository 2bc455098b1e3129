import type { Selectable } from 'kysely';
import type { AlertId, ClinicianId, PageId } from '#domain/ids.ts';
import type { CareTeam, Patient } from '#domain/people.ts';
import type { Within } from './connect.ts';
import type { Database } from './database.ts';

/** The paging outbox: one row for ever per alert, step, channel and recipient. Times are ms since 1970. */
export type Page = {
  id: PageId;
  alert: AlertId;
  step: number;
  /** The step with which this calling began. */
  base: number;
  channel: string;
  recipient: ClinicianId;
  state: 'due' | 'sent' | 'failed' | 'cancelled';
  dueAt: number;
  attempts: number;
  fault: string | null;
};

/** Of these pages those that are new; a page that was there before changes nothing. */
export async function addPages(
  db: Within,
  pages: readonly Pick<Page, 'id' | 'alert' | 'step' | 'base' | 'channel' | 'recipient' | 'dueAt'>[],
  now: number,
): Promise<PageId[]> {
  if (pages.length === 0) return [];
  const rows = await db
    .insertInto('page')
    .values(
      pages.map((page) => ({
        id: page.id,
        alert_id: page.alert,
        step: page.step,
        base: page.base,
        channel: page.channel,
        recipient: page.recipient,
        created_at: new Date(now),
        due_at: new Date(page.dueAt),
        state: 'due',
      })),
    )
    .onConflict((conflict) => conflict.columns(['alert_id', 'step', 'channel', 'recipient']).doNothing())
    .returning('id')
    .execute();
  return rows.map((row) => row.id);
}

export async function findPage(db: Within, id: PageId): Promise<Page | undefined> {
  const row = await db.selectFrom('page').selectAll().where('id', '=', id).executeTakeFirst();
  return row && pageOf(row);
}

export async function recordSent(db: Within, id: PageId, now: number): Promise<void> {
  await db
    .updateTable('page')
    .set({ state: 'sent', sent_at: new Date(now), fault: null })
    .where('id', '=', id)
    .execute();
}

/** @param again when to try again, or null when it will never go. */
export async function recordFault(db: Within, id: PageId, fault: string, again: number | null): Promise<void> {
  await db
    .updateTable('page')
    .set(again === null ? { state: 'failed', fault } : { fault, due_at: new Date(again) })
    .where('id', '=', id)
    .where('state', '=', 'due')
    .execute();
}

/** What has not been sent of an alert will not be. */
export async function cancelPages(db: Within, alert: AlertId): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable('page')
    .set({ state: 'cancelled' })
    .where('alert_id', '=', alert)
    .where('state', '=', 'due')
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

export async function pagesOfStep(db: Within, alert: AlertId, step: number): Promise<Page[]> {
  const rows = await db.selectFrom('page').selectAll().where('alert_id', '=', alert).where('step', '=', step).execute();
  return rows.map(pageOf);
}

/** Whether any page of this step or a later one got through. */
export async function hasReachedSomebody(db: Within, alert: AlertId, fromStep: number): Promise<boolean> {
  const row = await db
    .selectFrom('page')
    .select('id')
    .where('alert_id', '=', alert)
    .where('step', '>=', fromStep)
    .where('state', '=', 'sent')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The next step number that no page of this alert has. */
export async function nextFreeStep(db: Within, alert: AlertId): Promise<number> {
  const row = await db
    .selectFrom('page')
    .select((eb) => eb.fn.max('step').as('last'))
    .where('alert_id', '=', alert)
    .executeTakeFirst();
  return row?.last === null || row?.last === undefined ? 0 : Number(row.last) + 1;
}

/** The step with which the latest calling of this alert began. */
export async function lastBase(db: Within, alert: AlertId): Promise<number> {
  const row = await db
    .selectFrom('page')
    .select((eb) => eb.fn.max('base').as('last'))
    .where('alert_id', '=', alert)
    .executeTakeFirst();
  return row?.last ?? 0;
}

/** How many steps have called before this one, since the calling began. */
export async function callsBefore(
  db: Within,
  { alert, step, base }: Pick<Page, 'alert' | 'step' | 'base'>,
): Promise<number> {
  const { calls } = await db
    .selectFrom('page')
    .select((eb) => eb.fn.count<string>('step').distinct().as('calls'))
    .where('alert_id', '=', alert)
    .where('step', '>=', base)
    .where('step', '<', step)
    .executeTakeFirstOrThrow();
  return Number(calls);
}

/** Whom an alert is about. */
export async function patientOfAlert(db: Within, alert: AlertId): Promise<{ patient: Patient; team: CareTeam }> {
  const row = await db
    .selectFrom('alert')
    .innerJoin('patient', 'patient.id', 'alert.patient_id')
    .innerJoin('care_team', 'care_team.id', 'alert.team_id')
    .select([
      'patient.id',
      'patient.team_id',
      'patient.name',
      'patient.birth_date',
      'patient.sex',
      'patient.conditions',
      'care_team.id as team',
      'care_team.name as team_name',
      'care_team.time_zone',
    ])
    .where('alert.id', '=', alert)
    .executeTakeFirstOrThrow();
  return {
    patient: {
      id: row.id,
      team: row.team_id,
      name: row.name,
      birthDate: row.birth_date,
      sex: row.sex,
      conditions: row.conditions,
    },
    team: { id: row.team, name: row.team_name, timeZone: row.time_zone },
  };
}

export function pageOf(row: Selectable<Database['page']>): Page {
  return {
    id: row.id,
    alert: row.alert_id,
    step: row.step,
    base: row.base,
    channel: row.channel,
    recipient: row.recipient,
    state: row.state,
    dueAt: row.due_at.getTime(),
    attempts: row.attempts,
    fault: row.fault,
  };
}
