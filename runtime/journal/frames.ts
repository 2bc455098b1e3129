import { z } from 'zod';
import type { ReceiptsMessage } from '#domain/downward.ts';
import { SourceId } from '#domain/ids.ts';
import { platformTroubleNames } from '#domain/platform.ts';
import { shards } from '#domain/topics.ts';
import type { JournalEntry } from '../journal.ts';
import { readRecord, recordBytes, type Unplaced, writeRecord } from './record.ts';

/**
 * What travels between the owner of the journal and the processes that read it through a socket, big-endian:
 *
 *     u32 bytes that follow   u32 length of the head   head, JSON   entries, as they stand in the journal's files
 */

/** Grows with every change of this file: two versions of the program do not speak to each other. */
export const protocol = 2;

const id = z.int().min(0);
const consumer = z.string().max(64);

export const Question = z.discriminatedUnion('say', [
  z.object({
    say: z.literal('consume'),
    id,
    consumer,
    batch: z.int().min(1),
    shards: z
      .array(
        z
          .int()
          .min(0)
          .max(shards - 1),
      )
      .optional(),
  }),
  z.object({ say: z.literal('done'), id, ok: z.boolean() }),
  z.object({ say: z.literal('stop'), id }),
  /** With one entry, whose position does not count. */
  z.object({ say: z.literal('append'), id }),
  /** Made by our own program a moment ago, and read with care where it arrives: here it only passes through. */
  z.object({ say: z.literal('receipts'), source: SourceId, message: z.custom<ReceiptsMessage>() }),
]);
export type Question = z.infer<typeof Question>;

const State = z.object({
  backlog: z.object({
    entries: z.number(),
    bytes: z.number(),
    consumers: z.array(z.object({ consumer, behind: z.number() })),
  }),
  health: z.object({
    state: z.enum(['ok', 'degraded', 'down']),
    detail: z.string().optional(),
    trouble: z.enum(platformTroubleNames).optional(),
  }),
});
/** What the owner tells of the journal before anything that depends on it. */
export type State = z.infer<typeof State>;

export const Answer = z.discriminatedUnion('say', [
  z.object({ say: z.literal('hello'), protocol: z.number() }),
  z.object({ say: z.literal('state'), state: State }),
  /** With the entries. */
  z.object({ say: z.literal('batch'), id }),
  z.object({ say: z.literal('stopped'), id }),
  /** Another process consumes these shards in this consumer's name. */
  z.object({ say: z.literal('refused'), id, reason: z.string() }),
  z.object({
    say: z.literal('appended'),
    id,
    fault: z.object({ code: z.string(), message: z.string(), retry: z.boolean() }).optional(),
  }),
]);
export type Answer = z.infer<typeof Answer>;

/** A batch is bounded by the journal; this bounds what a damaged length can make us wait for. */
const maxFrameBytes = 64 * 1024 * 1024;
const headOffset = 8;
/** The kernel keeps what goes through a socket whole: the checksum of an entry needs no salt here. */
const salt = 0;

export function writeFrame(
  head: Question | Answer,
  entries: readonly (Unplaced & { position?: number })[] = [],
): Buffer {
  const words = Buffer.from(JSON.stringify(head));
  const size = entries.reduce((sum, entry) => sum + recordBytes(entry), headOffset + words.length);
  const frame = Buffer.allocUnsafe(size);
  frame.writeUInt32BE(size - 4, 0);
  frame.writeUInt32BE(words.length, 4);
  words.copy(frame, headOffset);
  let at = headOffset + words.length;
  for (const entry of entries) {
    writeRecord(frame, at, entry.position ?? 0, entry, salt);
    at += recordBytes(entry);
  }
  return frame;
}

/** Takes pieces of a stream and hands on whole frames. Throws on what is no frame: the connection is no good any more. */
export function readFrames<Head>(schema: z.ZodType<Head>, onFrame: (head: Head, entries: JournalEntry[]) => void) {
  let pieces: Buffer[] = [];
  let bytes = 0;
  return (piece: Buffer): void => {
    pieces.push(piece);
    bytes += piece.length;
    for (;;) {
      if (bytes < headOffset) return;
      if (pieces[0]!.length < headOffset) pieces = [Buffer.concat(pieces)];
      const size = pieces[0]!.readUInt32BE(0) + 4;
      if (size > maxFrameBytes || size < headOffset) throw new Error('a frame of an impossible length');
      if (bytes < size) return;
      const all = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
      bytes = all.length - size;
      pieces = bytes > 0 ? [all.subarray(size)] : [];
      const frame = all.subarray(0, size);
      const headEnd = headOffset + frame.readUInt32BE(4);
      const head = schema.parse(JSON.parse(frame.toString('utf8', headOffset, headEnd)));
      onFrame(head, entriesIn(frame, headEnd));
    }
  };
}

function entriesIn(frame: Buffer, from: number): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (let at = from; at < frame.length; ) {
    const read = readRecord(frame, at, salt);
    if (typeof read !== 'object') throw new Error('a frame with something else than an entry');
    entries.push(read.entry);
    at = read.end;
  }
  return entries;
}
