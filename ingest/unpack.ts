import type { z } from 'zod';
import { CommandAnswer, StatusMessage } from '#domain/downward.ts';
import { type Arrival, faultIn, parseJson } from '#runtime/intake/unpack.ts';
import type { JournalEntry } from '#runtime/journal.ts';

export const unpackStatus = (entry: JournalEntry): { said: StatusMessage } | Arrival =>
  unpackWhole(entry, StatusMessage);
export const unpackAnswer = (entry: JournalEntry): { said: CommandAnswer } | Arrival =>
  unpackWhole(entry, CommandAnswer);

/** A message that is one thing, which enters as a whole or not at all. */
function unpackWhole<T>({ source, receivedAt, payload }: JournalEntry, schema: z.ZodType<T>): { said: T } | Arrival {
  const parsed = parseJson(payload);
  const refused = { source, receivedAt, refs: [], payload: () => payload };
  if ('malformed' in parsed) return { ...refused, malformed: parsed.malformed };
  const message = schema.safeParse(parsed.json);
  return message.success ? { said: message.data } : { ...refused, malformed: faultIn(message.error) };
}
