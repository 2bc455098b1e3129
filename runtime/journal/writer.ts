import { Outage } from '#domain/errors.ts';
import type { Clock } from '../clock.ts';
import type { JournalEntry } from '../journal.ts';
import { faultDetails, type Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { type Disk, type DiskFile, writeAll } from './disk.ts';
import { maxPayloadBytes, recordBytes, type Unplaced, writeRecord } from './record.ts';
import { createSegment, type Segment } from './segment.ts';

/** Appends that arrive while the disk is busy share the next write and the next fdatasync. */
export type Writer = {
  append(entry: Unplaced): Promise<void>;
  /** The position that the next entry gets. */
  next(): number;
  /** Why nothing can be written at present, or undefined. */
  fault(): string | undefined;
  /** The last entry was refused because the journal is full. */
  full(): boolean;
  /** Segments were deleted. */
  shrunk(): void;
  /** Waits for what was appended; refuses everything after it. */
  close(): Promise<void>;
};

export type WriterLimits = {
  /** All segments together; what goes beyond is refused. */
  maxBytes: number;
  /** A segment that has grown to this size is followed by a new one. */
  segmentBytes: number;
  /** Appended and not yet on disk. */
  waitingBytes: number;
  /** One write. */
  writeBytes: number;
};

type Waiting = { entry: Unplaced; bytes: number; since: number; resolve: () => void; reject: (fault: Outage) => void };

export function createWriter(
  deps: {
    disk: Disk;
    folder: string;
    salt: number;
    segments: Segment[];
    next: number;
    clock: Clock;
    log: Log;
    metrics?: Metrics;
  },
  limits: WriterLimits,
  onDurable: (entries: JournalEntry[]) => void,
): Writer {
  const { disk, folder, salt, segments, clock, log, metrics } = deps;
  // trimming deletes whole segments only: a small journal needs smaller ones, or it could never shrink
  const segmentBytes = Math.min(limits.segmentBytes, limits.maxBytes / 4);
  let next = deps.next;
  let active: { segment: Segment; file: DiskFile } | undefined;
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let writing: Promise<void> | undefined;
  let fault: string | undefined;
  let full = false;
  let closed = false;
  let keptBytes = weigh(segments);
  // the last segment of the former run goes on, unless it is full
  let resume = segments.at(-1);

  return {
    next: () => next,
    fault: () => fault,
    full: () => full,
    shrunk: () => {
      keptBytes = weigh(segments);
      full = false;
    },
    append(entry) {
      if (entry.payload.length > maxPayloadBytes)
        return Promise.reject(new Error(`an entry holds at most ${maxPayloadBytes} bytes`));
      const bytes = recordBytes(entry);
      const refusal = refusalOf(bytes);
      if (refusal) return Promise.reject(refusal);
      waitingBytes += bytes;
      return new Promise((resolve, reject) => {
        waiting.push({ entry, bytes, since: clock.elapsed(), resolve, reject });
        writing ??= write();
      });
    },
    async close() {
      closed = true;
      await writing;
      await active?.file.close();
      active = undefined;
    },
  };

  function refusalOf(bytes: number): Outage | undefined {
    if (closed) return new Outage('journal-closed', 'the journal is closed');
    full = keptBytes + waitingBytes + bytes > limits.maxBytes;
    if (full) return new Outage('journal-full', 'the journal has grown to its limit: a consumer is behind');
    if (waitingBytes + bytes > limits.waitingBytes)
      return new Outage('journal-busy', 'too much waits for the disk already');
    return undefined;
  }

  async function write(): Promise<void> {
    // appends of the same turn of the event loop, such as all messages of one network packet, belong to one write
    await Promise.resolve();
    while (waiting.length > 0) await writeGroup(takeGroup());
    writing = undefined;
  }

  function takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < waiting.length && (count === 0 || bytes + waiting[count]!.bytes <= limits.writeBytes)) {
      bytes += waiting[count]!.bytes;
      count += 1;
    }
    const group = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return group;
  }

  async function writeGroup(group: Waiting[]): Promise<void> {
    const size = group.reduce((sum, one) => sum + one.bytes, 0);
    const block = Buffer.allocUnsafeSlow(size);
    const entries: JournalEntry[] = [];
    let at = 0;
    for (const one of group) {
      entries.push(writeRecord(block, at, next + entries.length, one.entry, salt));
      at += one.bytes;
    }
    try {
      const { segment, file } = await activeSegment();
      await writeAll(file, block, segment.bytes);
      await file.datasync();
      segment.bytes += size;
      segment.last = next + entries.length - 1;
    } catch (cause) {
      waitingBytes -= size;
      await retreat(entries.length, cause);
      for (const one of group)
        one.reject(new Outage('journal-unwritable', 'the journal cannot be written', { retry: true, cause }));
      return;
    }
    next += entries.length;
    waitingBytes -= size;
    keptBytes = weigh(segments);
    if (fault) log.info('the journal is written again');
    fault = undefined;
    onDurable(entries);
    const now = clock.elapsed();
    for (const one of group) {
      metrics?.journalAppendSeconds.observe((now - one.since) / 1_000);
      one.resolve();
    }
    metrics?.journalAppended.inc(group.length);
  }

  async function activeSegment() {
    const former = resume;
    resume = undefined;
    if (former && former.bytes < segmentBytes && former.last === next - 1)
      active = { segment: former, file: await disk.open(former.path, 'r+') };
    if (active && active.segment.bytes < segmentBytes) return active;
    const full = active;
    const made = await createSegment(disk, folder, next, salt);
    // one that never held an entry has just been written over; a reader may stand in it, and must see it grow
    const same = segments.find((segment) => segment.first === next);
    active = { segment: same ? Object.assign(same, made.segment) : made.segment, file: made.file };
    if (!same) segments.push(active.segment);
    await full?.file.close().catch(() => {});
    return active;
  }

  /**
   * After a failed write or sync nobody knows what of it the disk has, and a later fdatasync of the same file may succeed
   * without having written it. So the file is cut back to what is certain and never written again; where it cannot even be
   * cut, the positions in the uncertain part are not given away a second time.
   */
  async function retreat(count: number, cause: unknown): Promise<void> {
    if (!fault) log.error('the journal cannot be written', faultDetails(cause));
    fault = (cause as { code?: string }).code ?? 'unknown';
    const left = active;
    active = undefined;
    if (!left) return;
    try {
      await left.file.truncate(left.segment.bytes);
      await left.file.datasync();
    } catch {
      next += count;
    }
    await left.file.close().catch(() => {});
  }
}

/** Bytes of all segments. */
export const weigh = (segments: readonly Segment[]): number =>
  segments.reduce((sum, segment) => sum + segment.bytes, 0);
