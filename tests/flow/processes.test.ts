import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ReceiptsMessage } from '#domain/downward.ts';
import type { DeviceId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import { instant } from '#runtime/clock.ts';
import { allRoles, type Role } from '#runtime/roles.ts';
import { connectAs, type Enrolled, publish } from '../support/mqtt.ts';
import { makeDevice, makePatient, makeSource, makeTeam } from '../support/people.ts';
import { cuffReading } from '../support/readings.ts';
import { freePort } from '../support/run.ts';
import { hasInflux, testDatabase, testInflux } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** Every part of the platform in a process of its own, as `npm run serve -- <role>` starts it; who kills them all at random is chaos.test.ts. */

const main = join(import.meta.dirname, '../../main.ts');
const ends: (() => unknown)[] = [];
const running = new Map<Role, { child: ChildProcess; said: () => string }>();
let environment: Record<string, string | undefined>;
let folder: string;
let home: Enrolled & { device: DeviceId };
let client: MqttClient;
const receipted = new Set<string>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hb-roles-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const database = await testDatabase();
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
    LOG_LEVEL: 'error',
  };
  const { source, secret } = await makeSource(database.records);
  const team = await makeTeam(database.records);
  const { id: patient } = await makePatient(database.records, { team });
  home = { source, secret, device: await makeDevice(database.records, { source, patient }) };
});
afterAll(async () => {
  client?.end(true);
  for (const role of running.keys()) await kill(role);
  for (const end of ends.reverse()) await end();
});

function start(words: string[], change: Record<string, string> = {}) {
  const child = fork(main, words, { env: { ...environment, ...change }, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let text = '';
  child.stderr!.on('data', (piece) => {
    text += piece;
  });
  return { child, said: () => text };
}
const begin = (role: Role) => void running.set(role, start([role]));

async function kill(role: Role): Promise<void> {
  const { child } = running.get(role)!;
  child.kill('SIGKILL');
  await until(() => hasEnded(child));
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

type Seen = { state: string; trouble?: string };
const components = async (): Promise<Record<string, Seen>> => {
  const answer = await fetch(`http://127.0.0.1:${environment.HTTP_PORT}/health/ready`).catch(() => undefined);
  return answer ? ((await answer.json()) as { components: Record<string, Seen> }).components : {};
};
const allWell = async () => {
  for (const [role, { child, said }] of running) if (hasEnded(child)) throw new Error(`${role} ended: ${said()}`);
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

async function send(ref: string): Promise<void> {
  const at = instant(Date.now());
  const reading = cuffReading({ ref, device: home.device, takenAt: at, heardAt: at });
  const message = JSON.stringify({ v: 1, readings: [reading] });
  expect(await publish(client, topicOf(home.source, 'readings'), message)).toBe('acknowledged');
}

it('start in any order, and a reading comes in by one, is recorded by another, and its receipt goes down by the first', async () => {
  for (const role of allRoles.toReversed()) begin(role);
  await until(allWell, 90_000);
  await signIn();
  await send('first');
  await until(() => receipted.has('first'));
  expect(Object.keys(await components()).sort()).toEqual(
    expect.arrayContaining([
      'broker',
      'clinician-api',
      'ingest',
      'journal',
      'postgresql',
      'rules',
      'servers',
      'vitals-store',
    ]),
  );
  for (const name of ['journal.sock', ...allRoles.map((role) => `${role}.sock`)])
    expect(statSync(join(environment.DATA_DIR!, name)).mode & 0o777).toBe(0o600);
});

it('are measured as one, each under its name', async () => {
  const text = await (await fetch(`http://127.0.0.1:${environment.HTTP_PORT}/metrics`)).text();
  for (const process of allRoles) expect(text).toContain(`process_cpu_user_seconds_total{process="${process}"}`);
  expect(text).toMatch(/hearthbeat_journal_appended_total\{process="broker"\} [1-9]/);
});

it('survive the death of each other, and the API says who is missing', async () => {
  await kill('ingest');
  await send('while nobody records');
  await until(async () => (await components()).ingest?.trouble === 'process-silent');
  begin('ingest');
  await until(() => receipted.has('while nobody records'), 60_000);

  await kill('broker');
  await until(async () => (await components()).broker?.trouble === 'process-silent');
  begin('broker');
  await until(allWell, 90_000);
  await signIn();
  await send('after the broker');
  await until(() => receipted.has('after the broker'), 60_000);

  await kill('api');
  await send('while nobody looks');
  await until(() => receipted.has('while nobody looks'));
  begin('api');
  await until(allWell, 90_000);
});

it('are each there once, and say so', async () => {
  const second = start(['broker']);
  await until(() => hasEnded(second.child), 60_000);
  expect(second.child.exitCode).toBe(1);
  expect(second.said().trim()).toMatch(/^Hearthbeat's broker is already running on .* \(process \d+\): stop it first/);
});

it('have names, and whoever says another is told them', async () => {
  const stranger = start(['brokre']);
  await until(() => hasEnded(stranger.child), 60_000);
  expect(stranger.child.exitCode).toBe(1);
  for (const role of allRoles) expect(stranger.said()).toContain(`  ${role} `);
});

it('need a folder whose path the kernel takes for a socket', async () => {
  const long = start(['rules'], { DATA_DIR: join(folder, 'long'.repeat(30)) });
  await until(() => hasEnded(long.child), 60_000);
  expect(long.said()).toContain('set DATA_DIR to a shorter one');
});

it('end on SIGTERM with code 0, in any order', async () => {
  client.end(true);
  for (const { child } of running.values()) child.kill('SIGTERM');
  for (const { child } of running.values()) await until(() => hasEnded(child), 60_000);
  expect([...running.values()].map(({ child }) => child.exitCode)).toEqual(allRoles.map(() => 0));
});
