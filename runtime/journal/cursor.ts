import { type FileHandle, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { SetupFault } from '#domain/errors.ts';
import { syncFolder, writeAll } from './segment.ts';

/**
 * How far a consumer has come, on disk. The file has two slots in different disk blocks, written in turn: a write that is torn
 * leaves the other slot, and because the file never grows a full disk cannot stop a cursor.
 */
export type Cursor = {
  consumer: string;
  /** The position up to which everything is finished, for good. */
  position(): number;
  /** Resolves when `position` is on disk. */
  move(position: number): Promise<void>;
  close(): Promise<void>;
};

const slotOffsets = [0, 4096] as const;
const slotBytes = 12;
const namePattern = /^[a-z][a-z0-9-]{0,63}$/;

export const cursorFolder = (folder: string): string => join(folder, 'cursors');

/** The cursors a folder holds. One whose two slots are both unreadable starts again at `oldest`, and its name is in `lost`. */
export async function openCursors(folder: string, oldest: number): Promise<{ cursors: Cursor[]; lost: string[] }> {
  const cursors: Cursor[] = [];
  const lost: string[] = [];
  for (const consumer of (await readdir(cursorFolder(folder))).filter((name) => namePattern.test(name)).sort()) {
    const position = latestOf(await readFile(join(cursorFolder(folder), consumer)));
    if (position === undefined) lost.push(consumer);
    cursors.push(await cursorOf(folder, consumer, position ?? oldest));
  }
  return { cursors, lost };
}

export async function createCursor(folder: string, consumer: string, position: number): Promise<Cursor> {
  if (!namePattern.test(consumer)) throw new Error('a consumer is named by a word of a-z, 0-9 and "-"');
  const path = join(cursorFolder(folder), consumer);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    for (const offset of slotOffsets) await writeAll(file, slotOf(position), offset);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncFolder(cursorFolder(folder));
  return cursorOf(folder, consumer, position);
}

async function cursorOf(folder: string, consumer: string, start: number): Promise<Cursor> {
  const file: FileHandle = await open(join(cursorFolder(folder), consumer), 'r+').catch((fault) => {
    throw new SetupFault(`The journal's cursor of ${consumer} cannot be opened (${fault.code}): check its owner.`);
  });
  let position = start;
  let turn = 0;
  return {
    consumer,
    position: () => position,
    async move(next) {
      await writeAll(file, slotOf(next), slotOffsets[turn % 2]!);
      await file.datasync();
      turn += 1;
      position = next;
    },
    close: () => file.close(),
  };
}

function slotOf(position: number): Buffer {
  const slot = Buffer.alloc(slotBytes);
  slot.writeBigUInt64BE(BigInt(position));
  slot.writeUInt32BE(crc32(slot.subarray(0, 8)), 8);
  return slot;
}

/** A cursor only moves forward, so the greater of the readable slots is the newer. */
function latestOf(bytes: Buffer): number | undefined {
  const positions = slotOffsets
    .filter((at) => at + slotBytes <= bytes.length)
    .filter((at) => crc32(bytes.subarray(at, at + 8)) === bytes.readUInt32BE(at + 8))
    .map((at) => Number(bytes.readBigUInt64BE(at)));
  return positions.length > 0 ? Math.max(...positions) : undefined;
}
