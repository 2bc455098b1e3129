import { describe, expect, it } from 'vitest';
import { createStays } from '../../gateway-agent/visit/stays.ts';
import type { VisitOptions, VisitReport } from '../../gateway-agent/visit/visit.ts';
import { createContinuousOximeter } from '../../simulators/peripherals/continuous-oximeter.ts';
import { createHeartRateStrap } from '../../simulators/peripherals/heart-rate-strap.ts';
import { fastClock } from '../support/fast-clock.ts';
import { until } from '../support/until.ts';
import { visitRoom } from '../support/visit-room.ts';

/** What is worn and speaks every second, in a home where a minute takes four seconds. */
const address = 'AA:BB:CC:00:00:01';
const room = visitRoom(() => fastClock(15));
const quick = { adapter: 'hci0', address, connectMs: 100, discoverMs: 200, pairMs: 100, patienceMs: 600_000 } as const;
const rawAtMost = 2 * 512;

/** A machine that is busy makes gaps, and a while begins anew after each: then the device is visited again. */
async function visitUntilSteady(options?: Partial<VisitOptions>): Promise<VisitReport> {
  for (;;) {
    const report = await room.visit(address, options);
    if (report.readings > 0) return report;
  }
}

describe('a visit to what speaks every second', () => {
  it('stays until the first steady while, brings its median, and knows when it is worth coming back', async () => {
    const oximeter = createContinuousOximeter(room.bluez, { ...quick, body: { saturation: 94, pulse: 71 } });
    oximeter.putOn();
    const report = await visitUntilSteady();
    expect(report).toMatchObject({ end: 'gateway', readings: 1 });
    expect(report.backAfterMs).toBeGreaterThan(30_000);
    const [reading] = room.readings();
    expect(reading).toMatchObject({
      panel: 'pulse-oximetry',
      clock: 'source',
      values: [{ vital: 'oxygen-saturation', value: 94 }, { vital: 'pulse-rate' }, { vital: 'perfusion-index' }],
    });
    // the frames of the while, for audit, and nothing else of the stream
    expect(reading!.raw!.length).toBeGreaterThan(100);
    expect(reading!.raw!.length).toBeLessThanOrEqual(rawAtMost);
    expect(room.outbox.unsettled()).toEqual([]);
  });

  it('holds a place for as long as it is worn, and says a number once a minute', async () => {
    const strap = createHeartRateStrap(room.bluez, { ...quick });
    strap.putOn();
    const stays = createStays({ staying: 1, passing: 1 });
    const visited = room.visit(address, { stays });
    await until(() => room.outbox.count() === 2);
    expect(stays.taken()).toBe(1);
    strap.takeOff();
    expect(await visited).toMatchObject({ end: 'device' });
    expect(stays.taken()).toBe(0);
    const [first, second] = room.readings();
    expect(Date.parse(second!.takenAt) - Date.parse(first!.takenAt)).toBeGreaterThanOrEqual(60_000);
    expect(new Set(room.readings().map(({ ref }) => ref)).size).toBe(room.outbox.count());
  });

  it('says it no more often than it is asked to, in another life, too', async () => {
    const strap = createHeartRateStrap(room.bluez, { ...quick });
    strap.putOn();
    const streamEveryMs = () => 3_600_000;
    const stays = createStays({ staying: 1, passing: 1 });
    expect(await visitUntilSteady({ stays, streamEveryMs })).toMatchObject({ readings: 1 });
    await room.powerCut();
    const again = await room.visit(address, { stays, streamEveryMs });
    expect(again).toMatchObject({ readings: 0, end: 'gateway' });
    expect(again.backAfterMs).toBeGreaterThan(3_000_000);
    expect(stays.taken()).toBe(0);
    expect(room.outbox.count()).toBe(1);
  });

  it('leaves nothing on the disk of a while that was not steady, and begins anew after a power cut', async () => {
    const oximeter = createContinuousOximeter(room.bluez, { ...quick });
    oximeter.putOn();
    const visited = room.visit(address);
    await until(() => oximeter.told() > 12);
    expect(room.outbox.unsettled()).toEqual([]);
    await room.powerCut();
    await visited;
    expect(room.outbox.count()).toBe(0);
    await visitUntilSteady();
    expect(room.outbox.count()).toBe(1);
  });

  it('keeps nobody waiting: where all places are taken it leaves at once, and says when it will be back', async () => {
    const strap = createHeartRateStrap(room.bluez, { ...quick });
    strap.putOn();
    const stays = createStays({ staying: 0, passing: 1 });
    const leave = stays.pass()!;
    expect(await room.visit(address, { stays })).toMatchObject({ end: 'gateway', readings: 0, backAfterMs: 30_000 });
    leave();
    expect(await visitUntilSteady({ stays })).toMatchObject({ end: 'gateway', readings: 1 });
    expect(stays.pass()).toBeDefined();
  });
});
