import { type Clock, within } from '#runtime/clock.ts';

/** What happens in a dialogue with a device, in order, for one that waits so long for each and no longer. */
export type Inbox<T> = { put(happening: T): void; next(waitMs: number): Promise<T | 'late'> };

/** @param ended what follows everything else once the link has ended. */
export function createInbox<T>(clock: Clock): Inbox<T> {
  const waiting: T[] = [];
  let wake = () => {};
  return {
    put: (happening) => {
      waiting.push(happening);
      wake();
    },
    next: async (waitMs) => {
      if (waiting.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await within(clock, waitMs, promise, () => new Error('late')).catch(() => {});
      }
      return waiting.length > 0 ? waiting.shift()! : 'late';
    },
  };
}
