import { connect as open } from 'node:net';
import type { MqttClient } from 'mqtt';
import { describe, expect, test } from 'vitest';
import { topicOf } from '#domain/topics.ts';
import { seededRandom } from '#runtime/random.ts';
import { until } from '../contracts/journal.ts';
import { brokers, entriesOf, hungUp, refusals } from '../support/brokers.ts';
import { connectAs, type Enrolled, publish } from '../support/mqtt.ts';
import {
  connectPacket,
  pingPacket,
  publishPacket,
  pubrelPacket,
  subscribePacket,
  unsubscribePacket,
} from '../support/mqtt-packets.ts';

const { openBroker, enrol, rawSession } = brokers();

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
    await hungUp(socket);
  });

  test('a packet of more than 64 KiB after the CONNECT ends the connection before it is gathered', async () => {
    const { port, metrics } = await openBroker();
    const socket = await rawSession(port, await enrol());
    socket.write(Buffer.from([0x30, 0xff, 0xff, 0x7f]));
    await hungUp(socket);
    expect(await refusals(metrics)).toMatchObject({ 'too-long': 1 });
  });

  test('a connection that never finishes its CONNECT is closed in time', async () => {
    const { port } = await openBroker({ limits: { connectMs: 200 } });
    const packet = connectPacket({ clientId: 'slow' });
    const socket = open(port, '127.0.0.1');
    socket.on('error', () => {});
    let at = 0;
    const drip = setInterval(() => at < packet.length - 1 && socket.write(packet.subarray(at, ++at)), 20);
    await hungUp(socket);
    clearInterval(drip);
  });

  test('one connection more than allowed is closed, and there is room again when one leaves', async () => {
    const { port } = await openBroker({ limits: { connections: 2 } });
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
    const honest = await enrol();
    // one each for those who are at it at the same time: the same source would throw itself out
    const hostile = await Promise.all(Array.from({ length: 20 }, () => enrol()));
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
    const throwFifty = async (one: Enrolled) => {
      for (let i = 0; i < 50; i++) await throwAt(port, mutated(one, random.next));
    };
    await Promise.all(hostile.map(throwFifty));
    running = false;
    await beside;
    expect(slowestMs).toBeLessThan(10_000);
    expect(client.connected).toBe(true);
    await until(() => journal.backlog().entries >= sent);
    const foreign = (await entriesOf(journal, journal.backlog().entries)).filter(
      ({ source }) => ![honest, ...hostile].some((one) => one.source === source),
    );
    expect(foreign).toEqual([]);
  });
});

/** A conversation of valid packets in which a few bytes were changed, dropped, doubled or cut off. */
function mutated({ source, secret }: Enrolled, next: () => number): Buffer {
  const [readings, status, receipts] = [
    topicOf(source, 'readings'),
    topicOf(source, 'status'),
    topicOf(source, 'receipts'),
  ];
  const packets = [
    connectPacket({ clientId: source, username: source, password: secret }),
    publishPacket({ topic: readings, payload: 'y'.repeat(50), qos: 1, id: 3 }),
    subscribePacket(4, [receipts]),
    publishPacket({ topic: status, payload: '{}', qos: 2, id: 5, retain: true }),
    pubrelPacket(5),
    unsubscribePacket(6, [receipts]),
    pingPacket(),
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

/** Sends `bytes`, listens for a moment after the first answer, and hangs up. */
async function throwAt(port: number, bytes: Buffer): Promise<void> {
  const socket = open(port, '127.0.0.1');
  socket.on('error', () => {});
  let impatience = setTimeout(() => socket.destroy(), 100);
  socket.once('data', () => {
    clearTimeout(impatience);
    impatience = setTimeout(() => socket.destroy(), 15);
  });
  socket.resume();
  socket.write(bytes);
  await hungUp(socket);
  clearTimeout(impatience);
}
