import { type Severity, severities } from '#domain/alert.ts';
import type { ClinicianId, PageId, TeamId } from '#domain/ids.ts';
import type { Clinician } from '#domain/people.ts';
import { clinicianOf } from './clinicians.ts';
import type { Within } from './connect.ts';
import { type Page, pageOf } from './pages.ts';

/** Pages to one person by one channel, as they are put together into messages. Times are ms since 1970. */

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

/**
 * When the last message about another alert of the team, at least as grave, went, or began to go, to this person by this channel; undefined
 * when none did after `since`. What went after `now` went by a clock that has been set back: nobody waits for that.
 */
export async function lastMessageAsGrave(
  db: Within,
  page: Pick<Page, 'recipient' | 'channel' | 'alert'> & { severity: Severity },
  team: TeamId,
  { since, now }: { since: number; now: number },
): Promise<number | undefined> {
  const row = await db
    .selectFrom('page')
    .innerJoin('alert', 'alert.id', 'page.alert_id')
    .select('page.last_attempt_at')
    .where('page.recipient', '=', page.recipient)
    .where('page.channel', '=', page.channel)
    .where('page.alert_id', '<>', page.alert)
    .where('page.last_attempt_at', '>', new Date(since))
    .where('page.last_attempt_at', '<=', new Date(now))
    .where('page.state', 'in', ['due', 'sent'])
    .where('page.fault', 'is', null)
    .where('alert.team_id', '=', team)
    .where('alert.severity', 'in', severities.slice(severities.indexOf(page.severity)))
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

/** Those that wait for this person's next message by this channel need not wait for one that failed, unless they are routine. They are due now. */
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
          .where('severity', '<>', 'routine'),
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
