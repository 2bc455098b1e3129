import { describe, expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { seededRandom } from '#runtime/random.ts';
import { createBloodPressureCuff } from '../../simulators/peripherals/blood-pressure-cuff.ts';
import { type Kind, kinds, scaleUser } from '../../simulators/peripherals/kinds.ts';
import type { Simulated, Told } from '../../simulators/peripherals/peripheral.ts';
import { createPulseOximeter } from '../../simulators/peripherals/pulse-oximeter.ts';
import { createWeightScale } from '../../simulators/peripherals/weight-scale.ts';
import { until } from '../support/until.ts';
import { visitRoom } from '../support/visit-room.ts';

/** Devices of every kind, over the radio and a bus that are real, into an outbox on disk. */
const address = 'AA:BB:CC:00:00:01';
const room = visitRoom();
const quick = { adapter: 'hci0', connectMs: 5, discoverMs: 10, pairMs: 5, hangsUpAfterMs: 100, betweenMs: 5 } as const;
const notes = () => room.outbox.notes.of(address);
const hourMs = 3_600_000;

/** What each device of these kinds tells in its life. */
function use(kind: Kind, its: string, times: number): { device: Simulated; told: Told[] } {
  const random = seededRandom(its.charCodeAt(its.length - 1));
  const device = kind(room.faults.around(room.bluez), { ...quick, address: its, patienceMs: 2_000 });
  return { device, told: Array.from({ length: times }, () => device.use(random)) };
}
const streams = ['continuous oximeter', 'heart rate strap'];
const rawsOf = (told: readonly Told[], becomes: Told['becomes']) =>
  told.filter((one) => one.becomes === becomes).map(({ frames }) => frames.join(''));

describe('a visit', () => {
  it('brings what devices of every kind have told, once, whatever breaks off on the way', async () => {
    const lot = Object.entries(kinds)
      .filter(([name]) => !streams.includes(name))
      .map(([name, kind], n) => ({
        name,
        its: `AA:BB:CC:00:01:${n.toString(16).padStart(2, '0').toUpperCase()}`,
        kind,
      }));
    for (const { its, name } of lot)
      if (/users/.test(name)) room.outbox.notes.setConsent(its, { user: scaleUser.index, code: scaleUser.code });
    const used = lot.map(({ kind, its, name }) => ({ name, its, ...use(kind, its, 3) }));
    room.faults.follow({
      rates: { notify: { drop: 0.05 }, indicate: { drop: 0.05, 'drop-after': 0.05 }, write: { drop: 0.05 } },
    });
    await room.visitUntil(() => used.every(({ device }) => device.pending() === 0));
    for (const { its, name, device, told } of used) {
      const mine = room.readings().filter((reading) => reading.device === its);
      const handed = device.takeHandedOver();
      expect(mine, name).toHaveLength(new Set(rawsOf(handed, 'reading')).size);
      expect(new Set(mine.map(({ ref }) => ref)).size).toBe(mine.length);
      // a sensor sends several in one frame; a meter whose link is lost before a context has told the value, and that is kept
      for (const { becomes, frames } of [...told, ...handed])
        if (becomes === 'reading')
          expect(mine.filter(({ raw }) => raw!.includes(frames[0]!)).length, name).toBeGreaterThan(0);
    }
  });

  it('keeps the user whom a cuff says it measured', async () => {
    const cuff = createBloodPressureCuff(room.bluez, { ...quick, address });
    cuff.measure({ systolic: 121, diastolic: 80, userSlot: 1 });
    cuff.measure({ systolic: 122, diastolic: 80, userSlot: 2 });
    await room.visit(address, { rssi: -61 });
    expect(room.readings().map(({ userSlot }) => userSlot)).toEqual([1, 2]);
    expect(notes()).toMatchObject({ rssi: -61, battery: 90 });
  });

  it('ends when nothing more comes and the device does not hang up, and when it must', async () => {
    const cuff = createBloodPressureCuff(room.bluez, { ...quick, address, hangsUpAfterMs: 60_000 });
    cuff.measure({ systolic: 121, diastolic: 80 });
    const quit = new AbortController();
    const visited = room.visit(address, { quit: quit.signal });
    await until(() => room.outbox.count() === 1);
    quit.abort();
    expect(await visited).toMatchObject({ end: 'gateway', readings: 1, paired: true });
  });
});

describe('the clock of a device', () => {
  it('is set at once when it is behind, and what the device measured before stays where it was', async () => {
    const cuff = createBloodPressureCuff(room.bluez, { ...quick, address, clockOffsetMs: -hourMs });
    const at = systemClock.now();
    cuff.measure({ systolic: 121, diastolic: 80 });
    await room.visit(address);
    cuff.measure({ systolic: 122, diastolic: 80 });
    await room.visit(address);
    expect(room.readings().map(({ clock }) => clock)).toEqual(['corrected', 'device']);
    for (const { takenAt } of room.readings()) expect(Math.abs(Date.parse(takenAt) - at)).toBeLessThan(20_000);
    expect(Math.abs(notes()!.clockOffsetMs!)).toBeLessThan(5_000);
  });

  it('is set when it was never set; a measurement of before then is one that was heard now', async () => {
    const oximeter = createPulseOximeter(room.bluez, { ...quick, address, clockNeverSet: true });
    oximeter.measure({ saturation: 96, pulse: 70 });
    await room.visit(address);
    expect(room.readings()).toMatchObject([{ clock: 'source' }]);
    oximeter.measure({ saturation: 97, pulse: 70 });
    await room.visit(address);
    expect(room.readings()).toMatchObject([{ clock: 'source' }, { clock: 'device' }]);
  });

  it('is set last when it is ahead, once the device has been silent for a while', async () => {
    const cuff = createBloodPressureCuff(room.bluez, {
      ...quick,
      address,
      clockOffsetMs: hourMs,
      hangsUpAfterMs: 2_500,
    });
    cuff.measure({ systolic: 121, diastolic: 80 });
    await room.visit(address);
    expect(room.readings()).toMatchObject([{ clock: 'corrected' }]);
    expect(notes()?.clockSettings).toHaveLength(1);
    expect(Math.abs(notes()!.clockOffsetMs!)).toBeLessThan(5_000);
  });

  it('is left alone as long as the clock of the gateway is wrong', async () => {
    const cuff = createBloodPressureCuff(room.bluez, { ...quick, address, clockOffsetMs: -hourMs });
    cuff.measure({ systolic: 121, diastolic: 80 });
    await room.visit(address, { clockIsWrong: () => true });
    expect(room.readings()).toMatchObject([{ clock: 'corrected' }]);
    expect(notes()?.clockSettings).toBeUndefined();
    expect(Math.abs(notes()!.clockOffsetMs! + hourMs)).toBeLessThan(5_000);
  });

  it('is left alone when it refuses, and its readings are corrected', async () => {
    const time = '2024-02-29T08:00:00';
    const cuff = createBloodPressureCuff(room.bluez, { ...quick, address, clockFrozenAt: time });
    cuff.measure({ systolic: 121, diastolic: 80 });
    await room.visit(address);
    expect(room.readings()).toMatchObject([{ clock: 'corrected', deviceTime: time }]);
    expect(notes()).toMatchObject({ clockSettings: [], clockRefusedAt: expect.any(Number) });
  });
});

describe('the clock of a device in the night in which summer time ends', () => {
  // what comes first of the hour that is told twice
  const firstOfTwo = Date.UTC(2026, 9, 25, 0, 30);
  const begun = systemClock.now();
  const night = visitRoom(() => ({ ...systemClock, now: () => firstOfTwo + (systemClock.now() - begun) }));

  it('is right in the first of the two hours, and left alone', async () => {
    const cuff = createBloodPressureCuff(night.bluez, { ...quick, address, clockOffsetMs: 2 * hourMs });
    cuff.measure({ systolic: 121, diastolic: 80 });
    await night.visit(address, { zone: 'Europe/Berlin' });
    const [reading] = night.readings();
    expect(Math.abs(Date.parse(reading!.takenAt) - Date.parse(reading!.heardAt))).toBeLessThan(10_000);
    const note = night.outbox.notes.of(address)!;
    expect(Math.abs(note.clockOffsetMs!)).toBeLessThan(5_000);
    expect(note.clockRefusedAt).toBeUndefined();
  });
});

describe('a scale that knows its users', () => {
  const scaleOf = (users = [scaleUser]) =>
    createWeightScale(room.faults.around(room.bluez), { ...quick, address, users, patienceMs: 2_000 });

  it('is spoken to in the name of the user that was chosen', async () => {
    const scale = scaleOf();
    room.outbox.notes.setConsent(address, { user: scaleUser.index, code: scaleUser.code });
    scale.measure({ kg: 71.5, userSlot: scaleUser.index });
    expect(await room.visit(address)).toMatchObject({ readings: 1 });
    expect(room.readings()).toMatchObject([{ userSlot: scaleUser.index, panel: 'body-weight' }]);
    expect(notes()?.trouble).toBeUndefined();
  });

  it('gets a new user where none was chosen, who is the same at the next visit', async () => {
    const scale = scaleOf();
    scale.measure({ kg: 71.5 });
    await room.visit(address);
    const made = notes()!.consent!;
    expect(scale.users()).toContainEqual({ index: made.user, code: made.code });
    scale.measure({ kg: 71.6, userSlot: made.user });
    await room.visit(address);
    expect(room.readings()).toHaveLength(2);
    expect(scale.users()).toHaveLength(2);
  });

  it('is the same user, too, when the link was lost before the scale had let it in', async () => {
    const scale = scaleOf();
    room.faults.follow({ script: [{ at: 'indicate', fault: 'drop-after', nth: 1 }] });
    scale.measure({ kg: 71.5 });
    await room.visitUntil(() => room.outbox.count() === 1);
    expect(scale.users()).toHaveLength(2);
  });

  it('is told its own time, and lets the gateway in, as long as the clock of the gateway is wrong', async () => {
    const scale = createWeightScale(room.faults.around(room.bluez), {
      ...quick,
      address,
      users: [scaleUser],
      patienceMs: 2_000,
      clockOffsetMs: -hourMs,
    });
    room.outbox.notes.setConsent(address, { user: scaleUser.index, code: scaleUser.code });
    scale.measure({ kg: 71.5, userSlot: scaleUser.index });
    expect(await room.visit(address, { clockIsWrong: () => true })).toMatchObject({ readings: 1 });
    expect(notes()?.clockSettings).toBeUndefined();
    expect(Math.abs(notes()!.clockOffsetMs! + hourMs)).toBeLessThan(10_000);
  });

  it('says what is missing where the code is not right', async () => {
    const scale = scaleOf();
    room.outbox.notes.setConsent(address, { user: scaleUser.index, code: scaleUser.code + 1 });
    scale.measure({ kg: 71.5, userSlot: scaleUser.index });
    expect(await room.visit(address)).toMatchObject({ readings: 0, end: 'device' });
    expect(notes()?.trouble).toBe('wants-consent');
    room.outbox.notes.setConsent(address, { user: scaleUser.index, code: scaleUser.code });
    expect(notes()?.trouble).toBeUndefined();
    await room.visitUntil(() => room.outbox.count() === 1);
  });
});
