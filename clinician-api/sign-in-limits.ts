import type { Clock } from '#runtime/clock.ts';
import { type Attempt, createAttempts } from './attempts.ts';

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

export type SignInLimits = { attempt(address: string, account: string): Attempt };

export function createSignInLimits(clock: Pick<Clock, 'now'>): SignInLimits {
  const attempts = createAttempts(clock);
  return {
    attempt: (address, account) => {
      const who = account.trim().toLowerCase();
      return attempts([
        { key: `address ${address}`, limit: limits.address },
        { key: `pair ${address} ${who}`, limit: limits.pair },
        { key: `account ${who}`, limit: limits.account },
      ]);
    },
  };
}
