import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { SourceId } from '#domain/ids.ts';
import { systemClock } from '#runtime/clock.ts';
import type { JournalEntry } from '#runtime/journal.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog } from '#runtime/log.ts';
import { giveToken, newToken, registerSource } from '#runtime/records/sources.ts';
import { attack, type HonestStory, type Onslaught } from '../support/hostile.ts';
import { privatePostgres } from '../support/private-servers.ts';

/**
 * Mutated packets against the MQTT ports: `npm run bench:fuzz -- [packets] [seed]`. The broker is a process of its own; sixteen
 * enrolled sources that have been taken over throw spoilt conversations at it, one in eight of them over TLS, while an honest one
 * publishes with QoS 1 all the time. Ends with an error when the broker dies, when the honest one loses its connection, or
 * waits longer than a second for a PUBACK, and when the journal holds anything in the honest one's name that it did not send.
 */
const [mutated, seed] = [Number(process.argv[2] ?? 200_000), Number(process.argv[3] ?? 1)];
const lanes = 16;
const mostMs = 1_000;

const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-bench-'));
const postgres = await privatePostgres();
const faults: string[] = [];
const enrol = async (name: string) => {
  const one = { source: SourceId.parse(name), secret: newToken() };
  await registerSource(postgres.records, { id: one.source, kind: 'gateway' });
  await giveToken(postgres.records, one.source, one.secret, { at: new Date().toISOString() });
  return one;
};
const honest = await enrol('honest');
const hostile = await Promise.all(Array.from({ length: lanes }, (_, lane) => enrol(`hostile-${lane}`)));
const args = [join(folder, 'journal'), join(folder, 'authority')];
const script = join(import.meta.dirname, '../support/broker-process.ts');
const broker = spawn(process.execPath, [script, postgres.url, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  const line = await new Promise<string>((resolve) => broker.stdout.once('data', (data) => resolve(String(data))));
  const [port, tlsPort] = line.trim().split(' ').map(Number) as [number, number];
  const told: Onslaught = { conversations: 0, mutated: 0 };
  broker.once('exit', (code, signal) => {
    if (broker.killed) return;
    faults.push(`the broker died (${code ?? signal}) near conversation ${told.conversations} of seed ${seed}`);
    told.mutated = Number.POSITIVE_INFINITY;
  });
  const beganAt = performance.now();
  const beside = fork(join(import.meta.dirname, '../support/honest-process.ts'), [
    String(port),
    honest.source,
    honest.secret,
  ]);
  await once(beside, 'message');
  const open = (number: number) =>
    number % 8 === 7
      ? connectTls({ port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false })
      : connect(port, '127.0.0.1');
  await attack({ hostile, foreign: honest.source, seed, mutated, open }, told);
  beside.send('end');
  const [{ acknowledged, slowestMs, machineLateMs, lost }] = (await once(beside, 'message')) as [HonestStory];
  if (lost) faults.push('the honest client lost its connection');
  if (slowestMs > mostMs) faults.push(`the honest client waited ${slowestMs.toFixed(0)} ms for a PUBACK`);
  const ended = new Promise((resolve) => broker.once('exit', resolve));
  if (broker.kill('SIGKILL')) await ended;

  const journal = await createJournalFiles({ folder: args[0]!, clock: systemClock, log: silentLog });
  const said = new Set<string>();
  const strangers = new Set<string>();
  const known = new Set([honest, ...hostile].map(({ source }) => source));
  const read = async (batch: JournalEntry[]) => {
    for (const { source, payload } of batch) {
      if (!known.has(source)) strangers.add(source);
      if (source === honest.source) said.add(payload.toString());
    }
  };
  const consumption = journal.consume('judge', { batch: 10_000 }, read);
  while (journal.backlog().entries > 0) await systemClock.sleep(50);
  await consumption.stop();
  await journal.close();
  const missing = Array.from({ length: acknowledged }, (_, i) => `honest ${i}`).filter((word) => !said.delete(word));
  if (missing.length > 0) faults.push(`${missing.length} acknowledged messages are not in the journal`);
  const forged = [...said].filter((word) => word !== `honest ${acknowledged}`);
  if (forged.length > 0 || strangers.size > 0)
    faults.push(`${forged.length + strangers.size} messages in foreign names`);

  const minutes = (performance.now() - beganAt) / 60_000;
  console.log(
    `${told.mutated} mutated packets in ${told.conversations} conversations, seed ${seed}, ${minutes.toFixed(1)} minutes`,
  );
  console.log(
    `honest client: ${acknowledged} messages acknowledged, slowest PUBACK ${slowestMs.toFixed(0)} ms; the machine was up to ${machineLateMs.toFixed(0)} ms late with a bare timer`,
  );
} finally {
  broker.kill('SIGKILL');
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
for (const fault of faults) console.error(`FAILED: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
