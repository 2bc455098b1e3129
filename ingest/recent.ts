import type { ReadingId } from '#domain/ids.ts';

/** The readings that were stored last, so that a copy of one is known and changes nothing. */
export function createRecent(most = 100_000) {
  // two generations: forgetting costs nothing, and at least half of `most` is always known
  let young = new Set<ReadingId>();
  let old = new Set<ReadingId>();
  return {
    has: (id: ReadingId): boolean => young.has(id) || old.has(id),
    remember(readings: readonly { id: ReadingId }[]): void {
      for (const { id } of readings) {
        young.add(id);
        if (young.size < most / 2) continue;
        old = young;
        young = new Set();
      }
    },
  };
}
