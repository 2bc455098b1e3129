/**
 * The recorder in a process of its own, which kills itself at a step: `recording-process.ts databaseUrl journalFolder step`, where step is one of
 * `steps` or `never`. Prints a line `receipt <ref> <outcome>` for each receipt that left, and `done` when nothing waits any more.
 */
import { writeSync } from 'node:fs';
import { systemClock as clock } from '#runtime/clock.ts';
import { createDownlink } from '#runtime/downlink.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { connect } from '#runtime/records/connect.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { createIngest } from '../../ingest/ingest.ts';

const [databaseUrl = '', folder = '', step] = process.argv.slice(2);
const dieAt = (here: string): void => {
  if (here === step) process.kill(process.pid, 'SIGKILL');
};
const records = connect(databaseUrl, { connections: 4, onFault: () => {} });
const journal = await createJournalFiles({ folder, clock, log });
const real = await createPostgresStore({ records, clock, log });
const store: typeof real = {
  ...real,
  async write(...wish) {
    dieAt('before the store');
    const refused = await real.write(...wish);
    dieAt('after the store');
    return refused;
  },
};
const downlink = createDownlink();
let left = 0;
downlink.carriedBy({
  receipts: (_, { receipts }) => {
    if (left > 0) dieAt('between receipts');
    dieAt('before the receipts');
    for (const { ref, outcome } of receipts) writeSync(1, `receipt ${ref} ${outcome}\n`);
    left++;
    if (step === 'after the receipts') queueMicrotask(() => dieAt('after the receipts'));
  },
});
const ingest = createIngest({ journal, store, records, downlink, clock, log, metrics: createMetrics() });
await ingest.start();
while (journal.backlog().consumers.some(({ behind }) => behind > 0) || journal.backlog().consumers.length === 0)
  await clock.sleep(5);
dieAt('after the cursor');
await ingest.stop();
await journal.close();
await records.destroy();
writeSync(1, 'done\n');
