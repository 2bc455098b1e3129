import { Outage, SetupFault } from '#domain/errors.ts';
import type { StoredReading } from '#domain/reading.ts';
import type { Clock } from './clock.ts';
import { type Flavour, findFlavour } from './influx/flavour.ts';
import { type Credentials, createInfluxHttp } from './influx/http.ts';
import { lineOf, readingOf } from './influx/line.ts';
import { readStatement, windowOf, windowsStatement } from './influx/query.ts';
import { lineOfRollup, rollupOf, rollupsStatement, summariseStatement } from './influx/rollup.ts';
import { createInfluxWriter, createSlots, writeConnections } from './influx/writer.ts';
import { faultDetails, type Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Random } from './random.ts';
import { beyondRetention } from './retention.ts';
import {
  beyondTime,
  isBeyondTime,
  type Removal,
  type RollupPeriod,
  rollupPeriods,
  type VitalsStore,
} from './vitals-store.ts';

type Deps = { clock: Clock; log: Log; random: Random; metrics?: Metrics };
type Config = Credentials & {
  url: string;
  /** Of readings; those of rollups are called after it: `vitals_1h`, `vitals_1d`. */
  database: string;
  /** Of 2.x, where the token sees several. */
  organisation?: string;
  /** What InfluxDB 3, which deletes nothing when asked, is told once: when the database is made. */
  retentionDays?: { readings?: number; rollups?: number };
};

/**
 * Readings in InfluxDB 1.x, 2.x or 3.x; which it is shows when it is asked. Makes the databases where it may; does not insist that the
 * server be there, since writes wait for it and `health` says so. @throws SetupFault
 */
export async function createInfluxStore(deps: Deps, config: Config): Promise<VitalsStore> {
  const { clock } = deps;
  const log = deps.log.child({ service: 'vitals-store' });
  const { database } = config;
  const http = createInfluxHttp({ clock }, { ...config, connections: writeConnections + queryConnections });
  /** `writes`: by database. */
  const faults: { writes: Map<string, string>; ping?: string } = { writes: new Map() };
  const rollupDatabase = (period: RollupPeriod) => `${database}_${period}`;
  const databases = [database, ...rollupPeriods.map(rollupDatabase)];
  const retentionDays = (name: string) => config.retentionDays?.[name === database ? 'readings' : 'rollups'];

  let known: Flavour | undefined;
  /** Undefined where nobody says so. @throws Outage */
  const whoIsThere = async () =>
    (known ??= await findFlavour(http, { organisation: config.organisation, retentionDays }));
  const flavour = async (): Promise<Flavour> => {
    const there = await whoIsThere();
    if (!there) throw new Outage('vitals-store-away', 'what answers at INFLUX_URL does not say that it is an InfluxDB');
    return there;
  };

  const unmade = new Set(databases);
  /** Before anything is written: 3 makes a database with its first point, and then keeps everything in it for ever. */
  async function makeDatabases(): Promise<void> {
    const there = unmade.size > 0 ? await whoIsThere() : undefined;
    if (!there) return;
    for (const name of unmade) {
      await there.make(name);
      unmade.delete(name);
    }
  }

  const onOutcome = (name: string) => (fault: unknown) => {
    const what = name === database ? 'readings' : 'rollups';
    const words = fault === undefined ? undefined : wordsOf(fault);
    if (words !== undefined) deps.metrics?.storeRetries.inc();
    if (words !== undefined && !faults.writes.has(name)) log.warn(`${what} wait for InfluxDB`, { fault: words });
    if (words === undefined && faults.writes.has(name)) log.info(`InfluxDB takes ${what} again`);
    if (words !== undefined) faults.writes.set(name, words);
    else faults.writes.delete(name);
    if (words === undefined) faults.ping = undefined;
  };

  /** Who was away may be another one when it is back. */
  async function ping(): Promise<void> {
    try {
      const { status } = await http.ask('GET', '/ping');
      if (status >= 300) throw new Outage('vitals-store-away', `InfluxDB answered the ping with ${status}`);
      await makeDatabases();
      faults.ping = undefined;
    } catch (fault) {
      faults.ping = wordsOf(fault);
      known = undefined;
      for (const name of databases) unmade.add(name);
    }
  }

  const slots = createSlots(writeConnections);
  const writerFor = (name: string) =>
    createInfluxWriter(
      {
        http,
        clock,
        random: deps.random,
        onOutcome: onOutcome(name),
        ready: makeDatabases,
        onMissingDatabase: () => void unmade.add(name),
      },
      { url: config.url, database: name, slots },
    );
  const writer = writerFor(database);
  const rollupWriters = { '1h': writerFor(rollupDatabase('1h')), '1d': writerFor(rollupDatabase('1d')) };

  try {
    await makeDatabases();
  } catch (fault) {
    // away: writing waits for it, and makes what is missing
    if (!(fault instanceof SetupFault)) faults.ping = wordsOf(fault);
    else {
      await http.close();
      throw fault;
    }
  }
  if (known) log.info('readings are kept in InfluxDB', { major: known.major });
  await ping();
  const stopPinging = clock.every(pingEveryMs, () => void ping());

  /** All of them, so that what one database cannot is not left undone in another. */
  async function removeFrom(names: string[], what: Parameters<Flavour['remove']>[1]): Promise<Removal> {
    const { remove } = await flavour();
    const removals: Removal[] = [];
    for (const name of names) removals.push(await remove(name, what));
    return removals.find((removal) => 'cannot' in removal) ?? { removed: null };
  }

  return {
    kind: 'influxdb',
    async write(readings, signal) {
      const within: StoredReading[] = [];
      const refused: { reading: StoredReading; reason: string }[] = [];
      for (const reading of readings) {
        if (isBeyondTime(reading)) refused.push({ reading, reason: beyondTime });
        else within.push(reading);
      }
      for (const { item, reason } of await writer.write(within, lineOf, signal))
        refused.push({ reading: item, reason });
      return refused;
    },
    async read(query) {
      const rows = await http.query(database, readStatement(query));
      const readings = rows.flatMap((row) => readingOf(query.patient, query.panel, row) ?? []);
      if (readings.length < rows.length)
        log.warn('points in InfluxDB that are no readings of ours', { points: rows.length - readings.length });
      return readings;
    },
    async readWindows(query) {
      const rows = await http.query(database, windowsStatement(query));
      return rows.map((row) => windowOf(query.panel, row));
    },
    async summarise(query) {
      const { panel, from, to, everyMs } = query;
      const rows = await http.query(database, summariseStatement(query));
      return rows.flatMap((row) => {
        const start = Number(row.time);
        return rollupOf(panel, row, everyMs === undefined ? { from, to } : { from: start, to: start + everyMs }) ?? [];
      });
    },
    async writeRollups(rollups, signal) {
      for (const period of rollupPeriods) {
        const ofPeriod = rollups.filter((rollup) => rollup.period === period);
        const refused = await rollupWriters[period].write(ofPeriod, lineOfRollup, signal);
        // those it would remove at once are as good as kept and removed
        if (refused.some(({ reason }) => reason !== beyondRetention))
          throw new Outage('vitals-store-refused-rollups', 'InfluxDB refuses rollups', { retry: false });
      }
    },
    async readRollups(query) {
      const rows = await http.query(rollupDatabase(query.period), rollupsStatement(query));
      return rows.flatMap((row) => rollupOf(query.panel, row) ?? []);
    },
    erase: (patient) => removeFrom(databases, { patient }),
    expire: ({ panel, period, before }) =>
      removeFrom([period === 'raw' ? database : rollupDatabase(period)], { panel, before }),
    health() {
      const fault = faults.writes.get(database) ?? faults.ping;
      if (fault !== undefined) return { state: 'down', trouble: 'vitals-store-away', detail: fault };
      const [ofRollups] = faults.writes.values();
      if (ofRollups === undefined) return { state: 'ok' };
      return { state: 'degraded', trouble: 'upkeep-waits', detail: `rollups wait: ${ofRollups}` };
    },
    async close() {
      stopPinging();
      await http.close();
    },
  };
}

/** Beside the writers: for people who look at charts. */
const queryConnections = 4;
const pingEveryMs = 10_000;

/** What a person is told; never the server's own text, which can quote a line. */
function wordsOf(fault: unknown): string {
  const status = (fault as { statusCode?: number }).statusCode;
  if (status === 401 || status === 403) return 'InfluxDB refuses our user name or password, or our token';
  if (status === 404) return 'InfluxDB has no such database';
  if (status !== undefined) return `InfluxDB answers with ${status}`;
  return fault instanceof Outage || fault instanceof SetupFault
    ? fault.message
    : `InfluxDB: ${(faultDetails(fault) as { fault: string }).fault}`;
}
