import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { SetupFault } from '#domain/errors.ts';
import { shards } from '#domain/topics.ts';
import { type Disk, writeAll } from './disk.ts';

/**
 * How far a consumer has come in each shard. In memory a cursor moves at once; on disk it follows as fast as the disk allows,
 * several moves in one write, so that no consumer waits for it. What comes twice because of that changes nothing, and only
 * what is on disk lets a segment go.
 *
 * The file has two slots in different disk blocks, written in turn: a write that is torn leaves the other slot, and because
 * the file never grows a full disk cannot stop a cursor. A slot, big-endian:
 *
 *     "HBC2"   u64 number of the write   64 × u64 position   u32 crc32 of all before
 *
 * Cursors of before there were shards have slots of u64 position and u32 crc32; they are read, and written anew on moving.
 */
export type Cursor = {
  consumer: string;
  /** By shard: the position up to which everything is finished. */
  positions: readonly number[];
  /** The least of them that is on disk for good: nothing behind it comes again, whatever happens. */
  kept(): number;
  move(shards: readonly number[], through: number): void;
  /** Resolves when disk and memory agree, or the disk refuses. */
  settle(): Promise<void>;
  close(): Promise<void>;
};

export type CursorEvents = { onKept: () => void; onFault: (consumer: string, fault: unknown) => void };

const slotOffsets = [0, 4096] as const;
const magic = Buffer.from('HBC2', 'latin1');
const headBytes = magic.length + 8;
const slotBytes = headBytes + shards * 8 + 4;
const oldSlotBytes = 12;
const namePattern = /^[a-z][a-z0-9-]{0,63}$/;

export const cursorFolder = (folder: string): string => join(folder, 'cursors');

/** The cursors a folder holds. One whose two slots are both unreadable starts again at `oldest`, and its name is in `lost`. */
export async function openCursors(
  deps: { folder: string; disk: Disk } & CursorEvents,
  oldest: number,
): Promise<{ cursors: Cursor[]; lost: string[] }> {
  const cursors: Cursor[] = [];
  const lost: string[] = [];
  const names = await deps.disk.list(cursorFolder(deps.folder));
  for (const consumer of names.filter((name) => namePattern.test(name)).sort()) {
    const newest = newestOf(await deps.disk.readFile(join(cursorFolder(deps.folder), consumer)));
    if (!newest) lost.push(consumer);
    cursors.push(await cursorOf(deps, consumer, newest ?? { positions: everyShard(oldest), number: 0, slot: 0 }));
  }
  return { cursors, lost };
}

/** A new one, on disk when this resolves. */
export async function createCursor(
  deps: { folder: string; disk: Disk } & CursorEvents,
  consumer: string,
  position: number,
): Promise<Cursor> {
  if (!namePattern.test(consumer)) throw new Error('a consumer is named by a word of a-z, 0-9 and "-"');
  const { disk, folder } = deps;
  const path = join(cursorFolder(folder), consumer);
  const first = { positions: everyShard(position), number: 0, slot: 0 };
  const file = await disk.open(`${path}.new`, 'w');
  try {
    for (const offset of slotOffsets) await writeAll(file, slotOf(first), offset);
    await file.datasync();
  } finally {
    await file.close();
  }
  await disk.rename(`${path}.new`, path);
  await disk.syncFolder(cursorFolder(folder));
  return cursorOf(deps, consumer, first);
}

type Written = { positions: readonly number[]; number: number; slot: number };

async function cursorOf(
  { folder, disk, onKept, onFault }: { folder: string; disk: Disk } & CursorEvents,
  consumer: string,
  start: Written,
): Promise<Cursor> {
  const file = await disk.open(join(cursorFolder(folder), consumer), 'r+').catch((fault) => {
    throw new SetupFault(`The journal's cursor of ${consumer} cannot be opened (${fault.code}): check its owner.`);
  });
  const positions = [...start.positions];
  let written = start;
  let kept = Math.min(...positions);
  let moved = false;
  let writing: Promise<void> | undefined;

  /** The slot that is not the newest: as long as this write is not on disk, the newest must not be touched. */
  const write = async () => {
    try {
      while (moved) {
        moved = false;
        const next = { positions: [...positions], number: written.number + 1, slot: 1 - written.slot };
        await writeAll(file, slotOf(next), slotOffsets[next.slot]!);
        await file.datasync();
        written = next;
        kept = Math.min(...next.positions);
        onKept();
      }
    } catch (fault) {
      // better the same entries twice after a restart than no more entries now: the next move tries again
      moved = true;
      onFault(consumer, fault);
    } finally {
      writing = undefined;
    }
  };
  const settle = async () => {
    if (moved) writing ??= write();
    await writing;
  };

  return {
    consumer,
    positions,
    kept: () => kept,
    move(of, through) {
      for (const shard of of) positions[shard] = Math.max(positions[shard]!, through);
      moved = true;
      writing ??= write();
    },
    settle,
    async close() {
      await writing;
      await settle();
      await file.close();
    },
  };
}

const everyShard = (position: number): number[] => Array.from({ length: shards }, () => position);

function slotOf({ positions, number }: Written): Buffer {
  const slot = Buffer.alloc(slotBytes);
  magic.copy(slot);
  slot.writeBigUInt64BE(BigInt(number), magic.length);
  positions.forEach((position, shard) => void slot.writeBigUInt64BE(BigInt(position), headBytes + shard * 8));
  slot.writeUInt32BE(crc32(slot.subarray(0, slotBytes - 4)), slotBytes - 4);
  return slot;
}

function newestOf(bytes: Buffer): Written | undefined {
  const found = slotOffsets.flatMap((at, slot) => readSlot(bytes, at, slot) ?? readOldSlot(bytes, at, slot) ?? []);
  return found.sort((one, other) => other.number - one.number || other.positions[0]! - one.positions[0]!)[0];
}

function readSlot(bytes: Buffer, at: number, slot: number): Written | undefined {
  if (at + slotBytes > bytes.length || bytes.compare(magic, 0, magic.length, at, at + magic.length) !== 0)
    return undefined;
  if (crc32(bytes.subarray(at, at + slotBytes - 4)) !== bytes.readUInt32BE(at + slotBytes - 4)) return undefined;
  const positions = everyShard(0).map((_, shard) => Number(bytes.readBigUInt64BE(at + headBytes + shard * 8)));
  return { positions, number: Number(bytes.readBigUInt64BE(at + magic.length)), slot };
}

/** It counts as older than any of today's. */
function readOldSlot(bytes: Buffer, at: number, slot: number): Written | undefined {
  if (at + oldSlotBytes > bytes.length) return undefined;
  if (crc32(bytes.subarray(at, at + 8)) !== bytes.readUInt32BE(at + 8)) return undefined;
  return { positions: everyShard(Number(bytes.readBigUInt64BE(at))), number: -1, slot };
}
