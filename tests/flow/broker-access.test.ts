import { connect as open } from 'node:net';
import { describe, expect, test } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import { giveToken, listSources, newToken, revokeSource } from '#runtime/records/sources.ts';
import { brokers, entriesOf, hungUp, offlineWill, received, refusals, texts } from '../support/brokers.ts';
import { closed, connectAs, type Enrolled, publish } from '../support/mqtt.ts';
import { connectPacket, subscribePacket } from '../support/mqtt-packets.ts';
import { testDatabase } from '../support/servers.ts';

const { openBroker, enrol, rawSession, records } = brokers();

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
    ['a will on a topic of readings', 5, async (one: Enrolled) => one, { will: offlineWill('hb/v1/1/x/readings') }],
    ["a will on another source's status", 5, async (one: Enrolled) => one, { will: offlineWill('hb/v1/1/x/status') }],
  ])('%s is refused with return code %i', async (_, code, disguise, options) => {
    const { port } = await openBroker();
    await expect(connectAs(port, await disguise(await enrol()), options)).rejects.toMatchObject({ code });
  });

  test('an empty client id that asks for a lasting session is refused with return code 2 [MQTT-3.1.3-8]', async () => {
    const { port } = await openBroker();
    const { source, secret } = await enrol();
    const packet = connectPacket({ clientId: '', clean: false, username: source, password: secret });
    expect(await exchange(port, packet)).toEqual(Buffer.from([0x20, 2, 0, 2]));
  });

  test('a client of MQTT 5 is told that its protocol is not spoken', async () => {
    const { port } = await openBroker();
    const { source, secret } = await enrol();
    const answer = await exchange(
      port,
      connectPacket({ clientId: source, username: source, password: secret, level: 5 }),
    );
    expect(answer).toEqual(Buffer.from([0x20, 2, 0, 1]));
  });

  test('a revoked source is refused, and its live session ends', async () => {
    const { port, metrics } = await openBroker({ limits: { lookAgainMs: 50 } });
    const one = await enrol();
    const other = await enrol();
    const client = await connectAs(port, one);
    const neighbour = await connectAs(port, other);
    expect(await revokeSource(records(), one.source, '2026-03-01T10:00:00Z')).toBe(true);
    expect(await revokeSource(records(), one.source, '2026-03-01T10:00:01Z')).toBe(false);
    await closed(client);
    expect(neighbour.connected).toBe(true);
    await expect(connectAs(port, one)).rejects.toMatchObject({ code: 5 });
    expect(await refusals(metrics)).toMatchObject({ revoked: 2 });
    const listed = await listSources(records(), { limit: 1_000 });
    expect(listed.find(({ id }) => id === one.source)?.revokedAt).toBe('2026-03-01T10:00:00.000Z');
    expect(listed.find(({ id }) => id === other.source)?.revokedAt).toBeNull();
  });

  test('whoever signed in with a token that has been replaced since is disconnected, and the newest lets in', async () => {
    const { port } = await openBroker({ limits: { lookAgainMs: 50 } });
    const [one, other] = [await enrol(), await enrol()];
    const [client, neighbour] = [await connectAs(port, one), await connectAs(port, other)];
    const secret = newToken();
    await giveToken(records(), one.source, secret, { at: '2026-03-01T10:00:00Z' });
    await closed(client);
    await expect(connectAs(port, one)).rejects.toMatchObject({ code: 4 });
    expect((await connectAs(port, { ...one, secret })).connected).toBe(true);
    expect(neighbour.connected).toBe(true);
  });

  test('with PostgreSQL away newcomers hear "server unavailable" and whoever was here lately is let in', async () => {
    const gone = await testDatabase();
    const [known, unknown] = [await enrol(gone.records), await enrol(gone.records)];
    const { port, broker } = await openBroker({ records: gone.records });
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
    const first = await connectAs(port, one, { will: offlineWill(status) });
    const second = await connectAs(port, one, { will: offlineWill(status) });
    await closed(first);
    expect(await publish(second, status, '{"v":1,"state":"online"}', { retain: true })).toBe('acknowledged');
    const third = await connectAs(port, one);
    await closed(second);
    expect(await publish(third, status, 'the last', { retain: true })).toBe('acknowledged');
    expect(texts(await entriesOf(journal, 2))).toEqual(['{"v":1,"state":"online"}', 'the last']);
    expect((await metrics.mqttConnections.get()).values[0]!.value).toBe(1);
  });

  test('MQTT without encryption listens on this machine only', async () => {
    await expect(openBroker({ host: '0.0.0.0' })).rejects.toMatchObject({ name: 'SetupFault' });
  });

  test('a taken port is a fault of set-up that names the variable', async () => {
    const { port } = await openBroker();
    await expect(openBroker({ port })).rejects.toThrow(/MQTT_PORT/);
  });
});

describe('who may publish and subscribe', () => {
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
    socket.write(subscribePacket(7, [topicOf(source, 'receipts'), topicOf(other.source, 'receipts'), '#']));
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
    expect(await publish(await connectAs(port, one), topicOf(one.source, 'status'), 'x'.repeat(50_000))).toBe('closed');
    const again = await connectAs(port, one);
    expect(await publish(again, topicOf(one.source, 'readings'), 'x'.repeat(60_000))).toBe('acknowledged');
    expect((await entriesOf(journal, 1))[0]!.payload).toHaveLength(60_000);
  });
});

/** What the broker answers to `bytes` before it closes. */
async function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = open(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.write(bytes);
  await hungUp(socket);
  return Buffer.concat(chunks);
}
