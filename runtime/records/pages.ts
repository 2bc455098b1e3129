import type { Selectable } from 'kysely';
import type { AlertId, ClinicianId, PageId } from '#domain/ids.ts';
import type { CareTeam, Clinician, Patient } from '#domain/people.ts';
import { clinicianOf } from './clinicians.ts';
import type { Within } from './connect.ts';
import type { Database } from './database.ts';

/** The paging outbox: one row for ever per alert, step, channel and recipient. Times are ms since 1970. */
export type Page = {
  id: PageId;
  alert: AlertId;
  step: number;
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
  pages: readonly Pick<Page, 'id' | 'alert' | 'step' | 'channel' | 'recipient'>[],
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
        channel: page.channel,
        recipient: page.recipient,
        created_at: new Date(now),
        due_at: new Date(now),
        state: 'due',
      })),
    )
    .onConflict((conflict) => conflict.columns(['alert_id', 'step', 'channel', 'recipient']).doNothing())
    .returning('id')
    .execute();
  return rows.map((row) => row.id);
}

/**
 * Takes a due page in hand until `leaseUntil`: counts the attempt before it is made, so that a process that dies while sending
 * leaves a trace, and nobody else sends meanwhile. Undefined when it is not due, or not any more.
 */
export async function claimPage(db: Within, id: PageId, now: number, leaseUntil: number): Promise<Page | undefined> {
  const row = await db
    .updateTable('page')
    .set((eb) => ({
      attempts: eb('attempts', '+', 1),
      last_attempt_at: new Date(now),
      due_at: new Date(leaseUntil),
    }))
    .where('id', '=', id)
    .where('state', '=', 'due')
    .where('due_at', '<=', new Date(now))
    .returningAll()
    .executeTakeFirst();
  return row && pageOf(row);
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

/** What a page must know to be written. Undefined when the clinician may not be called any more. */
export async function addresseeOf(
  db: Within,
  page: Pick<Page, 'alert' | 'recipient'>,
): Promise<{ recipient: Clinician; patient: Patient; team: CareTeam } | undefined> {
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
    .where('alert.id', '=', page.alert)
    .executeTakeFirstOrThrow();
  const recipient = await db
    .selectFrom('clinician')
    .selectAll()
    .where('id', '=', page.recipient)
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
  return (
    recipient && {
      recipient: clinicianOf(recipient),
      patient: {
        id: row.id,
        team: row.team_id,
        name: row.name,
        birthDate: row.birth_date,
        sex: row.sex,
        conditions: row.conditions,
      },
      team: { id: row.team, name: row.team_name, timeZone: row.time_zone },
    }
  );
}

function pageOf(row: Selectable<Database['page']>): Page {
  return {
    id: row.id,
    alert: row.alert_id,
    step: row.step,
    channel: row.channel,
    recipient: row.recipient,
    state: row.state,
    dueAt: row.due_at.getTime(),
    attempts: row.attempts,
    fault: row.fault,
  };
}
