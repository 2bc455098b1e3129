import { HttpError, type Transport } from '@influxdata/influxdb-client';
import { Pool } from 'undici';
import { Outage } from '#domain/errors.ts';
import type { Clock } from '../clock.ts';

/**
 * HTTP to InfluxDB with deadlines that hold: a request that is late is cut off together with its socket. (The transport that
 * comes with @influxdata/influxdb-client 1.35 rejects in time but keeps the socket for ever.)
 *
 * Who we are: a user and a password (1.x, and 2.x and 3.x on the paths they share with 1.x), or a token, which 2.x and 3.x take as
 * `Token` on those paths; what is new in 3 takes `Bearer` alone (docs.influxdata.com/influxdb3/core/api, Authentication).
 */
export type InfluxHttp = {
  /** What the official client sends through. */
  transport: Transport;
  /** One InfluxQL statement: its rows. @throws Outage; its text quotes neither the statement nor the answer. */
  query(database: string, statement: string): Promise<Row[]>;
  /** A request of any other kind. @throws Outage unless the server answers. */
  ask(method: Method, path: string, json?: object): Promise<Answer>;
  /** An InfluxQL statement without rows, such as CREATE DATABASE. @throws Outage unless the server answers. */
  command(statement: string, database?: string): Promise<Answer>;
  close(): Promise<void>;
};

export type Row = Record<string, string | number | boolean | null>;
export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; text: string };
export type Credentials = { user?: string; password?: string; token?: string };
type Method = 'GET' | 'POST' | 'DELETE';

export function createInfluxHttp(
  { clock }: { clock: Clock },
  target: Credentials & { url: string; connections: number },
): InfluxHttp {
  const { origin, pathname } = new URL(target.url);
  const prefix = pathname.replace(/\/+$/, '');
  const pool = new Pool(origin, {
    connections: target.connections,
    pipelining: 1,
    connect: { timeout: connectMs },
    // one deadline of ours covers the whole request
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const { token, user, password } = target;
  const basic = user && `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`;
  const authorizationFor = (path: string) =>
    token ? `${/^\/(api\/v3|ping|health)/.test(path) ? 'Bearer' : 'Token'} ${token}` : basic;

  async function send(method: Method, path: string, type?: string, body?: string): Promise<Answer> {
    const deadline = new AbortController();
    const cancel = clock.after(requestMs, () => deadline.abort());
    const authorization = authorizationFor(path);
    try {
      const response = await pool.request({
        method,
        path: prefix + path,
        headers: { ...(authorization ? { authorization } : {}), ...(type ? { 'content-type': type } : {}) },
        body,
        signal: deadline.signal,
      });
      return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
    } catch (cause) {
      const late = deadline.signal.aborted;
      throw new Outage('vitals-store-away', late ? 'InfluxDB did not answer in time' : 'InfluxDB cannot be reached', {
        retry: true,
        cause,
      });
    } finally {
      cancel();
    }
  }

  // patient ids stand in statements, so these travel in the body: URLs end up in access logs
  const post = (fields: Record<string, string>) =>
    send('POST', '/query', 'application/x-www-form-urlencoded', new URLSearchParams(fields).toString());

  return {
    transport: {
      send: (path, body, options, callbacks) => {
        send('POST', path, options.headers?.['content-type'], body).then(
          ({ status, headers, text }) => {
            const retryAfter = headers['retry-after'];
            // 204 alone says "written" in every InfluxDB; whatever says 200 to a write is none
            if (status !== 204)
              return callbacks?.error?.(new HttpError(status, undefined, text, retryAfter ? String(retryAfter) : null));
            callbacks?.responseStarted?.(headers, status);
            callbacks?.complete?.();
          },
          (fault) => callbacks?.error?.(fault),
        );
      },
      request: () => Promise.reject(new Error('only writes go through the client')),
      iterate: () => {
        throw new Error('only writes go through the client');
      },
      chunkCombiner: {
        concat: (first, second) => Buffer.concat([first, second]),
        copy: (chunk, start, end) => Uint8Array.prototype.slice.call(chunk, start, end),
        toUtf8String: (chunk, start, end) => Buffer.from(chunk.subarray(start, end)).toString('utf8'),
      },
    },
    async query(database, statement) {
      const { status, text } = await post({ db: database, epoch: 'ms', q: statement });
      // 3 makes databases with their first point. Any other 404 is of something else, such as a proxy without its upstream
      if (status === 404 && isJson(text) && /database/i.test(text)) return [];
      if (status !== 200) throw new Outage('vitals-store-away', `InfluxDB answered a query with ${status}`);
      const [result] = answerIn(text).results ?? [];
      if (!result || result.error !== undefined)
        throw new Outage('vitals-store-refused-query', 'InfluxDB refused a query', { retry: false });
      // cut off at `max-row-limit`: a chart of it would be wrong, and nobody would know
      if (result.partial || result.series?.some(({ partial }) => partial))
        throw new Outage('vitals-store-refused-query', 'InfluxDB cut off an answer', { retry: false });
      return (result.series ?? []).flatMap(({ columns, values }) =>
        values.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null]))),
      );
    },
    ask: (method, path, json) =>
      json ? send(method, path, 'application/json', JSON.stringify(json)) : send(method, path),
    command: (statement, database) => post({ ...(database ? { db: database } : {}), q: statement }),
    close: () => pool.destroy(),
  };
}

const connectMs = 5_000;
/** A batch of 5,000 readings takes a fraction of a second; who needs longer than this is not coming back. */
const requestMs = 10_000;

export function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}

/** What is not JSON comes from something else than InfluxDB, or was cut off. The parser's own words would quote it. */
function answerIn(text: string): Results {
  try {
    return JSON.parse(text) as Results;
  } catch {
    throw new Outage('vitals-store-away', 'InfluxDB answered a query with something else than JSON');
  }
}

type Results = { results?: { error?: string; partial?: boolean; series?: Series[] }[] };
type Series = { columns: string[]; values: (string | number | boolean | null)[][]; partial?: boolean };
