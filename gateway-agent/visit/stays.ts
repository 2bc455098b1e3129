/**
 * Who may stay for long. A controller holds about seven links: some are for devices that have something to tell and go, and always free for
 * them; some for those that speak for as long as somebody listens. Of the latter, who finds no place free is visited like everybody
 * else and comes again: it keeps what it measures, or is worn for a while.
 */
export type Stays = {
  /** Undefined where all are taken; the answer gives it back. */
  take(): (() => void) | undefined;
  taken(): number;
};

export function createStays(places: number): Stays {
  let taken = 0;
  return {
    taken: () => taken,
    take: () => {
      if (taken >= places) return undefined;
      taken++;
      let given = false;
      return () => {
        if (!given) taken--;
        given = true;
      };
    },
  };
}
