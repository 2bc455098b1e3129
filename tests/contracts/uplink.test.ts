import { describe, expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { systemRandom } from '#runtime/random.ts';
import { openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import { fillOutbox } from '../support/filled-outbox.ts';
import { until } from '../support/until.ts';
import { clockAhead, numberIn, uplinkRoom } from '../support/uplinks.ts';

/** What the way to the server does with what waits, against a server that misbehaves. */
const room = uplinkRoom();
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const empty = () => until(() => room.outbox.count() === 0);

describe('readings on their way up', () => {
  it('go up in the order heard, device by device, and are gone when receipted', async () => {
    for (const device of ['AA:BB:CC:00:00:01', 'AA:BB:CC:00:00:02']) room.take(range(1, 120), { device });
    room.uplinkWith();
    await empty();
    for (const device of ['AA:BB:CC:00:00:01', 'AA:BB:CC:00:00:02']) {
      const times = room.server.readings.filter((one) => one.device === device).map((one) => one.takenAt);
      expect(times).toEqual([...times].sort());
      expect(times).toHaveLength(120);
    }
    expect(Math.max(...room.server.batches)).toBeLessThanOrEqual(100);
  });

  it('overtake what has waited for long when they were heard just now', async () => {
    room.take(range(1, 700));
    room.server.receipt((reading) => (Date.parse(reading.heardAt) > Date.now() - 60_000 ? 'stored' : undefined));
    const uplink = room.uplinkWith();
    await until(() => room.server.readings.length >= 500);
    // the backlog waits for receipts that do not come; who measures now does not
    for (const n of range(1_001, 1_003)) {
      room.take([n], { heardAt: Date.now() });
      uplink.nudge();
      await until(() => room.got().includes(n));
    }
    await until(() => room.outbox.count() === 700);
    room.server.receipt(() => 'stored');
    room.server.drop();
  });

  it('of months without a link go up whole, in order, without being held in memory', async () => {
    room.outbox.close();
    const count = 8_000;
    const devices = range(1, 10).map((n) => `AA:BB:CC:00:00:${n.toString(16).padStart(2, '0').toUpperCase()}`);
    fillOutbox(room.path, count, devices, Date.now() - 3_600_000);
    room.outbox = openOutbox(systemClock, room.path);
    const last = new Map<string, number>();
    let got = 0;
    let disordered = 0;
    room.server.receipt((reading) => {
      got++;
      if (reading.sequence! < (last.get(reading.device) ?? -1)) disordered++;
      last.set(reading.device, reading.sequence!);
      return 'stored';
    });
    room.server.keepNothing();
    let mostSent = 0;
    room.uplinkWith();
    await until(() => {
      mostSent = Math.max(mostSent, got - (count - room.outbox.count()));
      return room.outbox.count() === 0;
    }, 60_000);
    expect(disordered).toBe(0);
    expect(got).toBe(count);
    expect(mostSent).toBeLessThanOrEqual(600);
  });

  it('are sent again, however often, when no receipt comes, and hold up neither others nor the outbox', async () => {
    room.take(range(1, 30));
    room.server.receipt((reading) =>
      room.got().filter((n) => n === 7).length < 4 && numberIn(reading) === 7 ? undefined : 'stored',
    );
    const limits = { receiptMs: 100, receiptMostMs: 300, unreceipted: 1 };
    room.uplinkWith({ limits });
    await until(() => room.outbox.count() === 1);
    await empty();
    expect(room.got().filter((n) => n === 7).length).toBeGreaterThanOrEqual(4);
  });

  it('are taken out by a receipt that comes before the PUBACK, and by one without any PUBACK', async () => {
    room.take(range(1, 150));
    room.server.acknowledge('after-the-receipt');
    const uplink = room.uplinkWith({ limits: { pubackMs: 300 } });
    await empty();
    room.server.acknowledge('never');
    room.take(range(201, 350), { heardAt: Date.now() });
    uplink.nudge();
    // each connection brings one message, and ends for want of an acknowledgement
    await empty();
    expect(new Set(room.got())).toEqual(new Set([...range(1, 150), ...range(201, 350)]));
  });

  it('wait out a broker that restarts, and one that comes back knowing nothing gets all that it had not receipted', async () => {
    room.take(range(1, 20));
    room.server.receipt((reading) => (numberIn(reading) === 5 ? 'stored' : undefined));
    const uplink = room.uplinkWith({ limits: { receiptMs: 500 } });
    await until(() => room.outbox.count() === 19);
    await room.server.down();
    await until(() => !uplink.isConnected());
    room.server.readings.length = 0;
    room.server.receipt(() => 'stored');
    await room.server.up();
    await empty();
    expect(new Set(room.got())).toEqual(new Set(range(1, 20).filter((n) => n !== 5)));
  });

  it('are not disturbed by receipts that are doubled, malformed, or for what was never here', async () => {
    room.take(range(1, 3));
    room.server.receipt(() => undefined);
    room.uplinkWith();
    await until(() => room.server.readings.length === 3);
    const [first, second] = room.server.readings.map(({ ref }) => ref);
    const stored = (ref: unknown) => ({ ref, outcome: 'stored' });
    for (const message of [
      'no JSON',
      '[]',
      { v: 2, receipts: [stored(second)] },
      { v: 1, at: 'yesterday', receipts: [] },
      {
        v: 1,
        receipts: [stored('never-sent'), stored(7), { ref: second, outcome: 'perhaps' }, stored(first), stored(first)],
      },
      { v: 1, receipts: [stored(first)] },
    ])
      room.server.send('receipts', message);
    await until(() => room.outbox.count() === 2);
    room.server.send('receipts', { v: 1, receipts: [stored(second)] });
    await until(() => room.outbox.count() === 1);
    expect(room.outbox.asideByReason()).toEqual([]);
  });

  it('that the server refuses are kept at home with its reason, and counted by it', async () => {
    room.take(range(1, 5));
    room.server.receipt((reading) => (numberIn(reading) === 2 || numberIn(reading) === 4 ? 'quarantined' : 'stored'));
    room.uplinkWith();
    await empty();
    expect(room.outbox.asideByReason()).toEqual([{ reason: 'server: not-assigned', count: 2 }]);
    expect(room.outbox.standing()).toMatchObject({ aside: 2, waiting: 0, lost: 0 });
  });
});

describe('a home whose clock is wrong', () => {
  const hour = 3_600_000;

  it.each([
    ['ahead', 2 * hour],
    ['behind', -2 * hour],
  ])('%s: knows it from the server, and corrects what it heard before it sends it', async (_, offset) => {
    const clock = clockAhead(() => offset);
    const uplink = room.uplinkWith({}, clock);
    // heard by that clock, and without a word of the device on when
    room.take([1], { heardAt: clock.now() });
    await empty();
    const [reading] = room.server.readings;
    expect(Math.abs(Date.parse(reading!.heardAt) - Date.now())).toBeLessThan(10_000);
    expect(uplink.clockIsWrong()).toBe(true);
    expect(Math.round(uplink.clockOffsetMs()! / 60_000)).toBe(offset / 60_000);
  });

  it('sends a reading that the server refuses for the future once more, corrected, when the refusal tells the time', async () => {
    const clock = clockAhead(() => 2 * hour);
    room.server.receipt((reading) => (Date.parse(reading.heardAt) > Date.now() + 600_000 ? 'quarantined' : 'stored'));
    room.server.refuse('taken-in-the-future');
    room.server.clock(undefined);
    const uplink = room.uplinkWith({ limits: { timeMs: 50 } }, clock);
    await until(() => uplink.isConnected());
    room.server.clock(() => Date.now());
    room.take([1], { heardAt: clock.now() });
    uplink.nudge();
    await empty();
    expect(room.server.readings).toHaveLength(2);
    expect(new Set(room.server.readings.map(({ ref }) => ref)).size).toBe(1);
    expect(room.outbox.asideByReason()).toEqual([]);
  });

  it('sends what it cannot date anew, from an earlier life or from before the clock was set, as it is', async () => {
    let offset = 2 * hour;
    const clock = clockAhead(() => offset);
    const earlier = clock.now();
    room.take([1], { heardAt: earlier });
    const uplink = room.uplinkWith({}, clock);
    await empty();
    expect(Date.parse(room.server.readings[0]!.heardAt)).toBe(earlier);
    await until(() => uplink.clockIsWrong());
    offset = 0;
    await until(() => uplink.clockOffsetMs() !== undefined && !uplink.clockIsWrong());
    room.take([2], { heardAt: Date.now() });
    uplink.nudge();
    await empty();
    expect(Math.abs(Date.parse(room.server.readings[1]!.heardAt) - Date.now())).toBeLessThan(10_000);
  });
});

describe('commands', () => {
  const soon = () => new Date(Date.now() + 60_000).toISOString();
  const ask = (id: string, by = soon()) => ({ v: 1, id, command: 'send-status', by }) as const;

  it('are acted on once and answered as often as they come, alike, also in another life', async () => {
    let acted = 0;
    const id = systemRandom.uuid();
    const first = room.uplinkWith();
    first.onCommand(async () => ({ outcome: acted++ === 0 ? 'done' : 'refused' }));
    await until(() => first.isConnected() && room.server.statuses.length > 0);
    for (const _ of [1, 2, 3]) room.server.command(ask(id));
    await until(() => room.server.answers.length >= 1);
    room.server.command(ask(id));
    await until(() => room.server.answers.length >= 2);
    await first.close();
    const heard = room.server.statuses.length;
    room.uplinkWith().onCommand(async () => ({ outcome: acted++ === 0 ? 'done' : 'refused' }));
    await until(() => room.server.statuses.length > heard + 1 || room.server.statuses.at(-1)?.state === 'online');
    const answered = room.server.answers.length;
    room.server.command(ask(id));
    await until(() => room.server.answers.length > answered);
    expect(acted).toBe(1);
    expect(new Set(room.server.answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(room.server.answers[0]).toMatchObject({ id, outcome: 'done' });
  });

  it('that come too late, or are not understood, are answered so and not acted on', async () => {
    const uplink = room.uplinkWith();
    let acted = 0;
    uplink.onCommand(async () => {
      acted++;
      return { outcome: 'done' };
    });
    await until(() => room.server.statuses.length > 0);
    const [late, strange] = [systemRandom.uuid(), systemRandom.uuid()];
    room.server.command(ask(late, '2026-01-01T00:00:00.000Z'));
    room.server.send('commands', { v: 1, id: strange, command: 'explode', by: soon() });
    room.server.send('commands', { v: 1, command: 'explode' });
    await until(() => room.server.answers.length === 2);
    expect(room.server.answers).toMatchObject([
      { id: late, outcome: 'too-late' },
      { id: strange, outcome: 'refused', reason: 'not-understood' },
    ]);
    expect(acted).toBe(0);
  });

  it('are answered when the link is back, if it was lost meanwhile', async () => {
    const uplink = room.uplinkWith();
    const done = Promise.withResolvers<{ outcome: 'done' }>();
    let acting = false;
    uplink.onCommand(() => {
      acting = true;
      return done.promise;
    });
    await until(() => room.server.statuses.length > 0);
    room.server.command(ask(systemRandom.uuid()));
    await until(() => acting);
    await room.server.down();
    await until(() => !uplink.isConnected());
    done.resolve({ outcome: 'done' });
    await until(() => room.outbox.answers.waiting(1).length === 1);
    await room.server.up();
    await until(() => room.server.answers.length === 1 && room.outbox.answers.waiting(1).length === 0);
  });
});

describe('the status', () => {
  it('is told at once, again when something of note has changed, and as often as was asked for', async () => {
    let battery = 90;
    let everyMs = 3_600_000;
    room.uplinkWith({
      status: () => ({ waiting: 0, devices: [{ device: 'AA:BB:CC:00:00:01', battery }] }),
      statusMs: () => everyMs,
      limits: { statusPauseMs: 100 },
    });
    await until(() => room.server.statuses.length === 1);
    expect(room.server.statuses[0]).toMatchObject({ state: 'online', devices: [{ battery: 90 }] });
    battery = 12;
    await until(() => room.server.statuses.some((status) => status.devices?.[0]?.battery === 12));
    const told = room.server.statuses.length;
    everyMs = 150;
    await until(() => room.server.statuses.length >= told + 3);
  });
});
