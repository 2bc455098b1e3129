import { randomUUID } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import { describe, expect, test } from 'vitest';
import { Command, type CommandAnswer, type StatusMessage } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import { instant } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { assignDevice, holdingsOf, takeBackDevice } from '#runtime/records/assignments.ts';
import {
  answerUnderWayMs,
  closeLateCommands,
  commandsKept,
  keepCommand,
  openAtMost,
  recordAnswer,
  sendAgain,
  sweepCommands,
  takeCommands,
} from '#runtime/records/commands.ts';
import { registerDevice } from '#runtime/records/devices.ts';
import { findSource, revokeSource } from '#runtime/records/sources.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { createIngest } from '../../ingest/ingest.ts';
import { shiftedClock } from '../support/api.ts';
import { brokers, offlineWill } from '../support/brokers.ts';
import { connectAs, type Enrolled, publish } from '../support/mqtt.ts';
import { makeDevice, makePatient, makeTeam } from '../support/people.ts';
import { until } from '../support/until.ts';

/** What homes are asked: kept, brought, answered. A real broker, its journal and the recorder between home and records. */

const { records, openBroker, enrol } = brokers();
const minuteMs = 60_000;

/** A platform whose clock can be set ahead; `end` stops it as a restart does. */
async function openPlatform(clock = shiftedClock()) {
  const { port, broker, journal, metrics } = await openBroker({ clock, limits: { commandsMs: 50 } });
  const store = await createPostgresStore({ records: records(), clock, log });
  const downlink = { receipts: () => {}, carriedBy: () => {} };
  const ingest = createIngest({ journal, store, records: records(), downlink, clock, log, metrics });
  await ingest.start();
  const end = async () => {
    await broker.stop();
    await ingest.stop();
    await store.close();
  };
  return {
    port,
    clock,
    journal,
    metrics,
    end,
    ask: async (source: SourceId, wish: { by?: number; id?: string } = {}): Promise<Command> => {
      const by = instant(wish.by ?? clock.now() + 30 * minuteMs);
      const command: Command = { v: 1, id: wish.id ?? randomUUID(), command: 'send-status', by };
      const now = clock.now();
      expect(await keepCommand(records(), { source, command, patient: null, by: 'operator:test', now })).toBe(true);
      return command;
    },
  };
}

async function homeAt(port: number, enrolled: Enrolled) {
  const client = await connectAs(port, enrolled, { will: offlineWill(topicOf(enrolled.source, 'status')) });
  const heard: Command[] = [];
  client.on('message', (topic, payload) => {
    if (topic === topicOf(enrolled.source, 'commands')) heard.push(Command.parse(JSON.parse(payload.toString())));
  });
  return {
    client,
    heard,
    listen: () => client.subscribeAsync(topicOf(enrolled.source, 'commands'), { qos: 1 }),
  };
}

const answerTo = ({ id }: Command, outcome: CommandAnswer['outcome'] = 'done', reason?: string): CommandAnswer => ({
  v: 1,
  id,
  outcome,
  at: new Date().toISOString(),
  ...(reason ? { reason } : {}),
});
const send = (client: MqttClient, from: SourceId, answer: object | string) =>
  publish(client, topicOf(from, 'answers'), typeof answer === 'string' ? answer : JSON.stringify(answer));
const rowOf = ({ id }: Command) =>
  records().selectFrom('command').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const caughtUp = (platform: { journal: { backlog(): { entries: number } } }) =>
  until(() => platform.journal.backlog().entries === 0);

describe('a command', () => {
  test('waits for a home that is away, is brought when it comes, again until it is answered, and then no more', async () => {
    const platform = await openPlatform();
    const one = await enrol();
    const [first, second] = [await platform.ask(one.source), await platform.ask(one.source)];
    expect(await rowOf(first)).toMatchObject({ sent_at: null, closed_at: null });
    const home = await homeAt(platform.port, one);
    await home.listen();
    await until(() => home.heard.length === 2);
    expect(home.heard).toEqual([first, second]);

    platform.clock.ahead(sendAgain.firstMs);
    await until(() => home.heard.length === 4);
    await send(home.client, one.source, answerTo(first));
    await send(home.client, one.source, answerTo(second, 'refused', 'no-such-device'));
    await until(async () => (await rowOf(second)).closed_at !== null);
    expect(await rowOf(first)).toMatchObject({ outcome: 'done', reason: null, sends: 2 });
    expect(await rowOf(second)).toMatchObject({ outcome: 'refused', reason: 'no-such-device' });

    platform.clock.ahead(10 * minuteMs);
    const third = await platform.ask(one.source);
    await until(() => home.heard.length === 5);
    expect(home.heard.at(-1)).toEqual(third);
    await platform.end();
  });

  test('that was brought to a platform which was then started again is brought again, and a while later is not forgotten', async () => {
    const one = await enrol();
    const before = await openPlatform();
    const home = await homeAt(before.port, one);
    await home.listen();
    const command = await before.ask(one.source);
    await until(() => home.heard.length === 1);
    await before.end();

    const after = await openPlatform();
    const again = await homeAt(after.port, one);
    await again.listen();
    await until(() => again.heard.length === 1);
    expect(again.heard).toEqual([command]);
    // the answer of a home that had done it long ago is as good
    await send(again.client, one.source, answerTo(command));
    await until(async () => (await rowOf(command)).outcome === 'done');
    await after.end();
  });

  test('is closed as too late when its time is over, says whether it ever went out, and is sent no more', async () => {
    const platform = await openPlatform();
    const [present, absent] = [await enrol(), await enrol()];
    const home = await homeAt(platform.port, present);
    await home.listen();
    const by = platform.clock.now() + 5 * minuteMs;
    const [sent, waiting] = [await platform.ask(present.source, { by }), await platform.ask(absent.source, { by })];
    await until(() => home.heard.length === 1);
    platform.clock.ahead(5 * minuteMs + answerUnderWayMs);
    await until(async () => (await rowOf(waiting)).closed_at !== null);
    expect(await rowOf(waiting)).toMatchObject({ outcome: 'too-late', reason: 'not-reached' });
    expect(await rowOf(sent)).toMatchObject({ outcome: 'too-late', reason: 'no-answer', answered_at: null });
    const late = await homeAt(platform.port, absent);
    await late.listen();
    const next = await platform.ask(absent.source);
    await until(() => late.heard.length === 1);
    expect(late.heard).toEqual([next]);

    // a home that did it and could not say so in time knows better than we do
    await send(home.client, present.source, answerTo(sent));
    await until(async () => (await rowOf(sent)).outcome === 'done');
    await platform.end();
  });

  test('beyond so many that are open for one home is not taken', async () => {
    const platform = await openPlatform();
    const one = await enrol();
    for (let i = 0; i < openAtMost; i++) await platform.ask(one.source);
    const command: Command = { v: 1, id: randomUUID(), command: 'send-status', by: instant(Date.now() + minuteMs) };
    const wish = { source: one.source, command, patient: null, by: 'operator:test', now: Date.now() } as const;
    expect(await keepCommand(records(), wish)).toBe(false);
    await platform.end();
  });
});

describe('a question about somebody', () => {
  /** A patient's cuff behind a source, and a wish that they measure again. */
  async function aHome() {
    const { source } = await enrol();
    const patient = (await makePatient(records(), { team: await makeTeam(records()) })).id;
    const device = await makeDevice(records(), { source, patient, from: instant(Date.now() - minuteMs) });
    const wish = async (minutes = 30) => {
      const now = Date.now();
      const by = instant(now + minutes * minuteMs);
      const command: Command = { v: 1, id: randomUUID(), command: 'measure-again', device, by };
      expect(await keepCommand(records(), { source, command, patient, by: 'rule:test', now })).toBe(true);
      return command;
    };
    const brought = async (later = 0) =>
      (await takeCommands(records(), { sources: [source], now: Date.now() + later, limit: 10, all: true })).map(
        (one) => one.command,
      );
    return { source, device, patient, wish, brought };
  }
  const takenBack = async (home: Awaited<ReturnType<typeof aHome>>) =>
    takeBackDevice(records(), { device: home.device, at: instant(Date.now()), by: 'operator:test' });

  test('is put to nobody else: not when the device was taken back, stands in another home, or the home is shut out', async () => {
    const moves: ((home: Awaited<ReturnType<typeof aHome>>) => Promise<unknown>)[] = [
      takenBack,
      async (home) => {
        await takenBack(home);
        const patient = (await makePatient(records(), { team: await makeTeam(records()) })).id;
        const from = instant(Date.now());
        await assignDevice(records(), { id: randomUUID(), device: home.device, userSlot: null, patient, from });
      },
      async (home) => registerDevice(records(), { id: home.device, source: (await enrol()).source }),
      (home) => revokeSource(records(), home.source, instant(Date.now())),
    ];
    for (const move of moves) {
      const home = await aHome();
      const command = await home.wish();
      await move(home);
      expect(await home.brought(1)).toEqual([]);
      expect(await closeLateCommands(records(), Date.now() + 1)).toBe(1);
      expect(await rowOf(command)).toMatchObject({ outcome: 'too-late', reason: 'not-theirs', sent_at: null });
    }
    const untouched = await aHome();
    const command = await untouched.wish();
    expect(await closeLateCommands(records(), Date.now())).toBe(0);
    expect(await untouched.brought()).toEqual([command]);
  });

  test('joins the one that is still open, and the later time holds; after an answer it is a new one', async () => {
    const home = await aHome();
    const first = await home.wish(10);
    const longer = await home.wish(30);
    await home.wish(5);
    expect(await home.brought()).toEqual([{ ...first, by: longer.by }]);
    expect((await rowOf(first)).by_at.toISOString()).toBe(longer.by);
    const done: CommandAnswer = { v: 1, id: first.id, outcome: 'done', at: instant(Date.now()) };
    await recordAnswer(records(), home.source, done, Date.now());
    const next = await home.wish(10);
    expect(await home.brought()).toEqual([next]);
  });

  test('that was closed long ago is swept, and nothing else', async () => {
    const home = await aHome();
    const old = await home.wish();
    await recordAnswer(records(), home.source, { v: 1, id: old.id, outcome: 'done', at: instant(0) }, 0);
    const open = await home.wish();
    expect(await sweepCommands(records(), commandsKept.forMs)).toBe(0);
    expect(await sweepCommands(records(), commandsKept.forMs + 1)).toBe(1);
    await expect(rowOf(old)).rejects.toThrow();
    expect(await rowOf(open)).toMatchObject({ closed_at: null });
  });
});

test('a device that is taken back as of before it was given stays on record, is nobody’s, and can be given anew', async () => {
  const { source } = await enrol();
  const patient = (await makePatient(records(), { team: await makeTeam(records()) })).id;
  const from = instant(Date.now() - minuteMs);
  const device = await makeDevice(records(), { source, patient, from });
  await takeBackDevice(records(), { device, at: '2020-01-01T00:00:00.000Z', by: 'operator:test' });
  const kept = records().selectFrom('assignment').select(['from_at', 'to_at', 'ended_by', 'patient_id']);
  expect(await kept.where('device_id', '=', device).execute()).toEqual([
    { from_at: new Date(from), to_at: new Date(from), ended_by: 'operator:test', patient_id: patient },
  ]);
  expect(await holdingsOf(records(), device)).toEqual([]);
  const wish = { id: randomUUID(), device, userSlot: null, patient, from: instant(Date.parse(from) - minuteMs) };
  expect(await assignDevice(records(), wish)).toBe('assigned');
});

describe('an answer', () => {
  test('that comes twice counts once, and the first counts', async () => {
    const platform = await openPlatform();
    const one = await enrol();
    const home = await homeAt(platform.port, one);
    const command = await platform.ask(one.source);
    for (const outcome of ['done', 'done', 'refused'] as const)
      await send(home.client, one.source, answerTo(command, outcome));
    await caughtUp(platform);
    expect(await rowOf(command)).toMatchObject({ outcome: 'done' });
    const { values } = await platform.metrics.commands.get();
    expect(values.filter(({ labels }) => labels.what !== 'sent' && labels.what !== 'too-late')).toEqual([
      expect.objectContaining({ labels: { what: 'done' }, value: 1 }),
    ]);
    await platform.end();
  });

  test("to another home's command, to none, or to nothing that can be read changes nothing and holds nobody up", async () => {
    const platform = await openPlatform();
    const [victim, thief] = [await enrol(), await enrol()];
    const command = await platform.ask(victim.source);
    const home = await homeAt(platform.port, thief);
    const before = await rowOf(command);
    const hostile = [
      answerTo(command),
      answerTo({ ...command, id: randomUUID() }),
      { ...answerTo(command), outcome: 'exploded' },
      { ...answerTo(command), id: "' or 1=1 --" },
      { ...answerTo(command), reason: 'x'.repeat(65) },
      '{',
      '\0',
      '"\ud800"',
    ];
    for (const answer of hostile) expect(await send(home.client, thief.source, answer)).toBe('acknowledged');
    const own = await platform.ask(thief.source);
    await send(home.client, thief.source, answerTo(own, 'refused', 'a\0b'));
    await until(async () => (await rowOf(own)).outcome === 'refused');
    const { outcome, answered_at: answeredAt, closed_at: closedAt } = await rowOf(command);
    expect({ outcome, answeredAt, closedAt }).toEqual({
      outcome: before.outcome,
      answeredAt: before.answered_at,
      closedAt: before.closed_at,
    });
    const refused = await records().selectFrom('quarantine').select(['reason', 'source_id']).execute();
    expect(refused.filter(({ source_id }) => source_id === thief.source).map(({ reason }) => reason)).toEqual(
      Array.from({ length: 6 }, () => 'malformed'),
    );
    await platform.end();
  });

  test('under another name, too long, or to be retained is not taken', async () => {
    const platform = await openPlatform();
    const [one, other] = [await enrol(), await enrol()];
    const command = await platform.ask(other.source);
    const text = JSON.stringify(answerTo(command));
    for (const [topic, payload, retain] of [
      [topicOf(other.source, 'answers'), text, false],
      [topicOf(one.source, 'answers'), `${text}${' '.repeat(1_024)}`, false],
      [topicOf(one.source, 'answers'), text, true],
    ] as const) {
      const { client } = await homeAt(platform.port, one);
      expect(await publish(client, topic, payload, { retain })).toBe('closed');
    }
    expect(await rowOf(command)).toMatchObject({ outcome: null });
    await platform.end();
  });
});

test('a home that was online when its platform was killed is offline until it comes, and what it told stays known', async () => {
  const one = await enrol();
  const before = await openPlatform();
  const home = await homeAt(before.port, one);
  const online: StatusMessage = {
    v: 1,
    state: 'online',
    at: new Date().toISOString(),
    waiting: 3,
    devices: [{ device: 'C0:FF:EE:00:00:01', battery: 15, rssi: -70 }],
  };
  const status = async () => (await findSource(records(), one.source))?.status;
  await publish(home.client, topicOf(one.source, 'status'), JSON.stringify(online), { retain: true });
  await until(async () => (await status())?.state === 'online');
  // killed: no last will is delivered, the recorder hears nothing more
  home.client.end();
  await until(() => !home.client.connected);
  expect(await status()).toEqual(online);

  const after = await openPlatform();
  expect(await status()).toEqual({ ...online, state: 'offline' });
  const again = await homeAt(after.port, one);
  await publish(again.client, topicOf(one.source, 'status'), JSON.stringify(online), { retain: true });
  await until(async () => (await status())?.state === 'online');
  // a last will tells that it is away, and nothing of what is known of its devices is lost
  again.client.stream.destroy();
  await until(async () => (await status())?.state === 'offline');
  expect(await status()).toEqual({ ...online, state: 'offline' });
  await after.end();
  await before.end();
});
