import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ReceiptsMessage } from '#domain/downward.ts';
import type { DeviceId, PatientId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import { instant } from '#runtime/clock.ts';
import { findLatestValues } from '#runtime/records/latest-values.ts';
import { allRoles, readRoles } from '#runtime/roles.ts';
import { socketPath } from '#runtime/siblings.ts';
import { connectAs, type Enrolled, publish } from '../support/mqtt.ts';
import { makeDevice, makePatient, makeSource, makeTeam } from '../support/people.ts';
import { cuffReading } from '../support/readings.ts';
import { freePort } from '../support/run.ts';
import { hasInflux, testDatabase, testInflux } from '../support/servers.ts';
import { until } from '../support/until.ts';

/**
 * The platform in several processes, as `npm run serve -- <role…>` starts them. In chaos.test.ts each role has one of its own, and all are
 * killed at random.
 */

const startMs = 90_000;
const main = join(import.meta.dirname, '../../main.ts');
const parts = ['rules api servers', 'ingest auditor', 'broker'] as const;
type Name = (typeof parts)[number];
const ends: (() => unknown)[] = [];
const running = new Map<Name, { child: ChildProcess; said: () => string }>();
let environment: Record<string, string | undefined>;
let folder: string;
let database: Awaited<ReturnType<typeof testDatabase>>;
let home: Enrolled & { device: DeviceId; patient: PatientId };
let client: MqttClient;
const receipted = new Set<string>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hb-roles-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  database = await testDatabase();
  ends.push(database.stop);
  const influx = hasInflux() ? await testInflux() : undefined;
  if (influx) ends.push(influx.stop);
  environment = {
    PATH: influx ? process.env.PATH : '',
    DATA_DIR: join(folder, 'data'),
    DATABASE_URL: database.url,
    ...(influx && {
      INFLUX_URL: influx.url,
      INFLUX_USER: influx.user,
      INFLUX_PASSWORD: influx.password,
      INFLUX_DATABASE: influx.database,
    }),
    HTTP_PORT: String(await freePort()),
    MQTT_PORT: String(await freePort()),
    MQTTS_PORT: String(await freePort()),
    CANARY_SECONDS: 'off',
    LOG_LEVEL: 'error',
  };
  const { source, secret } = await makeSource(database.records);
  const team = await makeTeam(database.records);
  const { id: patient } = await makePatient(database.records, { team });
  home = { source, secret, patient, device: await makeDevice(database.records, { source, patient }) };
});
afterAll(async () => {
  client?.end(true);
  for (const part of running.keys()) await kill(part);
  for (const end of ends.reverse()) await end();
});

function start(words: string) {
  const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const;
  const child = fork(main, words.split(' '), { env: environment, stdio: [...stdio] });
  let text = '';
  child.stderr!.on('data', (piece) => {
    text += piece;
  });
  return { child, said: () => text };
}
const begin = (part: Name) => void running.set(part, start(part));

async function kill(part: Name): Promise<void> {
  const { child } = running.get(part)!;
  child.kill('SIGKILL');
  await until(() => hasEnded(child));
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

type Seen = { state: string; trouble?: string };
const components = async (): Promise<Record<string, Seen>> => {
  const answer = await fetch(`http://127.0.0.1:${environment.HTTP_PORT}/health/ready`).catch(() => undefined);
  return answer ? ((await answer.json()) as { components: Record<string, Seen> }).components : {};
};
const metrics = async () => (await fetch(`http://127.0.0.1:${environment.HTTP_PORT}/metrics`)).text();
const allWell = async () => {
  for (const [part, { child, said }] of running) if (hasEnded(child)) throw new Error(`${part} ended: ${said()}`);
  const seen = await components();
  return 'clinician-api' in seen && Object.values(seen).every(({ state }) => state !== 'down');
};

async function signIn(): Promise<void> {
  await until(async () => {
    client = await connectAs(Number(environment.MQTT_PORT), home).catch(() => client);
    return client?.connected;
  });
  await client.subscribeAsync(topicOf(home.source, 'receipts'), { qos: 1 });
  client.on('message', (_, payload) => {
    for (const { ref } of ReceiptsMessage.parse(JSON.parse(payload.toString())).receipts) receipted.add(ref);
  });
}

/** @returns when it was taken */
async function send(ref: string): Promise<string> {
  const at = instant(Date.now());
  const reading = cuffReading({ ref, device: home.device, takenAt: at, heardAt: at });
  const message = JSON.stringify({ v: 1, readings: [reading] });
  expect(await publish(client, topicOf(home.source, 'readings'), message)).toBe('acknowledged');
  return at;
}

const latestTakenAt = async () =>
  (await findLatestValues(database.records, [home.patient])).get(home.patient)?.[0]?.takenAt;

it('start in any order, and a reading comes in by one, is recorded by another, and its receipt goes down by the first', async () => {
  for (const part of parts) begin(part);
  await until(allWell, startMs);
  await signIn();
  await send('first');
  await until(() => receipted.has('first'));
  expect(Object.keys(await components()).sort()).toEqual(
    expect.arrayContaining([
      'auditor',
      'broker',
      'clinician-api',
      'ingest',
      'journal',
      'rules',
      'servers',
      'vitals-store',
    ]),
  );
  for (const name of ['journal.sock', ...allRoles.map((role) => `${role}.sock`)])
    expect(statSync(join(environment.DATA_DIR!, name)).mode & 0o777).toBe(0o600);
});

it('are measured as one, each under its name', async () => {
  const text = await metrics();
  for (const process of ['broker', 'ingest+auditor', 'servers+rules+api'])
    expect(text).toContain(`process_cpu_user_seconds_total{process="${process}"}`);
  expect(text).toMatch(/hearthbeat_journal_appended_total\{process="broker"\} [1-9]/);
});

it('are each there once, have names, and say so', async () => {
  const [second, stranger] = [start('broker'), start('brokre')];
  await until(() => hasEnded(second.child) && hasEnded(stranger.child), startMs);
  expect([second.child.exitCode, stranger.child.exitCode]).toEqual([1, 1]);
  expect(second.said().trim()).toMatch(/^Hearthbeat's broker is already running on .* \(process \d+\): stop it first/);
  for (const role of allRoles) expect(stranger.said()).toContain(`  ${role} `);
  // what every object has is no role
  expect(() => readRoles(['constructor'])).toThrow('No part of Hearthbeat is called constructor');
});

it('survive the death of each other, and the API says who is missing', async () => {
  await kill('rules api servers');
  await send('while nobody looks or judges');
  await until(() => receipted.has('while nobody looks or judges'));
  await kill('ingest auditor');
  const unrecorded = await send('while nobody records');
  begin('rules api servers');
  await until(async () => (await components()).ingest?.trouble === 'process-silent', startMs);
  expect((await components()).auditor?.trouble).toBe('process-silent');
  await kill('broker');
  await until(async () => (await components()).broker?.trouble === 'process-silent');

  begin('ingest auditor');
  begin('broker');
  await until(allWell, startMs);
  await until(async () => (await latestTakenAt()) === unrecorded);
  await signIn();
  await send('after the broker');
  await until(() => receipted.has('after the broker'));
  // the judge, which lived on, has found the new owner of the journal
  await until(async () =>
    /hearthbeat_journal_behind_entries\{consumer="rules",process="broker"\} 0\n/.test(await metrics()),
  );
});

it('need a folder whose path the kernel takes for a socket', () => {
  expect(() => socketPath(`/${'long'.repeat(30)}`, 'journal.sock')).toThrow('set DATA_DIR to a shorter one');
});

it('end on SIGTERM with code 0, in any order', async () => {
  client.end(true);
  for (const { child } of running.values()) child.kill('SIGTERM');
  for (const { child } of running.values()) await until(() => hasEnded(child), startMs);
  expect([...running.values()].map(({ child }) => child.exitCode)).toEqual(parts.map(() => 0));
});
