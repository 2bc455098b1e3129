import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import type { SourceId } from '#domain/ids.ts';
import { downTopics, shardOf, shards, topicOf, upTopics } from '#domain/topics.ts';
import { brokers, entriesOf, hungUp, received } from '../support/brokers.ts';
import { certifiedHomes, shownBy } from '../support/certified-homes.ts';
import { honestClient } from '../support/hostile.ts';
import { connectPacket, publishPacket, subscribePacket } from '../support/mqtt-packets.ts';
import { until } from '../support/until.ts';

/** Every source against every other one, with tokens and with certificates: nobody reaches anything but its own. */

const { openBroker, enrol, records } = brokers();
const { served, certify } = certifiedHomes(records);

type Home = { source: SourceId; secret?: string; open(): Socket };
type Connect = Parameters<typeof connectPacket>[0];

const kinds = [...upTopics, ...downTopics];
const wide = ['#', '+', '+/#', 'hb/#', 'hb/v1/+/+/readings', 'hb/v1/+/+/receipts', '$SYS/#', '$SYS/+/heartbeat', '/#'];
const accepted = Buffer.of(0x20, 2, 0, 0);
/** A connection that is ended may take its CONNACK with it. */
const nothingBut = [accepted, Buffer.alloc(0)];

test('over all pairs of sources of both kinds nothing foreign is published, willed, subscribed to or heard, and honest ones go on', async () => {
  const { port, tlsPort, journal, downlink } = await openBroker({
    tls: served(),
    limits: { newPerAddress: { atOnce: 5_000, perSecond: 50 } },
  });
  const tls = (shown = {}) => connectTls({ port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false, ...shown });
  const homes: Home[] = [];
  for (let i = 0; i < 2; i++) {
    homes.push({ ...(await enrol()), open: () => connect(port, '127.0.0.1') });
    homes.push({ ...(await enrol()), open: () => tls() });
    const { source, box } = await certify();
    homes.push({ source, open: () => tls(shownBy(box)) });
  }
  const honest = await enrol();
  const beside = await honestClient(port, honest);

  const call = ({ source, secret, open }: Home, wish: Partial<Connect> = {}): Socket => {
    const socket = open();
    socket.on('error', () => {});
    const name = secret === undefined ? {} : { username: source, password: secret };
    socket.write(connectPacket({ clientId: source, ...name, ...wish }));
    return socket;
  };
  /** What the broker answered before it hung up. */
  const answers = async (home: Home, packet: Buffer, wish?: Partial<Connect>): Promise<Buffer> => {
    const socket = call(home, wish);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.write(packet);
    await hungUp(socket);
    return Buffer.concat(chunks);
  };

  const tries = homes.flatMap((one) => homes.filter((other) => other !== one).map((other) => [one, other] as const));
  for (const [one, other] of tries) {
    for (const [i, kind] of kinds.entries()) {
      const forged = publishPacket({
        topic: topicOf(other.source, kind),
        payload: 'forged',
        qos: ((i + 1) % 3) as 0 | 1 | 2,
        id: 1,
      });
      expect(nothingBut).toContainEqual(await answers(one, forged));
    }
    const will = { topic: topicOf(other.source, 'status'), payload: 'forged' };
    expect(await answers(one, Buffer.alloc(0), { will })).toEqual(Buffer.of(0x20, 2, 0, 5));
    expect(await answers(one, Buffer.alloc(0), { clientId: other.source })).toEqual(Buffer.of(0x20, 2, 0, 2));
    const posing = { username: other.source, clientId: other.source };
    expect([2, 4]).toContain((await answers(one, Buffer.alloc(0), posing))[3]);
  }
  for (const one of homes) {
    const elsewhere = (shardOf(one.source) + 1) % shards;
    for (const topic of [
      `hb/v1/${elsewhere}/${one.source}/readings`,
      `hb/v2/${topicOf(one.source, 'readings').slice(6)}`,
      '$SYS/x',
      ...downTopics.map((kind) => topicOf(one.source, kind)),
    ])
      expect(nothingBut).toContainEqual(await answers(one, publishPacket({ topic, payload: 'forged', qos: 1, id: 1 })));
  }

  const heard = new Map<SourceId, string>();
  for (const one of homes) {
    const socket = call(one);
    expect(await received(socket, 4)).toEqual(accepted);
    const own = downTopics.map((kind) => topicOf(one.source, kind));
    const foreign = homes
      .flatMap(({ source }) => kinds.map((kind) => topicOf(source, kind)))
      .filter((topic) => !own.includes(topic));
    const shared = own.map((topic) => `$share/all/${topic}`);
    const refused = [...foreign, ...wide, ...shared];
    socket.write(subscribePacket(7, [...refused, ...own]));
    // a length of more than 127 takes two digits
    const suback = await received(socket, 2 + 2 + refused.length + own.length);
    expect([...suback.subarray(4)]).toEqual([...refused.map(() => 0x80), 1, 1]);
    heard.set(one.source, '');
    socket.on('data', (chunk) => heard.set(one.source, `${heard.get(one.source)}${chunk.toString('latin1')}`));
  }
  for (const { source } of homes)
    downlink.receipts(source, { v: 1, receipts: [{ ref: `for ${source}.`, outcome: 'stored' }] });
  await until(() => homes.every(({ source }) => heard.get(source)!.includes(`for ${source}.`)));
  for (const one of homes)
    for (const other of homes) if (other !== one) expect(heard.get(one.source)).not.toContain(other.source);

  const { acknowledged, lost } = await beside.stop();
  expect(lost).toBe(false);
  expect(acknowledged).toBeGreaterThan(10);
  const entries = await entriesOf(journal, journal.backlog().entries);
  expect(entries.filter(({ source }) => source !== honest.source)).toEqual([]);
  expect(entries).toHaveLength(acknowledged);
});
