import { type Clock, within } from '#runtime/clock.ts';
import { RadioFault } from '../radio/radio.ts';

/**
 * So many may be inside at a time; others wait in line.
 * @param mayWait when so many wait already, the next is `busy`.
 */
export function createPlaces(clock: Clock, { places, mayWait }: { places: number; mayWait: number }) {
  let inside = 0;
  const line = new Set<() => void>();
  const leave = () => {
    const [next] = line;
    if (!next) {
      inside--;
      return;
    }
    line.delete(next);
    next();
  };
  return {
    /** Resolves with what gives the place back, to be called once or more. Rejects with `busy` after `ms`. */
    take: async (ms: number): Promise<() => void> => {
      if (inside < places) inside++;
      else {
        if (line.size >= mayWait) throw new RadioFault('busy', 'too many devices wait already');
        const { promise, resolve } = Promise.withResolvers<void>();
        line.add(resolve);
        try {
          await within(clock, ms, promise, () => new RadioFault('busy', 'too many other devices'));
        } catch (fault) {
          // if the turn came in the same moment, it is passed on
          if (!line.delete(resolve)) leave();
          throw fault;
        }
      }
      let given = false;
      return () => {
        if (!given) leave();
        given = true;
      };
    },
  };
}

export type Places = ReturnType<typeof createPlaces>;
