import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DeviceId, PatientId } from '#domain/ids.ts';
import { shardOf } from '#domain/topics.ts';
import { connect, type Records } from '#runtime/records/connect.ts';
import { hashToken } from '#runtime/records/sources.ts';
import { readSecrets } from '#runtime/secrets.ts';
import { makeTeam } from '../../support/people.ts';
import { freePort } from '../../support/run.ts';
import { until } from '../../support/until.ts';
import type { Contender } from './contender.ts';
import { familyOf } from './machine.ts';
import type { BenchSource } from './messages.ts';

const readyMs = 120_000;
const rowsPerStatement = 1_000;

/** Hearthbeat as `npm run serve` starts it: one process, with a PostgreSQL and an InfluxDB of its own, both with fsync. */
export async function beginHearthbeat(sources: readonly BenchSource[]): Promise<Contender> {
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-bench-'));
  const [http, mqtt, postgres, influx] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const platform = spawn(process.execPath, ['main.ts'], {
    cwd: join(import.meta.dirname, '../../..'),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      PATH: process.env.PATH,
      DATA_DIR: folder,
      HTTP_PORT: String(http),
      MQTT_PORT: String(mqtt),
      MQTTS_PORT: String(await freePort()),
      POSTGRES_PORT: String(postgres),
      INFLUX_PORT: String(influx),
      LOG_LEVEL: 'warn',
      NODE_OPTIONS: process.env.BENCH_NODE_OPTIONS,
    },
  });
  let last = '';
  platform.stderr!.on('data', (chunk) => {
    last = `${last}${chunk}`.slice(-2_000);
  });
  const stop = async () => {
    const ended = new Promise((resolve) => platform.once('exit', resolve));
    if (platform.exitCode === null) {
      platform.disconnect();
      await ended;
    }
    removeFolder(folder);
  };
  try {
    await until(async () => {
      if (platform.exitCode !== null) throw new Error(`the platform ended:\n${last}`);
      const answer = await fetch(`http://127.0.0.1:${http}/health/ready`).catch(() => undefined);
      return answer?.ok;
    }, readyMs);
    const secrets = readSecrets(folder);
    const url = `postgres://hearthbeat:${secrets.postgresPassword}@127.0.0.1:${postgres}/hearthbeat`;
    const records = connect(url, { connections: 2, onFault: () => {} });
    await settle(records, sources);
    await records.destroy();
    return {
      name: 'Hearthbeat',
      mqttPort: mqtt,
      sink: {
        url: `http://127.0.0.1:${influx}`,
        user: 'hearthbeat',
        password: secrets.influxPassword,
        database: 'vitals',
      },
      processes: () => {
        const all = familyOf(platform.pid!);
        return {
          own: all.filter(({ name }) => name !== 'influxd'),
          influx: all.filter(({ name }) => name === 'influxd'),
        };
      },
      stop,
    };
  } catch (fault) {
    await stop();
    throw fault;
  }
}

/** Of root the servers' data stand elsewhere, and a link leads there. */
export function removeFolder(folder: string): void {
  const inside = join(folder, 'postgresql');
  const outside = existsSync(inside) ? dirname(realpathSync(inside)) : folder;
  for (const one of [outside, folder]) rmSync(one, { recursive: true, force: true });
}

/** Each source is enrolled, and its device belongs to a patient of its own. */
export async function settle(records: Records, sources: readonly BenchSource[]): Promise<PatientId[]> {
  const team = await makeTeam(records);
  const patients = sources.map(() => PatientId.parse(randomUUID()));
  for (let at = 0; at < sources.length; at += rowsPerStatement) {
    const some = sources.slice(at, at + rowsPerStatement);
    await records
      .insertInto('source')
      .values(
        some.map(({ source, secret }) => ({
          id: source,
          kind: 'device' as const,
          shard: shardOf(source),
          secret_hash: hashToken(secret),
        })),
      )
      .execute();
    await records
      .insertInto('patient')
      .values(
        some.map((_, n) => ({
          id: patients[at + n]!,
          team_id: team,
          name: JSON.stringify({ en: `Patient ${at + n}`, zh: `病人 ${at + n}` }),
          birth_date: '1950-01-01',
          sex: 'female' as const,
          conditions: '[]',
        })),
      )
      .execute();
    await records
      .insertInto('device')
      .values(some.map(({ source, device }) => ({ id: DeviceId.parse(device), source_id: source, model: 'Bench' })))
      .execute();
    await records
      .insertInto('assignment')
      .values(
        some.map(({ device }, n) => ({
          id: randomUUID(),
          device_id: DeviceId.parse(device),
          user_slot: null,
          patient_id: patients[at + n]!,
          from_at: '2020-01-01T00:00:00Z',
          to_at: null,
        })),
      )
      .execute();
  }
  return patients;
}
