import type { Clock } from '#runtime/clock.ts';
import { createAdmitting, type Verdict } from '#runtime/intake/admitting.ts';
import { unpackQuarantined } from '#runtime/intake/unpack.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { Records } from '#runtime/records/connect.ts';
import { asReleased, findReleased, finishReleased, type Released, takeBackRelease } from '#runtime/records/releases.ts';
import type { Service } from '#runtime/service.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { emptyHarvest, gather } from './harvest.ts';
import { keep } from './keep.ts';
import { createRounds } from './rounds.ts';

type Deps = { records: Records; store: VitalsStore; clock: Clock; log: Log; metrics: Metrics };

/**
 * Stores what somebody released from quarantine. It is judged once more, by what is assigned now; what of a series still may not enter goes back
 * as an item of its own. No receipt leaves: the source had its answer long ago.
 */
export function createReleases(deps: Deps, { everyMs = usualEveryMs } = {}): Service {
  const { records, store, clock, metrics } = deps;
  const log = deps.log.child({ service: 'releases' });
  const admitting = createAdmitting(records);

  async function round(signal: AbortSignal): Promise<void> {
    for (;;) {
      const released = await findReleased(records, atOnce);
      for (const item of released) {
        if (signal.aborted) return;
        await enter(item, signal);
      }
      if (released.length < atOnce) return;
    }
  }

  async function enter(item: Released, signal: AbortSignal): Promise<void> {
    const harvest = emptyHarvest();
    const verdicts = (await admitting.admitAll(unpackQuarantined(item))).map(late);
    const readings = verdicts.flatMap((verdict) =>
      'samples' in verdict ? verdict.samples.flatMap((sample) => ('reading' in sample ? sample.reading : [])) : [],
    );
    for (const { reading, reason } of await store.write(readings, signal)) harvest.refusals.set(reading.id, reason);
    for (const verdict of verdicts) gather(harvest, verdict, new Set());
    const [first] = harvest.refused;
    if (harvest.stored.length === 0 && first) {
      await takeBackRelease(records, item.key, { reason: first.reason, detail: first.detail });
      return;
    }
    const { gaveWay } = await keep(records, harvest, clock.now());
    await finishReleased(records, 'recorder', item.key, clock.now());
    metrics.quarantineGaveWay.inc(gaveWay);
    metrics.readings.inc({ outcome: 'released' }, harvest.stored.length);
  }

  return createRounds(deps, {
    name: 'releases',
    everyMs,
    round,
    onFault: (fault) => log.warn('what was released from quarantine waits', faultDetails(fault)),
  });
}

const late = (verdict: Verdict): Verdict =>
  'samples' in verdict
    ? {
        ...verdict,
        samples: verdict.samples.map((sample) =>
          'reading' in sample ? { ...sample, reading: asReleased(sample.reading) } : sample,
        ),
      }
    : verdict;

const usualEveryMs = 2_000;
const atOnce = 20;
