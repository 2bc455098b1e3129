import { useCallback, useSyncExternalStore } from 'react';
import { systemClock } from '#runtime/clock.ts';

/**
 * The console's time: the server's, as far as it is known. A ward computer whose clock is wrong would otherwise say that a
 * reading of this minute is three hours old.
 */

/** HTTP dates count whole seconds, and answers take a moment: below this it is no clock fault. */
const toleranceMs = 5_000;
let aheadMs = 0;

export const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };

/** Takes the `Date` header of an answer of the API. */
export function hearServerDate(header: string | null): void {
  const at = header === null ? Number.NaN : Date.parse(header);
  if (Number.isNaN(at)) return;
  const difference = at - systemClock.now();
  aheadMs = Math.abs(difference) > toleranceMs ? difference : 0;
}

type Ticker = { now: number; watchers: Set<() => void>; stop: () => void };
/** One ticker for each pace, however many texts follow it: a worklist of 300 patients has a thousand of them. */
const tickers = new Map<number, Ticker>();

/** The time now, renewed every `everyMs`, for texts such as "3 min ago". */
export function useNow(everyMs = 15_000): number {
  const follow = useCallback((watcher: () => void) => join(everyMs, watcher), [everyMs]);
  return useSyncExternalStore(follow, () => tickers.get(everyMs)?.now ?? roundedNow(everyMs));
}

function join(everyMs: number, watcher: () => void): () => void {
  let ticker = tickers.get(everyMs);
  if (!ticker) {
    const started: Ticker = { now: clock.now(), watchers: new Set(), stop: () => {} };
    started.stop = clock.every(everyMs, () => {
      started.now = clock.now();
      for (const each of started.watchers) each();
    });
    tickers.set(everyMs, started);
    ticker = started;
  }
  const joined = ticker;
  joined.watchers.add(watcher);
  return () => {
    joined.watchers.delete(watcher);
    if (joined.watchers.size > 0) return;
    joined.stop();
    tickers.delete(everyMs);
  };
}

/** Before the ticker runs: equal for two looks in a row, as React asks of a store. */
const roundedNow = (everyMs: number): number => Math.floor(clock.now() / everyMs) * everyMs;
