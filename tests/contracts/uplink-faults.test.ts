import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import { until } from '../support/until.ts';
import { clockAhead, numberIn, uplinkRoom } from '../support/uplinks.ts';

/** What no single fault may do: hold up for ever what waits, or move what was heard rightly. */
const room = uplinkRoom();
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const empty = () => until(() => room.outbox.count() === 0);
const hour = 3_600_000;

describe('readings that wait are not held up', () => {
  it('by one at which the broker ends the connection', async () => {
    room.take(range(1, 20));
    room.server.closeAt((reading) => numberIn(reading) === 3);
    room.uplinkWith({ limits: { receiptMs: 500, receiptMostMs: 500 } });
    await until(() => room.outbox.count() === 1);
    expect(numberIn(JSON.parse(room.outbox.waiting(1)[0]!.message))).toBe(3);
    // and that one neither, when the broker has come to its senses
    room.server.closeAt(() => false);
    await empty();
  });

  it('by a status that cannot be told', async () => {
    room.take(range(1, 3));
    let dropped = 0;
    room.server.receipt(() => (dropped++ < 3 ? undefined : 'stored'));
    room.uplinkWith({
      status: () => {
        throw new Error('a note cannot be read');
      },
      limits: { receiptMs: 100 },
    });
    await empty();
  });

  it('by a broker that did not answer who began to listen', async () => {
    room.take([1]);
    room.server.answerSubscriptions(false);
    const uplink = room.uplinkWith({ limits: { pubackMs: 200 } });
    await until(() => uplink.isConnected());
    room.server.answerSubscriptions(true);
    await empty();
  });

  it('by a clock that was set back after they were sent', async () => {
    let offset = 2 * hour;
    const clock = clockAhead(() => offset);
    room.take([1], { heardAt: clock.now() });
    room.server.receipt(() => undefined);
    room.uplinkWith({ limits: { receiptMs: 300 } }, clock);
    await until(() => room.server.readings.length > 0);
    offset = 0;
    room.server.receipt(() => 'stored');
    await empty();
  });

  it('by what the disk made of one, in a home whose clock is wrong', async () => {
    const clock = clockAhead(() => 2 * hour);
    const uplink = room.uplinkWith({}, clock);
    await until(() => uplink.clockIsWrong());
    room.take([1, 2], { heardAt: clock.now() });
    const [first] = room.outbox.waiting(1);
    room.outbox.rewrite([{ n: first!.n, message: first!.message.slice(0, -1) }]);
    room.take([3], { heardAt: clock.now() });
    uplink.nudge();
    await until(() => room.outbox.count() === 0);
    expect(room.outbox.asideByReason()).toEqual([{ reason: 'damaged', count: 1 }]);
  });
});

describe('an outbox in which receipts find no reading any more, for its file is damaged', () => {
  it('ends the process, so that its next life salvages', async () => {
    room.take(range(1, 5));
    room.outbox.close();
    const whole = new DatabaseSync(room.path);
    const { page } = whole
      .prepare("SELECT rootpage AS page FROM sqlite_master WHERE name LIKE '%autoindex_readings%'")
      .get()!;
    whole.close();
    writeFileSync(room.path, readFileSync(room.path).fill(0xa5, (Number(page) - 1) * 4_096, Number(page) * 4_096));
    room.outbox = openOutbox(systemClock, room.path);
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    const faults: unknown[] = [];
    process.on('unhandledRejection', (fault) => faults.push(fault));
    try {
      const uplink = room.uplinkWith();
      await until(() => faults.length > 0);
      await uplink.close();
    } finally {
      process.removeAllListeners('unhandledRejection');
      for (const one of others) process.on('unhandledRejection', one);
    }
    expect(faults).toContainEqual(expect.objectContaining({ errcode: 11 }));
  });
});

describe('a reading keeps the time at which it was heard', () => {
  const isNow = (time: string) => Math.abs(Date.parse(time) - Date.now()) < 60_000;

  it('if that was just after a wrong clock was set right', async () => {
    let offset = 2 * hour;
    const clock = clockAhead(() => offset);
    const uplink = room.uplinkWith({ limits: { lookMs: hour } }, clock);
    await until(() => uplink.clockIsWrong() && room.server.statuses.length > 0);
    offset = 0;
    room.take([1], { heardAt: clock.now() });
    uplink.nudge();
    await empty();
    expect(isNow(room.server.readings[0]!.heardAt)).toBe(true);
  });

  it('before a server whose own clock was never set', async () => {
    room.server.clock(() => 0);
    const uplink = room.uplinkWith();
    await until(() => room.server.statuses.length > 0);
    room.take([1], { heardAt: Date.now() });
    uplink.nudge();
    await empty();
    expect(isNow(room.server.readings[0]!.heardAt)).toBe(true);
    expect(uplink.clockOffsetMs()).toBeUndefined();
  });

  it('corrected once, however often it is sent and however many others wait', async () => {
    const clock = clockAhead(() => 2 * hour);
    room.server.receipt(() => undefined);
    const uplink = room.uplinkWith({ limits: { remembered: 3, receiptMs: 200, receiptMostMs: 200 } }, clock);
    await until(() => uplink.clockIsWrong());
    room.take(range(1, 8), { heardAt: clock.now() });
    uplink.nudge();
    await until(() => range(1, 8).every((n) => room.got().filter((got) => got === n).length >= 2));
    expect(room.server.readings.every(({ heardAt }) => isNow(heardAt))).toBe(true);
    room.server.receipt(() => 'stored');
    await empty();
  });

  it('and is not put aside by a second refusal of what it was before it was corrected', async () => {
    const clock = clockAhead(() => 2 * hour);
    room.server.clock(undefined);
    room.server.receipt(() => undefined);
    const uplink = room.uplinkWith({ limits: { timeMs: 50, receiptMs: hour } }, clock);
    await until(() => room.server.statuses.length > 0);
    room.take([1], { heardAt: clock.now() });
    uplink.nudge();
    await until(() => room.server.readings.length === 1);
    const { ref } = room.server.readings[0]!;
    room.server.acknowledge('never');
    const refusal = { ref, outcome: 'quarantined', reason: 'taken-in-the-future' };
    const at = new Date().toISOString();
    room.server.send('receipts', { v: 1, at, receipts: [refusal] });
    room.server.send('receipts', { v: 1, at, receipts: [refusal] });
    await until(() => room.server.readings.length === 2);
    expect(room.outbox.count()).toBe(1);
    room.server.acknowledge('at-once');
    room.server.receipt(() => 'stored');
    room.server.drop();
    await empty();
    expect(room.outbox.asideByReason()).toEqual([]);
    expect(isNow(room.server.readings.at(-1)!.heardAt)).toBe(true);
  });
});
