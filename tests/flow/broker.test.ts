import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as open, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import mqttPacket from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import { downTopics, topicOf, upTopics } from '#domain/topics.ts';
import { systemClock } from '#runtime/clock.ts';
import { createDownlink } from '#runtime/downlink.ts';
import type { Journal, JournalEntry } from '#runtime/journal.ts';
import { createJournalFiles, type JournalLimits } from '#runtime/journal-files.ts';
import { silentLog } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { seededRandom } from '#runtime/random.ts';
import { addSource, listSources, newToken, revokeSource } from '#runtime/records/sources.ts';
import { type BrokerLimits, createBroker } from '../../broker/broker.ts';
import { until } from '../contracts/journal.ts';
import { closed, connectAs, type Enrolled, publish } from '../support/mqtt.ts';
import { testDatabase } from '../support/servers.ts';

let database: Awaited<ReturnType<typeof testDatabase>>;
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.stop());
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

describe('who may connect', () => {
  test('an enrolled source with its token and its own client id', async () => {
    const { port } = await openBroker();
    const client = await connectAs(port, await enrol());
    expect(client.connected).toBe(true);
  });

  test.each([
    ['a wrong token', 4, async (one: Enrolled) => ({ ...one, secret: newToken() }), {}],
    ['no password', 4, async (one: Enrolled) => one, { password: undefined }],
    ['no user name', 4, async (one: Enrolled) => one, { username: undefined, password: undefined }],
    ['an unknown source', 4, async (one: Enrolled) => ({ ...one, source: SourceId.parse('nobody') }), {}],
    ['a user name that is no id', 4, async (one: Enrolled) => one, { username: "'; drop table source; --" }],
    ["another source's client id", 2, async (one: Enrolled) => one, { clientId: 'somebody-else' }],
    ['an empty client id', 2, async (one: Enrolled) => one, { clientId: '' }],
    ['a will on a topic of readings', 5, async (one: Enrolled) => one, { will: will('hb/v1/1/x/readings') }],
    ["a will on another source's status", 5, async (one: Enrolled) => one, { will: will('hb/v1/1/x/status') }],
  ])('%s is refused with return code %i', async (_, code, disguise, options) => {
    const { port } = await openBroker();
    await expect(connectAs(port, await disguise(await enrol()), options)).rejects.toMatchObject({ code });
  });

  test('an empty client id that asks for a lasting session is refused with return code 2 [MQTT-3.1.3-8]', async () => {
    const { port } = await openBroker();
    const { source, secret } = await enrol();
    const packet = connectPacket({ clientId: '', username: source, password: secret });
    const cleanSession = 0x02;
    packet[9]! &= ~cleanSession;
    expect(await exchange(port, packet)).toEqual(Buffer.from([0x20, 2, 0, 2]));
  });

  test('a client of MQTT 5 is told that its protocol is not spoken', async () => {
    const { port } = await openBroker();
    const { source, secret } = await enrol();
    const answer = await exchange(
      port,
      connectPacket({ clientId: source, username: source, password: secret, protocolVersion: 5 }),
    );
    expect(answer).toEqual(Buffer.from([0x20, 2, 0, 1]));
  });

  test('a revoked source is refused, and its live session ends', async () => {
    const { port, metrics } = await openBroker({ lookAgainMs: 50 });
    const one = await enrol();
    const other = await enrol();
    const client = await connectAs(port, one);
    const neighbour = await connectAs(port, other);
    expect(await revokeSource(database.records, one.source, '2026-03-01T10:00:00Z')).toBe(true);
    expect(await revokeSource(database.records, one.source, '2026-03-01T10:00:01Z')).toBe(false);
    await closed(client);
    expect(neighbour.connected).toBe(true);
    await expect(connectAs(port, one)).rejects.toMatchObject({ code: 5 });
    expect(await count(metrics.mqttRefused)).toMatchObject({ revoked: 2 });
    const listed = await listSources(database.records, { limit: 1_000 });
    expect(listed.find(({ id }) => id === one.source)?.revokedAt).toBe('2026-03-01T10:00:00.000Z');
    expect(listed.find(({ id }) => id === other.source)?.revokedAt).toBeNull();
  });

  test('with PostgreSQL away newcomers hear "server unavailable" and whoever was here lately is let in', async () => {
    const gone = await testDatabase();
    const [known, unknown] = [await enrol(gone.records), await enrol(gone.records)];
    const { port, broker } = await openBroker({}, gone.records);
    (await connectAs(port, known)).end(true);
    await gone.stop();
    await expect(connectAs(port, unknown)).rejects.toMatchObject({ code: 3 });
    expect(broker.health()).toMatchObject({ state: 'degraded' });
    expect((await connectAs(port, known)).connected).toBe(true);
  });

  test('a hundred homes that come back at once are all let in', async () => {
    const { port } = await openBroker();
    const homes = await Promise.all(Array.from({ length: 100 }, () => enrol()));
    const clients = await Promise.all(homes.map((home) => connectAs(port, home)));
    expect(clients.every((client) => client.connected)).toBe(true);
  });

  test('the same source connecting again takes over, and its earlier last will is not spoken', async () => {
    const { port, journal, metrics } = await openBroker();
    const one = await enrol();
    const status = topicOf(one.source, 'status');
    const first = await connectAs(port, one, { will: will(status) });
    const second = await connectAs(port, one, { will: will(status) });
    await closed(first);
    expect(await publish(second, status, '{"v":1,"state":"online"}', { retain: true })).toBe('acknowledged');
    const third = await connectAs(port, one);
    await closed(second);
    expect(await publish(third, status, 'the last', { retain: true })).toBe('acknowledged');
    expect(texts(await entriesOf(journal, 2))).toEqual(['{"v":1,"state":"online"}', 'the last']);
    expect((await metrics.mqttConnections.get()).values[0]!.value).toBe(1);
  });

  test('MQTT without encryption listens on this machine only', async () => {
    await expect(openBroker({}, database.records, '0.0.0.0')).rejects.toMatchObject({ name: 'SetupFault' });
  });

  test('a taken port is a fault of set-up that names the variable', async () => {
    const { port } = await openBroker();
    await expect(openBroker({}, database.records, '127.0.0.1', port)).rejects.toThrow(/MQTT_PORT/);
  });
});

describe('who may publish and subscribe', () => {
  test('over all pairs of five sources and all topics a source reaches its own and no other', async () => {
    const { port, journal } = await openBroker();
    const sources = await Promise.all(Array.from({ length: 5 }, () => enrol()));
    const pairs = sources.flatMap((one) => sources.map((other) => ({ one, other })));
    const published: string[] = [];
    const subscribed: string[] = [];
    for (const { one, other } of pairs) {
      const kinds = [...upTopics, ...downTopics];
      const subscriptions = kinds.map((kind) => ({ topic: topicOf(other.source, kind), qos: 1 as const }));
      const socket = await rawSession(port, one);
      socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions }));
      const granted = [...(await received(socket, 4 + kinds.length)).subarray(4)];
      socket.destroy();
      for (const [i, kind] of kinds.entries()) {
        if (granted[i] !== 0x80) subscribed.push(`${one.source} ${other.source} ${kind}`);
        const words = `${one.source} ${other.source} ${kind}`;
        const client = await connectAs(port, one);
        const outcome = await publish(client, topicOf(other.source, kind), words);
        if (outcome === 'acknowledged') published.push(words);
        client.end(true);
      }
    }
    const own = (kinds: readonly string[]) =>
      sources.flatMap(({ source }) => kinds.map((kind) => `${source} ${source} ${kind}`));
    expect(subscribed.sort()).toEqual(own(downTopics).sort());
    expect(published.sort()).toEqual(own(upTopics).sort());
    expect(texts(await entriesOf(journal, 10)).sort()).toEqual(published);
    expect(journal.backlog().entries).toBe(0);
  });

  test.each(['#', '+/#', 'hb/#', 'hb/v1/+/+/readings', '$SYS/#', '$share/g/hb/v1/#', 'hb/v1/0/x/receipts'])(
    'subscribing to %s is answered with 0x80 and yields nothing',
    async (filter) => {
      const { port } = await openBroker();
      const client = await connectAs(port, await enrol());
      const heard: string[] = [];
      client.on('message', (topic) => heard.push(topic));
      await expect(client.subscribeAsync(filter)).rejects.toThrow();
      const other = await enrol();
      const neighbour = await connectAs(port, other);
      await publish(neighbour, topicOf(other.source, 'status'), 'online', { retain: true });
      await publish(neighbour, topicOf(other.source, 'readings'), 'x');
      expect(heard).toEqual([]);
      expect(client.connected).toBe(true);
    },
  );

  test('a granted filter beside refused ones is answered one by one', async () => {
    const { port } = await openBroker();
    const { source, secret } = await enrol();
    const other = await enrol();
    const socket = await rawSession(port, { source, secret });
    socket.write(
      mqttPacket.generate({
        cmd: 'subscribe',
        messageId: 7,
        subscriptions: [
          { topic: topicOf(source, 'receipts'), qos: 1 },
          { topic: topicOf(other.source, 'receipts'), qos: 1 },
          { topic: '#', qos: 0 },
        ],
      }),
    );
    expect(await received(socket, 7)).toEqual(Buffer.from([0x90, 5, 0, 7, 1, 0x80, 0x80]));
  });

  test.each([
    ['a topic of its own outside the rules', (one: Enrolled) => `hb/v1/0/${one.source}/secrets`, {}],
    ['$SYS', () => '$SYS/broker', {}],
    ['retained readings', (one: Enrolled) => topicOf(one.source, 'readings'), { retain: true }],
  ])('publishing %s ends the connection without an acknowledgement', async (_, topic, options) => {
    const { port, journal } = await openBroker();
    const one = await enrol();
    const client = await connectAs(port, one);
    expect(await publish(client, topic(one), 'x', options)).toBe('closed');
    expect(journal.backlog().entries).toBe(0);
  });

  test('a status longer than its limit ends the connection, readings of 60 KiB are kept', async () => {
    const { port, journal } = await openBroker();
    const one = await enrol();
    expect(await publish(await connectAs(port, one), topicOf(one.source, 'status'), 'x'.repeat(9_000))).toBe('closed');
    const again = await connectAs(port, one);
    expect(await publish(again, topicOf(one.source, 'readings'), 'x'.repeat(60_000))).toBe('acknowledged');
    expect((await entriesOf(journal, 1))[0]!.payload).toHaveLength(60_000);
  });
});

describe('what is acknowledged is kept', () => {
  test('readings of QoS 0, 1 and 2 and the status reach the journal in order, with who and when', async () => {
    const { port, journal } = await openBroker();
    const one = await enrol();
    const client = await connectAs(port, one);
    for (const qos of [0, 1, 2] as const) await publish(client, topicOf(one.source, 'readings'), `qos ${qos}`, { qos });
    await publish(client, topicOf(one.source, 'status'), 'online', { retain: true });
    const entries = await entriesOf(journal, 4);
    expect(entries.map(({ kind, source, payload }) => [kind, source, payload.toString()])).toEqual([
      ['readings', one.source, 'qos 0'],
      ['readings', one.source, 'qos 1'],
      ['readings', one.source, 'qos 2'],
      ['status', one.source, 'online'],
    ]);
    expect(Math.abs(entries[0]!.receivedAt - Date.now())).toBeLessThan(10_000);
  });

  test('the last will of a source whose connection breaks is kept as its status, after a goodbye it is not', async () => {
    const { port, journal } = await openBroker();
    const one = await enrol();
    const status = topicOf(one.source, 'status');
    const polite = await connectAs(port, one, { will: will(status) });
    await polite.endAsync();
    const broken = await connectAs(port, one, { will: will(status) });
    broken.stream.destroy();
    const entries = await entriesOf(journal, 1);
    expect(entries.map(({ kind, payload }) => [kind, payload.toString()])).toEqual([
      ['status', '{"v":1,"state":"offline"}'],
    ]);
  });

  test('the wills of all who are connected are kept when the broker stops', async () => {
    const { port, journal, broker } = await openBroker();
    const homes = await Promise.all(Array.from({ length: 5 }, () => enrol()));
    for (const home of homes) await connectAs(port, home, { will: will(topicOf(home.source, 'status')) });
    await broker.stop();
    expect((await entriesOf(journal, 5)).map(({ source }) => source).sort()).toEqual(
      homes.map(({ source }) => source).sort(),
    );
  });

  test('kill -9 with 40 messages in flight, six times: no acknowledged message is lost', async () => {
    const folder = await freshFolder();
    const one = await enrol();
    const acknowledged: string[] = [];
    for (let run = 0; run < 6; run++) {
      const { child, port } = await brokerProcess(folder);
      const client = await connectAs(port, one);
      client.setMaxListeners(50);
      const before = acknowledged.length;
      let next = 0;
      const send = async (): Promise<void> => {
        const word = `${run}-${next++}`;
        const qos = next % 4 === 0 ? 2 : 1;
        if ((await publish(client, topicOf(one.source, 'readings'), word, { qos })) === 'closed') return;
        acknowledged.push(word);
        return send();
      };
      const sending = Promise.all(Array.from({ length: 40 }, send));
      await until(() => acknowledged.length - before > 300 + run * 30);
      child.kill('SIGKILL');
      await sending;
      client.end(true);
    }
    const journal = await createJournalFiles({ folder, clock: systemClock, log: silentLog });
    const kept = new Set(texts(await entriesOf(journal, acknowledged.length)));
    expect(acknowledged.length).toBeGreaterThan(2_000);
    expect(acknowledged.filter((word) => !kept.has(word))).toEqual([]);
    await journal.close();
  });

  test('while the journal is full nothing is acknowledged, and health says so until there is room again', async () => {
    const { port, journal, broker } = await openBroker({}, database.records, '127.0.0.1', 0, { maxBytes: 8_000 });
    const one = await enrol();
    const readings = topicOf(one.source, 'readings');
    const take = journal.consume('recorder', { batch: 10 }, async () => {});
    await take.stop();
    let kept = 0;
    for (;;) {
      const client = await connectAs(port, one);
      const outcome = await publish(client, readings, 'x'.repeat(900));
      client.end(true);
      if (outcome === 'closed') break;
      kept += 1;
    }
    expect(kept).toBeGreaterThan(3);
    expect(broker.health()).toMatchObject({ state: 'down', detail: expect.stringContaining('journal-full') });
    await entriesOf(journal, kept, 'recorder');
    await until(() => journal.health().state === 'ok');
    expect(await publish(await connectAs(port, one), readings, 'again')).toBe('acknowledged');
    expect(broker.health().state).toBe('ok');
  });
});

describe('what goes down to a source', () => {
  const receipts = (ref: string) => ({ v: 1 as const, receipts: [{ ref, outcome: 'stored' as const }] });

  test('receipts and commands reach the source they are for once it has subscribed, and nobody else', async () => {
    const { port, downlink } = await openBroker();
    const [one, other] = [await enrol(), await enrol()];
    const heard: string[] = [];
    const clients = await Promise.all([one, other].map((home) => connectAs(port, home)));
    for (const [i, home] of [one, other].entries()) {
      clients[i]!.on('message', (topic, payload, packet) =>
        heard.push(`${home.source} ${topic} ${packet.qos} ${payload}`),
      );
      downlink.receipts(home.source, receipts('before it subscribed'));
      await clients[i]!.subscribeAsync([topicOf(home.source, 'receipts'), topicOf(home.source, 'commands')], {
        qos: 1,
      });
    }
    const command = {
      v: 1,
      id: crypto.randomUUID(),
      command: 'measure-again',
      device: 'cuff',
      by: '2026-03-01T10:00:00Z',
    } as const;
    downlink.receipts(one.source, receipts('r1'));
    downlink.command(other.source, command);
    downlink.receipts(SourceId.parse('not-here'), receipts('r2'));
    await until(() => heard.length === 2);
    expect(heard.sort()).toEqual(
      [
        `${one.source} ${topicOf(one.source, 'receipts')} 1 ${JSON.stringify(receipts('r1'))}`,
        `${other.source} ${topicOf(other.source, 'commands')} 1 ${JSON.stringify(command)}`,
      ].sort(),
    );
  });

  test('a source that stops reading is disconnected and holds up nobody else', async () => {
    const { port, downlink, metrics } = await openBroker({ drainMs: 300 });
    const [frozen, honest] = [await enrol(), await enrol()];
    const socket = await rawSession(port, frozen);
    const subscriptions = [{ topic: topicOf(frozen.source, 'receipts'), qos: 1 as const }];
    socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions }));
    await received(socket, 5);
    socket.pause();
    const client = await connectAs(port, honest);
    const many = Array.from({ length: 500 }, (_, i) => ({ ref: `${i}`.padEnd(64, 'x'), outcome: 'stored' as const }));
    const connected = async () => (await metrics.mqttConnections.get()).values[0]!.value;
    let slowestMs = 0;
    while ((await connected()) === 2) {
      for (let i = 0; i < 20; i++) downlink.receipts(frozen.source, { v: 1, receipts: many });
      const since = Date.now();
      expect(await publish(client, topicOf(honest.source, 'readings'), 'x')).toBe('acknowledged');
      slowestMs = Math.max(slowestMs, Date.now() - since);
    }
    expect(client.connected).toBe(true);
    expect(slowestMs).toBeLessThan(1_000);
  });
});

describe('the port against strangers', () => {
  test.each([
    ['a first packet that is no CONNECT', Buffer.from([0x30, 2, 0, 0])],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a CONNECT that announces 5 KiB', Buffer.from([0x10, 0x80 | (5_120 % 128), 5_120 / 128])],
    ['a CONNECT that announces 256 MiB', Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f])],
    ['a length of five digits', Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 1])],
    ['zeros', Buffer.alloc(1_000)],
  ])('%s ends the connection at once', async (_, bytes) => {
    const { port } = await openBroker();
    const socket = open(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(bytes);
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  });

  test('a packet of more than 64 KiB after the CONNECT ends the connection before it is gathered', async () => {
    const { port, metrics } = await openBroker();
    const socket = await rawSession(port, await enrol());
    socket.write(Buffer.from([0x30, 0xff, 0xff, 0x7f]));
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    expect(await count(metrics.mqttRefused)).toMatchObject({ 'too-long': 1 });
  });

  test('a connection that never finishes its CONNECT is closed in time', async () => {
    const { port } = await openBroker({ connectMs: 200 });
    const packet = connectPacket({ clientId: 'slow' });
    const socket = open(port, '127.0.0.1');
    socket.on('error', () => {});
    let at = 0;
    const drip = setInterval(() => at < packet.length - 1 && socket.write(packet.subarray(at, ++at)), 20);
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    clearInterval(drip);
  });

  test('one connection more than allowed is closed, and there is room again when one leaves', async () => {
    const { port } = await openBroker({ connections: 2 });
    const homes = await Promise.all([enrol(), enrol(), enrol()]);
    const first = await connectAs(port, homes[0]!);
    await connectAs(port, homes[1]!);
    await expect(connectAs(port, homes[2]!)).rejects.toThrow();
    await first.endAsync();
    await until(() => !first.connected);
    let third: MqttClient | undefined;
    while (!third) third = await connectAs(port, homes[2]!).catch(() => undefined);
    expect(third.connected).toBe(true);
  });

  test('a thousand mutated packets disturb neither the broker nor an honest client beside them', async () => {
    const { port, journal } = await openBroker();
    const [honest, hostile] = [await enrol(), await enrol()];
    const client = await connectAs(port, honest);
    const random = seededRandom(20_260_301);
    let slowestMs = 0;
    let running = true;
    let sent = 0;
    const beside = (async () => {
      while (running) {
        const since = Date.now();
        expect(await publish(client, topicOf(honest.source, 'readings'), `honest ${sent++}`)).toBe('acknowledged');
        slowestMs = Math.max(slowestMs, Date.now() - since);
      }
    })();
    for (let i = 0; i < 1_000; i += 20)
      await Promise.all(Array.from({ length: 20 }, () => throwAt(port, mutated(hostile, random.next))));
    running = false;
    await beside;
    expect(slowestMs).toBeLessThan(1_000);
    expect(client.connected).toBe(true);
    await until(() => journal.backlog().entries >= sent);
    const foreign = (await entriesOf(journal, journal.backlog().entries)).filter(
      ({ source }) => source !== honest.source && source !== hostile.source,
    );
    expect(foreign).toEqual([]);
  });
});

async function openBroker(
  limits: Partial<BrokerLimits> = {},
  records = database.records,
  host = '127.0.0.1',
  port = 0,
  journalLimits: Partial<JournalLimits> = {},
) {
  const folder = await freshFolder();
  const metrics = createMetrics();
  const shared = { clock: systemClock, log: silentLog, metrics };
  const journal = await createJournalFiles({ folder, ...shared }, journalLimits);
  ends.push(() => journal.close());
  const downlink = createDownlink();
  const broker = createBroker(
    { records, journal, downlink, random: seededRandom(1), ...shared },
    { port, host, limits },
  );
  ends.push(() => broker.stop());
  await broker.start();
  return { broker, port: broker.port(), journal, downlink, metrics };
}

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hearthbeat-broker-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

let enrolments = 0;
async function enrol(records = database.records): Promise<Enrolled> {
  const source = SourceId.parse(`home-${++enrolments}`);
  const secret = newToken();
  await addSource(records, { id: source, kind: 'gateway' }, secret);
  return { source, secret };
}

const will = (topic: string) => ({
  topic,
  payload: Buffer.from('{"v":1,"state":"offline"}'),
  qos: 1 as const,
  retain: true,
});

/** The first `count` entries of the journal. */
async function entriesOf(journal: Journal, count: number, consumer = 'reader'): Promise<JournalEntry[]> {
  const got: JournalEntry[] = [];
  const consumption = journal.consume(consumer, { batch: 1_000 }, async (batch) => void got.push(...batch));
  await until(() => got.length >= count);
  await consumption.stop();
  return got;
}

const texts = (entries: JournalEntry[]) => entries.map(({ payload }) => payload.toString());

async function count(metric: { get(): Promise<{ values: { labels: object; value: number }[] }> }) {
  const { values } = await metric.get();
  return Object.fromEntries(values.map(({ labels, value }) => [(labels as { what: string }).what, value]));
}

async function brokerProcess(folder: string): Promise<{ child: ChildProcess; port: number }> {
  const script = new URL('../support/broker-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, database.url, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  ends.push(() => child.kill('SIGKILL'));
  const port = await new Promise<number>((resolve) => child.stdout!.once('data', (line) => resolve(Number(line))));
  return { child, port };
}

function connectPacket(part: {
  clientId: string;
  clean?: boolean;
  username?: string;
  password?: string;
  protocolVersion?: 4 | 5;
}) {
  const { password, ...rest } = part;
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    keepalive: 60,
    ...rest,
    ...(password && { password: Buffer.from(password) }),
  } as mqttPacket.IConnectPacket);
}

/** What the broker answers to `bytes` before it closes. */
async function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = open(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.write(bytes);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return Buffer.concat(chunks);
}

async function rawSession(port: number, { source, secret }: Enrolled): Promise<Socket> {
  const socket = open(port, '127.0.0.1');
  socket.on('error', () => {});
  ends.push(() => socket.destroy());
  socket.write(connectPacket({ clientId: source, username: source, password: secret }));
  expect(await received(socket, 4)).toEqual(Buffer.from([0x20, 2, 0, 0]));
  return socket;
}

async function received(socket: Socket, bytes: number): Promise<Buffer> {
  for (;;) {
    const got = socket.read(bytes);
    if (got) return got;
    await new Promise((resolve) => socket.once('readable', resolve));
  }
}

/** A conversation of valid packets in which a few bytes were changed, dropped, doubled or cut off. */
function mutated({ source, secret }: Enrolled, next: () => number): Buffer {
  const packets = [
    connectPacket({ clientId: source, username: source, password: secret }),
    mqttPacket.generate({
      cmd: 'publish',
      topic: topicOf(source, 'readings'),
      payload: 'y'.repeat(50),
      qos: 1,
      messageId: 3,
      retain: false,
      dup: false,
    }),
    mqttPacket.generate({
      cmd: 'subscribe',
      messageId: 4,
      subscriptions: [{ topic: topicOf(source, 'receipts'), qos: 1 }],
    }),
    mqttPacket.generate({
      cmd: 'publish',
      topic: topicOf(source, 'status'),
      payload: '{}',
      qos: 2,
      messageId: 5,
      retain: true,
      dup: false,
    }),
    mqttPacket.generate({ cmd: 'pubrel', messageId: 5 }),
    mqttPacket.generate({ cmd: 'unsubscribe', messageId: 6, unsubscriptions: [topicOf(source, 'receipts')] }),
    mqttPacket.generate({ cmd: 'pingreq' }),
  ];
  const keepConnect = next() < 0.7;
  const bytes = Buffer.concat(packets);
  const from = keepConnect ? packets[0]!.length : 0;
  const at = () => from + Math.floor(next() * (bytes.length - from));
  for (let changes = 1 + Math.floor(next() * 4); changes > 0; changes--) {
    const kind = next();
    if (kind < 0.5) bytes[at()] = Math.floor(next() * 256);
    else if (kind < 0.7) bytes[at()]! ^= 1 << Math.floor(next() * 8);
    else if (kind < 0.85) bytes.copyWithin(at(), at(), at());
    else bytes.fill(next() < 0.5 ? 0 : 0xff, at(), Math.min(bytes.length, at() + 8));
  }
  return next() < 0.3 ? bytes.subarray(0, at()) : bytes;
}

/** Sends `bytes`, then hangs up; resolves when the connection is gone. */
async function throwAt(port: number, bytes: Buffer): Promise<void> {
  const socket = open(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.end(bytes);
  const impatience = setTimeout(() => socket.destroy(), 100);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  clearTimeout(impatience);
}
