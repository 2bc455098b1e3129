import type { Records } from '../records/connect.ts';
import type { Health, Service } from '../service.ts';
import type { VitalsStore } from '../vitals-store.ts';
import { createInfluxStore } from '../vitals-store-influx.ts';
import { createPostgresStore } from '../vitals-store-postgres.ts';
import { createInflux } from './influx.ts';
import { findInfluxd } from './programs.ts';
import type { Start } from './start.ts';
import { chooseVitals, type VitalsChoice } from './vitals-choice.ts';

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
  const keep = <Store extends VitalsStore>(store: Store) => {
    started.push({ name: 'vitals store', end: store.close });
    return store;
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
  const server = config.INFLUX_URL
    ? { url: config.INFLUX_URL, user: config.INFLUX_USER ?? '', password: config.INFLUX_PASSWORD ?? '' }
    : { url: `http://127.0.0.1:${config.INFLUX_PORT}`, user: influxUser, password: secrets.influxPassword };
  return keep(await createInfluxStore({ clock, log, random }, { ...server, database: config.INFLUX_DATABASE }));
}

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
