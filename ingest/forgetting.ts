import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Records } from '#runtime/records/connect.ts';
import { forgetFirstHearings, rememberedForMs } from '#runtime/records/first-hearings.ts';
import { forgetQuarantined, quarantineKeptMs } from '#runtime/records/quarantine.ts';
import type { Service } from '#runtime/service.ts';
import { createRounds } from './rounds.ts';

/** Removes what need not be kept for ever: what lay in quarantine for half a year, and first copies that no device replays any more. */
export function createForgetting(
  deps: { records: Records; clock: Clock; log: Log },
  { everyMs = usualEveryMs } = {},
): Service {
  const { records, clock } = deps;
  const log = deps.log.child({ service: 'forgetting' });

  async function round(signal: AbortSignal): Promise<void> {
    const now = clock.now();
    await untilFew(signal, (most) => forgetQuarantined(records, now - quarantineKeptMs, most));
    await untilFew(signal, (most) => forgetFirstHearings(records, now - rememberedForMs, most));
  }

  return createRounds(deps, {
    name: 'forgetting',
    everyMs,
    round,
    onFault: (fault) => log.warn('what need not be kept could not be removed', faultDetails(fault)),
  });
}

/** Some at a time, so that nobody waits long for a row. */
async function untilFew(signal: AbortSignal, remove: (most: number) => Promise<number>): Promise<void> {
  while (!signal.aborted) if ((await remove(atOnce)) < atOnce) return;
}

const atOnce = 2_000;
const usualEveryMs = 3_600_000;
