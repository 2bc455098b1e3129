import type { Receipt } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { systemClock as clock, instant } from '#runtime/clock.ts';
import { createDownlink } from '#runtime/downlink.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { connect } from '#runtime/records/connect.ts';
import { createBroker } from '../../broker/broker.ts';

/**
 * The platform's broker with its journal, and behind it the least that receipts: whatever is in the journal. A process of its own, of a bench:
 * `receipting-broker-process.ts <database url> <journal folder>`. Tells its parent its port, and then of each reading the device and when it came out
 * of the journal, ms since 1970 with decimals.
 */
export type Arrived = { arrived: string[]; at: number };

const [databaseUrl = '', folder = ''] = process.argv.slice(2);
const records = connect(databaseUrl, { connections: 2, onFault: () => {} });
const metrics = createMetrics();
const journal = await createJournalFiles({ folder, clock, log, metrics });
const downlink = createDownlink();
const broker = createBroker(
  { records, journal, downlink, clock, random, log, metrics },
  { port: 0, host: '127.0.0.1' },
);
await broker.start();
journal.consume('bench', { batch: 200 }, async (entries) => {
  const at = performance.timeOrigin + performance.now();
  const bySource = new Map<SourceId, Receipt[]>();
  const arrived: string[] = [];
  for (const { kind, source, payload } of entries) {
    if (kind !== 'readings') continue;
    const { readings } = JSON.parse(payload.toString()) as { readings: { ref: string; device: string }[] };
    const receipts = bySource.get(source) ?? [];
    bySource.set(source, receipts);
    for (const { ref, device } of readings) {
      arrived.push(device);
      receipts.push({ ref, outcome: 'stored' });
    }
  }
  for (const [source, receipts] of bySource)
    for (let n = 0; n < receipts.length; n += 500)
      downlink.receipts(source, { v: 1, at: instant(clock.now()), receipts: receipts.slice(n, n + 500) });
  if (arrived.length > 0) process.send?.({ arrived, at } satisfies Arrived);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: broker.port() });
