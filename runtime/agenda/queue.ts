import { createHash } from 'node:crypto';
import { createPostgresBackend, type Processor, Queue, runMigrations, Worker, withBackend } from 'bullmq';
import pg from 'pg';
import { Outage } from '#domain/errors.ts';
import { type Clock, within } from '../clock.ts';
import { faultDetails, type Log } from '../log.ts';

/**
 * BullMQ, on its PostgreSQL backend or on Redis: it wakes us at the right moment, on whichever machine is free. It is trusted
 * with nothing else. A job carries the key of an agenda entry; a job that is lost, late or run twice does no harm.
 */
export interface WakeQueue {
  /** @throws Outage when the queue does not take them in time. */
  add(wakes: readonly { key: string; dueAt: number }[]): Promise<void>;
  close(): Promise<void>;
}

/** `add()` hangs without an error while Redis is away. */
const addWithinMs = 2_000;
const closeWithinMs = 4_000;
const concurrency = 8;
/** A worker that was killed holds a job for so long before another gets it. */
const lockMs = 10_000;
const keep = { age: 3_600, count: 1_000 };

export async function openWakeQueue(
  { clock, log }: { clock: Clock; log: Log },
  { databaseUrl, redisUrl }: { databaseUrl: string; redisUrl?: string | undefined },
  run: (key: string) => Promise<void>,
): Promise<WakeQueue> {
  const process: Processor<{ key: string }> = (job) => run(job.data.key);
  const workerOptions = {
    autorun: false,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: lockMs / 2,
    maxStalledCount: 3,
  };
  const jobs = { removeOnComplete: keep, removeOnFail: keep };

  const open = () => {
    if (redisUrl) {
      const connection = { url: redisUrl, maxRetriesPerRequest: null };
      // several platforms may share one Redis
      const prefix = `hearthbeat-${createHash('sha256').update(databaseUrl).digest('hex').slice(0, 8)}`;
      return {
        queue: new Queue<{ key: string }>(queueName, { connection, prefix, defaultJobOptions: jobs }),
        worker: new Worker<{ key: string }>(queueName, process, { connection, prefix, ...workerOptions }),
      };
    }
    const onPostgres = withBackend(createPostgresBackend);
    return {
      queue: new onPostgres.Queue<{ key: string }>(queueName, { connection: pool(), defaultJobOptions: jobs }),
      worker: new onPostgres.Worker<{ key: string }>(queueName, process, { connection: pool(), ...workerOptions }),
    };
  };
  const pools: pg.Pool[] = [];
  const pool = () => {
    const one = unbrokenPool(databaseUrl);
    pools.push(one);
    return one;
  };

  if (!redisUrl) await migrateQueue(databaseUrl);
  const { queue, worker } = open();
  let told = '';
  const onFault = (fault: Error) => {
    const words = JSON.stringify(faultDetails(fault));
    if (words !== told) log.warn('the job queue complains', faultDetails(fault));
    told = words;
  };
  queue.on('error', onFault);
  worker.on('error', onFault);
  const endPools = () => Promise.allSettled(pools.map((one) => one.end()));
  if (!redisUrl)
    await untilReady([queue, worker]).catch((fault) => {
      void endPools();
      throw fault;
    });
  worker.run().catch(onFault);

  return {
    async add(wakes) {
      const now = clock.now();
      const added = queue.addBulk(
        wakes.map(({ key, dueAt }) => ({
          name: 'wake',
          data: { key },
          // the id dedupes what several processes add; an entry that was postponed is another job
          opts: { jobId: `${jobIdOf(key)}-${dueAt}`, delay: Math.max(0, dueAt - now) },
        })),
      );
      added.catch(() => {});
      await within(clock, addWithinMs, added, () => new Outage('queue-away', 'the job queue does not answer'));
    },
    async close() {
      const closed = Promise.all([worker.close(), queue.close()]);
      closed.catch(() => {});
      await within(clock, closeWithinMs, closed, () => new Error('late')).catch(async () => {
        // Redis or PostgreSQL is away and BullMQ would wait for it
        const torn = Promise.all([worker.close(true), queue.disconnect()]);
        torn.catch(() => {});
        await within(clock, 1_000, torn, () => new Error('late')).catch(() => {});
      });
      await within(clock, 1_000, endPools(), () => new Error('late')).catch(() => {});
    },
  };
}

const queueName = 'agenda';

/**
 * A pool of our own for BullMQ, which listens neither to the connections that it has in hand nor, for a moment, to the one by which it waits for
 * jobs: one that breaks just then would end this process. The query behind it fails all the same.
 */
function unbrokenPool(databaseUrl: string): pg.Pool {
  return new pg.Pool({
    connectionString: databaseUrl,
    // one of a worker's waits for jobs all the time
    max: 4,
    keepAlive: true,
    options: `-c search_path=${queueSchema}`,
    ...patience,
    Client: UnbrokenClient,
  });
}

class UnbrokenClient extends pg.Client {
  override emit(event: string | symbol, ...told: unknown[]): boolean {
    return event === 'error' && this.listenerCount('error') === 0 ? false : super.emit(event, ...told);
  }
}

/** Where BullMQ's migrations put its tables. */
const queueSchema = 'bullmq';

/** BullMQ refuses ids with a colon and ids that are whole numbers. */
const jobIdOf = (key: string): string => key.replaceAll(':', '.');

/**
 * BullMQ asks once whether PostgreSQL is ready and believes the answer for ever. A worker that runs on a refusal asks again and again without
 * a pause in which anything else of this process would have its turn.
 */
async function untilReady(parts: { waitUntilReady(): Promise<unknown>; close(): Promise<void> }[]): Promise<void> {
  try {
    await Promise.all(parts.map((part) => part.waitUntilReady()));
  } catch (cause) {
    for (const part of parts) part.close().catch(() => {});
    throw new Outage('queue-away', 'the job queue could not be opened in PostgreSQL', { retry: true, cause });
  }
}

const patience = { connectionTimeoutMillis: 5_000 };

async function migrateQueue(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, ...patience });
  client.on('error', () => {});
  try {
    await client.connect();
    await runMigrations(client);
  } catch (cause) {
    throw new Outage('queue-away', 'the job queue could not be prepared in PostgreSQL', { retry: true, cause });
  } finally {
    await client.end().catch(() => {});
  }
}
