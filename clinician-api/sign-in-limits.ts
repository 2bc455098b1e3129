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
    if (known && known.until > clock.now()) return known;
    counts.delete(key);
    const fresh = { failures: 0, until: clock.now() + windowMs };
    counts.set(key, fresh);
    const [oldest] = counts.keys();
    if (oldest !== undefined && counts.size > countsAtMost) counts.delete(oldest);
    return fresh;
  };

  return {
    attempt: (address, account) => {
      const who = account.trim().toLowerCase();
      const relevant = [
        { limit: limits.address, count: countOf(`address ${address}`, limits.address.windowMs) },
        { limit: limits.pair, count: countOf(`pair ${address} ${who}`, limits.pair.windowMs) },
        { limit: limits.account, count: countOf(`account ${who}`, limits.account.windowMs) },
      ];
      const full = relevant.filter(({ limit, count }) => count.failures >= limit.failures);
      if (full.length > 0) {
        const until = Math.max(...full.map(({ count }) => count.until));
        return { refusedForSeconds: Math.ceil((until - clock.now()) / 1000) };
      }
      for (const { count } of relevant) count.failures += 1;
      return {
        forgive: () => {
          for (const { count } of relevant) count.failures -= 1;
        },
      };
    },
  };
}
