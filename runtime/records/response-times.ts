import { sql } from 'kysely';
import type { AlertEntry } from '#domain/alert-change.ts';
import { type Call, callsOf } from '#domain/alert-clock.ts';
import type { AlertId, TeamId } from '#domain/ids.ts';
import type { Within } from './connect.ts';

/** More alerts than a hundred teams see in a year are not counted one by one. */
const alertsAtMost = 20_000;

const callKinds = ['opened', 'worsened', 'renewed', 'reopened'];
const tellingKinds = [...callKinds, 'acknowledged', 'snoozed', 'resolved', 'seen', 'paged'];

/**
 * The calls of these teams' alerts that were critical and began in [from, to), all ms since 1970, as their journals tell; `complete` is
 * false when there were too many to look at all of them: then the latest were.
 */
export async function callsOfTeams(
  db: Within,
  teams: TeamId[],
  { from, to, now }: { from: number; to: number; now: number },
): Promise<{ calls: Map<TeamId, Call[]>; complete: boolean }> {
  const calls = new Map<TeamId, Call[]>(teams.map((team) => [team, []]));
  if (teams.length === 0) return { calls, complete: true };
  const alerts = await db
    .selectFrom('alert')
    .innerJoin('alert_event', 'alert_event.alert_id', 'alert.id')
    .where('alert.team_id', 'in', teams)
    .where('alert_event.kind', 'in', callKinds)
    // as it was then: an episode that came back may be less grave now
    .where(sql<boolean>`alert_event.detail ->> 'severity' = 'critical'`)
    .where('alert_event.at', '>=', new Date(from))
    .where('alert_event.at', '<', new Date(to))
    .groupBy(['alert.id', 'alert.team_id'])
    .orderBy((eb) => eb.fn.max('alert_event.at'), 'desc')
    .limit(alertsAtMost + 1)
    .select(['alert.id', 'alert.team_id'])
    .execute();
  const counted = alerts.slice(0, alertsAtMost);
  const journals = await journalsOf(
    db,
    counted.map(({ id }) => id),
  );
  for (const { id, team_id } of counted)
    for (const call of callsOf(journals.get(id) ?? [], now)) {
      const opened = Date.parse(call.clock.opened);
      if (from <= opened && opened < to) calls.get(team_id)?.push(call);
    }
  return { calls, complete: alerts.length <= alertsAtMost };
}

async function journalsOf(db: Within, alerts: AlertId[]): Promise<Map<AlertId, AlertEntry[]>> {
  const journals = new Map<AlertId, AlertEntry[]>();
  if (alerts.length === 0) return journals;
  const rows = await db
    .selectFrom('alert_event')
    .selectAll()
    .where('alert_id', 'in', alerts)
    .where('kind', 'in', tellingKinds)
    .orderBy('id')
    .execute();
  for (const { alert_id, at, kind, actor, note, detail } of rows) {
    const journal = journals.get(alert_id) ?? [];
    journals.set(alert_id, journal);
    journal.push({ at: at.toISOString(), kind, actor, note, detail: detail as AlertEntry['detail'] });
  }
  return journals;
}
