import { HttpError, type Transport } from '@influxdata/influxdb-client';
import { Pool } from 'undici';
import { Outage } from '#domain/errors.ts';
import type { Clock } from '../clock.ts';

/**
 * HTTP to InfluxDB with deadlines that hold: a request that is late is cut off together with its socket. (The transport that
 * comes with @influxdata/influxdb-client 1.35 rejects in time but keeps the socket for ever.)
 *
 * Basic authentication: InfluxDB 1.x wants it, and 2.x and 3.x take it on these paths with the token as password.
 */
export type InfluxHttp = {
  /** What the official client sends through. */
  transport: Transport;
  /** One InfluxQL statement: its rows. @throws Outage; its text quotes neither the statement nor the answer. */
  query(database: string, statement: string): Promise<Row[]>;
  /** A statement without rows, such as CREATE DATABASE. Answers the HTTP status. */
  command(statement: string): Promise<number>;
  /** @throws Outage unless the server answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

export type Row = Record<string, string | number | boolean | null>;

export function createInfluxHttp(
  { clock }: { clock: Clock },
  target: { url: string; user: string | undefined; password: string | undefined; connections: number },
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
  const authorization =
    target.user && `Basic ${Buffer.from(`${target.user}:${target.password ?? ''}`).toString('base64')}`;

  async function send(method: 'GET' | 'POST', path: string, type?: string, body?: string) {
    const deadline = new AbortController();
    const cancel = clock.after(requestMs, () => deadline.abort());
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
      if (status !== 200) throw new Outage('vitals-store-away', `InfluxDB answered a query with ${status}`);
      const [result] = answerIn(text).results ?? [];
      if (!result || result.error !== undefined)
        throw new Outage('vitals-store-refused-query', 'InfluxDB refused a query', { retry: false });
      return (result.series ?? []).flatMap(({ columns, values }) =>
        values.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null]))),
      );
    },
    command: async (statement) => (await post({ q: statement })).status,
    async ping() {
      const { status } = await send('GET', '/ping');
      if (status >= 300) throw new Outage('vitals-store-away', `InfluxDB answered the ping with ${status}`);
    },
    close: () => pool.destroy(),
  };
}

const connectMs = 5_000;
/** A batch of 5,000 readings takes a fraction of a second; who needs longer than this is not coming back. */
const requestMs = 10_000;

/** What is not JSON comes from something else than InfluxDB, or was cut off. The parser's own words would quote it. */
function answerIn(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    throw new Outage('vitals-store-away', 'InfluxDB answered a query with something else than JSON');
  }
}

type Answer = {
  results?: { error?: string; series?: { columns: string[]; values: (string | number | boolean | null)[][] }[] }[];
};
