import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SourceId } from '#domain/ids.ts';
import { shardOf } from '#domain/topics.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { createJournalOwner } from '#runtime/journal/owner.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { createJournalOverSocket } from '#runtime/journal-socket.ts';
import { silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';

/**
 * How long an append takes until it is on disk, and how many the journal takes a second. `npm run bench:journal -- [folder]`: 1, 100
 * and 1,000 appenders, each with one entry of 400 bytes (a blood pressure as a gateway sends it) in flight, while nobody, two consumers in
 * this process, or two consumers through the socket read what is written. The folder must be on the disk that counts: default is the
 * current one.
 */
const seconds = 4;
const bytes = 400;

const place = mkdtempSync(join(resolve(process.argv[2] ?? '.'), '.bench-journal-'));
try {
  console.log(
    `${'appenders'.padEnd(12)}${'readers'.padEnd(14)}${'entries/s'.padStart(11)}${'p50'.padStart(10)}${'p99'.padStart(10)}${'most'.padStart(10)}${'CPU/entry'.padStart(12)}`,
  );
  for (const readers of ['nobody', 'two', 'two, socket'] as const)
    for (const appenders of [1, 100, 1_000]) await measure(appenders, readers);
} finally {
  rmSync(place, { recursive: true, force: true });
}

async function measure(appenders: number, readers: 'nobody' | 'two' | 'two, socket'): Promise<void> {
  const folder = mkdtempSync(join(place, 'run-'));
  const path = join(folder, 'socket');
  const own = await createJournalFiles({ folder: join(folder, 'journal'), clock, log });
  const owner = createJournalOwner({ journal: own, downlink: { receipts: () => {} }, path, clock, log });
  await owner.start();
  const read = readers === 'two, socket' ? createJournalOverSocket({ path, clock, random, log }) : own;
  let consumed = 0;
  if (readers !== 'nobody')
    for (const consumer of ['recorder', 'judge'])
      read.consume(consumer, { batch: 200 }, async (batch) => {
        consumed += batch.length;
      });

  const took: number[] = [];
  const payload = Buffer.alloc(bytes, 'x');
  const until = performance.now() + seconds * 1_000;
  const appendOneAfterAnother = async (number: number) => {
    const source = SourceId.parse(`home-${number}`);
    const shard = shardOf(source);
    while (performance.now() < until) {
      const begun = performance.now();
      await own.append({ source, shard, kind: 'readings', receivedAt: clock.now(), payload });
      took.push(performance.now() - begun);
    }
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: appenders }, (_, number) => appendOneAfterAnother(number)));
  const { user, system } = process.cpuUsage(before);
  const late = performance.now() + 20_000;
  while (readers !== 'nobody' && consumed < took.length * 2 && performance.now() < late) await clock.sleep(5);
  took.sort((one, other) => one - other);
  const quantile = (share: number) =>
    `${took[Math.min(took.length - 1, Math.floor(share * took.length))]!.toFixed(1)} ms`;
  console.log(
    `${String(appenders).padEnd(12)}${readers.padEnd(14)}${Math.round(took.length / seconds)
      .toLocaleString('en')
      .padStart(
        11,
      )}${quantile(0.5).padStart(10)}${quantile(0.99).padStart(10)}${quantile(1).padStart(10)}${`${((user + system) / took.length).toFixed(1)} µs`.padStart(12)}`,
  );
  await read.close();
  await owner.stop();
  await own.close();
  rmSync(folder, { recursive: true, force: true });
}
