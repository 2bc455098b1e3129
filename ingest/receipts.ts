import type { Receipt } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { instant } from '#runtime/clock.ts';
import type { Downlink } from '#runtime/downlink.ts';

/**
 * The receipts of a batch, sent when everything they say is durable: few messages, however many readings.
 * @param now ms since 1970
 */
export function sendReceipts(
  downlink: Downlink,
  receipts: readonly { source: SourceId; receipt: Receipt }[],
  now: number,
): void {
  const at = instant(now);
  for (const [source, own] of Map.groupBy(receipts, ({ source }) => source)) {
    let message: Receipt[] = [];
    let weight = 0;
    for (const { receipt } of own) {
      const more = 1 + (receipt.refused?.length ?? 0);
      if (message.length > 0 && weight + more > mostPerMessage) {
        downlink.receipts(source, { v: 1, at, receipts: message });
        message = [];
        weight = 0;
      }
      message.push(receipt);
      weight += more;
    }
    downlink.receipts(source, { v: 1, at, receipts: message });
  }
}

/** Receipts, as many as ReceiptsMessage allows, and refused samples together: some 60 KiB at most, or one series that was refused throughout. */
const mostPerMessage = 500;
