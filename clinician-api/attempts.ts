import type { Clock } from '#runtime/clock.ts';

/** How often something secret may be guessed wrongly: so many failures in a window, counted under several keys at once. */
export type Limit = { failures: number; windowMs: number };

/** Refused: the seconds after which it is worth trying again. */
export type Attempt = { forgive(): void } | { refusedForSeconds: number };

/** Counts kept in memory at once; beyond it the oldest are forgotten. */
const countsAtMost = 20_000;

/** Counts an attempt as failed before it is made, so that a hundred at once are a hundred; `forgive` takes it back. */
export function createAttempts(clock: Pick<Clock, 'now'>): (keys: { key: string; limit: Limit }[]) => Attempt {
  const counts = new Map<string, { failures: number; until: number }>();

  const countOf = (key: string, windowMs: number) => {
    const known = counts.get(key);
    return known && known.until > clock.now() ? known : { failures: 0, until: clock.now() + windowMs };
  };
  const keep = (key: string, count: { failures: number; until: number }) => {
    // whoever is counted most recently is forgotten last
    counts.delete(key);
    counts.set(key, count);
    const [oldest] = counts.keys();
    if (oldest !== undefined && counts.size > countsAtMost) counts.delete(oldest);
  };

  return (keys) => {
    const relevant = keys.map(({ key, limit }) => ({ key, limit, count: countOf(key, limit.windowMs) }));
    const full = relevant.filter(({ limit, count }) => count.failures >= limit.failures);
    if (full.length > 0) {
      const until = Math.max(...full.map(({ count }) => count.until));
      return { refusedForSeconds: Math.ceil((until - clock.now()) / 1000) };
    }
    // a refused attempt leaves no trace: else a flood of them would push the counts that refuse it out of memory
    for (const { key, count } of relevant) {
      count.failures += 1;
      keep(key, count);
    }
    return {
      forgive: () => {
        for (const { count } of relevant) count.failures -= 1;
      },
    };
  };
}
