import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Outage, SetupFault } from '#domain/errors.ts';
import { type Clock, within } from './clock.ts';
import { type Feed, startConsumption } from './journal/consumption.ts';
import { type Cursor, createCursor, cursorFolder, openCursors } from './journal/cursor.ts';
import { lockFolder } from './journal/lock.ts';
import { createReader } from './journal/reader.ts';
import { type Damage, openSegments, type Segment, syncFolder } from './journal/segment.ts';
import { createTail } from './journal/tail.ts';
import { createWriter, type WriterLimits } from './journal/writer.ts';
import type { Consumption, Journal } from './journal.ts';
import { faultDetails, type Log } from './log.ts';
import type { Metrics } from './metrics.ts';

const MiB = 1024 * 1024;

export type JournalLimits = WriterLimits & {
  /** Newest entries kept in memory for consumers that keep up. */
  tailBytes: number;
};

export const journalLimits: JournalLimits = {
  maxBytes: 4096 * MiB,
  segmentBytes: 32 * MiB,
  waitingBytes: 64 * MiB,
  writeBytes: 4 * MiB,
  tailBytes: 16 * MiB,
};

const closeWaitMs = 5_000;

/**
 * The journal in files of one folder, for one process: segments of checksummed records, and a cursor for each consumer.
 * Opening cuts a torn tail behind the last whole record. Whatever else is damaged is logged, counted and stepped over.
 * A consumer that is in the folder but no longer in the program holds everything back: `backlog` names it, and deleting its
 * file in `cursors/` lets go.
 * @throws SetupFault when another process has the folder open, or it cannot be written.
 */
export async function createJournalFiles(
  deps: { folder: string; clock: Clock; log: Log; metrics?: Metrics },
  options: Partial<JournalLimits> = {},
): Promise<Journal> {
  const { folder, clock, log, metrics } = deps;
  const limits = { ...journalLimits, ...options };
  const lock = await takeFolder(folder);
  try {
    return await openJournal();
  } catch (fault) {
    lock.release();
    throw fault;
  }

  async function openJournal(): Promise<Journal> {
    const found = await openSegments(folder);
    const segments: Segment[] = found.segments;
    const oldest = (segments[0]?.first ?? found.next) - 1;
    const { cursors: known, lost } = await openCursors(folder, oldest);
    const cursors = new Map<string, Cursor>(known.map((cursor) => [cursor.consumer, cursor]));
    // what a consumer has finished was here once: its positions are used, even where a damaged disk has lost the entries
    const next = Math.max(found.next, ...known.map((cursor) => cursor.position() + 1));
    const tail = createTail(next - 1, limits.tailBytes);
    const consumptions = new Map<string, Consumption>();
    const waiting = new Set<() => void>();
    const damages = new Set<string>();
    let closed = false;
    let trimming: Promise<void> = Promise.resolve();

    const writer = createWriter(
      { folder, salt: found.salt, segments, next, clock, log, metrics },
      limits,
      (entries) => {
        tail.add(entries);
        for (const wake of waiting) wake();
        measure();
      },
    );
    if (found.cutBytes > 0) log.warn('the torn end of the journal was cut', { bytes: found.cutBytes });
    for (const damage of found.damaged) reportDamage(damage);
    for (const consumer of lost) log.error('a cursor of the journal was unreadable: it starts again', { consumer });
    trim();

    return {
      append: writer.append,
      consume(consumer, { batch }, consume) {
        if (closed) throw new Outage('journal-closed', 'the journal is closed');
        if (consumptions.has(consumer)) throw new Error(`${consumer} consumes the journal already`);
        const deps = { consumer, cursor: () => cursorOf(consumer), feed: feedOf(batch), clock, log };
        const { stop } = startConsumption(deps, consume);
        const consumption = {
          stop: async () => {
            await stop();
            if (consumptions.get(consumer) === consumption) consumptions.delete(consumer);
          },
        };
        consumptions.set(consumer, consumption);
        return consumption;
      },
      backlog: () => ({
        entries: writer.next() - 1 - slowest(),
        bytes: bytesKept(),
        consumers: [...cursors.values()].map((cursor) => ({ consumer: cursor.consumer, behind: behind(cursor) })),
      }),
      health() {
        const fault = writer.fault();
        if (fault) return { state: 'down', trouble: 'journal-unwritable', detail: `cannot be written (${fault})` };
        const share = bytesKept() / limits.maxBytes;
        if (share > 0.99)
          return {
            state: 'down',
            trouble: 'journal-full',
            detail: 'full: nothing is acknowledged until a consumer catches up',
          };
        if (share > 0.8)
          return { state: 'degraded', trouble: 'journal-nearly-full', detail: 'nearly full: a consumer is behind' };
        if (damages.size > 0)
          return {
            state: 'degraded',
            trouble: 'journal-damaged',
            detail: `${damages.size} damaged stretches were stepped over`,
          };
        return { state: 'ok' };
      },
      async close() {
        if (closed) return;
        closed = true;
        const stopped = Promise.all([...consumptions.values()].map((consumption) => consumption.stop()));
        const late = () => new Outage('consumer-busy', 'a consumer did not finish its batch in time');
        await within(clock, closeWaitMs, stopped, late).catch((fault) =>
          log.warn('the journal closes without a consumer', faultDetails(fault)),
        );
        await writer.close();
        await trimming;
        for (const cursor of cursors.values()) await cursor.close();
        lock.release();
      },
    };

    async function cursorOf(consumer: string): Promise<Cursor> {
      const known = cursors.get(consumer);
      if (known) return known;
      const cursor = await createCursor(folder, consumer, (segments[0]?.first ?? writer.next()) - 1);
      cursors.set(consumer, cursor);
      return cursor;
    }

    function feedOf(batch: number): Feed {
      const reader = createReader(() => segments, found.salt, reportDamage);
      return {
        async behind(position) {
          const end = writer.next() - 1;
          const entries = tail.read(position, batch) ?? (await reader.read(position, batch));
          return { entries, through: end };
        },
        grown: (position, signal) =>
          new Promise((resolve) => {
            if (writer.next() - 1 > position || signal.aborted) return resolve();
            const wake = () => {
              waiting.delete(wake);
              signal.removeEventListener('abort', wake);
              resolve();
            };
            waiting.add(wake);
            signal.addEventListener('abort', wake);
          }),
        moved: () => {
          tail.forgetThrough(slowest());
          trim();
          measure();
        },
        close: reader.close,
      };
    }

    /** Deletes whole segments that every consumer has finished; the last one always stays, for its name is the next position. */
    function trim(): void {
      trimming = trimming.then(async () => {
        while (cursors.size > 0 && segments.length > 1 && segments[1]!.first - 1 <= slowest()) {
          try {
            await rm(segments[0]!.path);
          } catch (fault) {
            log.warn('a finished segment of the journal cannot be deleted', faultDetails(fault));
            return;
          }
          segments.shift();
        }
      });
    }

    function slowest(): number {
      const oldestKept = (segments[0]?.first ?? writer.next()) - 1;
      const positions = [...cursors.values()].map((cursor) => cursor.position());
      return Math.max(oldestKept, positions.length > 0 ? Math.min(...positions) : 0);
    }

    function behind(cursor: Cursor): number {
      return writer.next() - 1 - cursor.position();
    }

    function bytesKept(): number {
      return segments.reduce((sum, segment) => sum + segment.bytes, 0);
    }

    function measure(): void {
      for (const cursor of cursors.values()) metrics?.journalBehind.set({ consumer: cursor.consumer }, behind(cursor));
    }

    function reportDamage({ path, from, to }: Damage): void {
      const stretch = `${basename(path)} ${from}`;
      if (damages.has(stretch)) return;
      damages.add(stretch);
      metrics?.journalDamaged.inc();
      log.error('a stretch of the journal is damaged and was stepped over', {
        segment: basename(path),
        from,
        bytes: to - from,
      });
    }
  }
}

async function takeFolder(folder: string): Promise<{ release(): void }> {
  try {
    await mkdir(cursorFolder(folder), { recursive: true, mode: 0o700 });
    await syncFolder(dirname(folder));
    await syncFolder(folder);
    return lockFolder(folder);
  } catch (fault) {
    if (fault instanceof SetupFault) throw fault;
    const code = (fault as { code?: string }).code ?? 'unknown';
    throw new SetupFault(`The journal's folder ${folder} cannot be written (${code}): check its owner and DATA_DIR.`);
  }
}
