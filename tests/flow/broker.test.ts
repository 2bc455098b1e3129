import { describe, expect, test } from 'vitest';
import { ReceiptsMessage } from '#domain/downward.ts';
import { SourceId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import { systemClock } from '#runtime/clock.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog } from '#runtime/log.ts';
import { until } from '../contracts/journal.ts';
import { brokers, entriesOf, offlineWill, received, texts } from '../support/brokers.ts';
import { connectAs, publish } from '../support/mqtt.ts';
import { subscribePacket } from '../support/mqtt-packets.ts';

const { openBroker, brokerProcess, enrol, rawSession, freshFolder } = brokers();

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
    const polite = await connectAs(port, one, { will: offlineWill(status) });
    await polite.endAsync();
    const broken = await connectAs(port, one, { will: offlineWill(status) });
    broken.stream.destroy();
    const entries = await entriesOf(journal, 1);
    expect(entries.map(({ kind, payload }) => [kind, payload.toString()])).toEqual([
      ['status', '{"v":1,"state":"offline"}'],
    ]);
  });

  test('the wills of all who are connected are kept when the broker stops', async () => {
    const { port, journal, broker } = await openBroker();
    const homes = await Promise.all(Array.from({ length: 5 }, () => enrol()));
    for (const home of homes) await connectAs(port, home, { will: offlineWill(topicOf(home.source, 'status')) });
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
      await until(() => acknowledged.length - before > 100 + run * 30);
      child.kill('SIGKILL');
      await sending;
      client.end(true);
    }
    const journal = await createJournalFiles({ folder, clock: systemClock, log: silentLog });
    const kept = new Set(texts(await entriesOf(journal, acknowledged.length)));
    expect(acknowledged.length).toBeGreaterThan(1_000);
    expect(acknowledged.filter((word) => !kept.has(word))).toEqual([]);
    await journal.close();
  });

  test('while the journal is full nothing is acknowledged, and health says so until there is room again', async () => {
    const { port, journal, broker } = await openBroker({ journalLimits: { maxBytes: 8_000 } });
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

  test('receipts reach the source they are for once it has subscribed, and nobody else', async () => {
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
    downlink.receipts(one.source, receipts('r1'));
    downlink.receipts(other.source, receipts('r3'));
    downlink.receipts(SourceId.parse('not-here'), receipts('r2'));
    const told = () => heard.filter((line) => !line.includes('"receipts":[]'));
    await until(() => told().length === 2);
    expect(told().sort()).toEqual(
      [
        `${one.source} ${topicOf(one.source, 'receipts')} 1 ${JSON.stringify(receipts('r1'))}`,
        `${other.source} ${topicOf(other.source, 'receipts')} 1 ${JSON.stringify(receipts('r3'))}`,
      ].sort(),
    );
  });

  test('a source that begins to listen for receipts is told the time, by which it can judge its own clock', async () => {
    const { port } = await openBroker();
    const one = await enrol();
    const client = await connectAs(port, one);
    const heard: ReceiptsMessage[] = [];
    client.on('message', (_, payload) => heard.push(ReceiptsMessage.parse(JSON.parse(payload.toString()))));
    const askedAt = Date.now();
    await client.subscribeAsync(topicOf(one.source, 'receipts'), { qos: 1 });
    await until(() => heard.length === 1);
    expect(heard[0]!.receipts).toEqual([]);
    expect(Date.parse(heard[0]!.at!)).toBeGreaterThanOrEqual(askedAt);
    expect(Date.parse(heard[0]!.at!)).toBeLessThanOrEqual(Date.now());
  });

  test('a source that stops reading is disconnected and holds up nobody else', async () => {
    const { port, downlink, metrics } = await openBroker({ limits: { drainMs: 300 } });
    const [frozen, honest] = [await enrol(), await enrol()];
    const socket = await rawSession(port, frozen);
    socket.write(subscribePacket(1, [topicOf(frozen.source, 'receipts')]));
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
    expect(slowestMs).toBeLessThan(10_000);
  });
});
