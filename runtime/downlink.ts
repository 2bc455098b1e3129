import type { Command, ReceiptsMessage } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';

/**
 * Small messages towards a source. Sending never fails and never waits: a source that is away, or a message that gets
 * lost, is cured by the source, which sends what was not receipted again.
 */
export interface Downlink {
  receipts(source: SourceId, message: ReceiptsMessage): void;
  command(source: SourceId, command: Command): void;
  /** The broker takes the messages over; until it does they go nowhere. */
  carriedBy(carrier: Pick<Downlink, 'receipts' | 'command'>): void;
}

/** Within one process. */
export function createDownlink(): Downlink {
  let carrier: Pick<Downlink, 'receipts' | 'command'> | undefined;
  return {
    receipts: (source, message) => carrier?.receipts(source, message),
    command: (source, command) => carrier?.command(source, command),
    carriedBy: (next) => {
      carrier = next;
    },
  };
}
