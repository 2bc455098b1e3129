import type { TeamId } from '#domain/ids.ts';
import type { Clock } from '../clock.ts';
import type { Records } from '../records/connect.ts';
import { outlookOf } from '../records/on-call.ts';
import { countUndelivered, teamsWithPatients } from '../records/paging-watch.ts';
import { pageChannels } from '../records/reachability.ts';
import type { Health } from '../service.ts';
import type { Sign } from './signs.ts';

/** Whether somebody would come if an alert called: rotas without a hole, people who can be reached, calls that arrived. */

/** Rotas change seldom, and a gap is found days ahead. */
const lookAgainMs = 5 * 60_000;

export function rotaSign({ records, clock }: { records: Records; clock: Clock }): Sign {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let seen: Record<string, Health> = {};
  return async () => {
    if (clock.now() - lookedAt < lookAgainMs) return seen;
    seen = await look(records, clock.now());
    lookedAt = clock.now();
    return seen;
  };
}

async function look(records: Records, now: number): Promise<Record<string, Health>> {
  const gaps: { team: TeamId; from: number }[] = [];
  let unreachable = 0;
  for (const team of await teamsWithPatients(records)) {
    const outlook = await outlookOf(records, team, now);
    gaps.push(...outlook.gaps.map(({ from }) => ({ team, from })));
    unreachable += outlook.unreachable.length;
  }
  // that there is no channel at all is a trouble of its own
  const mute = (await pageChannels(records)).length === 0;
  return {
    rota: gaps.length === 0 ? { state: 'ok' } : { state: 'degraded', trouble: 'rota-gap', detail: gapsInWords(gaps) },
    reachability:
      unreachable === 0 || mute
        ? { state: 'ok' }
        : { state: 'degraded', trouble: 'rota-unreachable', detail: `${unreachable} reached by no channel` },
  };
}

function gapsInWords(gaps: readonly { team: TeamId; from: number }[]): string {
  const teams = new Set(gaps.map(({ team }) => team)).size;
  const first = new Date(Math.min(...gaps.map(({ from }) => from))).toISOString();
  return `${gaps.length} gaps in ${teams} teams within 14 days, the first from ${first}`;
}

/** Open alerts whose last call has reached nobody. */
export const undeliveredSign =
  ({ records }: { records: Records }): Sign =>
  async () => {
    const some = await countUndelivered(records);
    return {
      pages:
        some === 0
          ? { state: 'ok' }
          : { state: 'down', trouble: 'page-undeliverable', detail: `${some} open alerts called and reached nobody` },
    };
  };
