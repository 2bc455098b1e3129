import { Outage, SetupFault } from '#domain/errors.ts';
import type { PatientId } from '#domain/ids.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { Removal } from '../vitals-store.ts';
import { type Answer, type InfluxHttp, isJson } from './http.ts';
import { identifier, moment, text } from './query.ts';

/**
 * What the three InfluxDBs do not have in common. Writing (`/write`) and InfluxQL (`/query`) are the same for all; making a database,
 * retention and deletion are not.
 *
 * 1.x: InfluxQL for everything.
 * 2.x: a database is a bucket, made through `/api/v2/buckets` and mapped through `/api/v2/dbrps` (a bucket that is mapped by nobody has a virtual
 * mapping of its name since 2.1); `/api/v2/delete` takes measurement and tags, and answers 204 without a count
 * (docs.influxdata.com/influxdb/v2/query-data/influxql/dbrp, …/write-data/delete-data).
 * 3.x: a database is made through `/api/v3/configure/database`, or with its first point; its retention can be set when it is made only, and rows
 * cannot be deleted (docs.influxdata.com/influxdb3/core/reference/internals/data-retention).
 */
export type Flavour = {
  major: 1 | 2 | 3;
  /** Makes the database where it is not there and where we may. Whether it is there shows when it is written to. @throws Outage, SetupFault */
  make(database: string): Promise<void>;
  /** Removes what a patient has in this database, or what is older than `before` (ms since 1970) in a panel. @throws Outage */
  remove(database: string, what: { patient: PatientId } | { panel: PanelName; before: number }): Promise<Removal>;
};

/** The flavour that answers there, or undefined where nobody does, or something else than an InfluxDB. */
export async function findFlavour(
  http: InfluxHttp,
  options: { organisation?: string; retentionDays: (database: string) => number | undefined },
): Promise<Flavour | undefined> {
  const major = majorOf(await http.ask('GET', '/ping')) ?? majorOf(await http.ask('GET', '/health'));
  if (major === 1) return influx1(http);
  if (major === 2) return influx2(http, options.organisation);
  return major === 3 ? influx3(http, options.retentionDays) : undefined;
}

/**
 * 1.x and 2.x answer the ping with 204 and `X-Influxdb-Version: 1.6.7` or `v2.7.12`, 3 with 200, that header and JSON with the version. 2.x
 * without the header (its cloud) names itself in `/health`.
 */
function majorOf({ status, headers, text }: Answer): 1 | 2 | 3 | undefined {
  if (status >= 300) return undefined;
  const body = isJson(text) ? (JSON.parse(text) as { version?: unknown } | null) : undefined;
  const version = headers['x-influxdb-version'] ?? body?.version;
  const major = Number(/^v?([123])\./.exec(String(version))?.[1]);
  return major === 1 || major === 2 || major === 3 ? major : undefined;
}

const influx1 = (http: InfluxHttp): Flavour => ({
  major: 1,
  // idempotent. A user who is no administrator may not, and then the database is there or its absence shows.
  make: async (database) => void (await http.command(`CREATE DATABASE ${identifier(database)}`)),
  async remove(database, what) {
    // the series is dropped where all of it goes, so that not even the patient's id stays in the index
    const statement =
      'patient' in what
        ? `DROP SERIES WHERE "patient" = ${text(what.patient)}`
        : `DELETE FROM ${identifier(what.panel)} WHERE time < ${moment(what.before)}`;
    const { status, text: answer } = await http.command(statement, database);
    if (status === 403) return { cannot: 'the user of InfluxDB may not delete' };
    // the database of a rollup that was never written
    if (/"error":"database not found/.test(answer)) return { removed: null };
    demand(status, /"error"/.test(answer) ? answer : undefined);
    return { removed: null };
  },
});

function influx2(http: InfluxHttp, organisation: string | undefined): Flavour {
  let known: { id: string; name: string } | undefined;
  /** The one we were told, or the only one the token sees. */
  const org = async () => {
    known ??= await (async () => {
      const query = organisation ? `?org=${encodeURIComponent(organisation)}` : '';
      const { status, text } = await http.ask('GET', `/api/v2/orgs${query}`);
      if (status !== 200) return undefined;
      const { orgs = [] } = JSON.parse(text) as { orgs?: { id: string; name: string }[] };
      if (orgs.length > 1) throw new SetupFault('INFLUX_ORG: the token sees several organisations; say which is ours.');
      return orgs[0];
    })();
    return known;
  };
  return {
    major: 2,
    async make(database) {
      const ours = await org();
      if (!ours) return;
      const bucket = { orgID: ours.id, name: database, retentionRules: [] };
      const made = await http.ask('POST', '/api/v2/buckets', bucket);
      if (made.status !== 201) return;
      const { id } = JSON.parse(made.text) as { id: string };
      const mapping = { orgID: ours.id, bucketID: id, database, retention_policy: 'autogen', default: true };
      await http.ask('POST', '/api/v2/dbrps', mapping);
    },
    async remove(database, what) {
      const ours = await org();
      if (!ours) return { cannot: 'the token of InfluxDB may not see its organisation, and so may delete nothing' };
      const path = `/api/v2/delete?org=${encodeURIComponent(ours.name)}&bucket=${encodeURIComponent(database)}`;
      const stop = 'before' in what ? new Date(what.before).toISOString() : '2262-04-11T00:00:00Z';
      const predicate = 'patient' in what ? `patient="${what.patient}"` : `_measurement="${what.panel}"`;
      const { status, text } = await http.ask('POST', path, { start: '1970-01-01T00:00:00Z', stop, predicate });
      // the bucket of a rollup that was never written
      if (status === 404 && isJson(text)) return { removed: null };
      if (status === 401 || status === 403) return { cannot: 'the token of InfluxDB may not delete' };
      demand(status, undefined);
      return { removed: null };
    },
  };
}

const influx3 = (http: InfluxHttp, retentionDays: (database: string) => number | undefined): Flavour => ({
  major: 3,
  async make(database) {
    const days = retentionDays(database);
    // a token that may write only: then the first point makes it, kept for ever
    const { status } = await http.ask('POST', '/api/v3/configure/database', {
      db: database,
      ...(days === undefined ? {} : { retention_period: `${days}d` }),
    });
    if (status >= 500) throw new Outage('vitals-store-away', `InfluxDB answered with ${status}`);
  },
  remove: async () => ({
    cannot:
      'InfluxDB 3 cannot delete rows: they go with the retention of the database. Nobody can tell any more whose they were, since the patient is erased here',
  }),
});

/** @throws Outage unless it was done. */
function demand(status: number, fault: string | undefined): void {
  if (status >= 300 || fault !== undefined)
    throw new Outage('vitals-store-away', `InfluxDB answered a deletion with ${status}`, { retry: true });
}
