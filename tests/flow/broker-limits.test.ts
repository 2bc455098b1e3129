import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { topicOf } from '#domain/topics.ts';
import { brokers, entriesOf, hungUp, received, refusals, texts } from '../support/brokers.ts';
import { connectAs, publish } from '../support/mqtt.ts';
import { pingPacket, publishPacket, subscribePacket } from '../support/mqtt-packets.ts';
import { until } from '../support/until.ts';

/** What a source that has signed in is allowed; what strangers are, see broker-strangers and broker-tls. */

const { openBroker, enrol, rawSession } = brokers();

describe('a source that publishes too fast', () => {
  const rate = { atOnce: 10, perSecond: 50 };
  const many = 60;

  test.each([0, 1, 2] as const)(
    'with QoS %i waits for its turns; nothing is lost, and the order stays',
    async (qos) => {
      const { port, journal, metrics } = await openBroker({ limits: { publishes: rate } });
      const one = await enrol();
      const client = await connectAs(port, one);
      const words = Array.from({ length: many }, (_, i) => `${i}`);
      const since = performance.now();
      const outcomes = await Promise.all(
        words.map((word) => publish(client, topicOf(one.source, 'readings'), word, { qos })),
      );
      await until(() => journal.backlog().entries === many);
      const tookMs = performance.now() - since;
      expect(new Set(outcomes)).toEqual(new Set(['acknowledged']));
      expect(texts(await entriesOf(journal, many))).toEqual(words);
      expect(tookMs).toBeGreaterThan(((many - rate.atOnce) / rate.perSecond) * 1_000 - 50);
      expect((await metrics.mqttHeld.get()).values[0]!.value).toBeGreaterThan(20);
      expect(client.connected).toBe(true);
    },
  );

  test('takes no turns of anybody else, and coming back gives it no new ones', async () => {
    const { port, journal } = await openBroker({ limits: { publishes: { atOnce: 2, perSecond: 0.01 } } });
    const [fast, honest] = [await enrol(), await enrol()];
    const client = await connectAs(port, fast);
    for (let i = 0; i < 5; i++) void publish(client, topicOf(fast.source, 'readings'), `fast ${i}`);
    await until(() => journal.backlog().entries === 2);
    const beside = await connectAs(port, honest);
    expect(await publish(beside, topicOf(honest.source, 'readings'), 'honest')).toBe('acknowledged');
    const again = await connectAs(port, fast);
    let acknowledged = false;
    void publish(again, topicOf(fast.source, 'readings'), 'again').then(() => {
      acknowledged = true;
    });
    expect(await publish(beside, topicOf(honest.source, 'readings'), 'honest again')).toBe('acknowledged');
    expect(acknowledged).toBe(false);
    expect(texts(await entriesOf(journal, 4))).toEqual(['fast 0', 'fast 1', 'honest', 'honest again']);
  });

  test('a long message takes as many turns as it is long', async () => {
    const limits = { publishes: { atOnce: 4, perSecond: 0.01 }, turnBytes: 1_000 };
    const { port } = await openBroker({ limits });
    const one = await enrol();
    const client = await connectAs(port, one);
    expect(await publish(client, topicOf(one.source, 'readings'), 'x'.repeat(3_500))).toBe('acknowledged');
    let acknowledged = false;
    void publish(client, topicOf(one.source, 'readings'), 'y').then(() => {
      acknowledged = true;
    });
    const other = await enrol();
    await publish(await connectAs(port, other), topicOf(other.source, 'readings'), 'z');
    expect(acknowledged).toBe(false);
  });

  test('is not waited for when the broker stops', async () => {
    const { port, journal, broker } = await openBroker({ limits: { publishes: { atOnce: 1, perSecond: 0.01 } } });
    const one = await enrol();
    const client = await connectAs(port, one);
    for (let i = 0; i < 3; i++) void publish(client, topicOf(one.source, 'readings'), `${i}`);
    await until(() => journal.backlog().entries === 1);
    await broker.stop();
    expect(texts(await entriesOf(journal, 1))).toEqual(['0']);
  });
});

describe('a client that is broken or hostile', () => {
  test('more packets that are no PUBLISH than any client has reason for end its connection', async () => {
    const { port, metrics } = await openBroker({ limits: { controls: { atOnce: 100, perSecond: 1 } } });
    const [flooding, honest] = [await enrol(), await enrol()];
    const socket = await rawSession(port, flooding);
    socket.resume();
    const client = await connectAs(port, honest);
    socket.write(Buffer.concat(Array.from({ length: 200 }, pingPacket)));
    await hungUp(socket);
    expect(await refusals(metrics)).toMatchObject({ 'too-many': 1 });
    expect(await publish(client, topicOf(honest.source, 'readings'), 'x')).toBe('acknowledged');
  });

  test('more refused filters than allowed end its connection, however they are split into packets', async () => {
    const { port } = await openBroker({ limits: { refusedFilters: 20 } });
    const filters = (count: number) => Array.from({ length: count }, (_, i) => `hb/v1/0/x${i}/receipts`);
    const socket = await rawSession(port, await enrol());
    socket.write(subscribePacket(1, filters(20)));
    expect([...(await received(socket, 24)).subarray(4)]).toEqual(Array(20).fill(0x80));
    socket.write(subscribePacket(2, filters(1)));
    await hungUp(socket);
  });

  test('more messages of QoS 2 than allowed that are never released end its connection', async () => {
    const { port, journal } = await openBroker({ limits: { unreleased: 10 } });
    const one = await enrol();
    const socket = await rawSession(port, one);
    const topic = topicOf(one.source, 'readings');
    for (let id = 1; id <= 10; id++) {
      socket.write(publishPacket({ topic, payload: `${id}`, qos: 2, id }));
      expect(await received(socket, 4)).toEqual(Buffer.of(0x50, 2, 0, id));
    }
    socket.write(publishPacket({ topic, payload: '11', qos: 2, id: 11 }));
    await hungUp(socket);
    expect(journal.backlog().entries).toBeLessThanOrEqual(11);
  });

  test('a flood of messages by one that reads no answers holds up nobody else', async () => {
    const { port } = await openBroker({ limits: { drainMs: 300 } });
    const [deaf, honest] = [await enrol(), await enrol()];
    const socket = await rawSession(port, deaf);
    socket.pause();
    const client = await connectAs(port, honest);
    const flood = flooding(socket, topicOf(deaf.source, 'readings'));
    let slowestMs = 0;
    for (let i = 0; i < 50; i++) {
      const since = performance.now();
      expect(await publish(client, topicOf(honest.source, 'readings'), 'x')).toBe('acknowledged');
      slowestMs = Math.max(slowestMs, performance.now() - since);
    }
    flood.stop();
    expect(slowestMs).toBeLessThan(5_000);
  });
});

/** As much as the connection takes. */
function flooding(socket: Socket, topic: string): { stop(): void } {
  let id = 0;
  const packets = Buffer.concat(
    Array.from({ length: 500 }, () => publishPacket({ topic, payload: 'x', qos: 1, id: 1 + (id++ % 60_000) })),
  );
  const pour = () => {
    while (!socket.destroyed && socket.write(packets));
  };
  socket.on('drain', pour);
  pour();
  return { stop: () => socket.destroy() };
}
