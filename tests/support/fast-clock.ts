import { type Clock, systemClock } from '#runtime/clock.ts';

/**
 * A clock on which everything takes a fraction of its time: for what takes minutes at home and happens on a real bus here. Hand the same one to both
 * sides.
 */
export function fastClock(times: number): Clock {
  const begun = systemClock.now();
  return {
    now: () => Math.floor(begun + (systemClock.now() - begun) * times),
    elapsed: () => systemClock.elapsed() * times,
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
    after: (ms, run) => systemClock.after(ms / times, run),
    every: (ms, run) => systemClock.every(ms / times, run),
  };
}
