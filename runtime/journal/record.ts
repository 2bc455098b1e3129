import { crc32 } from 'node:zlib';
import type { SourceId } from '#domain/ids.ts';
import { shards, type UpTopic, upTopics } from '#domain/topics.ts';
import type { JournalEntry } from '../journal.ts';

/**
 * One entry as bytes, big-endian:
 *
 *     u32 length of the body   u32 crc32 of the body
 *     body: u48 position   f64 receivedAt   u8 shard   u8 kind   u8 length of source   source   payload
 *
 * The checksum starts from the journal's salt instead of 0. Payloads come from strangers: without the salt one could send a
 * payload that holds a whole record, and a search for the next whole record behind a damaged stretch would believe it.
 */

const headBytes = 8;
const bodyHeadBytes = 17;
/** The broker lets 64 KiB through; this bounds what a damaged length can make us read. */
export const maxPayloadBytes = 256 * 1024;
const maxBodyBytes = bodyHeadBytes + 64 + maxPayloadBytes;
export const maxRecordBytes = headBytes + maxBodyBytes;
export const minRecordBytes = headBytes + bodyHeadBytes + 1;

export type Unplaced = Omit<JournalEntry, 'position'>;

export const recordBytes = (entry: Unplaced): number =>
  headBytes + bodyHeadBytes + entry.source.length + entry.payload.length;

/**
 * Writes `entry` into `block` at `offset` and answers it as it now stands there. Its payload is the block's memory: a small
 * payload that arrived in a large network buffer would otherwise keep the whole buffer alive.
 */
export function writeRecord(
  block: Buffer,
  offset: number,
  position: number,
  entry: Unplaced,
  salt: number,
): JournalEntry {
  const body = offset + headBytes;
  const end = offset + recordBytes(entry);
  block.writeUIntBE(position, body, 6);
  block.writeDoubleBE(entry.receivedAt, body + 6);
  block.writeUInt8(entry.shard, body + 14);
  block.writeUInt8(upTopics.indexOf(entry.kind) + 1, body + 15);
  block.writeUInt8(entry.source.length, body + 16);
  block.write(entry.source, body + bodyHeadBytes, 'latin1');
  const payload = body + bodyHeadBytes + entry.source.length;
  entry.payload.copy(block, payload);
  block.writeUInt32BE(end - body, offset);
  block.writeUInt32BE(crc32(block.subarray(body, end), salt), offset + 4);
  return { ...entry, position, payload: block.subarray(payload, end) };
}

/** `cut`: the bytes end before the record does. `bad`: no record of ours starts here. */
export type Read = { entry: JournalEntry; end: number } | 'cut' | 'bad';

export function readRecord(bytes: Buffer, offset: number, salt: number): Read {
  if (offset + headBytes > bytes.length) return 'cut';
  const length = bytes.readUInt32BE(offset);
  if (length < bodyHeadBytes + 1 || length > maxBodyBytes) return 'bad';
  const body = offset + headBytes;
  const end = body + length;
  if (end > bytes.length) return 'cut';
  const kind = upTopics[bytes[body + 15]! - 1];
  const source = bytes[body + 16]!;
  // cheap looks before the dear one: a search tries every offset
  if (kind === undefined || bytes[body + 14]! >= shards) return 'bad';
  if (source === 0 || source > 64 || bodyHeadBytes + source > length) return 'bad';
  if (crc32(bytes.subarray(body, end), salt) !== bytes.readUInt32BE(offset + 4)) return 'bad';
  return { entry: entryAt(bytes, body, end, kind, source), end };
}

function entryAt(bytes: Buffer, body: number, end: number, kind: UpTopic, source: number): JournalEntry {
  const payload = body + bodyHeadBytes + source;
  return {
    position: bytes.readUIntBE(body, 6),
    receivedAt: bytes.readDoubleBE(body + 6),
    shard: bytes[body + 14]!,
    kind,
    source: bytes.toString('latin1', body + bodyHeadBytes, payload) as SourceId,
    payload: bytes.subarray(payload, end),
  };
}

/** Offset of the first whole record at or behind `offset` whose position is greater than `after`; undefined if there is none. */
export function findRecord(bytes: Buffer, offset: number, salt: number, after: number): number | undefined {
  for (let at = offset; at + minRecordBytes <= bytes.length; at++) {
    const read = readRecord(bytes, at, salt);
    if (typeof read === 'object' && read.entry.position > after) return at;
  }
  return undefined;
}
