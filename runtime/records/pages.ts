import type { Selectable } from 'kysely';
import type { Severity } from '#domain/alert.ts';
import type { AlertId, ClinicianId, PageId, TeamId } from '#domain/ids.ts';
import type { CareTeam, Clinician, Patient } from '#domain/people.ts';
import { clinicianOf } from './clinicians.ts';
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

/** So that two messages to one person are put together one after the other. Undefined when they may not be called any more. */
export async function lockRecipient(db: Within, recipient: ClinicianId): Promise<Clinician | undefined> {
  const row = await db
    .selectFrom('clinician')
    .selectAll()
    .where('id', '=', recipient)
    .where('disabled_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row && clinicianOf(row);
}

/** More wait for nobody at once. */
const waitingAtMost = 500;

/** What is due, now or later, to the same person by the same channel about patients of one team, this page among it. */
export async function pagesBeside(
  db: Within,
  page: Pick<Page, 'recipient' | 'channel'>,
  team: TeamId,
): Promise<(Page & { severity: Severity })[]> {
  const rows = await db
    .selectFrom('page')
    .innerJoin('alert', 'alert.id', 'page.alert_id')
    .selectAll('page')
    .select('alert.severity')
    .where('page.recipient', '=', page.recipient)
    .where('page.channel', '=', page.channel)
    .where('page.state', '=', 'due')
    .where('alert.team_id', '=', team)
    .orderBy('page.due_at')
    .limit(waitingAtMost)
    .execute();
  return rows.map((row) => ({ ...pageOf(row), severity: row.severity }));
}

/** When the last message about another critical alert of the team went, or began to go, to this person by this channel; undefined before `since`. */
export async function lastCriticalMessage(
  db: Within,
  page: Pick<Page, 'recipient' | 'channel' | 'alert'>,
  team: TeamId,
  since: number,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('page')
    .innerJoin('alert', 'alert.id', 'page.alert_id')
    .select('page.last_attempt_at')
    .where('page.recipient', '=', page.recipient)
    .where('page.channel', '=', page.channel)
    .where('page.alert_id', '<>', page.alert)
    .where('page.last_attempt_at', '>', new Date(since))
    .where('page.state', 'in', ['due', 'sent'])
    .where('page.fault', 'is', null)
    .where('alert.team_id', '=', team)
    .where('alert.severity', '=', 'critical')
    .orderBy('page.last_attempt_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.last_attempt_at?.getTime();
}

/** Nobody has had it in hand yet: it goes at `until`, or along with a message that goes before. */
export async function letWait(db: Within, id: PageId, until: number): Promise<void> {
  await db
    .updateTable('page')
    .set({ due_at: new Date(until) })
    .where('id', '=', id)
    .where('state', '=', 'due')
    .where('attempts', '=', 0)
    .execute();
}

/** Critical ones that wait for this person's next message by this channel need not wait for one that failed. They are due now. */
export async function letGo(
  db: Within,
  { recipient, channel }: Pick<Page, 'recipient' | 'channel'>,
  now: number,
): Promise<PageId[]> {
  const rows = await db
    .updateTable('page')
    .set({ due_at: new Date(now) })
    .where('recipient', '=', recipient)
    .where('channel', '=', channel)
    .where('state', '=', 'due')
    .where('attempts', '=', 0)
    .where('due_at', '>', new Date(now))
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('alert')
          .select('id')
          .whereRef('alert.id', '=', 'page.alert_id')
          .where('severity', '=', 'critical'),
      ),
    )
    .returning('id')
    .execute();
  return rows.map((row) => row.id);
}

/**
 * Takes pages in hand until `leaseUntil`, as one message: counts the attempt before it is made, so that a process that dies while
 * sending leaves a trace, and nobody else sends meanwhile. The caller has looked that they are due, behind `lockRecipient`.
 */
export async function claimPages(
  db: Within,
  ids: readonly PageId[],
  message: string,
  now: number,
  leaseUntil: number,
): Promise<void> {
  await db
    .updateTable('page')
    .set((eb) => ({
      attempts: eb('attempts', '+', 1),
      last_attempt_at: new Date(now),
      due_at: new Date(leaseUntil),
      message,
    }))
    .where('id', 'in', ids)
    .where('state', '=', 'due')
    .execute();
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

function pageOf(row: Selectable<Database['page']>): Page {
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
