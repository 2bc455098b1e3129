import { type ChildProcess, execFile, fork } from 'node:child_process';
import { lstatSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { leftOver } from '#runtime/servers/processes.ts';
import { freePort } from '../support/run.ts';
import { until } from '../support/until.ts';

/** The life of `npm run serve` as a whole: how it begins, ends, and comes back when somebody killed it. */

const main = join(import.meta.dirname, '../../main.ts');
const clinician = join(import.meta.dirname, '../../runtime/setup/clinician.ts');
let folder: string;
let environment: Record<string, string | undefined>;
let url: string;
const started: Started[] = [];
type Started = { process: ChildProcess; said: () => string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hearthbeat-life-'));
  environment = {
    PATH: process.env.PATH,
    DATA_DIR: join(folder, 'data'),
    HTTP_PORT: String(await freePort()),
    MQTT_PORT: String(await freePort()),
    MQTTS_PORT: String(await freePort()),
    POSTGRES_PORT: String(await freePort()),
    INFLUX_PORT: String(await freePort()),
    LOG_LEVEL: 'error',
  };
  url = `http://127.0.0.1:${environment.HTTP_PORT}`;
});
afterEach(async () => {
  for (const { process } of started.splice(0)) {
    process.kill('SIGKILL');
    await until(() => hasEnded(process));
  }
  await until(() => serversOf().length === 0);
});
afterAll(() => {
  // root's servers keep their data outside, and the data folder holds links
  const data = join(folder, 'data/postgresql');
  if (lstatSync(data).isSymbolicLink()) rmSync(dirname(realpathSync(data)), { recursive: true });
  rmSync(folder, { recursive: true });
});

function start(): Started {
  let text = '';
  const child = fork(main, { env: environment, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  child.stderr!.on('data', (chunk) => {
    text += chunk;
  });
  const one = { process: child, said: () => text };
  started.push(one);
  return one;
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;
const isReady = () =>
  fetch(`${url}/health/ready`).then(
    (answer) => answer.ok,
    () => false,
  );
async function startReady(): Promise<Started> {
  const one = start();
  const started = async () => one.said().includes('✓ Starting the services') && (await isReady());
  await until(async () => hasEnded(one.process) || (await started()), 90_000);
  expect(one.said()).toContain('✓ Starting the services');
  return one;
}

/** Database servers that work on our folder. */
function serversOf(): number[] {
  const places: [string, string][] = [
    ['postgres', join(folder, 'data/postgresql/data')],
    ['influxd', join(folder, 'data/influxdb/data')],
  ];
  return places.flatMap(([program, place]) => leftOver(program, place));
}

it('ends on SIGTERM within seconds, with code 0, and leaves nothing running', async () => {
  const { process } = await startReady();
  expect(serversOf().length).toBeGreaterThan(0);
  process.kill('SIGTERM');
  await until(() => hasEnded(process));
  expect(process.exitCode).toBe(0);
  expect(serversOf()).toEqual([]);
});

it('answers for every component, and says so in JSON', async () => {
  await startReady();
  const { components } = (await (await fetch(`${url}/health/ready`)).json()) as { components: object };
  const readings = ['broker', 'journal', 'ingest', 'vitals-store', 'rollups', 'retention'];
  const aside = ['releases', 'erasures', 'forgetting'];
  const judging = ['rules', 'agenda', 'backtests', 'contact-messages'];
  const auditing = ['auditor', 'canary', 'heartbeat'];
  const others = [...auditing, 'postgresql', 'certificates', 'clinician-api'];
  expect(Object.keys(components).sort()).toEqual([...readings, ...aside, ...judging, ...others].sort());
});

it('comes back after kill -9 with what it had, and a second one beside it says that it runs', async () => {
  const first = await startReady();
  const words = ['add', 'anna.weber@example.org', 'Anna Weber', 'doctor', 'Ward 3'];
  const made = await promisify(execFile)(process.execPath, [clinician, ...words], { env: environment });
  const password = /with the password (\S+)/.exec(made.stdout)![1];

  const second = start();
  await until(() => hasEnded(second.process));
  expect(second.process.exitCode).toBe(1);
  expect(second.said().trim()).toBe(
    `Hearthbeat is already running on ${environment.DATA_DIR} (process ${first.process.pid}): stop it first, or set DATA_DIR and the ports to others.`,
  );

  first.process.kill('SIGKILL');
  await until(() => hasEnded(first.process));
  await startReady();
  const signedIn = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ email: 'anna.weber@example.org', password }),
  });
  expect(signedIn.status).toBeLessThan(300);
});

it('ends by itself when whoever started it was killed', async () => {
  const { process } = await startReady();
  process.disconnect();
  await until(() => hasEnded(process));
  expect(serversOf()).toEqual([]);
});

it('told to end in the midst of its start, it ends all the same', async () => {
  const { process, said } = start();
  await until(() => said().includes('PostgreSQL'));
  process.kill('SIGTERM');
  await until(() => hasEnded(process), 90_000);
  expect(serversOf()).toEqual([]);
});

it('a wrong variable ends it in a sentence, before anything is started', async () => {
  environment.LOG_LEVEL = 'loud';
  const { process, said } = start();
  await until(() => hasEnded(process));
  environment.LOG_LEVEL = 'error';
  expect(process.exitCode).toBe(1);
  expect(said().trim()).toBe('LOG_LEVEL: "loud" is not one of debug, info, warn, error.');
});
