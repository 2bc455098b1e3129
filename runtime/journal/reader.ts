import type { JournalEntry } from '../journal.ts';
import type { Disk, DiskFile } from './disk.ts';
import { findRecord, maxRecordBytes, readRecord } from './record.ts';
import { type Damage, type Segment, segmentHeadBytes } from './segment.ts';

/** The most that one batch holds, beside its last entry. */
const chunkBytes = 1024 * 1024;

/** Entries, and the position up to which there is no other that was wanted. */
export type Stretch = { entries: JournalEntry[]; through: number };

/**
 * Reads entries from files, onwards from wherever it was. A stretch without a whole record is reported and stepped over, and so
 * is a gap between two segments.
 */
export function createReader(
  disk: Disk,
  segments: () => readonly Segment[],
  salt: number,
  report: (damage: Damage) => void,
) {
  let at: { segment: Segment; file: DiskFile; offset: number; through: number } | undefined;

  async function close(): Promise<void> {
    const file = at?.file;
    at = undefined;
    await file?.close();
  }

  async function enter(segment: Segment, through: number) {
    await close();
    at = { segment, file: await disk.open(segment.path, 'r'), offset: segmentHeadBytes, through };
    return at;
  }

  return {
    close,
    /**
     * Up to `limit` of the `wanted` entries behind `after`; `through`: how far there is no other. No entry only when there is none up to the
     * end of the journal as it now is.
     */
    async read(after: number, limit: number, wanted: (entry: JournalEntry) => boolean): Promise<Stretch> {
      const entries: JournalEntry[] = [];
      let place = at?.through === after ? at : await enter(segmentFor(segments(), after), after);
      for (;;) {
        if (place.offset >= place.segment.bytes) {
          const next = segments().find((segment) => segment.first > place.segment.first);
          // a sealed segment is read to its end; only then may its successor be entered
          if (!next || entries.length > 0) break;
          if (place.through + 1 < next.first)
            report({ path: place.segment.path, from: place.offset, to: place.offset });
          place = await enter(next, Math.max(place.through, next.first - 1));
          continue;
        }
        await readChunk(place, entries, limit, wanted);
        if (entries.length > 0) break;
      }
      return { entries, through: place.through };
    },
  };

  async function readChunk(
    place: NonNullable<typeof at>,
    entries: JournalEntry[],
    limit: number,
    wanted: (entry: JournalEntry) => boolean,
  ): Promise<void> {
    const bytes = await bytesOf(place, chunkBytes);
    let offset = 0;
    while (offset < bytes.length && entries.length < limit) {
      const read = readRecord(bytes, offset, salt);
      const more = place.offset + bytes.length < place.segment.bytes;
      if (read === 'cut' && more && bytes.length - offset < maxRecordBytes) break;
      if (typeof read !== 'object') {
        place.offset += offset;
        return stepOver(place);
      }
      offset = read.end;
      if (read.entry.position <= place.through) continue;
      place.through = read.entry.position;
      if (wanted(read.entry)) entries.push(read.entry);
    }
    place.offset += offset;
  }

  async function stepOver(place: NonNullable<typeof at>): Promise<void> {
    // as of now: the segment may grow while its bytes are read
    const { bytes, last } = place.segment;
    const rest = await bytesOf(place, bytes - place.offset);
    const found = findRecord(rest, 1, salt, place.through);
    const to = place.offset + (found ?? rest.length);
    report({ path: place.segment.path, from: place.offset, to });
    place.offset = to;
    if (found === undefined) place.through = Math.max(place.through, last);
  }
}

async function bytesOf(place: { segment: Segment; file: DiskFile; offset: number }, most: number): Promise<Buffer> {
  const wanted = Math.min(most, place.segment.bytes - place.offset);
  const bytes = Buffer.allocUnsafeSlow(wanted);
  let got = 0;
  while (got < wanted) {
    const { bytesRead } = await place.file.read(bytes, got, wanted - got, place.offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  // a file that is shorter than it was: what is missing counts as damage, not as an endless wait
  return got === wanted ? bytes : Buffer.concat([bytes.subarray(0, got), Buffer.alloc(wanted - got)]);
}

/** The segment that holds what comes after `position`, or the oldest that is kept. */
function segmentFor(segments: readonly Segment[], position: number): Segment {
  return segments.findLast((segment) => segment.first <= position + 1) ?? segments[0]!;
}
