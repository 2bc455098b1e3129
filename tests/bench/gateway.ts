import { type ChildProcess, fork, spawn } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { topicOf } from '#domain/topics.ts';
import { systemClock } from '#runtime/clock.ts';
import { openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import { radioKinds } from '../../gateway-agent/radio/choose-radio.ts';
import { startBus } from '../../simulators/bus.ts';
import { fillOutbox } from '../support/filled-outbox.ts';
import type { Step } from '../support/gateway-process.ts';
import { makeSource } from '../support/people.ts';
import { privatePostgres } from '../support/private-servers.ts';
import type { Arrived } from '../support/receipting-broker-process.ts';

/**
 * One gateway: `npm run bench:gateway`. From an advertisement to the outbox and to the far side of the platform's journal, by radio; readings per second
 * after months without a link; resident memory with 1, 10 and 50 devices. Bus, simulated bluetoothd, broker and gateway are processes of
 * their own; the simulated cuffs take no time for anything. The yardstick, in the same run: for times, the least that any gateway must do one after the other, a write
 * waited for on this disk and a publish acknowledged by this broker; for readings per second, a bare MQTT client that sends the same messages from
 * memory and waits for each PUBACK.
 */
const measurements = 200;
const visited = 10;
const backlog = 100_000;
const memoryRounds = 5;

const support = (name: string) => join(import.meta.dirname, '../support', name);
const command = join(import.meta.dirname, '../../gateway-agent/hearthbeat-gateway');
const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-bench-'));
const children: ChildProcess[] = [];
const now = () => performance.timeOrigin + performance.now();
const postgres = await privatePostgres();
const bus = await startBus();
try {
  const broker = begin('receipting-broker-process.ts', [postgres.url, join(folder, 'journal')]);
  const { port } = await nextOf<{ port: number }>(broker, (said) => 'port' in said);
  const mqttUrl = `mqtt://127.0.0.1:${port}`;
  const air = begin('air-process.ts', [bus.address, '50']);
  const { ready: addresses } = await nextOf<{ ready: string[] }>(air, (said) => 'ready' in said);
  const measure = (some: string[]) => air.send(some);

  print(`${cpus().length} processors, load ${loadavg()[0]!.toFixed(1)}, ${bus.kind}\n`);
  const floor = await yardstick(mqttUrl);
  print(row('yardstick: a write on disk, then a PUBACK', floor));
  for (const kind of radioKinds) {
    const home = await enrolled(`latency-${kind}`);
    const args = [kind, bus.address, mqttUrl, join(folder, kind), home.source, home.secret];
    const gateway = begin('gateway-process.ts', args);
    await nextOf(gateway, (said) => 'ready' in said);
    const [toOutbox, toServer]: [number[], number[]] = [[], []];
    for (let n = 0; n < measurements; n++) {
      const address = addresses[n % visited]!;
      const waiting = nextOf<Step>(gateway, (said) => said.step === 'waiting');
      gateway.send(address);
      await waiting;
      const advertised = nextOf<Step>(gateway, (said) => said.step === 'advertised');
      const kept = nextOf<Step>(gateway, (said) => said.step === 'kept');
      const arrived = nextOf<Arrived>(broker, (said) => said.arrived?.includes(address));
      // whoever has just told something is left alone for a second
      await systemClock.sleep(1_100 / visited);
      measure([address]);
      const begun = (await advertised).at;
      toOutbox.push((await kept).at - begun);
      toServer.push((await arrived).at - begun);
    }
    print(row(`${kind}: advertisement to outbox`, toOutbox, floor));
    print(row(`${kind}: advertisement to the server's journal`, toServer, floor));
    await end(gateway);
  }

  const bare = await bareThroughput(mqttUrl);
  const whole = await throughput(mqttUrl);
  print(
    `\nreadings a second, ${backlog} waiting: ${whole.perSecond.toFixed(0)}; yardstick, a bare client: ${bare.toFixed(0)} (${(whole.perSecond / bare).toFixed(2)} x)`,
  );
  print(`resident memory at the end of it: ${whole.residentMb.toFixed(0)} MB\n`);
  for (const devices of [1, 10, 50]) {
    const { atRest, atWork } = await memory(mqttUrl, addresses.slice(0, devices), measure);
    print(
      `resident memory with ${String(devices).padStart(2)} devices: ${atRest.toFixed(0)} MB before, ${atWork.toFixed(0)} MB after ${memoryRounds} measurements of each`,
    );
  }
  const empty = await residentOfBareNode();
  print(`yardstick: a Node.js that does nothing ${empty.toFixed(0)} MB`);
} finally {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  await bus.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

function enrolled(id: string) {
  return makeSource(postgres.records, { id });
}

async function client(mqttUrl: string, name: string) {
  const { source, secret } = await enrolled(name);
  const on = await connectAsync(mqttUrl, { clientId: source, username: source, password: secret, reconnectPeriod: 0 });
  return { on, topic: topicOf(source, 'readings') };
}

async function yardstick(mqttUrl: string): Promise<number[]> {
  const { on, topic } = await client(mqttUrl, 'yardstick');
  const file = openSync(join(folder, 'yardstick'), 'w');
  const message = `{"v":1,"readings":[${JSON.stringify({ ref: 'r', device: 'none', filler: 'x'.repeat(600) })}]}`;
  const times: number[] = [];
  for (let n = 0; n < measurements; n++) {
    const begun = now();
    writeSync(file, message);
    fdatasyncSync(file);
    await on.publishAsync(topic, message, { qos: 1 });
    times.push(now() - begun);
  }
  closeSync(file);
  await on.endAsync();
  return times;
}

async function bareThroughput(mqttUrl: string): Promise<number> {
  const path = join(folder, 'bare', 'outbox.sqlite');
  fillOutbox(path, 100, ['yardstick'], systemClock.now());
  const outbox = openOutbox(systemClock, path);
  const message = `{"v":1,"readings":[${outbox
    .waiting(100)
    .map((one) => one.message)
    .join(',')}]}`;
  outbox.close();
  const { on, topic } = await client(mqttUrl, 'bare');
  const begun = now();
  for (let n = 0; n < backlog; n += 100) await on.publishAsync(topic, message, { qos: 1 });
  const tookMs = now() - begun;
  await on.endAsync();
  return (backlog / tookMs) * 1_000;
}

async function throughput(mqttUrl: string): Promise<{ perSecond: number; residentMb: number }> {
  const dataDir = join(folder, 'backlog');
  fillOutbox(join(dataDir, 'outbox.sqlite'), backlog, ['AA:BB:CC:00:06:00', 'AA:BB:CC:00:06:01'], systemClock.now());
  const broker = children[0]!;
  let arrived = 0;
  let first = 0;
  let last = 0;
  const count = (said: Arrived) => {
    const its = said.arrived.filter((device) => device !== 'yardstick').length;
    if (its === 0) return;
    first ||= said.at;
    last = said.at;
    arrived += its;
  };
  broker.on('message', count);
  const gateway = await gatewayAsItIs(mqttUrl, 'backlog', dataDir);
  while (arrived < backlog) await systemClock.sleep(20);
  broker.off('message', count);
  const residentMb = residentOf(gateway);
  await end(gateway);
  return { perSecond: (backlog / (last - first)) * 1_000, residentMb };
}

async function memory(mqttUrl: string, addresses: string[], measure: (some: string[]) => unknown) {
  const gateway = await gatewayAsItIs(
    mqttUrl,
    `memory-${addresses.length}`,
    join(folder, `memory-${addresses.length}`),
  );
  await systemClock.sleep(3_000);
  const atRest = residentOf(gateway);
  const broker = children[0]!;
  const waited = new Map<string, number>();
  const count = (said: Arrived) => {
    for (const device of said.arrived ?? []) waited.set(device, (waited.get(device) ?? 0) + 1);
  };
  broker.on('message', count);
  for (let round = 1; round <= memoryRounds; round++) {
    measure(addresses);
    while (addresses.some((address) => (waited.get(address) ?? 0) < round)) await systemClock.sleep(50);
  }
  broker.off('message', count);
  const atWork = residentOf(gateway);
  await end(gateway);
  return { atRest, atWork };
}

/** The command as it runs on a box; what an earlier life has compiled is there, as its unit has it. */
async function gatewayAsItIs(mqttUrl: string, name: string, dataDir: string): Promise<ChildProcess> {
  const { source, secret } = await enrolled(name);
  const env = {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    GATEWAY_SOURCE: source,
    GATEWAY_SECRET: secret,
    MQTT_URL: mqttUrl,
    DATA_DIR: dataDir,
    BUS_ADDRESS: bus.address,
    TIME_ZONE: 'UTC',
    DEVICES: 'any',
    LOG_LEVEL: 'warn',
  };
  const gateway = spawn(command, ['run'], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(gateway);
  return gateway;
}

async function residentOfBareNode(): Promise<number> {
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(bare);
  await systemClock.sleep(1_000);
  const resident = residentOf(bare);
  await end(bare);
  return resident;
}

function residentOf({ pid }: ChildProcess): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function begin(name: string, words: string[]): ChildProcess {
  const child = fork(support(name), words);
  children.push(child);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

function nextOf<T>(child: ChildProcess, isIt: (said: T & Record<string, never>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`a process of the bench ended with code ${code}`));
    const hear = (said: unknown) => {
      if (!isIt(said as T & Record<string, never>)) return;
      child.off('message', hear);
      child.off('exit', ended);
      resolve(said as T);
    };
    child.on('message', hear);
    child.once('exit', ended);
  });
}

function row(name: string, times: number[], floor?: number[]): string {
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
  const ratio = floor ? `, ${(p50 / quantile(floor, 0.5)).toFixed(1)} x the yardstick at p50` : '';
  return `${name}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms${ratio}`;
}

function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
