import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PatientId, SourceId } from '#domain/ids.ts';
import { panelNames } from '#domain/vitals.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { systemRandom } from '#runtime/random.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { makeDevice, makePatient, makeSource, makeTeam } from '../people.ts';
import { privateInflux, privatePostgres } from '../private-servers.ts';
import { startReceiptingServer } from '../receipting-server.ts';
import { freePort } from '../run.ts';
import { until } from '../until.ts';

/** Where the readings of a soak end up: the platform, or a stand-in that keeps what it gets in memory and receipts it. */
export type FarEnd = {
  homes: { source: SourceId; secret: string; mqttUrl: string }[];
  /** Every reading that is stored there. */
  arrived(): Promise<Arrived[]>;
  stop(): Promise<void>;
};

/** `storedAt`: ms since 1970, where there is a moment of storing. `id`: what is stored twice has it once. */
export type Arrived = {
  device: string;
  raw: string;
  id: string;
  sequence?: number;
  heardAt: number;
  storedAt?: number;
};

export async function receiptingFarEnd(homes: readonly { devices: readonly { address: string }[] }[]): Promise<FarEnd> {
  const secret = 'a-token-of-thirty-two-bytes-or-so';
  const ends = await Promise.all(
    homes.map(async (_, n) => {
      const source = SourceId.parse(`soak-home-${n}`);
      return { source, server: await startReceiptingServer(source, secret) };
    }),
  );
  return {
    homes: ends.map(({ source, server }) => ({ source, secret, mqttUrl: `mqtt://127.0.0.1:${server.port()}` })),
    arrived: async () =>
      // a receipt may be lost, and the reading comes again as what it is
      ends.flatMap(({ server }) => [
        ...new Map(
          server.readings.map((reading): [string, Arrived] => [
            reading.ref,
            {
              device: reading.device,
              raw: reading.raw ?? '',
              id: reading.ref,
              sequence: reading.sequence,
              heardAt: Date.parse(reading.heardAt),
            },
          ]),
        ).values(),
      ]),
    stop: async () => {
      for (const { server } of ends) await server.down();
    },
  };
}

/** The platform as a hospital starts it, in a process of its own, on PostgreSQL and InfluxDB with fsync. Each home is one patient. */
export async function platformFarEnd(homes: readonly { devices: readonly { address: string }[] }[]): Promise<FarEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-soak-platform-'));
  const postgres = await privatePostgres();
  const influx = await privateInflux();
  const [httpPort, mqttPort] = [await freePort(), await freePort()];
  const platform = spawn(process.execPath, ['main.ts'], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      PATH: process.env.PATH,
      DATA_DIR: folder,
      DATABASE_URL: postgres.url,
      INFLUX_URL: influx.url,
      INFLUX_USER: influx.user,
      INFLUX_PASSWORD: influx.password,
      HTTP_PORT: String(httpPort),
      MQTT_PORT: String(mqttPort),
      MQTTS_PORT: String(await freePort()),
      LOG_LEVEL: 'error',
    },
  });
  let last = '';
  platform.stderr!.on('data', (chunk) => {
    last = `${last}${chunk}`.slice(-2_000);
  });
  await until(async () => {
    if (platform.exitCode !== null) throw new Error(`the platform ended:\n${last}`);
    const answer = await fetch(`http://127.0.0.1:${httpPort}/health/ready`).catch(() => undefined);
    return answer?.ok;
  }, 60_000);
  const { records } = postgres;
  const team = await makeTeam(records);
  const settled: (FarEnd['homes'][number] & { patient: PatientId })[] = [];
  for (const { devices } of homes) {
    const { source, secret } = await makeSource(records);
    const patient = (await makePatient(records, { team })).id;
    for (const { address } of devices) await makeDevice(records, { source, patient, id: address });
    settled.push({ source, secret, patient, mqttUrl: `mqtt://127.0.0.1:${mqttPort}` });
  }
  return {
    homes: settled,
    arrived: async () => {
      const store = await createInfluxStore({ clock, log: silentLog, random: systemRandom }, influx);
      const all: Arrived[] = [];
      for (const { patient } of settled)
        for (const panel of panelNames)
          for (const { device, raw = '', id, sequence, heardAt, storedAt } of await store.read({
            patient,
            panel,
            from: 0,
            to: clock.now() + 86_400_000,
            limit: readAtMost,
          }))
            all.push({ device, raw, id, sequence, heardAt: Date.parse(heardAt), storedAt: Date.parse(storedAt) });
      await store.close();
      return all;
    },
    stop: async () => {
      platform.disconnect();
      if (platform.exitCode === null) await new Promise((resolve) => platform.once('exit', resolve));
      await influx.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const readAtMost = 100_000;
