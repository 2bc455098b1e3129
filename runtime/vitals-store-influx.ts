import { Outage } from '#domain/errors.ts';
import type { Clock } from './clock.ts';
import { createInfluxHttp } from './influx/http.ts';
import { lineOf, readingOf } from './influx/line.ts';
import { readStatement, windowOf, windowsStatement } from './influx/query.ts';
import { createInfluxWriter, writeConnections } from './influx/writer.ts';
import { faultDetails, type Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Random } from './random.ts';
import type { VitalsStore } from './vitals-store.ts';

type Deps = { clock: Clock; log: Log; random: Random; metrics?: Metrics };
type Config = { url: string; user?: string; password?: string; database: string };

/**
 * Readings in InfluxDB 1.x (or 2.x and 3.x through the same paths). Makes the database where it may; does not insist that the
 * server be there, since writes wait for it and `health` says so.
 */
export async function createInfluxStore(deps: Deps, config: Config): Promise<VitalsStore> {
  const { clock } = deps;
  const log = deps.log.child({ service: 'vitals-store' });
  const { url, user, password, database } = config;
  const http = createInfluxHttp({ clock }, { url, user, password, connections: writeConnections + queryConnections });
  const faults: { write?: string; ping?: string } = {};

  /** Idempotent in InfluxQL. A user who is no administrator may not, and then the database is there or its absence shows. */
  const makeDatabase = () =>
    http
      .command(`CREATE DATABASE "${database.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)
      .catch(() => undefined);

  const onOutcome = (fault: unknown) => {
    const words = fault === undefined ? undefined : wordsOf(fault);
    if (words !== undefined) deps.metrics?.storeRetries.inc();
    if (words !== undefined && faults.write === undefined) log.warn('readings wait for InfluxDB', { fault: words });
    if (words === undefined && faults.write !== undefined) log.info('InfluxDB takes readings again');
    faults.write = words;
    if (words === undefined) faults.ping = undefined;
  };

  const ping = () =>
    http.ping().then(
      () => {
        faults.ping = undefined;
      },
      (fault) => {
        faults.ping = wordsOf(fault);
      },
    );

  const writer = createInfluxWriter(
    { http, clock, random: deps.random, onOutcome, onMissingDatabase: makeDatabase },
    config,
  );
  await makeDatabase();
  await ping();
  const stopPinging = clock.every(pingEveryMs, () => void ping());

  return {
    kind: 'influxdb',
    async write(readings, signal) {
      const refused = await writer.write(readings, lineOf, signal);
      return refused.map(({ item, reason }) => ({ reading: item, reason }));
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
    health() {
      const fault = faults.write ?? faults.ping;
      return fault === undefined ? { state: 'ok' } : { state: 'down', trouble: 'vitals-store-away', detail: fault };
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
  if (status === 401 || status === 403) return 'InfluxDB refuses our user name or password';
  if (status === 404) return 'InfluxDB has no such database';
  if (status !== undefined) return `InfluxDB answers with ${status}`;
  return fault instanceof Outage ? fault.message : `InfluxDB: ${(faultDetails(fault) as { fault: string }).fault}`;
}
