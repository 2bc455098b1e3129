import type { SourceId } from '#domain/ids.ts';
import type { UpTopic } from '#domain/topics.ts';
import type { Health } from './service.ts';

/**
 * The durable log between the broker and its consumers. Nothing outside an adapter knows where it is kept.
 * Positions grow by one from 1 and are never used twice.
 */
export type JournalEntry = {
  position: number;
  shard: number;
  source: SourceId;
  kind: UpTopic;
  /** When the broker received it, ms since 1970. */
  receivedAt: number;
  payload: Buffer;
};

export interface Journal {
  /** Resolves when the entry is on disk, rejects with an Outage when it could not be put there (disk full, closed). */
  append(entry: Omit<JournalEntry, 'position'>): Promise<void>;
  /**
   * Hands `consume` batches of the entries of some shards (all, when none are named) in order, one at a time, at most `batch`
   * entries each. When its promise resolves the cursor of this consumer moves behind the batch, in these shards; when it
   * rejects, the same batch comes again after a pause that grows. After a restart a consumer goes on at its cursors, and may
   * see again what it had in hand or finished a moment ago: consuming must be idempotent. One consumer may have several
   * consumptions whose shards are disjoint, and they run side by side.
   */
  consume(
    consumer: string,
    options: { batch: number; shards?: readonly number[] },
    consume: (batch: JournalEntry[]) => Promise<void>,
  ): Consumption;
  /**
   * Entries on disk that the slowest consumer has not finished, and the bytes the journal takes. An adapter that cannot know at present
   * answers that every consumer is behind: nobody may take it for caught up.
   */
  backlog(): { entries: number; bytes: number; consumers: { consumer: string; behind: number }[] };
  /** `down` while nothing can be acknowledged (disk full, limit reached), `degraded` when it soon will be or entries were lost. */
  health(): Health;
  close(): Promise<void>;
}

export interface Consumption {
  /** Resolves when the batch in hand is finished and no other will come. */
  stop(): Promise<void>;
}
