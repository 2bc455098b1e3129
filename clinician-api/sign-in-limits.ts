import type { Clock } from '#runtime/clock.ts';

/**
 * How often somebody may get a password wrong. Three counts, so that guessing is slow from one place and from many, and yet
 * nobody can lock a doctor out from afar: one address reaches its own limit long before it reaches the account's.
 */
const limits = {
  /** One network address, whatever accounts it tries. A ward behind one address shares it. */
  address: { failures: 30, windowMs: 60_000 },
  /** One address on one account. */
  pair: { failures: 10, windowMs: 5 * 60_000 },
  /** One account, from anywhere. */
  account: { failures: 100, windowMs: 15 * 60_000 },
} as const;

/** Counts kept in memory at once; beyond it the oldest are forgotten. */
const countsAtMost = 20_000;

export type SignInLimits = {
  /**
   * Counts an attempt as failed before it is made, so that a hundred at once are a hundred; `forgive` takes it back.
   * Refused: the seconds after which it is worth trying again.
   */
  attempt(address: string, account: string): { forgive(): void } | { refusedForSeconds: number };
};

export function createSignInLimits(clock: Pick<Clock, 'now'>): SignInLimits {
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

  return {
    attempt: (address, account) => {
      const who = account.trim().toLowerCase();
      const relevant = [
        { key: `address ${address}`, limit: limits.address },
        { key: `pair ${address} ${who}`, limit: limits.pair },
        { key: `account ${who}`, limit: limits.account },
      ].map(({ key, limit }) => ({ key, limit, count: countOf(key, limit.windowMs) }));
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
    },
  };
}
