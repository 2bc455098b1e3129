/**
 * A broker with its journal in a process of its own, there to be killed: `broker-process.ts databaseUrl journalFolder`.
 * Prints its port on a line once it is open.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '#runtime/clock.ts';
import { createDownlink } from '#runtime/downlink.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { systemRandom } from '#runtime/random.ts';
import { connect } from '#runtime/records/connect.ts';
import { createBroker } from '../../broker/broker.ts';

const [databaseUrl = '', folder = ''] = process.argv.slice(2);
const records = connect(databaseUrl, { connections: 2, onFault: () => {} });
const shared = { clock: systemClock, log: silentLog, metrics: createMetrics() };
const journal = await createJournalFiles({ folder, ...shared });
const broker = createBroker(
  { records, journal, downlink: createDownlink(), random: systemRandom, ...shared },
  { port: 0, host: '127.0.0.1' },
);
await broker.start();
writeSync(1, `${broker.port()}\n`);
