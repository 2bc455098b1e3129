import type { ReceiptsMessage } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';

/**
 * Receipts towards a source. Sending never fails and never waits: a source that is away, or a message that gets lost, is cured
 * by the source, which sends what was not receipted again. Commands do not go this way: they are kept in the records until
 * they are answered (records/commands.ts), and the broker brings them.
 */
export interface Downlink extends Carrier {
  /** The broker takes the messages over; until it does they go nowhere. */
  carriedBy(carrier: Carrier): void;
}

export interface Carrier {
  receipts(source: SourceId, message: ReceiptsMessage): void;
}

/** Within one process. */
export function createDownlink(): Downlink {
  let carrier: Carrier | undefined;
  return {
    receipts: (source, message) => carrier?.receipts(source, message),
    carriedBy: (next) => {
      carrier = next;
    },
  };
}
