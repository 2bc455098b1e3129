import { sql } from 'kysely';
import type { Alert } from '#domain/alert.ts';
import { callDue } from '#domain/escalation.ts';
import type { AlertId, ClinicianId } from '#domain/ids.ts';
import type { PageView } from '#domain/views.ts';
import type { Within } from './connect.ts';
import { callableOf } from './on-call.ts';

export type AlertPage = Omit<PageView, 'recipient'> & { recipient: ClinicianId };

/** Who was told of an alert, or will be: in the order of the escalation. */
export async function pagesOfAlert(db: Within, alert: AlertId): Promise<AlertPage[]> {
  const rows = await db
    .selectFrom('page')
    .selectAll()
    .where('alert_id', '=', alert)
    .orderBy('step')
    .orderBy('due_at')
    .orderBy('channel')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    step: row.step,
    channel: row.channel,
    recipient: row.recipient,
    state: row.state,
    dueAt: row.due_at.toISOString(),
    sentAt: row.sent_at?.toISOString() ?? null,
    attempts: row.attempts,
  }));
}

/**
 * Whom the step calls that the agenda holds ready, as the rota stands for then. Its `subject` is `<alert>/<number of the first step>`,
 * its `step` counts through all rounds from there. Null when the alert calls nobody any more.
 */
export async function nextCallOfAlert(
  db: Within,
  alert: Alert,
): Promise<{ at: string; recipients: ClinicianId[] } | null> {
  if (alert.state !== 'open' || !alert.escalation) return null;
  const entry = await db
    .selectFrom('agenda')
    .select(['step', 'due_at'])
    .where('kind', '=', 'page-step')
    .where('subject', 'like', `${alert.id}/%`)
    .where('done_at', 'is', null)
    // the latest calling: an earlier one goes on no more
    .orderBy(sql`split_part(subject, '/', 2)::int`, 'desc')
    .orderBy('due_at', 'desc')
    .executeTakeFirst();
  if (!entry) return null;
  const at = entry.due_at.getTime();
  const { escalation, team } = alert;
  const callable = await callableOf(db, team, at);
  let next = callDue(escalation, entry.step, callable);
  let waits = 0;
  if (next.kind === 'round-over') {
    next = callDue(escalation, next.nth, callable);
    waits = escalation.repeatAfterSeconds * 1000;
  }
  if (next.kind !== 'call') return null;
  return { at: new Date(at + waits).toISOString(), recipients: next.recipients };
}
