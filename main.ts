import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupFault } from '#domain/errors.ts';
import { createAgenda } from '#runtime/agenda.ts';
import { systemClock as clock, within } from '#runtime/clock.ts';
import { type Config, readConfig } from '#runtime/config.ts';
import { createDownlink } from '#runtime/downlink.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { createLog, faultDetails, type Log } from '#runtime/log.ts';
import { createMailer } from '#runtime/mail.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { createOverseer } from '#runtime/overseer/overseer.ts';
import { backlogSign, processSign, quarantineSign } from '#runtime/overseer/signs.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { recordsAway } from '#runtime/records/away.ts';
import { connect, migrate, type Records } from '#runtime/records/connect.ts';
import { createRecordsWatch } from '#runtime/records/watch.ts';
import { readSecrets, type Secrets } from '#runtime/secrets.ts';
import { type DataFolder, openDataFolder } from '#runtime/servers/data-folder.ts';
import { createInflux } from '#runtime/servers/influx.ts';
import { requireFreePort } from '#runtime/servers/ports.ts';
import { createPostgres } from '#runtime/servers/postgres.ts';
import { findInfluxd } from '#runtime/servers/programs.ts';
import { chooseVitals } from '#runtime/servers/vitals-choice.ts';
import type { Health, Service } from '#runtime/service.ts';
import { live } from '#runtime/setup/life.ts';
import { createProgress, type Progress } from '#runtime/setup/progress.mjs';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { createBroker } from './broker/broker.ts';
import { createApi } from './clinician-api/api.ts';
import { createIngest } from './ingest/ingest.ts';
import { channelsFrom } from './rules/channels/channels.ts';
import { createRules } from './rules/rules.ts';

/** The platform, running. */
export type Platform = {
  config: Config;
  /** Absolute path of DATA_DIR. */
  dataDir: string;
  records: Records;
  databaseUrl: string;
  store: VitalsStore;
  /** What `/health/ready` shows, by component. */
  health(): Record<string, Health>;
  /** Within seconds, in reverse order of the start; leaves nothing running. */
  stop(): Promise<void>;
};

type Environment = Record<string, string | undefined>;
/** Everything that has been started, in order, with the way to end it. */
type Started = { name: string; end: () => unknown }[];

const connections = 12;
const databaseWaitMs = 30_000;
const stopMs = 12_000;
const mailMs = 15_000;

/*
 * `node main.ts [role…]`, or `npm run serve -- [role…]`: servers, broker, ingest, rules, api (runtime/roles.ts says what each is). No word: all
 * in one process. Several processes on one machine share DATA_DIR and the environment, in any order, and survive each other's end.
 */

/**
 * The composition root: all services in one process, on servers of its own unless URLs name others. When a part does not
 * start, those that did are stopped again.
 * @param environment variables of runtime/config.ts
 * @param options `openLog`: where to log instead of standard output
 * @throws SetupFault
 */
export async function startPlatform(
  environment: Environment,
  progress: Progress,
  options: { openLog?: (dataDir: string) => Log } = {},
): Promise<Platform> {
  const config = readConfig(environment);
  const folder = openDataFolder(config.DATA_DIR);
  // only now: whoever finds another Hearthbeat on the folder must not touch its log
  const log = options.openLog?.(folder.path) ?? createLog(config.LOG_LEVEL);
  const started: Started = [{ name: 'data folder', end: folder.release }];
  const stop = () => stopAll(started, log);
  try {
    return { ...(await compose({ config, folder, log, progress, started, path: environment.PATH })), stop };
  } catch (fault) {
    await stop();
    throw fault;
  }
}

type Parts = {
  config: Config;
  folder: DataFolder;
  log: Log;
  progress: Progress;
  started: Started;
  path: string | undefined;
};

async function compose(parts: Parts): Promise<Omit<Platform, 'stop'>> {
  const { config, folder, log, progress, started } = parts;
  await requireFreePort('HTTP_PORT', config.HTTP_PORT, config.HTTP_HOST);
  await requireFreePort('MQTT_PORT', config.MQTT_PORT, '127.0.0.1');
  const secrets = readSecrets(folder.path);

  const databaseUrl = await startDatabase(parts, secrets);
  const records = await progress.step('Bringing the database up to date', () => openRecords(databaseUrl, log, started));
  const { store, supervised, shortfall } = await startStore(parts, secrets, records);

  const metrics = createMetrics();
  const journal = await createJournalFiles({ folder: join(folder.path, 'journal'), clock, log, metrics });
  started.push({ name: 'journal', end: journal.close });
  const downlink = createDownlink();
  const agenda = createAgenda({ records, clock, log }, { databaseUrl, redisUrl: config.REDIS_URL });
  const webhookSecret = config.WEBHOOK_SECRET ?? secrets.webhookSecret;
  const channels = channelsFrom({ ...config, WEBHOOK_SECRET: webhookSecret }, { clock, log });

  const watch = createRecordsWatch({ records, clock });
  const rules = createRules(
    { journal, records, agenda, channels, clock, random, log, metrics },
    { publicUrl: config.PUBLIC_URL },
  );
  const ingest = createIngest({ journal, store, records, downlink, clock, log, metrics });
  const broker = createBroker(
    { records, journal, downlink, clock, random, log, metrics },
    { port: config.MQTT_PORT, host: '127.0.0.1' },
  );
  const api = createApi(
    { records, store, health: () => health(), metrics, clock, random, log },
    {
      databaseUrl,
      host: config.HTTP_HOST,
      port: config.HTTP_PORT,
      publicUrl: config.PUBLIC_URL,
      mqttUrl: config.MQTT_PUBLIC_URL,
      mailboxDir: config.MAILBOX_DIR,
      consoleDir: fileURLToPath(new URL('dashboards/console/dist', import.meta.url)),
    },
  );
  // first those who judge and record, then the door through which readings come, last the window to look in by
  const services: Service[] = [watch, agenda, rules, ingest, broker, api];
  const health = (): Record<string, Health> => ({
    ...Object.fromEntries(services.map((service) => [service.name, service.health()])),
    'vitals-store': storeHealth(store, supervised, shortfall),
    journal: journal.health(),
  });
  const overseer = createOverseer(
    {
      ...{ records, health, clock, random, log },
      signs: [backlogSign(journal), quarantineSign({ records, clock }), processSign({ records, clock }, 'platform')],
      ...(config.SMTP_URL
        ? { mailer: createMailer({ clock }, { url: config.SMTP_URL, from: config.SMTP_FROM, sendWithinMs: mailMs }) }
        : {}),
    },
    { process: 'platform', publicUrl: config.PUBLIC_URL, operator: config.OPERATOR_EMAIL },
  );
  await progress.step('Starting the services', async () => {
    for (const service of [...services, overseer]) {
      started.push({ name: service.name, end: service.stop });
      await service.start();
    }
  });
  return { config, dataDir: folder.path, records, databaseUrl, store, health };
}

async function startDatabase(parts: Parts, secrets: Secrets): Promise<string> {
  const { config, folder, log, progress, started } = parts;
  if (config.DATABASE_URL) return config.DATABASE_URL;
  const postgres = createPostgres(
    { clock, log },
    {
      folder: folder.serverFolder('postgresql'),
      port: config.POSTGRES_PORT,
      passwords: { administrator: secrets.postgresAdministratorPassword, platform: secrets.postgresPassword },
    },
  );
  started.push({ name: postgres.name, end: postgres.stop });
  await progress.step('Starting PostgreSQL', postgres.start);
  return postgres.url();
}

/** A database of one's own may come up later than we do: it gets half a minute. */
async function openRecords(databaseUrl: string, log: Log, started: Started): Promise<Records> {
  let ending = false;
  const records = connect(databaseUrl, {
    connections,
    onFault: (fault) => {
      if (!ending) log.warn('an idle connection to PostgreSQL broke', faultDetails(fault));
    },
  });
  started.push({
    name: 'records',
    end: () => {
      ending = true;
      return records.destroy();
    },
  });
  const until = clock.now() + databaseWaitMs;
  for (;;) {
    try {
      await migrate(records);
      return records;
    } catch (fault) {
      const { code = '' } = fault as NodeJS.ErrnoException;
      const { host } = new URL(databaseUrl);
      if (/^(28|3D)/.test(code))
        throw new SetupFault(`PostgreSQL at ${host} refuses the user, password or database of DATABASE_URL (${code}).`);
      if (!/^E[A-Z]+$/.test(code) && !recordsAway(fault)) throw fault;
      if (clock.now() > until) {
        const why = code || 'it does not answer';
        throw new SetupFault(`PostgreSQL at ${host} cannot be reached (${why}): start it, or correct DATABASE_URL.`);
      }
      await clock.sleep(1_000);
    }
  }
}

async function startStore(
  parts: Parts,
  secrets: Secrets,
  records: Records,
): Promise<{ store: VitalsStore; supervised?: Service; shortfall?: string }> {
  const { config, folder, log, progress, started } = parts;
  const influxd = findInfluxd(parts.path);
  const choice = chooseVitals(folder.path, { ownUrl: config.INFLUX_URL !== undefined, influxd });
  const keep = <Store extends VitalsStore>(store: Store) => {
    started.push({ name: 'vitals store', end: store.close });
    return store;
  };
  if (choice.readings === 'postgresql') {
    const shortfall = `readings are kept in PostgreSQL, not in InfluxDB: ${choice.because}`;
    progress.warn([
      'READINGS ARE KEPT IN POSTGRESQL, NOT IN INFLUXDB',
      `because ${choice.because}. Everything works; many patients need InfluxDB.`,
      'To change it: install influxdb (1.x), or set INFLUX_URL, and begin with a new DATA_DIR.',
    ]);
    log.warn(shortfall);
    return { store: keep(await createPostgresStore({ records, clock, log })), shortfall };
  }
  const database = config.INFLUX_DATABASE;
  if (config.INFLUX_URL || !('influxd' in influxd)) {
    const server = { url: config.INFLUX_URL!, user: config.INFLUX_USER ?? '', password: config.INFLUX_PASSWORD ?? '' };
    return { store: keep(await createInfluxStore({ clock, log, random }, { ...server, database })) };
  }
  const credentials = { user: 'hearthbeat', password: secrets.influxPassword };
  const influx = createInflux(
    { clock, log },
    {
      ...influxd,
      ...credentials,
      folder: folder.serverFolder('influxdb'),
      port: config.INFLUX_PORT,
      databases: [database],
    },
  );
  started.push({ name: influx.name, end: influx.stop });
  await progress.step('Starting InfluxDB', influx.start);
  const store = await createInfluxStore({ clock, log, random }, { url: influx.url, ...credentials, database });
  return { store: keep(store), supervised: influx };
}

function storeHealth(store: VitalsStore, supervised: Service | undefined, shortfall: string | undefined): Health {
  const server = supervised?.health() ?? { state: 'ok' };
  if (server.state !== 'ok') return server;
  const health = store.health();
  return health.state === 'ok' && shortfall
    ? { state: 'degraded', trouble: 'vitals-store-fallback', detail: shortfall }
    : health;
}

/** The last first. One that does not end in time, or fails to, keeps nobody else from ending. */
async function stopAll(started: Started, log: Log): Promise<void> {
  for (const { name, end } of started.splice(0).reverse()) {
    try {
      await within(clock, stopMs, Promise.resolve(end()), () => new Error('did not end in time'));
    } catch (fault) {
      log.error('a part did not stop as it should', { part: name, ...faultDetails(fault) });
    }
  }
}

if (import.meta.main) {
  const progress = createProgress();
  await live(progress, async () => {
    const platform = await startPlatform(process.env, progress);
    progress.say(`\nHearthbeat is ready: ${platform.config.PUBLIC_URL}`);
    const anybody = await platform.records.selectFrom('clinician').select('id').limit(1).executeTakeFirst();
    if (!anybody) {
      progress.say(
        'Nobody can sign in yet. Make the first account:\n  npm run clinician -- add <e-mail> "<name>" <nurse|doctor|administrator> "<care team>"\nThen patients and homes:\n  npm run home',
      );
    }
    return platform;
  });
}
