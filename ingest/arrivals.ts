import { type Arrival, unpackReadings } from '#runtime/intake/unpack.ts';
import type { JournalEntry } from '#runtime/journal.ts';
import type { Harvest } from './harvest.ts';
import { unpackAnswer, unpackStatus } from './unpack.ts';

/** What an entry holds that is to be admitted; what a source says of itself and what it answers go into the harvest. */
export function arrivalsIn(entry: JournalEntry, { statuses, answers }: Harvest): Arrival[] {
  const { source, receivedAt: at } = entry;
  if (entry.kind === 'readings') return unpackReadings(entry);
  if (entry.kind === 'status') {
    const status = unpackStatus(entry);
    if (!('said' in status)) return [status];
    // a last will holds nothing but that the source is away: what it said before in this batch must not be lost
    const before = status.said.state === 'offline' ? statuses.get(source)?.status : undefined;
    statuses.set(source, { status: { ...before, ...status.said }, at });
    return [];
  }
  const answer = unpackAnswer(entry);
  if (!('said' in answer)) return [answer];
  answers.push({ source, answer: answer.said, at });
  return [];
}
