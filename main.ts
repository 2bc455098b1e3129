import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAgenda } from '#runtime/agenda.ts';
import { pinForBoxes } from '#runtime/authority/pin.ts';
import { systemClock as clock, within } from '#runtime/clock.ts';
import { type Config, readConfig } from '#runtime/config.ts';
import { createDownlink } from '#runtime/downlink.ts';
import { createJournalOwner } from '#runtime/journal/owner.ts';
import type { Journal } from '#runtime/journal.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { createJournalOverSocket } from '#runtime/journal-socket.ts';
import { createLog, faultDetails, type Log } from '#runtime/log.ts';
import { createMailer } from '#runtime/mail.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { auditSign } from '#runtime/overseer/audit-sign.ts';
import { createOverseer } from '#runtime/overseer/overseer.ts';
import { backlogSign, processSign, quarantineSign } from '#runtime/overseer/signs.ts';
import { systemRandom as random } from '#runtime/random.ts';
import type { Records } from '#runtime/records/connect.ts';
import { createRecordsWatch } from '#runtime/records/watch.ts';
import { allRoles, isWhole, processName, type Role, readRoles } from '#runtime/roles.ts';
import { readSecrets } from '#runtime/secrets.ts';
import { httpsFrom, serverNames, startAuthority } from '#runtime/servers/authority.ts';
import { openDataFolder } from '#runtime/servers/data-folder.ts';
import { databaseUrlOf, openRecords, startDatabase } from '#runtime/servers/databases.ts';
import { requireFreePort } from '#runtime/servers/ports.ts';
import type { Start, Started } from '#runtime/servers/start.ts';
import { openVitals, retentionOf, startInflux, vitalsHealth, vitalsOf } from '#runtime/servers/vitals.ts';
import type { Health, Service } from '#runtime/service.ts';
import { live } from '#runtime/setup/life.ts';
import { createProgress, type Progress } from '#runtime/setup/progress.mjs';
import { createSelfReport, createSiblings, socketPath } from '#runtime/siblings.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { createBroker } from './broker/broker.ts';
import { createApi } from './clinician-api/api.ts';
import { createErasures } from './ingest/erasures.ts';
import { createForgetting } from './ingest/forgetting.ts';
import { createIngest } from './ingest/ingest.ts';
import { createReleases } from './ingest/releases.ts';
import { createRetention } from './ingest/retention.ts';
import { createRollups } from './ingest/rollups.ts';
import { channelsFrom } from './rules/channels/channels.ts';
import { createRules } from './rules/rules.ts';

/** The platform, or the parts of it that this process is. */
export type Part = {
  config: Config;
  /** Absolute path of DATA_DIR. */
  dataDir: string;
  records: Records;
  databaseUrl: string;
  /** What `/health/ready` shows, by component. */
  health(): Record<string, Health>;
  /** Within seconds, in reverse order of the start; leaves nothing running. */
  stop(): Promise<void>;
};
export type Platform = Part & { store: VitalsStore };

type Environment = Record<string, string | undefined>;
type Options = { openLog?: (dataDir: string) => Log };

const stopMs = 12_000;
const mailMs = 15_000;
const MiB = 1024 * 1024;

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
  options: Options = {},
): Promise<Platform> {
  const { store, ...part } = await startParts(environment, progress, new Set(allRoles), options);
  if (!store) throw new Error('a whole platform has a store of readings');
  return { ...part, store };
}

/**
 * `node main.ts [role…]`, or `npm run serve -- [role…]`: servers, broker, ingest, rules, api (runtime/roles.ts says what each is). No
 * word: all in one process. Several processes on one machine share DATA_DIR and the environment, start in any order, and survive
 * each other's end: they meet in PostgreSQL, in the store of readings, and in the journal, through a socket of the broker's process.
 * @throws SetupFault
 */
export async function startParts(
  environment: Environment,
  progress: Progress,
  here: ReadonlySet<Role>,
  options: Options = {},
): Promise<Part & { store?: VitalsStore }> {
  const config = readConfig(environment);
  const folder = openDataFolder(config.DATA_DIR, here);
  // only now: whoever finds another Hearthbeat on the folder must not touch its log
  const log = options.openLog?.(folder.path) ?? createLog(config.LOG_LEVEL);
  const started: Started = [{ name: 'data folder', end: folder.release }];
  const stop = () => stopAll(started, log);
  try {
    const secrets = folder.alone(() => readSecrets(folder.path));
    const supervises = here.has('servers');
    const path = environment.PATH;
    const start = { config, folder, secrets, clock, random, log, progress, started, path, supervises };
    return { ...(await compose(start, here)), stop };
  } catch (fault) {
    await stop();
    throw fault;
  }
}

async function compose(start: Start, here: ReadonlySet<Role>): Promise<Omit<Part, 'stop'> & { store?: VitalsStore }> {
  const { config, folder, secrets, log, progress, started } = start;
  const whole = isWhole(here);
  if (here.has('api')) {
    await requireFreePort('HTTP_PORT', config.HTTP_PORT, config.HTTP_HOST);
    if (config.HTTPS_PORT) await requireFreePort('HTTPS_PORT', config.HTTPS_PORT, config.HTTPS_HOST);
  }
  if (here.has('broker')) {
    await requireFreePort('MQTT_PORT', config.MQTT_PORT, '127.0.0.1');
    await requireFreePort('MQTTS_PORT', config.MQTTS_PORT, config.MQTTS_HOST);
  }
  const process = processName(here);

  const postgres = await startDatabase(start);
  const databaseUrl = databaseUrlOf(config, secrets);
  const records = await progress.step('Bringing the database up to date', () => openRecords(start));
  const choice = vitalsOf(start);
  const influx = await startInflux(start, choice);
  const store = here.has('ingest') || here.has('api') ? await openVitals(start, choice, records) : undefined;

  const authority = here.has('broker') || here.has('api') ? await startAuthority(start) : undefined;

  const metrics = createMetrics();
  const shared = { records, clock, random, log, metrics };
  const downlink = createDownlink();
  const journalSocket = () => socketPath(folder.path, 'journal.sock');
  const services: Service[] = [];
  const healths: Record<string, () => Health> = authority ? { certificates: authority.health } : {};

  const openJournal = async (): Promise<Journal> => {
    if (here.has('broker')) {
      const limits = { maxBytes: config.JOURNAL_MIB * MiB };
      const consumers = ['ingest', 'rules'];
      const journal = await createJournalFiles(
        { folder: join(folder.path, 'journal'), consumers, clock, log, metrics },
        limits,
      );
      healths.journal = journal.health;
      if (!whole) services.push(createJournalOwner({ journal, downlink, path: journalSocket(), clock, log }));
      return journal;
    }
    const journal = createJournalOverSocket({ path: journalSocket(), clock, random, log });
    downlink.carriedBy(journal.carrier);
    return journal;
  };
  const needsJournal = here.has('broker') || here.has('ingest') || here.has('rules');
  const journal = needsJournal ? await openJournal() : undefined;
  if (journal) started.push({ name: 'journal', end: journal.close });

  // first those who judge and record, then the door through which readings come, last the window to look in by
  if (here.has('api')) services.push(createRecordsWatch({ records, clock }));
  if (here.has('rules') && journal) {
    const agenda = createAgenda({ records, clock, log }, { databaseUrl, redisUrl: config.REDIS_URL });
    const webhookSecret = config.WEBHOOK_SECRET ?? secrets.webhookSecret;
    const channels = channelsFrom({ ...config, WEBHOOK_SECRET: webhookSecret }, { clock, log });
    services.push(agenda, createRules({ ...shared, journal, agenda, channels }, { publicUrl: config.PUBLIC_URL }));
  }
  if (here.has('ingest') && journal && store) {
    const retention = retentionOf(config);
    services.push(
      createIngest({ ...shared, journal, store, downlink }),
      createReleases({ ...shared, store }),
      createRollups({ ...shared, store }, { retention }),
      createRetention({ ...shared, store }, { retention }),
      createErasures({ ...shared, store }),
      createForgetting(shared),
    );
    healths['vitals-store'] = () => vitalsHealth(store, influx, choice);
  }
  if (here.has('broker') && journal && authority) {
    const shown = await authority.serverCredentials(serverNames(config));
    services.push(
      createBroker(
        { ...shared, journal, downlink },
        {
          port: config.MQTT_PORT,
          host: '127.0.0.1',
          tls: { ...shown, port: config.MQTTS_PORT, host: config.MQTTS_HOST },
        },
      ),
    );
  }
  if (here.has('servers') && !whole) healths.servers = () => worst([postgres, influx]);

  const health = (): Record<string, Health> => ({
    ...Object.fromEntries(services.filter(isComponent).map((service) => [service.name, service.health()])),
    ...Object.fromEntries(Object.entries(healths).map(([name, of]) => [name, of()])),
  });
  const siblings = createSiblings({ clock, metrics }, { folder: folder.path, here });
  if (!whole) services.push(createSelfReport({ health, metrics }, { folder: folder.path, here }));
  if (here.has('api') && store && authority) {
    if (!whole) services.push(siblings);
    services.push(
      createApi(
        {
          ...{ ...shared, store, authority },
          health: () => (whole ? health() : { ...siblings.healths(), ...health() }),
          metricsText: whole ? () => metrics.registry.metrics() : siblings.metricsText,
        },
        {
          databaseUrl,
          host: config.HTTP_HOST,
          port: config.HTTP_PORT,
          https: await httpsFrom(start, authority),
          boxesPin: () => pinForBoxes({ ...config, DATA_DIR: folder.path }, clock.now()),
          publicUrl: config.PUBLIC_URL,
          mqttUrl: config.MQTT_PUBLIC_URL,
          mailboxDir: config.MAILBOX_DIR,
          consoleDir: fileURLToPath(new URL('dashboards/console/dist', import.meta.url)),
        },
      ),
    );
  }
  services.push(
    createOverseer(
      {
        ...{ records, health, clock, random, log },
        signs: [
          ...(here.has('broker') && journal ? [backlogSign(journal)] : []),
          ...(here.has('ingest') ? [quarantineSign({ records, clock })] : []),
          ...(here.has('api') ? [auditSign({ records, clock, log })] : []),
          processSign({ records, clock }, process),
        ],
        ...(config.SMTP_URL
          ? { mailer: createMailer({ clock }, { url: config.SMTP_URL, from: config.SMTP_FROM, sendWithinMs: mailMs }) }
          : {}),
      },
      { process, publicUrl: config.PUBLIC_URL, operator: config.OPERATOR_EMAIL },
    ),
  );
  await progress.step('Starting the services', async () => {
    for (const service of services) {
      started.push({ name: service.name, end: service.stop });
      await service.start();
    }
  });
  return { config, dataDir: folder.path, records, databaseUrl, health, ...(store ? { store } : {}) };
}

/** Those that only help others to look are no part of the picture. */
const isComponent = ({ name }: Service): boolean =>
  !['overseer', 'self-report', 'siblings', 'journal-socket'].includes(name);

function worst(services: (Service | undefined)[]): Health {
  const found = services.flatMap((service) => service?.health() ?? []);
  return (
    found.find(({ state }) => state === 'down') ?? found.find(({ state }) => state === 'degraded') ?? { state: 'ok' }
  );
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
    const here = readRoles(process.argv.slice(2));
    const part = await startParts(process.env, progress, here);
    if (!here.has('api')) {
      progress.say(`\nHearthbeat's ${[...here].join(', ')} runs.`);
      return part;
    }
    progress.say(`\nHearthbeat is ready: ${part.config.PUBLIC_URL}`);
    const accounts = await part.records
      .selectFrom('clinician')
      .select('id')
      .limit(1)
      .execute()
      // PostgreSQL went away meanwhile: no reason to end, and nobody is told what we do not know
      .catch(() => undefined);
    if (accounts?.length === 0) {
      progress.say(
        'Nobody can sign in yet. Make the first account:\n  npm run clinician -- add <e-mail> "<name>" <nurse|doctor|administrator> "<care team>"\nThen patients and homes:\n  npm run home',
      );
    }
    return part;
  });
}
