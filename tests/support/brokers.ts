import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import { type Clock, systemClock } from '#runtime/clock.ts';
import { createDownlink } from '#runtime/downlink.ts';
import type { Journal, JournalEntry } from '#runtime/journal.ts';
import { createJournalFiles, type JournalLimits } from '#runtime/journal-files.ts';
import { silentLog } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { seededRandom } from '#runtime/random.ts';
import type { Records } from '#runtime/records/connect.ts';
import { giveToken, newToken, registerSource } from '#runtime/records/sources.ts';
import { type BrokerLimits, createBroker } from '../../broker/broker.ts';
import type { TlsDoor } from '../../broker/doors.ts';
import { until } from '../contracts/journal.ts';
import type { Enrolled } from './mqtt.ts';
import { connectPacket } from './mqtt-packets.ts';
import { testDatabase } from './servers.ts';

type Wish = {
  limits?: Partial<BrokerLimits>;
  journalLimits?: Partial<JournalLimits>;
  records?: Records;
  host?: string;
  port?: number;
  clock?: Clock;
  tls?: Pick<TlsDoor, 'credentials' | 'onRenewed'>;
};

/** Brokers, each with a journal of its own, for the tests of a file; all end with the test that opened them. */
export function brokers() {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let enrolled = 0;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  afterAll(() => database.stop());

  return {
    records: () => database.records,
    freshFolder,
    async openBroker(wish: Wish = {}) {
      const metrics = createMetrics();
      const shared = { clock: wish.clock ?? systemClock, log: silentLog, metrics };
      const journal = await createJournalFiles({ folder: await freshFolder(), ...shared }, wish.journalLimits);
      ends.push(() => journal.close());
      const downlink = createDownlink();
      const broker = createBroker(
        { records: wish.records ?? database.records, journal, downlink, random: seededRandom(1), ...shared },
        {
          port: wish.port ?? 0,
          host: wish.host ?? '127.0.0.1',
          limits: wish.limits,
          ...(wish.tls ? { tls: { ...wish.tls, port: 0, host: '127.0.0.1' } } : {}),
        },
      );
      ends.push(() => broker.stop());
      await broker.start();
      const tlsPort = wish.tls ? broker.tlsPort() : 0;
      return { broker, port: broker.port(), tlsPort, journal, downlink, metrics };
    },
    /** A broker in a process of its own, to be killed. */
    async brokerProcess(folder: string): Promise<{ child: ChildProcess; port: number }> {
      const script = new URL('./broker-process.ts', import.meta.url).pathname;
      const child = spawn(process.execPath, [script, database.url, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
      ends.push(() => child.kill('SIGKILL'));
      const port = await new Promise<number>((resolve) => child.stdout!.once('data', (line) => resolve(Number(line))));
      return { child, port };
    },
    async enrol(records = database.records): Promise<Enrolled> {
      enrolled += 1;
      const one = { source: SourceId.parse(`home-${enrolled}`), secret: newToken() };
      await registerSource(records, { id: one.source, kind: 'gateway' });
      await giveToken(records, one.source, one.secret, { at: new Date().toISOString() });
      return one;
    },
    /** A signed-in connection without a client library. */
    async rawSession(port: number, { source, secret }: Enrolled): Promise<Socket> {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      ends.push(() => socket.destroy());
      socket.write(connectPacket({ clientId: source, username: source, password: secret }));
      expect(await received(socket, 4)).toEqual(Buffer.of(0x20, 2, 0, 0));
      return socket;
    },
  };

  async function freshFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'hearthbeat-broker-'));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }
}

/** The next bytes on the socket, exactly so many. */
export async function received(socket: Socket, bytes: number): Promise<Buffer> {
  for (;;) {
    const got = socket.read(bytes);
    if (got) return got;
    if (socket.destroyed) throw new Error('the broker hung up');
    await new Promise<void>((resolve) => {
      socket.once('readable', resolve);
      socket.once('close', () => resolve());
    });
    // with some bytes there but too few it is readable at once, again and again, before the others can come
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export const hungUp = (socket: Socket): Promise<void> =>
  new Promise((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve())));

/** The first `count` entries that `consumer` has not finished. */
export async function entriesOf(journal: Journal, count: number, consumer = 'reader'): Promise<JournalEntry[]> {
  const got: JournalEntry[] = [];
  const consumption = journal.consume(consumer, { batch: 1_000 }, async (batch) => void got.push(...batch));
  await until(() => got.length >= count);
  await consumption.stop();
  return got;
}

export const texts = (entries: JournalEntry[]): string[] => entries.map(({ payload }) => payload.toString());

/** The values of `hearthbeat_mqtt_refused_total` by what was refused. */
export async function refusals({ mqttRefused }: ReturnType<typeof createMetrics>): Promise<Record<string, number>> {
  const { values } = await mqttRefused.get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels.what), value]));
}

/** A last will as a gateway leaves it. */
export const offlineWill = (topic: string) => ({
  topic,
  payload: Buffer.from('{"v":1,"state":"offline"}'),
  qos: 1 as const,
  retain: true,
});
