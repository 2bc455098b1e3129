/**
 * A broker with its journal in a process of its own, there to be killed: `broker-process.ts databaseUrl journalFolder [authorityFolder]`.
 * Prints its port on a line once it is open, and behind it the one for TLS where it has a folder for an authority.
 */
import { mkdirSync, writeSync } from 'node:fs';
import { openAuthority } from '#runtime/authority/authority.ts';
import { systemClock } from '#runtime/clock.ts';
import { createDownlink } from '#runtime/downlink.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { systemRandom } from '#runtime/random.ts';
import { connect } from '#runtime/records/connect.ts';
import { createBroker } from '../../broker/broker.ts';

const [databaseUrl = '', folder = '', authorityFolder] = process.argv.slice(2);
const records = connect(databaseUrl, { connections: 2, onFault: () => {} });
const shared = { clock: systemClock, log: silentLog, metrics: createMetrics() };
const journal = await createJournalFiles({ folder, ...shared });
const broker = createBroker(
  { records, journal, downlink: createDownlink(), random: systemRandom, ...shared },
  {
    ...{ port: 0, host: '127.0.0.1' },
    // whoever comes, comes from this machine
    limits: { connectionsPerAddress: 20_000, newPerAddress: { atOnce: 20_000, perSecond: 1_000 } },
    ...(authorityFolder ? { tls: { port: 0, host: '127.0.0.1', ...(await credentialsOf(authorityFolder)) } } : {}),
  },
);
await broker.start();
writeSync(1, authorityFolder ? `${broker.port()} ${broker.tlsPort()}\n` : `${broker.port()}\n`);

async function credentialsOf(folder: string) {
  mkdirSync(folder, { recursive: true });
  const authority = await openAuthority(shared, { folder, passphrase: 'a passphrase of this test' });
  return authority.serverCredentials(['localhost', '127.0.0.1']);
}
