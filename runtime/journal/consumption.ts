import type { Clock } from '../clock.ts';
import type { Consumption, JournalEntry } from '../journal.ts';
import { faultDetails, type Log } from '../log.ts';
import type { Cursor } from './cursor.ts';

const firstPauseMs = 100;
const longestPauseMs = 30_000;

export type Feed = {
  /** What comes behind `position`; `through` is how far the journal holds nothing else. */
  behind(position: number): Promise<{ entries: JournalEntry[]; through: number }>;
  /** Resolves when there may be something behind `position`, or when `signal` is aborted. */
  grown(position: number, signal: AbortSignal): Promise<void>;
  moved(): void;
  close(): Promise<void>;
};

/** Hands one consumer its batches, one at a time and in order, until it is stopped. */
export function startConsumption(
  deps: { consumer: string; cursor: () => Promise<Cursor>; feed: Feed; clock: Clock; log: Log },
  consume: (batch: JournalEntry[]) => Promise<void>,
): Consumption {
  const { consumer, feed, clock, log } = deps;
  const stopping = new AbortController();
  const running = run();

  async function run(): Promise<void> {
    const cursor = await insist('its cursor cannot be opened', deps.cursor);
    if (!cursor) return;
    let finished = cursor.position();
    while (!stopping.signal.aborted) {
      const batch = await insist('the journal cannot be read', () => feed.behind(finished));
      if (!batch) break;
      if (batch.entries.length > 0) {
        const done = await insist('a batch was not finished and comes again', async () => {
          await consume(batch.entries);
          return true;
        });
        if (!done) break;
      }
      const through = batch.entries.at(-1)?.position ?? batch.through;
      if (through > finished) {
        finished = through;
        await keep(cursor, finished);
      } else await feed.grown(finished, stopping.signal);
    }
    await feed.close();
  }

  async function keep(cursor: Cursor, position: number): Promise<void> {
    try {
      await cursor.move(position);
      feed.moved();
    } catch (fault) {
      // better the same entries twice after a restart than no more entries now: the next batch tries to write it again
      log.error('a cursor of the journal cannot be written', { consumer, ...faultDetails(fault) });
    }
  }

  /** The answer of `attempt`, tried again after a pause that doubles; undefined when stopped meanwhile. */
  async function insist<T>(otherwise: string, attempt: () => Promise<T>): Promise<T | undefined> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        return await attempt();
      } catch (fault) {
        log.warn(`journal: ${otherwise}`, { consumer, pauseMs, ...faultDetails(fault) });
      }
      if (stopping.signal.aborted) return undefined;
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
