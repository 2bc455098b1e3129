import { HttpError, InfluxDB } from '@influxdata/influxdb-client';
import { backOffMs } from '../back-off.ts';
import type { Clock } from '../clock.ts';
import { isolateRefused } from '../isolate-refused.ts';
import type { Random } from '../random.ts';
import { beyondRetention } from '../retention.ts';
import { type InfluxHttp, isJson } from './http.ts';

/**
 * Writes lines through the official client such that the promise means what it says: every line is durable, or named as refused.
 *
 * The client's own retries, timer and buffer stay switched off, because each of them breaks that promise (measured with 1.35):
 * `flush()` does not wait for batches that went out at `batchSize`, retries hide failures and drop buffers, `close()` resolves
 * while discarding. Here one flush is one request for exactly the lines just handed over.
 */
export type InfluxWriter = {
  /** Waits through outages; rejects only with the reason of `signal`. */
  write<T>(
    items: readonly T[],
    lineOf: (item: T) => string,
    signal?: AbortSignal,
  ): Promise<{ item: T; reason: string }[]>;
};

type Deps = {
  http: InfluxHttp;
  clock: Clock;
  random: Random;
  /** Called after each attempt; `fault` is undefined when the server took or refused the lines, both of which mean it works. */
  onOutcome: (fault: unknown) => void;
  /** What must be done before anything is written. @throws Outage */
  ready: () => Promise<void>;
  /** The database is not there (404). */
  onMissingDatabase: () => void;
};

/** One for each database. `slots` are shared by all of them. */
export function createInfluxWriter(
  deps: Deps,
  { url, database, slots }: { url: string; database: string; slots: Slots },
): InfluxWriter {
  const api = new InfluxDB({ url, transport: deps.http.transport }).getWriteApi('', '', 'ns', {
    maxRetries: 0,
    flushInterval: 0,
    batchSize: linesPerRequest + 1,
    maxBatchBytes: 2 ** 30,
    // without this the client logs the failure, and a refused line holds values
    writeFailed: (fault) => Promise.reject(fault),
  });
  api.path = `/write?db=${encodeURIComponent(database)}&precision=ns`;

  /** Hand-over and flush are one synchronous step, so the promise belongs to exactly these lines. */
  const post = async (lines: string[]): Promise<void> => {
    await deps.ready();
    api.writeRecords(lines);
    return api.flush();
  };

  async function attempt(lines: string[], signal: AbortSignal | undefined): Promise<string | undefined> {
    for (let failures = 0; ; failures++) {
      signal?.throwIfAborted();
      try {
        await unlessAborted(post(lines), signal);
        deps.onOutcome(undefined);
        return undefined;
      } catch (fault) {
        signal?.throwIfAborted();
        const refusal = refusalIn(fault);
        deps.onOutcome(refusal === undefined ? fault : undefined);
        if (refusal !== undefined) return refusal;
        if (fault instanceof HttpError && fault.statusCode === 404) deps.onMissingDatabase();
        const asked = fault instanceof HttpError ? Math.min(fault.retryAfter() * 1_000, mostAskedMs) : 0;
        await deps.clock.sleep(Math.max(asked, backOffMs(failures, pause, deps.random)), signal);
      }
    }
  }

  return {
    async write(items, lineOf, signal) {
      const parts = Array.from({ length: Math.ceil(items.length / linesPerRequest) }, (_, i) =>
        items.slice(i * linesPerRequest, (i + 1) * linesPerRequest),
      );
      const refused = await Promise.all(
        parts.map((part) => slots(() => isolateRefused(part, (some) => attempt(some.map(lineOf), signal)))),
      );
      return refused.flat();
    },
  };
}

/** Four connections with 5,000 lines each took 211,000 points a second on two cores; more of either did not help. */
export const writeConnections = 4;
const linesPerRequest = 2_000;
const pause = { firstMs: 100, mostMs: 5_000 };
/** A server that asks for more patience (`Retry-After`) than this gets this. */
const mostAskedMs = 30_000;

/**
 * Why the server refuses these lines for good, in words that quote no line; undefined when it is an outage. Statuses: 1.6.7 and
 * 3 answer 400 and keep the good lines, 2.7 answers 422 and keeps none, 413 is a body beyond the server's limit. A limit of
 * the whole server comes as 400 too, but is no fault of the line; and neither is the 400 of something else than InfluxDB, such as
 * a port that wants TLS or a proxy, which would put every reading into quarantine: InfluxDB answers in JSON.
 */
function refusalIn(fault: unknown): string | undefined {
  if (!(fault instanceof HttpError) || ![400, 413, 422].includes(fault.statusCode)) return undefined;
  const text = fault.body ?? '';
  if (fault.statusCode !== 413 && !isJson(text)) return undefined;
  // anchored, because behind "unable to parse" the server quotes the line, and that may hold any text
  if (/^\{"error":"(partial write: max-(series|values)-per|[a-z ]*(limit|maximum|too many) )/i.test(text))
    return undefined;
  if (/beyond retention|outside retention/.test(text)) return beyondRetention;
  if (/time outside range|value out of range/.test(text)) return 'a time the store cannot hold';
  if (/field type conflict/.test(text)) return 'a field of another type stands in the store';
  if (fault.statusCode === 413) return 'too large';
  return 'the store could not read it';
}

export type Slots = <T>(run: () => Promise<T>) => Promise<T>;

/** At most `count` at a time; the others wait in order. */
export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

/** A request that nobody waits for any more ends by its own deadline. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    stop = () => signal.removeEventListener('abort', abort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stop();
  }
}
