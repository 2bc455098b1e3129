import type { AlertId, ClinicianId } from '#domain/ids.ts';
import type { PageView } from '#domain/views.ts';
import type { Within } from './connect.ts';

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
