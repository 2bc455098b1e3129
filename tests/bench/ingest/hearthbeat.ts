import { randomUUID } from 'node:crypto';
import { DeviceId, PatientId } from '#domain/ids.ts';
import { shardOf } from '#domain/topics.ts';
import { connect, type Records } from '#runtime/records/connect.ts';
import { hashToken } from '#runtime/records/sources.ts';
import { makeTeam } from '../../support/people.ts';
import { startPlatformProcesses } from '../../support/platform-processes.ts';
import type { Contender } from './contender.ts';
import type { BenchSource } from './messages.ts';

const rowsPerStatement = 1_000;

/** Hearthbeat as `npm run serve` starts it: one process, or one for each role. */
export const beginHearthbeat =
  (apart: boolean) =>
  async (sources: readonly BenchSource[]): Promise<Contender> => {
    const environment = { NODE_OPTIONS: process.env.BENCH_NODE_OPTIONS ?? '' };
    const platform = await startPlatformProcesses({ apart, environment });
    const records = connect(platform.databaseUrl(), { connections: 2, onFault: () => {} });
    await settle(records, sources);
    await records.destroy();
    const named = (isInflux: boolean) => platform.family().filter(({ name }) => (name === 'influxd') === isInflux);
    return {
      name: apart ? 'Hearthbeat, apart' : 'Hearthbeat',
      mqttPort: platform.mqttPort,
      sink: platform.sink(),
      processes: () => ({ own: named(false), influx: named(true) }),
      stop: platform.stop,
    };
  };

/** Each source is enrolled, and its device belongs to a patient of its own. */
async function settle(records: Records, sources: readonly BenchSource[]): Promise<void> {
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
}
