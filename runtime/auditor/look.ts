import { sql } from 'kysely';
import type { Evidence, Severity } from '#domain/alert.ts';
import { canary } from '#domain/canary.ts';
import type { Escalation } from '#domain/escalation.ts';
import type { Within } from '../records/connect.ts';
import type { Facts, Judged } from './lateness.ts';

/** What the auditor reads, in statements of its own: it shares none with what judges and sends. */

/** More than these are one trouble all the same. */
const rowsAtMost = 1_000;
/** An alert that opened late is told for so long. */
const lookBackMs = 15 * 60_000;
/** What the agenda has given up is told for a day: a heartbeat that stays away for ever is listened to by nobody. */
const givenUpMs = 24 * 3_600_000;

export async function look(db: Within, now: number, graceMs: number): Promise<Facts> {
  const overdue = new Date(now - graceMs);
  const [open, pages, entries, judged] = [
    await openAlerts(db, overdue),
    await sql<{ at: Date }>`
      select page.due_at as at from page join alert on alert.id = page.alert_id
      where page.state = 'due' and page.due_at < ${overdue} and alert.state = 'open' limit ${rowsAtMost}`.execute(db),
    await sql<{ at: Date }>`
      select due_at as at from agenda where done_at is null and due_at < ${overdue} and due_at > ${new Date(now - givenUpMs)} limit ${rowsAtMost}`.execute(
      db,
    ),
    await judgedLately(db, new Date(now - lookBackMs)),
  ];
  const times = ({ rows }: { rows: { at: Date }[] }) => rows.map(({ at }) => at.getTime());
  return { open, pagesDue: times(pages), entriesDue: times(entries), judged };
}

async function openAlerts(db: Within, overdue: Date): Promise<Facts['open']> {
  const { rows } = await sql<{
    severity: Severity;
    escalation: Escalation;
    raised_at: Date;
    reached: boolean;
    nth: number | null;
    called_at: Date | null;
    next_step_at: Date | null;
  }>`
    select alert.severity, alert.escalation, alert.raised_at, coalesce(called.reached, false) as reached,
      latest.nth, latest.called_at, step.due_at as next_step_at
    from alert
    left join (
      select split_part(subject, '/', 1) as id, max(due_at) as due_at
      from agenda where kind = 'page-step' and done_at is null group by 1
    ) as step on step.id = alert.id::text
    left join lateral (
      select bool_or(state = 'sent' or (state = 'due' and due_at >= ${overdue})) as reached
      from page where alert_id = alert.id and created_at >= alert.raised_at
    ) as called on true
    left join lateral (
      select step - base as nth, created_at as called_at
      from page where alert_id = alert.id and created_at >= alert.raised_at
      order by step desc limit 1
    ) as latest on true
    where alert.state = 'open' and alert.escalation is not null and alert.team_id <> ${canary.team}
    order by alert.raised_at limit ${rowsAtMost}`.execute(db);
  return rows.map((row) => ({
    severity: row.severity,
    escalation: row.escalation,
    raisedAt: row.raised_at.getTime(),
    isReached: row.reached,
    last: row.nth === null || row.called_at === null ? null : { nth: row.nth, at: row.called_at.getTime() },
    nextStepAt: row.next_step_at?.getTime() ?? null,
  }));
}

async function judgedLately(db: Within, since: Date): Promise<Judged[]> {
  const { rows } = await sql<{ raised_at: Date; evidence: Evidence[]; waits: number | null }>`
    select raised_at, evidence, (parameters ->> 'confirm-within-seconds')::float8 as waits
    from alert
    where severity = 'critical' and raised_at >= ${since} and escalation is not null and team_id <> ${canary.team}
      -- a snooze that ends calls without a new reading
      and not exists (
        select from alert_event
        where alert_id = alert.id and kind in ('snooze-over', 'unsnoozed') and at = alert.raised_at
      )
    order by raised_at limit ${rowsAtMost}`.execute(db);
  return rows.flatMap(({ raised_at, evidence, waits }) => {
    const raisedAt = raised_at.getTime();
    const heard = evidence
      .map(({ storedAt, heardAt }) => Date.parse(storedAt ?? heardAt))
      .filter((at) => at <= raisedAt);
    return heard.length === 0 ? [] : [{ raisedAt, heardAt: Math.max(...heard), waitsMs: 1_000 * (waits ?? 0) }];
  });
}
