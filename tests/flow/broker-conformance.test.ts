import { connect, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { topicOf } from '#domain/topics.ts';
import { brokers, entriesOf, hungUp, offlineWill, received, texts } from '../support/brokers.ts';
import { closed, connectAs, type Enrolled, publish } from '../support/mqtt.ts';
import {
  connectPacket,
  packet,
  pingPacket,
  publishPacket,
  pubrelPacket,
  subscribePacket,
  unsubscribePacket,
} from '../support/mqtt-packets.ts';
import { until } from '../support/until.ts';

/**
 * MQTT 3.1.1 (OASIS standard, 29 October 2014) as far as homes need it; numbers in brackets are its statements. What MQTT.js does
 * not do, bare sockets do.
 */

const { openBroker, enrol, rawSession } = brokers();

/** A signed-in connection, with everything it said beside it. */
function call(
  port: number,
  { source, secret }: Enrolled,
  wish: Partial<Parameters<typeof connectPacket>[0]> = {},
): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(connectPacket({ clientId: source, username: source, password: secret, ...wish }));
  return socket;
}
const accepted = Buffer.of(0x20, 2, 0, 0);

describe('a connection', () => {
  test('that asks for a lasting session is told that there is none [3.2.2-2], each time', async () => {
    const { port } = await openBroker();
    const one = await enrol();
    for (let times = 0; times < 2; times++) {
      const socket = call(port, one, { clean: false });
      expect(await received(socket, 4)).toEqual(accepted);
      socket.write(subscribePacket(1, [topicOf(one.source, 'receipts')]));
      await received(socket, 5);
      socket.destroy();
    }
  });

  test('of MQTT 3.1 is let in as well, with a client id of up to 23 characters', async () => {
    const { port } = await openBroker();
    const { source, secret } = await enrol();
    const name = (words: string) => Buffer.concat([Buffer.of(0, words.length), Buffer.from(words)]);
    const socket = connect(port, '127.0.0.1');
    socket.write(packet(0x10, name('MQIsdp'), Buffer.of(3, 0xc2, 0, 60), name(source), name(source), name(secret)));
    expect(await received(socket, 4)).toEqual(accepted);
    socket.destroy();
  });

  test.each([
    [
      'a second CONNECT [3.1.0-2]',
      ({ source, secret }: Enrolled) => connectPacket({ clientId: source, username: source, password: secret }),
    ],
    ['a CONNACK, which only a server sends', () => packet(0x20, Buffer.of(0, 0))],
    ['a packet of the reserved kind 15', () => packet(0xf0)],
    [
      'a PUBLISH of QoS 3 [3.3.1-4]',
      ({ source }: Enrolled) => {
        const bytes = publishPacket({ topic: topicOf(source, 'readings'), payload: 'x', qos: 1, id: 1 });
        bytes[0] = 0x36;
        return bytes;
      },
    ],
    [
      'a PUBLISH with a wildcard in its topic [3.3.2-2]',
      () => publishPacket({ topic: 'hb/+/x', payload: 'x', qos: 1, id: 1 }),
    ],
    ['a PUBLISH without a topic', () => publishPacket({ topic: '', payload: 'x', qos: 1, id: 1 })],
    [
      'a SUBSCRIBE with wrong flags [3.8.1-1]',
      ({ source }: Enrolled) => {
        const bytes = subscribePacket(1, [topicOf(source, 'receipts')]);
        bytes[0] = 0x80;
        return bytes;
      },
    ],
    ['a SUBSCRIBE without a filter [3.8.3-3]', () => subscribePacket(1, [])],
  ])('ends at %s, and nothing of it is kept', async (_, of) => {
    const { port, journal } = await openBroker();
    const one = await enrol();
    const socket = await rawSession(port, one);
    socket.resume();
    socket.write(of(one));
    await hungUp(socket);
    expect(journal.backlog().entries).toBe(0);
  });

  test('answers each PINGREQ [3.12.4-1] and ends one and a half times the keep-alive after the last packet [3.1.2-24], with its will', async () => {
    const { port, journal } = await openBroker();
    const [pinging, silent] = [await enrol(), await enrol()];
    const will = { topic: topicOf(silent.source, 'status'), payload: '{"v":1,"state":"offline"}' };
    const sockets = [call(port, pinging, { keepAliveS: 1 }), call(port, silent, { keepAliveS: 1, will })] as const;
    for (const socket of sockets) expect(await received(socket, 4)).toEqual(accepted);
    const since = performance.now();
    const pings = setInterval(() => sockets[0].write(pingPacket()), 300);
    sockets[1].resume();
    await hungUp(sockets[1]);
    clearInterval(pings);
    expect(performance.now() - since).toBeGreaterThan(1_300);
    expect(await received(sockets[0], 4)).toEqual(Buffer.of(0xd0, 0, 0xd0, 0));
    sockets[0].destroy();
    expect(texts(await entriesOf(journal, 1))).toEqual([will.payload]);
  });

  test('that ends by DISCONNECT leaves no will behind [3.14.4-3]', async () => {
    const { port, journal } = await openBroker();
    const one = await enrol();
    const socket = call(port, one, { will: { topic: topicOf(one.source, 'status'), payload: 'gone' } });
    expect(await received(socket, 4)).toEqual(accepted);
    socket.write(packet(0xe0));
    socket.resume();
    await hungUp(socket);
    // whatever a will would have become, it would stand before this
    await publish(await connectAs(port, one), topicOf(one.source, 'readings'), 'after');
    expect(texts(await entriesOf(journal, 1))).toEqual(['after']);
  });

  test('may send what it wants before it has seen its CONNACK [3.1.4-5]', async () => {
    const { port, journal } = await openBroker();
    const one = await enrol();
    const socket = call(port, one);
    const topic = topicOf(one.source, 'readings');
    socket.write(Buffer.concat([1, 2, 3].map((id) => publishPacket({ topic, payload: `early ${id}`, qos: 1, id }))));
    expect(await received(socket, 16)).toEqual(
      Buffer.concat([accepted, ...[1, 2, 3].map((id) => Buffer.of(0x40, 2, 0, id))]),
    );
    socket.destroy();
    expect(texts(await entriesOf(journal, 3))).toEqual(['early 1', 'early 2', 'early 3']);
  });

  test('whose packets come byte by byte is understood as one whose packets come together', async () => {
    const { port, journal } = await openBroker();
    const one = await enrol();
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    const bytes = Buffer.concat([
      connectPacket({ clientId: one.source, username: one.source, password: one.secret }),
      publishPacket({ topic: topicOf(one.source, 'readings'), payload: 'x'.repeat(200), qos: 1, id: 9 }),
    ]);
    for (const byte of bytes) await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
    expect(await received(socket, 8)).toEqual(Buffer.concat([accepted, Buffer.of(0x40, 2, 0, 9)]));
    socket.destroy();
    expect((await entriesOf(journal, 1))[0]!.payload).toHaveLength(200);
  });
});

describe('delivery', () => {
  test('of QoS 2 happens once, however often the message and its release are sent again [4.3.3-2]', async () => {
    const { port, journal } = await openBroker();
    const one = await enrol();
    const socket = await rawSession(port, one);
    const message = publishPacket({ topic: topicOf(one.source, 'readings'), payload: 'once', qos: 2, id: 5 });
    const again = Buffer.from(message);
    again[0]! |= 0x08;
    for (const bytes of [message, again, again]) {
      socket.write(bytes);
      expect(await received(socket, 4)).toEqual(Buffer.of(0x50, 2, 0, 5));
    }
    for (let times = 0; times < 2; times++) {
      socket.write(pubrelPacket(5));
      expect(await received(socket, 4)).toEqual(Buffer.of(0x70, 2, 0, 5));
    }
    // released, the number is free for another message
    socket.write(publishPacket({ topic: topicOf(one.source, 'readings'), payload: 'another', qos: 2, id: 5 }));
    expect(await received(socket, 4)).toEqual(Buffer.of(0x50, 2, 0, 5));
    expect(texts(await entriesOf(journal, journal.backlog().entries))).toEqual(['once', 'another']);
  });

  test('downwards comes with QoS 1, is not withdrawn by an UNSUBSCRIBE of something else, and ends with one of its topic', async () => {
    const { port, downlink } = await openBroker();
    const one = await enrol();
    const client = await connectAs(port, one);
    const heard: string[] = [];
    client.on('message', (_, payload, { qos, retain }) => heard.push(`${qos} ${retain} ${payload}`));
    const receipts = topicOf(one.source, 'receipts');
    const send = (ref: string) => downlink.receipts(one.source, { v: 1, receipts: [{ ref, outcome: 'stored' }] });
    await client.subscribeAsync(receipts, { qos: 1 });
    await client.unsubscribeAsync('something/else');
    send('first.');
    await until(() => heard.some((line) => line.includes('first.')));
    expect(heard.every((line) => line.startsWith('1 false'))).toBe(true);
    await client.unsubscribeAsync(receipts);
    send('second.');
    await client.subscribeAsync(receipts, { qos: 1 });
    send('third.');
    await until(() => heard.some((line) => line.includes('third.')));
    expect(heard.some((line) => line.includes('second.'))).toBe(false);
  });

  test('UNSUBSCRIBE is answered for what was never subscribed to [3.10.4-5]', async () => {
    const { port } = await openBroker();
    const socket = await rawSession(port, await enrol());
    socket.write(unsubscribePacket(3, ['a/b', 'c']));
    expect(await received(socket, 4)).toEqual(Buffer.of(0xb0, 2, 0, 3));
  });
});

describe('the status of a source', () => {
  test('may be retained, and goes the way of all that is kept, as does the will behind it: the records hold the newest of it', async () => {
    const { port, journal } = await openBroker();
    const one = await enrol();
    const status = topicOf(one.source, 'status');
    const client = await connectAs(port, one, { will: offlineWill(status) });
    await publish(client, status, '{"v":1,"state":"online"}', { retain: true });
    client.stream.destroy();
    expect(texts(await entriesOf(journal, 2))).toEqual(['{"v":1,"state":"online"}', '{"v":1,"state":"offline"}']);
  });

  test('a newcomer with the same client id takes over [3.1.4-2]: the former connection ends, its will unspoken, and one of three stays', async () => {
    const { port, journal } = await openBroker();
    const one = await enrol();
    const status = topicOf(one.source, 'status');
    const clients = [];
    for (let i = 0; i < 3; i++) clients.push(await connectAs(port, one, { will: offlineWill(status) }));
    await Promise.all(clients.slice(0, 2).map(closed));
    expect(await publish(clients[2]!, topicOf(one.source, 'readings'), 'the one')).toBe('acknowledged');
    expect(texts(await entriesOf(journal, 1))).toEqual(['the one']);
  });
});
