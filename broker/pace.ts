import type { Clock } from '#runtime/clock.ts';

/** So many in a row, then so many a second. */
export type Rate = { atOnce: number; perSecond: number };

/**
 * Who does something how often, by key: the generic cell rate algorithm (ITU-T I.371, annex A), which remembers one number
 * for each: when the last turn would have come had all come evenly.
 */
export function createPace<Key>(clock: Clock, { atOnce, perSecond }: Rate) {
  const evenly = new Map<Key, number>();
  const turnMs = 1_000 / perSecond;
  const waitFor = (key: Key, turns: number): number =>
    Math.max(0, (evenly.get(key) ?? 0) - clock.elapsed() + (turns - atOnce) * turnMs);
  const pace = {
    /** Takes so many turns and answers in how many ms they are due: 0 at once. Turns of one key are due in order. */
    take(key: Key, turns = 1): number {
      const waitMs = waitFor(key, turns);
      evenly.set(key, Math.max(clock.elapsed(), evenly.get(key) ?? 0) + turns * turnMs);
      return waitMs;
    },
    /** Whether a turn would have to wait. */
    spent: (key: Key): boolean => waitFor(key, 1) > 0,
    /** Takes a turn unless it would have to wait. */
    tryTake(key: Key): boolean {
      if (pace.spent(key)) return false;
      pace.take(key);
      return true;
    },
    /** Forgets those who are back at their beginning. */
    sweep(): void {
      for (const [key, at] of evenly) if (at <= clock.elapsed()) evenly.delete(key);
    },
    size: (): number => evenly.size,
  };
  return pace;
}

export type Pace<Key> = ReturnType<typeof createPace<Key>>;
