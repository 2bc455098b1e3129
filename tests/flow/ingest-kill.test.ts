import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { shardOf } from '#domain/topics.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog as log } from '#runtime/log.ts';
import { findLatestValues } from '#runtime/records/latest-values.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { minutesAgo } from '../support/ingest.ts';
import { makeDevice, makePatient, makeSource, makeTeam } from '../support/people.ts';
import { cuffReading } from '../support/readings.ts';
import { testDatabase } from '../support/servers.ts';

/** The recorder dies, by SIGKILL, at every step between the vitals store, PostgreSQL, the receipts and its cursor. */

const steps = [
  'before the store',
  'after the store',
  'before the receipts',
  'between receipts',
  'after the receipts',
  'after the cursor',
];

it('stores each reading once, tells of each, and keeps each refusal once, wherever the recorder is killed', async (test) => {
  const { records, url, stop } = await testDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-killed-'));
  test.onTestFinished(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const team = await makeTeam(records);
  const patient = (await makePatient(records, { team })).id;
  const homes = await Promise.all(
    ['gw-a', 'gw-b', 'gw-c'].map(async (id) => {
      const { source } = await makeSource(records, { id });
      return { source, device: await makeDevice(records, { source, patient }) };
    }),
  );
  const journal = await createJournalFiles({ folder: join(folder, 'journal'), clock, log });
  const good: string[] = [];
  const bad: string[] = [];
  for (let i = 0; i < 60; i++) {
    const { source, device } = homes[i % homes.length]!;
    const ref = `r${i}`;
    (i % 6 === 5 ? bad : good).push(ref);
    const reading = {
      ...cuffReading({ device, ref, takenAt: minutesAgo(60 - i), systolic: i % 6 === 5 ? 999 : 120 + (i % 40) }),
      // some are of devices that replay their memory
      ...(i % 2 ? { deviceTime: new Date(Date.UTC(2026, 6, 1, 8, i)).toISOString().slice(0, 19) } : {}),
    };
    await journal.append({
      ...{ shard: shardOf(source), source, kind: 'readings', receivedAt: Date.now() },
      payload: Buffer.from(JSON.stringify({ v: 1, readings: [reading] })),
    });
  }
  await journal.close();

  const told: string[] = [];
  for (const step of steps) {
    const lines = await run(url, join(folder, 'journal'), step);
    expect(lines, step).not.toContain('done');
    told.push(...lines);
  }
  const last = await run(url, join(folder, 'journal'), 'never');
  expect(last).toContain('done');
  told.push(...last);

  const receipts = new Set(told.filter((line) => line.startsWith('receipt ')));
  expect(receipts).toEqual(
    new Set([...good.map((ref) => `receipt ${ref} stored`), ...bad.map((ref) => `receipt ${ref} quarantined`)]),
  );
  const store = await createPostgresStore({ records, clock, log });
  const stored = await store.read({ patient, panel: 'blood-pressure', from: 0, to: Date.now() + 1, limit: 1_000 });
  expect(stored).toHaveLength(good.length);
  expect(new Set(stored.map(({ id }) => id)).size).toBe(good.length);
  const quarantined = await records.selectFrom('quarantine').select('ref').execute();
  expect(quarantined.map(({ ref }) => ref).sort()).toEqual([...bad].sort());
  const account = await records
    .selectFrom('quarantine_account')
    .select(({ fn }) => fn.sum('items').as('items'))
    .executeTakeFirst();
  expect(Number(account?.items)).toBe(bad.length);
  const latest = (await findLatestValues(records, [patient])).get(patient);
  expect(latest?.[0]?.reading).toBe(stored[0]?.id);
});

const program = fileURLToPath(new URL('../support/recording-process.ts', import.meta.url));

function run(...words: string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (some) => {
      text += some;
    });
    child.on('error', reject);
    child.on('close', () => resolve(text.split('\n').filter(Boolean)));
  });
}
