import { connect as openPlain } from 'node:net';
import { connect as openTls } from 'node:tls';
import type { MqttClient } from 'mqtt';
import { describe, expect, test } from 'vitest';
import { until } from '../contracts/journal.ts';
import { brokers, entriesOf, hungUp, refusals, texts } from '../support/brokers.ts';
import { certifiedHomes } from '../support/certified-homes.ts';
import { attack, honestClient } from '../support/hostile.ts';
import { connectAs } from '../support/mqtt.ts';
import { connectPacket } from '../support/mqtt-packets.ts';

const { openBroker, enrol, rawSession, records } = brokers();
const { served } = certifiedHomes(records);

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
    const socket = openPlain(port, '127.0.0.1');
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
    const socket = openPlain(port, '127.0.0.1');
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

  test('thousands of spoilt packets disturb neither the broker nor an honest client beside them', async () => {
    const { port, tlsPort, journal } = await openBroker({
      tls: served(),
      limits: { newPerAddress: { atOnce: 5_000, perSecond: 1_000 } },
    });
    const honest = await enrol();
    // one each for those who are at it at the same time: the same source would throw itself out
    const hostile = await Promise.all(Array.from({ length: 12 }, () => enrol()));
    const beside = await honestClient(port, honest);
    const open = (number: number) =>
      number % 8 === 7
        ? openTls({ port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false })
        : openPlain(port, '127.0.0.1');
    await attack({ hostile, foreign: honest.source, seed: 20_260_301, mutated: 3_000, open });
    const { acknowledged, slowestMs, lost } = await beside.stop();
    expect(lost).toBe(false);
    // bench:fuzz asks for a second, on a machine that does nothing else
    expect(slowestMs).toBeLessThan(10_000);
    const entries = await entriesOf(journal, journal.backlog().entries);
    const said = entries.filter(({ source }) => source === honest.source);
    expect(texts(said)).toEqual(Array.from({ length: acknowledged }, (_, i) => `honest ${i}`));
    const known = new Set([honest, ...hostile].map(({ source }) => source));
    expect(entries.filter(({ source }) => !known.has(source))).toEqual([]);
  });
});
