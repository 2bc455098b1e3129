import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Auditor } from '#runtime/auditor/auditor.ts';
import type { Authority } from '#runtime/authority/authority.ts';
import { pinForBoxes } from '#runtime/authority/pin.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { type Config, readConfig } from '#runtime/config.ts';
import { createDownlink, type Downlink } from '#runtime/downlink.ts';
import { createJournalOwner } from '#runtime/journal/owner.ts';
import type { Journal } from '#runtime/journal.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { createJournalOverSocket } from '#runtime/journal-socket.ts';
import { createLog, type Log } from '#runtime/log.ts';
import { createMailer } from '#runtime/mail.ts';
import { createMetrics, type Metrics } from '#runtime/metrics.ts';
import { auditSign } from '#runtime/overseer/audit-sign.ts';
import { rotaSign, undeliveredSign } from '#runtime/overseer/on-call-signs.ts';
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
import { requireFreePorts } from '#runtime/servers/ports.ts';
import { type Start, type Started, stopAll } from '#runtime/servers/start.ts';
import { addressOf, openVitals, retentionOf, startInflux, vitalsHealth, vitalsOf } from '#runtime/servers/vitals.ts';
import type { VitalsChoice } from '#runtime/servers/vitals-choice.ts';
import type { Health, Service } from '#runtime/service.ts';
import { live } from '#runtime/setup/life.ts';
import { createProgress, type Progress } from '#runtime/setup/progress.mjs';
import { createSelfReport, createSiblings, socketPath } from '#runtime/siblings.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';

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
 * `node main.ts [role…]`, or `npm run serve -- [role…]`: servers, broker, ingest, rules, api, auditor (runtime/roles.ts says what each is). No
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
  const stop = () => stopAll(started, { clock, log });
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

/** What the services of this process stand on. */
type Ground = Start & {
  here: ReadonlySet<Role>;
  databaseUrl: string;
  records: Records;
  metrics: Metrics;
  downlink: Downlink;
  authority: Authority | undefined;
  /** Of what is no service. */
  healths: Record<string, () => Health>;
};

async function compose(start: Start, here: ReadonlySet<Role>): Promise<Omit<Part, 'stop'> & { store?: VitalsStore }> {
  const { config, folder, progress, started } = start;
  await requireFreePorts(config, here);
  const postgres = await startDatabase(start);
  const records = await progress.step('Bringing the database up to date', () => openRecords(start));
  const choice = vitalsOf(start);
  const influx = await startInflux(start, choice);
  const readsVitals = here.has('ingest') || here.has('rules') || here.has('api') || here.has('auditor');
  const store = readsVitals ? await openVitals(start, choice, records) : undefined;
  const authority =
    here.has('broker') || here.has('api') || here.has('auditor') ? await startAuthority(start) : undefined;

  const healths: Ground['healths'] = {};
  if (authority) healths.certificates = authority.health;
  if (here.has('ingest') && store) healths['vitals-store'] = () => vitalsHealth(store, influx, choice);
  if (here.has('servers') && !isWhole(here)) healths.servers = () => worst([postgres, influx]);
  const databaseUrl = databaseUrlOf(config, start.secrets);
  const metrics = createMetrics();
  const ground: Ground = {
    ...start,
    here,
    databaseUrl,
    records,
    metrics,
    downlink: createDownlink(),
    authority,
    healths,
  };

  const readsJournal = here.has('broker') || here.has('ingest') || here.has('rules');
  const journal = readsJournal ? await openJournal(ground) : undefined;
  // first those who judge and record, then the door through which readings come, last the window to look in by
  const services: Service[] = [];
  const health = (): Record<string, Health> => ({
    ...Object.fromEntries(services.filter(isComponent).map((service) => [service.name, service.health()])),
    ...Object.fromEntries(Object.entries(healths).map(([name, of]) => [name, of()])),
  });
  if (here.has('broker') && journal && !isWhole(here)) services.push(journalOwner(ground, journal));
  if (here.has('api')) services.push(createRecordsWatch(ground));
  if (here.has('rules') && journal && store) services.push(...(await judges(ground, journal, store, choice)));
  if (here.has('ingest') && journal && store) services.push(...(await recorders(ground, journal, store)));
  if (here.has('broker') && journal) services.push(await door(ground, journal));
  const auditor = here.has('auditor') && store ? await audits(ground, store) : undefined;
  if (auditor) services.push(auditor);
  if (!isWhole(here)) services.push(createSelfReport({ health, metrics }, { folder: folder.path, here }));
  if (here.has('api') && store) services.push(...(await windows(ground, store, health)));
  services.push(overseer(ground, journal, health, auditor));

  await progress.step('Starting the services', async () => {
    for (const service of services) {
      started.push({ name: service.name, end: service.stop });
      await service.start();
    }
  });
  return { config, dataDir: folder.path, records, databaseUrl, health, ...(store ? { store } : {}) };
}

const journalSocket = ({ folder }: Start): string => socketPath(folder.path, 'journal.sock');

/** The broker's process owns it; the others reach it, and their receipts the homes, through that process. */
async function openJournal(ground: Ground): Promise<Journal> {
  const { config, folder, here, downlink, healths, started } = ground;
  if (!here.has('broker')) {
    const journal = createJournalOverSocket({ ...ground, path: journalSocket(ground) });
    downlink.carriedBy(journal.carrier);
    started.push({ name: 'journal', end: journal.close });
    return journal;
  }
  const journal = await createJournalFiles(
    { ...ground, folder: join(folder.path, 'journal'), consumers: ['ingest', 'rules'] },
    { maxBytes: config.JOURNAL_MIB * MiB },
  );
  started.push({ name: 'journal', end: journal.close });
  healths.journal = journal.health;
  return journal;
}

const journalOwner = (ground: Ground, journal: Journal): Service =>
  createJournalOwner({ ...ground, journal, path: journalSocket(ground) });

// each room is loaded where it is needed: a process of one part starts in half the time, and is smaller

async function judges(ground: Ground, journal: Journal, store: VitalsStore, choice: VitalsChoice): Promise<Service[]> {
  const [{ createAgenda }, { createLinks }, { createRules }, { createBacktests }, contact, { channelsFrom }] =
    await Promise.all([
      import('#runtime/agenda.ts'),
      import('#runtime/links.ts'),
      import('./rules/rules.ts'),
      import('./rules/backtest/backtests.ts'),
      import('./rules/paging/contact-messages.ts'),
      import('./rules/channels/channels.ts'),
    ]);
  const { config, secrets, databaseUrl } = ground;
  const agenda = createAgenda(ground, { databaseUrl, redisUrl: config.REDIS_URL });
  const webhookSecret = config.WEBHOOK_SECRET ?? secrets.webhookSecret;
  const channels = channelsFrom({ ...config, WEBHOOK_SECRET: webhookSecret, webPushKey: secrets.webPushKey }, ground);
  const links = createLinks({ key: secrets.linkKey, publicUrl: config.PUBLIC_URL });
  const deps = { ...ground, journal, store, agenda, channels, links };
  const { PUBLIC_URL: publicUrl } = config;
  const messages = contact.createContactMessages(deps, { databaseUrl, publicUrl });
  const backtests = createBacktests(ground, { databaseUrl, address: addressOf(ground, choice) });
  const groupWithinMs = config.PAGE_GROUP_SECONDS * 1_000;
  return [agenda, createRules(deps, { publicUrl, groupWithinMs }), messages, backtests];
}

async function recorders(ground: Ground, journal: Journal, store: VitalsStore): Promise<Service[]> {
  const [{ createIngest }, { createReleases }, { createRollups }, { createRetention }, { createErasures }, forgetting] =
    await Promise.all([
      import('./ingest/ingest.ts'),
      import('./ingest/releases.ts'),
      import('./ingest/rollups.ts'),
      import('./ingest/retention.ts'),
      import('./ingest/erasures.ts'),
      import('./ingest/forgetting.ts'),
    ]);
  const deps = { ...ground, journal, store };
  const retention = retentionOf(ground.config);
  return [
    createIngest(deps),
    createReleases(deps),
    createRollups(deps, { retention }),
    createRetention(deps, { retention }),
    createErasures(deps),
    forgetting.createForgetting(ground),
  ];
}

async function door(ground: Ground, journal: Journal): Promise<Service> {
  const { createBroker } = await import('./broker/broker.ts');
  const { config, authority } = ground;
  const shown = authority && (await authority.serverCredentials(serverNames(config)));
  const tls = shown && { ...shown, port: config.MQTTS_PORT, host: config.MQTTS_HOST };
  return createBroker({ ...ground, journal }, { port: config.MQTT_PORT, host: '127.0.0.1', ...(tls ? { tls } : {}) });
}

async function windows(ground: Ground, store: VitalsStore, own: () => Record<string, Health>): Promise<Service[]> {
  const [{ createApi }, { createLinks }] = await Promise.all([
    import('./clinician-api/api.ts'),
    import('#runtime/links.ts'),
  ]);
  const { config, folder, databaseUrl, metrics, authority, here, secrets } = ground;
  const whole = isWhole(here);
  const siblings = createSiblings(ground, { folder: folder.path, here });
  const api = createApi(
    {
      ...{ ...ground, store, authority },
      links: createLinks({ key: secrets.linkKey, publicUrl: config.PUBLIC_URL }),
      health: () => (whole ? own() : { ...siblings.healths(), ...own() }),
      metricsText: whole ? () => metrics.registry.metrics() : siblings.metricsText,
    },
    {
      databaseUrl,
      host: config.HTTP_HOST,
      port: config.HTTP_PORT,
      https: authority && (await httpsFrom(ground, authority)),
      boxesPin: () => pinForBoxes({ ...config, DATA_DIR: folder.path }, clock.now()),
      publicUrl: config.PUBLIC_URL,
      mqttUrl: config.MQTT_PUBLIC_URL,
      mailboxDir: config.MAILBOX_DIR,
      consoleDir: fileURLToPath(new URL('dashboards/console/dist', import.meta.url)),
    },
  );
  return whole ? [api] : [siblings, api];
}

async function audits(ground: Ground, store: VitalsStore): Promise<Auditor> {
  const [{ createAuditor }, { createHeartbeat }] = await Promise.all([
    import('#runtime/auditor/auditor.ts'),
    import('#runtime/auditor/heartbeat.ts'),
  ]);
  const { config, secrets, authority, healths } = ground;
  const everyMs = config.CANARY_SECONDS * 1_000;
  const host = ['0.0.0.0', '::'].includes(config.MQTTS_HOST) ? '127.0.0.1' : config.MQTTS_HOST;
  const mqttUrl = config.CANARY_MQTT_URL ?? `mqtts://${host}:${config.MQTTS_PORT}`;
  const { HEARTBEAT_URL: url, HEARTBEAT_METHOD: method } = config;
  const auditor = createAuditor(
    {
      ...{ ...ground, store, trusts: () => (config.CANARY_MQTT_URL ? undefined : authority?.certificate) },
      watcher: url ? createHeartbeat(ground, { url, method }) : undefined,
    },
    { canary: everyMs > 0 ? { mqttUrl, token: secrets.canaryToken, everyMs } : undefined },
  );
  healths.canary = auditor.canary;
  healths.heartbeat = auditor.heartbeat;
  return auditor;
}

function overseer(
  ground: Ground,
  journal: Journal | undefined,
  health: () => Record<string, Health>,
  auditor: Auditor | undefined,
): Service {
  const { config, here } = ground;
  const process = processName(here);
  return createOverseer(
    {
      ...{ ...ground, health },
      signs: [
        ...(here.has('broker') && journal ? [backlogSign(journal)] : []),
        ...(here.has('ingest') ? [quarantineSign(ground)] : []),
        ...(here.has('api') ? [auditSign(ground)] : []),
        ...(here.has('rules') ? [rotaSign(ground), undeliveredSign(ground)] : []),
        ...(auditor ? [auditor.findings] : []),
        processSign(ground, process),
      ],
      ...(config.SMTP_URL
        ? { mailer: createMailer({ clock }, { url: config.SMTP_URL, from: config.SMTP_FROM, sendWithinMs: mailMs }) }
        : {}),
    },
    { process, publicUrl: config.PUBLIC_URL, operator: config.OPERATOR_EMAIL },
  );
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
      .where('canary', '=', false)
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
