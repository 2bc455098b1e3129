import type { Receipt } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import type { Downlink } from '#runtime/downlink.ts';

/** Gathers the receipts of a batch, to send them when everything they say is durable: few messages, however many readings. */
export function createReceipts(clock: Clock) {
  const bySource = new Map<SourceId, Receipt[]>();
  return {
    add(source: SourceId, receipt: Receipt): void {
      const receipts = bySource.get(source);
      if (receipts) receipts.push(receipt);
      else bySource.set(source, [receipt]);
    },
    send(downlink: Downlink): void {
      const at = instant(clock.now());
      for (const [source, receipts] of bySource)
        for (let i = 0; i < receipts.length; i += mostPerMessage)
          downlink.receipts(source, { v: 1, at, receipts: receipts.slice(i, i + mostPerMessage) });
    },
  };
}

/** As many as ReceiptsMessage allows. */
const mostPerMessage = 500;
