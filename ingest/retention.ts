import { panelNames } from '#domain/vitals.ts';
import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import { type Retention, retentionDaysOf } from '#runtime/retention.ts';
import type { Service } from '#runtime/service.ts';
import { rollupPeriods, type VitalsStore } from '#runtime/vitals-store.ts';
import { createRounds } from './rounds.ts';

/** Removes from the vitals store what is older than it is to be kept, twice a day. Readings that are too old when they come are refused. */
export function createRetention(
  deps: { store: VitalsStore; clock: Clock; log: Log },
  { retention, everyMs = usualEveryMs }: { retention: Retention; everyMs?: number },
): Service {
  const { store, clock } = deps;
  const log = deps.log.child({ service: 'retention' });
  let told = false;

  async function round(signal: AbortSignal): Promise<void> {
    for (const panel of panelNames)
      for (const period of ['raw', ...rollupPeriods] as const) {
        const days = period === 'raw' ? retentionDaysOf(retention, panel) : retention.rollups;
        if (days === undefined || signal.aborted) continue;
        const removal = await store.expire({ panel, period, before: clock.now() - days * 86_400_000 });
        if ('cannot' in removal && !told) log.warn('retention is left to the server', { because: removal.cannot });
        told ||= 'cannot' in removal;
      }
  }

  return createRounds(deps, {
    name: 'retention',
    everyMs,
    round,
    onFault: (fault) => log.warn('nothing could be removed that is older than it is to be kept', faultDetails(fault)),
  });
}

const usualEveryMs = 12 * 3_600_000;
