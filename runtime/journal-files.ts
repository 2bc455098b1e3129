import { basename, dirname } from 'node:path';
import { Outage, SetupFault } from '#domain/errors.ts';
import { shards as shardCount } from '#domain/topics.ts';
import { type Clock, within } from './clock.ts';
import { type Feed, startConsumption } from './journal/consumption.ts';
import { type Cursor, createCursor, cursorFolder, openCursors } from './journal/cursor.ts';
import { type Disk, realDisk } from './journal/disk.ts';
import { createReader } from './journal/reader.ts';
import { type Damage, openSegments, type Segment } from './journal/segment.ts';
import { createTail } from './journal/tail.ts';
import { createWriter, type WriterLimits, weigh } from './journal/writer.ts';
import type { Consumption, Journal } from './journal.ts';
import { faultDetails, type Log } from './log.ts';
import type { Metrics } from './metrics.ts';

const MiB = 1024 * 1024;

export type JournalLimits = WriterLimits & {
  /** Newest entries kept in memory for consumers that keep up. */
  tailBytes: number;
  /** With less room than this left on the disk, health warns. */
  roomBytes: number;
};

export const journalLimits: JournalLimits = {
  maxBytes: 4096 * MiB,
  segmentBytes: 32 * MiB,
  waitingBytes: 64 * MiB,
  writeBytes: 4 * MiB,
  tailBytes: 16 * MiB,
  roomBytes: 64 * MiB,
};

const closeWaitMs = 5_000;
const lookForRoomMs = 10_000;
const allShards: readonly number[] = Array.from({ length: shardCount }, (_, shard) => shard);

/**
 * The journal in files of one folder, for one process: segments of checksummed records, and a cursor for each consumer.
 * Opening cuts a torn tail behind the last whole record. Whatever else is damaged is logged, counted and stepped over.
 * `consumers`: those that must miss nothing even if they come for the first time when others have long begun.
 * A consumer that is in the folder but no longer in the program holds everything back: `backlog` names it, and deleting its
 * file in `cursors/` lets go.
 * @throws SetupFault when another process has the folder open, or it cannot be written.
 */
export async function createJournalFiles(
  deps: { folder: string; clock: Clock; log: Log; metrics?: Metrics; disk?: Disk; consumers?: readonly string[] },
  options: Partial<JournalLimits> = {},
): Promise<Journal> {
  const { folder, clock, log, metrics, disk = realDisk, consumers = [] } = deps;
  const limits = { ...journalLimits, ...options };
  const lock = await takeFolder(disk, folder);
  try {
    return await openJournal();
  } catch (fault) {
    lock.release();
    throw fault;
  }

  async function openJournal(): Promise<Journal> {
    const found = await openSegments(disk, folder);
    const segments: Segment[] = found.segments;
    const oldest = (segments[0]?.first ?? found.next) - 1;
    const cursorDeps = { folder, disk, onKept: () => trim(), onFault: cursorFault };
    const { cursors: known, lost } = await openCursors(cursorDeps, oldest);
    const cursors = new Map<string, Cursor>(known.map((cursor) => [cursor.consumer, cursor]));
    // what a consumer has finished was here once: its positions are used, even where a damaged disk has lost the entries
    const next = Math.max(found.next, ...known.map((cursor) => Math.max(...cursor.positions) + 1));
    const tail = createTail(next - 1, limits.tailBytes);
    const consumptions = new Set<Consumption & { consumer: string; shards: readonly number[] }>();
    /** Consumers that have no cursor yet. */
    const opening = new Map<string, Promise<Cursor> | undefined>();
    const waiting = new Set<() => void>();
    const damages = new Set<string>();
    let room = await disk.room(folder);
    let closed = false;
    let trimming: Promise<void> = Promise.resolve();

    const writer = createWriter(
      { disk, folder, salt: found.salt, segments, next, clock, log, metrics },
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
    const stopLooking = clock.every(lookForRoomMs, () => void lookForRoom());
    for (const consumer of consumers) await cursorOf(consumer);
    trim();
    measure();

    return {
      append: writer.append,
      consume(consumer, { batch, shards = allShards }, consume) {
        if (closed) throw new Outage('journal-closed', 'the journal is closed');
        const overlaps = (one: { consumer: string; shards: readonly number[] }) =>
          one.consumer === consumer && one.shards.some((shard) => shards.includes(shard));
        if ([...consumptions].some(overlaps)) throw new Error(`${consumer} consumes these shards already`);
        const deps = { consumer, shards, cursor: () => cursorOf(consumer), feed: feedOf(batch), clock, log };
        const { stop } = startConsumption(deps, consume);
        const consumption = {
          consumer,
          shards,
          stop: async () => {
            await stop();
            consumptions.delete(consumption);
          },
        };
        consumptions.add(consumption);
        return consumption;
      },
      backlog: () => ({
        entries: writer.next() - 1 - slowest(),
        bytes: weigh(segments),
        consumers: [...cursors.values()].map((cursor) => ({ consumer: cursor.consumer, behind: behind(cursor) })),
      }),
      health() {
        const fault = writer.fault();
        if (fault) return { state: 'down', detail: `cannot be written (${fault})`, trouble: 'journal-unwritable' };
        const share = weigh(segments) / limits.maxBytes;
        if (writer.full() || share > 0.99)
          return {
            state: 'down',
            detail: 'full: nothing is acknowledged until a consumer catches up',
            trouble: 'journal-full',
          };
        if (share > 0.8)
          return { state: 'degraded', detail: 'nearly full: a consumer is behind', trouble: 'journal-nearly-full' };
        if (room < limits.roomBytes)
          return {
            state: 'degraded',
            detail: `its disk has ${Math.floor(room / MiB)} MiB left`,
            trouble: 'journal-nearly-full',
          };
        if (damages.size > 0)
          return {
            state: 'degraded',
            detail: `${damages.size} damaged stretches were stepped over`,
            trouble: 'journal-damaged',
          };
        return { state: 'ok' };
      },
      async close() {
        if (closed) return;
        closed = true;
        stopLooking();
        const stopped = Promise.all([...consumptions].map((consumption) => consumption.stop()));
        const late = () => new Outage('consumer-busy', 'a consumer did not finish its batch in time');
        await within(clock, closeWaitMs, stopped, late).catch((fault) =>
          log.warn('the journal closes without a consumer', faultDetails(fault)),
        );
        await writer.close();
        for (const cursor of cursors.values()) await cursor.close();
        await trimming;
        lock.release();
      },
    };

    /** Two consumptions of one consumer share its cursor. */
    function cursorOf(consumer: string): Promise<Cursor> {
      const known = cursors.get(consumer);
      if (known) return Promise.resolve(known);
      const coming =
        opening.get(consumer) ??
        createCursor(cursorDeps, consumer, (segments[0]?.first ?? writer.next()) - 1).then(
          (cursor) => {
            cursors.set(consumer, cursor);
            opening.delete(consumer);
            return cursor;
          },
          (fault) => {
            opening.set(consumer, undefined);
            throw fault;
          },
        );
      opening.set(consumer, coming);
      return coming;
    }

    function feedOf(batch: number): Feed {
      const reader = createReader(disk, () => segments, found.salt, reportDamage);
      return {
        async behind(position, wanted) {
          const end = writer.next() - 1;
          const next = tail.read(position, batch, wanted) ?? (await reader.read(position, batch, wanted));
          return next.entries.length > 0 ? next : { entries: [], through: Math.max(next.through, end) };
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
          measure();
        },
        close: reader.close,
      };
    }

    /** Deletes whole segments that every consumer has finished; the last one always stays, for its name is the next position. */
    function trim(): void {
      trimming = trimming.then(async () => {
        // somebody has come whose cursor the disk does not take yet: all that is kept is for them too
        if (opening.size > 0) return;
        const kept = Math.min(...[...cursors.values()].map((cursor) => cursor.kept()));
        while (cursors.size > 0 && segments.length > 1 && segments[1]!.first - 1 <= kept) {
          try {
            await disk.remove(segments[0]!.path);
          } catch (fault) {
            log.warn('a finished segment of the journal cannot be deleted', faultDetails(fault));
            return;
          }
          segments.shift();
          writer.shrunk();
        }
      });
    }

    function slowest(): number {
      const oldestKept = (segments[0]?.first ?? writer.next()) - 1;
      const positions = [...cursors.values()].map((cursor) => Math.min(...cursor.positions));
      return Math.max(oldestKept, positions.length > 0 ? Math.min(...positions) : 0);
    }

    function behind(cursor: Cursor): number {
      return writer.next() - 1 - Math.min(...cursor.positions);
    }

    async function lookForRoom(): Promise<void> {
      room = await disk.room(folder).catch(() => room);
      measure();
    }

    function measure(): void {
      for (const cursor of cursors.values()) metrics?.journalBehind.set({ consumer: cursor.consumer }, behind(cursor));
      const bytes = weigh(segments);
      metrics?.journalBytes.set(bytes);
      metrics?.journalLimitBytes.set(Math.min(limits.maxBytes, bytes + room));
    }

    function cursorFault(consumer: string, fault: unknown): void {
      log.error('a cursor of the journal cannot be written', { consumer, ...faultDetails(fault) });
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

async function takeFolder(disk: Disk, folder: string): Promise<{ release(): void }> {
  try {
    await disk.makeFolder(cursorFolder(folder));
    await disk.syncFolder(dirname(folder));
    await disk.syncFolder(folder);
    return disk.lock(folder);
  } catch (fault) {
    if (fault instanceof SetupFault) throw fault;
    const code = (fault as { code?: string }).code ?? 'unknown';
    throw new SetupFault(`The journal's folder ${folder} cannot be written (${code}): check its owner and DATA_DIR.`);
  }
}
