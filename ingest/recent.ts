import type { ReadingId } from '#domain/ids.ts';

/** The readings that were stored last, so that a copy of one is known and changes nothing. @param began ms since 1970 */
export function createRecent(began: number, most = 100_000) {
  // two generations: forgetting costs nothing, and at least half of `most` is always known
  let young = { ids: new Set<ReadingId>(), since: began };
  let old = young;
  return {
    has: (id: ReadingId): boolean => young.ids.has(id) || old.ids.has(id),
    /** What was stored since then is known, ms since 1970. */
    since: (): number => old.since,
    remember(readings: readonly { id: ReadingId }[], now: number): void {
      for (const { id } of readings) {
        young.ids.add(id);
        if (young.ids.size < most / 2) continue;
        old = young;
        young = { ids: new Set(), since: now };
      }
    },
  };
}
