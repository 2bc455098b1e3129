import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock as clock } from '#runtime/clock.ts';
import { readSecrets } from '#runtime/secrets.ts';
import { familyOf } from './machine.ts';
import { freePort } from './run.ts';
import { until } from './until.ts';

/**
 * The platform as a hospital starts it: `node main.ts`, as one process or as one for each role, on a PostgreSQL and an InfluxDB that it starts
 * itself, with fsync. A process that ends is begun again, as a supervisor would.
 */
export type PlatformProcesses = {
  dataDir: string;
  mqttPort: number;
  databaseUrl(): string;
  sink(): { url: string; user: string; password: string; database: string };
  /** Every process, servers and their descendants included. */
  family(): { pid: number; name: string }[];
  /** SIGKILL. False where it is not there to be killed. */
  kill(victim: Victim): boolean;
  /** Processes that ended although nobody killed them, with their code. */
  endedByThemselves(): { part: string; code: number | null }[];
  /** All parts answer, and say that they are well. */
  isWell(): Promise<boolean>;
  /** The last lines that a part has logged. */
  log(part: string): string;
  stop(): Promise<void>;
};

export const platformRoles = ['servers', 'broker', 'ingest', 'rules', 'api', 'auditor'] as const;
export type Victim = (typeof platformRoles)[number] | 'platform' | 'influxdb' | 'postgresql';

/** The flags of `npm run serve`, runtime/setup/begin.mjs. */
const asServed = ['--max-semi-space-size=16'];
const readyMs = 120_000;
const restartMs = 300;
const stopMs = 60_000;
const root = join(import.meta.dirname, '../..');

export async function startPlatformProcesses(wish: {
  /** A process for each role, or one for all. */
  apart: boolean;
  environment?: Record<string, string>;
  /** Prepares DATA_DIR, which is empty. @returns how to undo that */
  prepare?: (dataDir: string) => () => void;
}): Promise<PlatformProcesses> {
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-platform-'));
  const dataDir = join(folder, 'data');
  const undo = wish.prepare?.(dataDir) ?? (() => {});
  const names = ['HTTP_PORT', 'HTTPS_PORT', 'MQTT_PORT', 'MQTTS_PORT', 'POSTGRES_PORT', 'INFLUX_PORT'] as const;
  const ports = {} as Record<(typeof names)[number], string>;
  for (const name of names) ports[name] = String(await freePort());
  const environment = {
    PATH: process.env.PATH,
    DATA_DIR: dataDir,
    ...ports,
    HTTPS_HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    // whoever counts readings counts their own
    CANARY_SECONDS: 'off',
    ...wish.environment,
  };
  const parts = wish.apart ? platformRoles : (['platform'] as const);
  const running = new Map<string, ChildProcess>();
  const killed = new WeakSet<ChildProcess>();
  const ended: { part: string; code: number | null }[] = [];
  const cancels = new Map<string, () => void>();
  let stopping = false;

  const begin = (part: string) => {
    const output = openSync(join(folder, `${part}.log`), 'a');
    const words = part === 'platform' ? [] : [part];
    const child = spawn(process.execPath, [...asServed, 'main.ts', ...words], {
      cwd: root,
      stdio: ['ignore', output, output, 'ipc'],
      env: environment,
    });
    running.set(part, child);
    child.once('exit', (code) => {
      if (running.get(part) === child) running.delete(part);
      if (stopping) return;
      if (!killed.has(child)) ended.push({ part, code });
      cancels.set(
        part,
        clock.after(restartMs, () => begin(part)),
      );
    });
  };

  const removeAll = () => {
    removeData(dataDir, undo);
    rmSync(folder, { recursive: true, force: true });
  };
  // told to end in the midst of it: PostgreSQL and InfluxDB end by themselves when whoever supervises them is no more
  const abandon = () => {
    stopping = true;
    for (const child of running.values()) child.kill('SIGKILL');
    removeAll();
  };
  process.once('exit', abandon);

  const stop = async () => {
    stopping = true;
    for (const cancel of cancels.values()) cancel();
    for (const part of [...parts].reverse()) {
      const child = running.get(part);
      if (!child) continue;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const late = clock.after(stopMs, () => child.kill('SIGKILL'));
      await gone;
      late();
    }
    process.off('exit', abandon);
    removeAll();
  };

  const kill = (victim: Victim): boolean => {
    if (victim === 'influxdb' || victim === 'postgresql') {
      const name = victim === 'influxdb' ? 'influxd' : 'postgres';
      const supervisor = running.get(wish.apart ? 'servers' : 'platform')?.pid;
      // the postmaster stands before its children
      const pid = supervisor && familyOf(supervisor).find((one) => one.name === name)?.pid;
      return pid ? process.kill(pid, 'SIGKILL') : false;
    }
    const child = running.get(victim);
    if (!child) return false;
    killed.add(child);
    return child.kill('SIGKILL');
  };

  const log = (part: string) => {
    const file = join(folder, `${part}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-3_000) : '';
  };

  const isWell = async () => {
    const answer = await fetch(`http://127.0.0.1:${ports.HTTP_PORT}/health/ready`).catch(() => undefined);
    return answer?.ok === true && running.size === parts.length;
  };

  for (const part of parts) begin(part);
  try {
    await until(async () => {
      if (ended.length > 0) throw new Error(`${ended[0]!.part} ended:\n${log(ended[0]!.part)}`);
      return isWell();
    }, readyMs);
  } catch (fault) {
    await stop();
    throw fault;
  }
  const secrets = readSecrets(dataDir);
  return {
    dataDir,
    mqttPort: Number(ports.MQTT_PORT),
    databaseUrl: () => `postgres://hearthbeat:${secrets.postgresPassword}@127.0.0.1:${ports.POSTGRES_PORT}/hearthbeat`,
    sink: () => ({
      url: `http://127.0.0.1:${ports.INFLUX_PORT}`,
      user: 'hearthbeat',
      password: secrets.influxPassword,
      database: 'vitals',
    }),
    family: () => [...running.values()].flatMap(({ pid }) => (pid ? familyOf(pid) : [])),
    kill,
    endedByThemselves: () => ended,
    isWell,
    log,
    stop,
  };
}

/** Of root the servers' data stand elsewhere, and a link leads there. */
function removeData(dataDir: string, undo: () => void): void {
  const inside = join(dataDir, 'postgresql');
  const outside = existsSync(inside) ? dirname(realpathSync(inside)) : undefined;
  if (outside && outside !== realpathSync(dataDir)) rmSync(outside, { recursive: true, force: true, maxRetries: 5 });
  undo();
}
