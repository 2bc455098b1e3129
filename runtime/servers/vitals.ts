import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import type { Random } from '../random.ts';
import { connect, type Records } from '../records/connect.ts';
import { type Retention, withRetention } from '../retention.ts';
import { readSecrets, type Secrets } from '../secrets.ts';
import type { Health, Service } from '../service.ts';
import type { VitalsStore } from '../vitals-store.ts';
import { createInfluxStore } from '../vitals-store-influx.ts';
import { createPostgresStore } from '../vitals-store-postgres.ts';
import { databaseUrlOf } from './databases.ts';
import { createInflux } from './influx.ts';
import { findInfluxd } from './programs.ts';
import type { Start } from './start.ts';
import { chooseVitals, chosenVitals, type VitalsChoice } from './vitals-choice.ts';

const influxUser = 'hearthbeat';

/** Where readings are kept. @throws SetupFault */
export function vitalsOf({ config, folder, path }: Start): VitalsChoice {
  return folder.alone(() =>
    chooseVitals(folder.path, { ownUrl: config.INFLUX_URL !== undefined, influxd: findInfluxd(path) }),
  );
}

/** Starts InfluxDB where readings are kept in one of ours and this process is to. @throws SetupFault */
export async function startInflux(start: Start, { readings }: VitalsChoice): Promise<Service | undefined> {
  const { config, folder, secrets, clock, log, progress, started } = start;
  const influxd = findInfluxd(start.path);
  if (readings !== 'influxdb' || config.INFLUX_URL || !('influxd' in influxd) || !start.supervises) return undefined;
  const influx = createInflux(
    { clock, log },
    {
      ...influxd,
      user: influxUser,
      password: secrets.influxPassword,
      folder: folder.serverFolder('influxdb'),
      port: config.INFLUX_PORT,
      databases: [config.INFLUX_DATABASE],
    },
  );
  started.push({ name: influx.name, end: influx.stop });
  await progress.step('Starting InfluxDB', influx.start);
  return influx;
}

export async function openVitals(start: Start, choice: VitalsChoice, records: Records): Promise<VitalsStore> {
  const { config, secrets, clock, log, random, progress, started } = start;
  const retention = retentionOf(config);
  const keep = (store: VitalsStore) => {
    started.push({ name: 'vitals store', end: store.close });
    return withRetention(store, { clock }, retention);
  };
  if (choice.readings === 'postgresql') {
    progress.warn([
      'READINGS ARE KEPT IN POSTGRESQL, NOT IN INFLUXDB',
      `because ${choice.because}. Everything works; many patients need InfluxDB.`,
      'To change it: install influxdb (1.x), or set INFLUX_URL, and begin with a new DATA_DIR.',
    ]);
    log.warn(shortfallOf(choice) ?? '');
    return keep(await createPostgresStore({ records, clock, log }));
  }
  return keep(await openAt(addressOf({ config, secrets }, choice), { clock, log, random }));
}

/** Where readings are kept and with which key: plain, so that another thread can be handed it. Never logged. */
export type VitalsAddress =
  | { readings: 'postgresql'; databaseUrl: string }
  | { readings: 'influxdb'; settings: Parameters<typeof createInfluxStore>[1] };

export function addressOf(
  { config, secrets }: { config: Config; secrets: Pick<Secrets, 'postgresPassword' | 'influxPassword'> },
  { readings }: Pick<VitalsChoice, 'readings'>,
): VitalsAddress {
  if (readings === 'postgresql') return { readings, databaseUrl: databaseUrlOf(config, secrets) };
  const { INFLUX_USER: user, INFLUX_PASSWORD: password, INFLUX_TOKEN: token, INFLUX_ORG: organisation } = config;
  const server = config.INFLUX_URL
    ? {
        url: config.INFLUX_URL,
        ...(user ? { user, password: password ?? '' } : {}),
        ...(token ? { token } : {}),
        ...(organisation ? { organisation } : {}),
      }
    : { url: `http://127.0.0.1:${config.INFLUX_PORT}`, user: influxUser, password: secrets.influxPassword };
  const retentionDays = longest(retentionOf(config));
  return { readings, settings: { ...server, database: config.INFLUX_DATABASE, retentionDays } };
}

/** As a command beside the running platform finds it: the platform has chosen. @throws SetupFault */
export function addressBeside(config: Config): VitalsAddress {
  const choice = chosenVitals(config.DATA_DIR, { ownUrl: config.INFLUX_URL !== undefined });
  const ownUrl = choice.readings === 'influxdb' ? config.INFLUX_URL : config.DATABASE_URL;
  // whoever names a server of their own says how to get in
  const secrets = ownUrl ? { postgresPassword: '', influxPassword: '' } : readSecrets(config.DATA_DIR);
  return addressOf({ config, secrets }, choice);
}

/** For whoever is no part of the platform's start. Its `close` leaves nothing open. */
export async function openAt(
  address: VitalsAddress,
  deps: { clock: Clock; log: Log; random: Random },
): Promise<VitalsStore> {
  if (address.readings === 'influxdb') return createInfluxStore(deps, address.settings);
  const records = connect(address.databaseUrl, { connections: 1, onFault: () => {} });
  const store = await createPostgresStore({ ...deps, records });
  return {
    ...store,
    async close() {
      await store.close();
      await records.destroy();
    },
  };
}

/** Rollups are kept at least as long as what is worn, for of that the charts of a long time show nothing but rollups. */
export function retentionOf(
  config: Pick<Config, 'RETENTION_READINGS_DAYS' | 'RETENTION_CONTINUOUS_DAYS' | 'RETENTION_ROLLUPS_DAYS'>,
): Retention {
  const {
    RETENTION_READINGS_DAYS: readings,
    RETENTION_CONTINUOUS_DAYS: worn,
    RETENTION_ROLLUPS_DAYS: rollups,
  } = config;
  const continuous = worn ?? readings;
  const both = rollups !== undefined && continuous !== undefined;
  return { readings, continuous, rollups: both ? Math.max(rollups, continuous) : undefined };
}

/** One database holds all readings, so it keeps them as long as any of them is to be kept. */
const longest = ({ readings, continuous = readings, rollups }: Retention) => ({
  ...(readings !== undefined && continuous !== undefined ? { readings: Math.max(readings, continuous) } : {}),
  ...(rollups !== undefined ? { rollups } : {}),
});

/** Of the store and the server behind it. */
export function vitalsHealth(store: VitalsStore, server: Service | undefined, choice: VitalsChoice): Health {
  const ofServer = server?.health() ?? { state: 'ok' };
  if (ofServer.state !== 'ok') return ofServer;
  const health = store.health();
  const shortfall = shortfallOf(choice);
  return health.state === 'ok' && shortfall
    ? { state: 'degraded', trouble: 'vitals-store-fallback', detail: shortfall }
    : health;
}

const shortfallOf = (choice: VitalsChoice): string | undefined =>
  choice.readings === 'postgresql' ? `readings are kept in PostgreSQL, not in InfluxDB: ${choice.because}` : undefined;
