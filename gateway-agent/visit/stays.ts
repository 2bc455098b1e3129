/**
 * Who may listen for long. A controller holds about seven links: some are for devices that have something to tell and go, and always free for
 * them; some for those that speak for as long as somebody listens. Of the latter, who finds no place free is heard once and comes again, and
 * of these no more than a few at a time, too: it keeps what it measures, or is worn for a while.
 */
export type Stays = {
  /** To stay; undefined where all places are taken. The answer gives it back. */
  take(): (() => void) | undefined;
  /** Not to stay, but to wait for a first reading. */
  pass(): (() => void) | undefined;
  /** Who stays; those who pass are visitors like others. */
  taken(): number;
};

/** @param staying places to stay. @param passing who waits at a time for a first reading without one. */
export function createStays({ staying, passing }: { staying: number; passing: number }): Stays {
  const [stay, pass] = [createSeats(staying), createSeats(passing)];
  return { take: stay.take, pass: pass.take, taken: stay.taken };
}

function createSeats(seats: number) {
  let taken = 0;
  return {
    taken: () => taken,
    take: () => {
      if (taken >= seats) return undefined;
      taken++;
      let given = false;
      return () => {
        if (!given) taken--;
        given = true;
      };
    },
  };
}
