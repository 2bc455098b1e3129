import type { Clock } from '../clock.ts';
import type { Consumption, JournalEntry } from '../journal.ts';
import { faultDetails, type Log } from '../log.ts';
import type { Cursor } from './cursor.ts';
import type { Stretch } from './reader.ts';

const firstPauseMs = 100;
const longestPauseMs = 30_000;

export type Feed = {
  /** What is wanted behind `position`. */
  behind(position: number, wanted: (entry: JournalEntry) => boolean): Promise<Stretch>;
  /** Resolves when there may be something behind `position`, or when `signal` is aborted. */
  grown(position: number, signal: AbortSignal): Promise<void>;
  moved(): void;
  close(): Promise<void>;
};

/** Hands one consumer its batches of some shards, one at a time and in order, until it is stopped. */
export function startConsumption(
  deps: {
    consumer: string;
    shards: readonly number[];
    cursor: () => Promise<Cursor>;
    feed: Feed;
    clock: Clock;
    log: Log;
  },
  consume: (batch: JournalEntry[]) => Promise<void>,
): Consumption {
  const { consumer, shards, feed, clock, log } = deps;
  const stopping = new AbortController();
  const running = run();

  async function run(): Promise<void> {
    const cursor = await insist('its cursor cannot be opened', deps.cursor);
    if (!cursor) return;
    const mine = new Set(shards);
    // shards that were consumed apart from each other may have come to different places
    const wanted = ({ shard, position }: JournalEntry) => mine.has(shard) && position > cursor.positions[shard]!;
    let finished = Math.min(...shards.map((shard) => cursor.positions[shard]!));
    while (!stopping.signal.aborted) {
      const next = await insist('the journal cannot be read', () => feed.behind(finished, wanted));
      if (!next) break;
      if (next.entries.length > 0) {
        const done = await insist('a batch was not finished and comes again', async () => {
          await consume(next.entries);
          return true;
        });
        if (!done) break;
      }
      if (next.through > finished) {
        finished = next.through;
        cursor.move(shards, finished);
        feed.moved();
      } else await feed.grown(finished, stopping.signal);
    }
    await cursor.settle();
    await feed.close();
  }

  /** The answer of `attempt`, tried again after a pause that doubles; undefined when stopped meanwhile. */
  async function insist<T>(otherwise: string, attempt: () => Promise<T>): Promise<T | undefined> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        return await attempt();
      } catch (fault) {
        if (stopping.signal.aborted) return undefined;
        log.warn(`journal: ${otherwise}`, { consumer, pauseMs, ...faultDetails(fault) });
      }
      await clock.sleep(pauseMs, stopping.signal).catch(() => {});
      if (stopping.signal.aborted) return undefined;
    }
  }

  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
