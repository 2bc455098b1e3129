import type { Alert } from '#domain/alert.ts';
import { putEntry } from './agenda.ts';
import type { Within } from './connect.ts';
import { carePlanOf } from './patients.ts';

/**
 * When a snooze ends: at its time, or earlier, when no data come any more and nobody can say how the patient is. The agenda looks;
 * every look counts anew from the latest reading.
 */

export const snoozeLook = 'snooze-over';
export const callAgain = 'call-again';

/** `at`: ms since 1970, as things stand now. */
export type SnoozeEnd = { at: number; why: 'time' | 'silence' };

export async function endOfSnooze(db: Within, alert: Alert & { snooze: object }): Promise<SnoozeEnd> {
  const { at, until } = alert.snooze as NonNullable<Alert['snooze']>;
  const silence = await silentFrom(db, alert, Date.parse(at));
  return silence < Date.parse(until) ? { at: silence, why: 'silence' } : { at: Date.parse(until), why: 'time' };
}

/** Silence that was there when somebody snoozed is nothing new to them; while a patient is paused, none is a finding. */
async function silentFrom(db: Within, alert: Alert, snoozedAt: number): Promise<number> {
  const plan = await carePlanOf(db, alert.patient);
  const { taken } = await db
    .selectFrom('latest_value')
    .select((eb) => eb.fn.max('taken_at').as('taken'))
    .where('patient_id', '=', alert.patient)
    .where('panel', 'in', [...new Set(alert.evidence.map((one) => one.panel))])
    .executeTakeFirstOrThrow();
  const pauseUntil = plan.pause ? Date.parse(plan.pause.until) : 0;
  return Math.max(taken?.getTime() ?? 0, snoozedAt, pauseUntil) + plan.silentAfterMinutes * 60_000;
}

/** Looks at the snooze when it may be over. */
export const putSnoozeLook = (db: Within, alert: Alert['id'], dueAt: number): Promise<void> =>
  putEntry(db, { key: `${snoozeLook}-${alert}-${dueAt}`, kind: snoozeLook, subject: alert, step: 0, dueAt });

/** Whoever undid a snooze wants to be called as before: the rules service does it, as soon as it looks. */
export const putCallAgain = (db: Within, alert: Alert): Promise<void> => {
  const dueAt = Date.parse(alert.raisedAt);
  return putEntry(db, { key: `${callAgain}-${alert.id}-${dueAt}`, kind: callAgain, subject: alert.id, step: 0, dueAt });
};
