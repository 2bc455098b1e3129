import type { z } from 'zod';
import { CommandAnswer, StatusMessage } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { Reading, ReadingsEnvelope } from '#domain/reading.ts';
import type { JournalEntry } from '#runtime/journal.ts';

/**
 * One thing a source sent: a reading that has the form of one, or something malformed. Nothing has been judged yet.
 * `refs` are those a receipt can name: one for a reading, all that can be found for a message that is refused as a whole.
 */
export type Arrival = { source: SourceId; receivedAt: number; refs: string[] } & (
  | { reading: Reading; payload: () => Buffer }
  | { malformed: string; payload: () => Buffer }
);

/** Every reading of a message by itself, so that a bad one spoils no other. */
export function unpackReadings({ source, receivedAt, payload }: JournalEntry): Arrival[] {
  const whole = { source, receivedAt, payload: () => payload };
  const parsed = parse(payload);
  if ('malformed' in parsed) return [{ ...whole, refs: [], malformed: parsed.malformed }];
  const envelope = ReadingsEnvelope.safeParse(parsed.json);
  if (!envelope.success) return [{ ...whole, refs: refsIn(parsed.json), malformed: faultIn(envelope.error) }];
  return envelope.data.readings.map((piece): Arrival => {
    const reading = Reading.safeParse(piece);
    const arrival = { source, receivedAt, refs: refOf(piece), payload: () => textOf(piece) ?? payload };
    return reading.success ? { ...arrival, reading: reading.data } : { ...arrival, malformed: faultIn(reading.error) };
  });
}

export const unpackStatus = (entry: JournalEntry): { said: StatusMessage } | Arrival =>
  unpackWhole(entry, StatusMessage);
export const unpackAnswer = (entry: JournalEntry): { said: CommandAnswer } | Arrival =>
  unpackWhole(entry, CommandAnswer);

/** A message that is one thing, which enters as a whole or not at all. */
function unpackWhole<T>({ source, receivedAt, payload }: JournalEntry, schema: z.ZodType<T>): { said: T } | Arrival {
  const parsed = parse(payload);
  const refused = { source, receivedAt, refs: [], payload: () => payload };
  if ('malformed' in parsed) return { ...refused, malformed: parsed.malformed };
  const message = schema.safeParse(parsed.json);
  return message.success ? { said: message.data } : { ...refused, malformed: faultIn(message.error) };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(payload: Buffer): { json: unknown } | { malformed: string } {
  try {
    return { json: JSON.parse(utf8.decode(payload)) };
  } catch (fault) {
    // the messages of both quote the text, so neither is passed on
    return { malformed: fault instanceof SyntaxError ? 'not JSON' : 'not UTF-8' };
  }
}

/** Zod names the place and what was expected there, never the value. */
function faultIn(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.join('.') || 'message'}: ${issue?.message ?? 'invalid'}`.slice(0, 300);
}

function refsIn(json: unknown): string[] {
  const readings = (json as { readings?: unknown } | null)?.readings;
  return Array.isArray(readings) ? readings.flatMap(refOf) : [];
}

function refOf(piece: unknown): string[] {
  const ref = Reading.shape.ref.safeParse((piece as { ref?: unknown } | null)?.ref);
  return ref.success ? [ref.data] : [];
}

/** JSON that can be read is not always JSON that can be written: 30,000 brackets in each other fit into one message. */
function textOf(piece: unknown): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify(piece));
  } catch {
    return undefined;
  }
}
