import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Disk, type DiskFile, writeAll } from './disk.ts';
import { findRecord, minRecordBytes, readRecord } from './record.ts';

/**
 * A segment is one file of the journal, named by the first position it may hold. It begins with a head that carries the
 * journal's salt three times, each with its checksum, so that a flipped bit in the head costs nothing.
 */
export type Segment = {
  path: string;
  first: number;
  /** The greatest position in it; `first - 1` while it is empty. */
  last: number;
  /** How far it is on disk for good. Whatever lies behind in the file is no part of the journal. */
  bytes: number;
};

const magic = Buffer.from('HBJRNL1\n', 'latin1');
const saltCopies = 3;
export const segmentHeadBytes = magic.length + saltCopies * 8;
const namePattern = /^(\d{16})\.log$/;

/** Makes an empty segment and its name durable. An older file of that name held nothing that was acknowledged. */
export async function createSegment(
  disk: Disk,
  folder: string,
  first: number,
  salt: number,
): Promise<{ segment: Segment; file: DiskFile }> {
  const path = join(folder, `${String(first).padStart(16, '0')}.log`);
  const file = await disk.open(path, 'w');
  try {
    await writeAll(file, headOf(salt), 0);
    await file.datasync();
    await disk.syncFolder(folder);
  } catch (fault) {
    // it stays, for a reader may stand in it: in another file of that name it would not see what comes
    await file.close().catch(() => {});
    throw fault;
  }
  return { segment: { path, first, last: first - 1, bytes: segmentHeadBytes }, file };
}

export type Found = { segments: Segment[]; salt: number; next: number; cutBytes: number; damaged: Damage[] };
/** Bytes that hold no whole record although whole records follow. */
export type Damage = { path: string; from: number; to: number };

/**
 * What a folder holds. Only the last segment is read through: its tail may be torn, and is cut behind the last whole record.
 * The others were finished before it began; a reader finds what is wrong with them.
 */
export async function openSegments(disk: Disk, folder: string): Promise<Found> {
  const segments: Segment[] = [];
  for (const name of (await disk.list(folder)).sort()) {
    const first = Number(namePattern.exec(name)?.[1]);
    if (!Number.isSafeInteger(first)) continue;
    const path = join(folder, name);
    segments.push({ path, first, last: first - 1, bytes: await disk.size(path) });
  }
  const torn = segments.at(-1);
  // the machine stopped while it made the file: nothing in it was ever acknowledged
  if (torn && torn.bytes < segmentHeadBytes) {
    await disk.remove(torn.path);
    segments.pop();
  }
  segments.forEach((segment, i) => {
    segment.last = (segments[i + 1]?.first ?? segment.first) - 1;
  });
  const salt = await saltOf(disk, segments);
  const last = segments.at(-1);
  const tail = last && (await examineTail(disk, last, salt));
  return {
    segments,
    salt: salt ?? randomBytes(4).readUInt32BE(),
    next: Math.max(1, torn?.first ?? 1, tail?.next ?? 1),
    cutBytes: tail?.cutBytes ?? 0,
    damaged: tail?.damaged ?? [],
  };
}

async function examineTail(disk: Disk, segment: Segment, salt: number | undefined) {
  const damaged: Damage[] = [];
  if (salt === undefined) {
    // every head of the journal is unreadable: leave the file alone and use none of the positions it can hold
    const next = segment.first + Math.ceil(segment.bytes / minRecordBytes);
    return { next, cutBytes: 0, damaged: [{ path: segment.path, from: 0, to: segment.bytes }] };
  }
  const bytes = await disk.readFile(segment.path);
  let end = segmentHeadBytes;
  while (end < bytes.length) {
    const read = readRecord(bytes, end, salt);
    if (typeof read === 'object' && read.entry.position > segment.last) {
      segment.last = read.entry.position;
      end = read.end;
      continue;
    }
    const whole = findRecord(bytes, end + 1, salt, segment.last);
    if (whole === undefined) break;
    damaged.push({ path: segment.path, from: end, to: whole });
    end = whole;
  }
  const cutBytes = bytes.length - end;
  if (cutBytes > 0) await cut(disk, segment.path, end);
  segment.bytes = end;
  return { next: segment.last + 1, cutBytes, damaged };
}

async function cut(disk: Disk, path: string, bytes: number): Promise<void> {
  const file = await disk.open(path, 'r+');
  try {
    await file.truncate(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

function headOf(salt: number): Buffer {
  const head = Buffer.alloc(segmentHeadBytes);
  magic.copy(head);
  for (let copy = 0; copy < saltCopies; copy++) {
    const at = magic.length + copy * 8;
    head.writeUInt32BE(salt, at);
    head.writeUInt32BE(crc32(head.subarray(at, at + 4)), at + 4);
  }
  return head;
}

/** The first readable copy in any head: all segments of a journal share one salt. */
async function saltOf(disk: Disk, segments: Segment[]): Promise<number | undefined> {
  for (const segment of segments.toReversed()) {
    const head = Buffer.alloc(segmentHeadBytes);
    const file = await disk.open(segment.path, 'r');
    try {
      await file.read(head, 0, head.length, 0);
    } finally {
      await file.close();
    }
    for (let at = magic.length; at < segmentHeadBytes; at += 8)
      if (crc32(head.subarray(at, at + 4)) === head.readUInt32BE(at + 4)) return head.readUInt32BE(at);
  }
  return undefined;
}
