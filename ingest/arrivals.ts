import type { z } from 'zod';
import { CommandAnswer, StatusMessage } from '#domain/downward.ts';
import { type Arrival, faultIn, parseJson, unpackReadings } from '#runtime/intake/unpack.ts';
import type { JournalEntry } from '#runtime/journal.ts';
import type { Harvest } from './harvest.ts';

/** What an entry holds that is to be admitted; what a source says of itself and what it answers go into the harvest. */
export function arrivalsIn(entry: JournalEntry, { statuses, answers }: Harvest): Arrival[] {
  const { source, receivedAt: at } = entry;
  if (entry.kind === 'readings') return unpackReadings(entry);
  if (entry.kind === 'status') {
    const status = unpackWhole(entry, StatusMessage);
    if (!('said' in status)) return [status];
    // a last will holds nothing but that the source is away: what it said before in this batch must not be lost
    const before = status.said.state === 'offline' ? statuses.get(source)?.status : undefined;
    statuses.set(source, { status: { ...before, ...status.said }, at });
    return [];
  }
  const answer = unpackWhole(entry, CommandAnswer);
  if (!('said' in answer)) return [answer];
  answers.push({ source, answer: answer.said, at });
  return [];
}

/** A message that is one thing, which enters as a whole or not at all. */
function unpackWhole<T>({ source, receivedAt, payload }: JournalEntry, schema: z.ZodType<T>): { said: T } | Arrival {
  const parsed = parseJson(payload);
  const refused = { source, receivedAt, refs: [], payload: () => payload };
  if ('malformed' in parsed) return { ...refused, malformed: parsed.malformed };
  const message = schema.safeParse(parsed.json);
  return message.success ? { said: message.data } : { ...refused, malformed: faultIn(message.error) };
}
