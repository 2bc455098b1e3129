import type { JournalEntry } from '../journal.ts';
import type { Stretch } from './reader.ts';

/** The newest entries, kept in memory within `maxBytes`, so that consumers that keep up never read a file. */
export function createTail(startAfter: number, maxBytes: number) {
  let entries: JournalEntry[] = [];
  let head = 0;
  let bytes = 0;
  /** Every entry on disk behind this position is here. */
  let completeAfter = startAfter;

  const forgetOldest = () => {
    const oldest = entries[head]!;
    head += 1;
    bytes -= weigh(oldest);
    completeAfter = oldest.position;
  };
  const compact = () => {
    if (head < 1_024 || head * 2 < entries.length) return;
    entries = entries.slice(head);
    head = 0;
  };
  return {
    add(added: JournalEntry[]): void {
      for (const entry of added) {
        entries.push(entry);
        bytes += weigh(entry);
      }
      while (bytes > maxBytes && head < entries.length) forgetOldest();
      compact();
    },
    /** What every consumer has finished need not be kept. */
    forgetThrough(position: number): void {
      while (head < entries.length && entries[head]!.position <= position) forgetOldest();
      compact();
    },
    /** Up to `limit` of the `wanted` entries behind `position`, or undefined when some of them are in files only. */
    read(position: number, limit: number, wanted: (entry: JournalEntry) => boolean): Stretch | undefined {
      if (position < completeAfter) return undefined;
      const found: JournalEntry[] = [];
      let through = position;
      let room = mostBatchBytes;
      for (let at = firstBehind(entries, head, position); at < entries.length; at++) {
        const entry = entries[at]!;
        if (found.length >= limit || room <= 0) break;
        through = entry.position;
        if (!wanted(entry)) continue;
        room -= weigh(entry);
        found.push(entry);
      }
      return { entries: found, through };
    },
  };
}

export type Tail = ReturnType<typeof createTail>;

const objectBytes = 256;
/** Enough for 200 usual messages of ten readings; what is bigger comes in several batches. */
const mostBatchBytes = 1024 * 1024;
const weigh = (entry: JournalEntry): number => entry.payload.length + objectBytes;

/** Entries are ordered: halve the interval until it is empty. */
function firstBehind(entries: JournalEntry[], head: number, position: number): number {
  let low = head;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle]!.position <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
