import { describe, expect, it } from 'vitest';
import { sigUuid } from '../../gateway-agent/radio/uuid.ts';
import { createStays } from '../../gateway-agent/visit/stays.ts';
import {
  type ContinuousGlucoseMonitorConfig,
  createContinuousGlucoseMonitor,
} from '../../simulators/peripherals/cgm.ts';
import type { ScriptedFault } from '../../simulators/peripherals/faults.ts';
import {
  createGlucoseMeter,
  type GlucoseMeter,
  type GlucoseMeterConfig,
} from '../../simulators/peripherals/glucose-meter.ts';
import type { Told } from '../../simulators/peripherals/peripheral.ts';
import { until } from '../support/until.ts';
import { visitRoom } from '../support/visit-room.ts';

/** Devices whose memory is asked for, over the radio and a bus that are real, into an outbox on disk. */
const address = 'AA:BB:CC:00:00:01';
const room = visitRoom();
const quick = {
  adapter: 'hci0',
  address,
  connectMs: 5,
  discoverMs: 10,
  pairMs: 5,
  betweenMs: 5,
  patienceMs: 1_500,
} as const;

const meterWith = (config: Partial<GlucoseMeterConfig> = {}): GlucoseMeter =>
  createGlucoseMeter(room.faults.around(room.bluez), { ...quick, model: 'Accu-Chek Guide', ...config });
const measure = (meter: GlucoseMeter, ...values: number[]): Told[] =>
  values.map((mgPerDl) => meter.measure({ mgPerDl, type: 'capillary-whole-blood', location: 'finger' }));
const rawOf = (told: readonly Told[]) => told.map(({ frames }) => frames.join(''));
const fetched = () => room.outbox.notes.of(address)?.fetched?.glucose;

describe('a visit to a glucose meter', () => {
  it('brings everything in its memory once, with its contexts, and then only what is new', async () => {
    const meter = meterWith();
    const first = [
      ...measure(meter, 101, 102),
      meter.measure({ mgPerDl: 103, type: 'capillary-whole-blood', location: 'finger', context: { meal: 'fasting' } }),
    ];
    expect(await room.visit(address)).toMatchObject({ readings: 3, aside: 0 });
    expect(room.raws()).toEqual(rawOf(first));
    expect(room.readings()[2]).toMatchObject({ marks: ['fasting'], clock: 'device', sequence: 3 });
    expect(fetched()).toMatchObject({ cursor: { number: 3 } });
    const later = measure(meter, 104);
    // the last known record comes again as a witness, with its context; beside the answers that count and that end
    expect(await room.visit(address)).toMatchObject({ readings: 1, heard: 5 });
    expect(room.raws()).toEqual(rawOf([...first, ...later]));
  });

  const steps: [string, ScriptedFault][] = [
    ['while it is connected', { at: 'connect', fault: 'drop', nth: 1 }],
    ['while it is asked who it is', { at: 'read', fault: 'drop', nth: 1 }],
    ['while records are subscribed to', { at: 'subscribe', fault: 'drop', nth: 1 }],
    ['while its answers are subscribed to', { at: 'subscribe', fault: 'drop-after', nth: 3 }],
    ['as it is asked how many', { at: 'write', fault: 'drop', nth: 1 }],
    ['after it was asked how many', { at: 'write', fault: 'drop-after', nth: 1 }],
    ['before its count is heard', { at: 'indicate', fault: 'drop', nth: 1 }],
    ['after its count was heard', { at: 'indicate', fault: 'drop-after', nth: 1 }],
    ['as it is asked for them', { at: 'write', fault: 'drop', nth: 2 }],
    ['before the first record', { at: 'notify', fault: 'drop', nth: 1 }],
    ['in the midst of its records', { at: 'notify', fault: 'drop', nth: 4 }],
    ['after the last record', { at: 'notify', fault: 'drop-after', nth: 6 }],
    ['before its last answer is heard', { at: 'indicate', fault: 'drop', nth: 2 }],
    ['after its last answer was heard', { at: 'indicate', fault: 'drop-after', nth: 2 }],
    ['never, but its last answer is lost', { at: 'indicate', fault: 'unheard', nth: 2 }],
    ['never, but a record is lost', { at: 'notify', fault: 'unheard', nth: 3 }],
    ['never, but a record is told twice', { at: 'notify', fault: 'twice', nth: 2 }],
    ['never, but its count is told twice', { at: 'indicate', fault: 'twice', nth: 1 }],
    ['never, but it refuses to be asked', { at: 'write', fault: 'refuse', nth: 1 }],
    ['never, but what it was asked is lost', { at: 'write', fault: 'ignore', nth: 2 }],
  ];
  for (const [when, fault] of steps)
    it(`loses nothing and doubles nothing when the link is lost ${when}`, async () => {
      const meter = meterWith();
      const told = measure(meter, 101, 102, 103, 104, 105, 106);
      room.faults.follow({ script: [fault] });
      await room.visitUntil(() => meter.pending() === 0);
      expect(Object.keys(room.faults.injected())).toEqual([`${fault.at}/${fault.fault}`]);
      // a meter that believes to have told everything calls again when it has something new
      told.push(...measure(meter, 107));
      await room.visitUntil(() => fetched()?.cursor?.number === 7);
      expect(room.raws().sort()).toEqual(rawOf(told).sort());
    });

  const withContext = (meter: GlucoseMeter, mgPerDl: number) =>
    meter.measure({ mgPerDl, type: 'capillary-whole-blood', location: 'finger', context: { meal: 'fasting' } });

  for (const model of ['Accu-Chek Guide', 'CareSens N'])
    it(`keeps when a meal was, although the link is lost between a record of ${model} and its context`, async () => {
      const meter = meterWith({ model });
      const told = [withContext(meter, 101), withContext(meter, 102), withContext(meter, 103)];
      room.faults.follow({ script: [{ at: 'notify', fault: 'drop', nth: 4 }] });
      await room.visitUntil(() => fetched()?.cursor?.number === 3);
      expect(room.readings().map(({ marks }) => marks)).toEqual([['fasting'], ['fasting'], ['fasting']]);
      // what was heard of the second at first is read by whoever looks after what visits leave
      await room.powerCut();
      expect(room.raws().sort()).toEqual(rawOf(told).sort());
      expect(room.outbox.unsettled()).toEqual([]);
    });

  it('has the value of a record whose link never comes back for its context', async () => {
    const meter = meterWith();
    withContext(meter, 101);
    room.faults.follow({ script: [{ at: 'notify', fault: 'drop', nth: 2 }] });
    await room.visit(address);
    meter.remove();
    expect(fetched()?.cursor).toBeUndefined();
    await room.powerCut();
    expect(room.readings()).toMatchObject([{ panel: 'glucose', marks: [] }]);
  });

  it('does not ask for ever for a context that was announced and never comes', async () => {
    const meter = meterWith();
    meter.measure({ mgPerDl: 101, type: 'capillary-whole-blood', location: 'finger', promisesContext: true });
    await room.visit(address);
    expect(fetched()?.cursor?.number).toBe(1);
    expect(room.readings()).toHaveLength(1);
  });

  it('asks again for what nobody could date when the telling broke off, where the meter has no clock that can be read', async () => {
    const meter = meterWith({ hidesClock: true });
    meter.moveClock(-1_440);
    const told = measure(meter, 101, 102);
    meter.moveClock(1_440);
    told.push(...measure(meter, 103));
    room.faults.follow({ script: [{ at: 'notify', fault: 'drop', nth: 3 }] });
    await room.visit(address);
    expect(room.raws()).toEqual([]);
    await room.visitUntil(() => fetched()?.cursor?.number === 3);
    expect(room.raws().sort()).toEqual(rawOf(told).sort());
    const [first] = room.readings();
    expect(Date.now() - Date.parse(first!.takenAt)).toBeGreaterThan(1_439 * 60_000);
  });

  it('fetches everything when the numbers have begun anew, and knows what it had', async () => {
    const meter = meterWith({ firstSequence: 40 });
    const before = measure(meter, 101, 102);
    await room.visit(address);
    meter.clearMemory();
    meter.changeBattery();
    const after = measure(meter, 103);
    // its clock was lost, too: no reading, but nothing is lost
    await room.visitUntil(() => fetched()?.cursor?.number === 1);
    expect(room.raws()).toEqual(rawOf(before));
    expect(room.asides()).toMatchObject([{ reason: 'time-unknown', raw: rawOf(after)[0] }]);
    const later = measure(meter, 104, 105);
    await room.visitUntil(() => fetched()?.cursor?.number === 3);
    expect(room.raws()).toEqual(rawOf([...before, ...later]));
  });

  it('has what a meter measures that numbers from 1 again and still holds the old records', async () => {
    const meter = meterWith({ firstSequence: 40 });
    const told = measure(meter, 101, 102);
    await room.visit(address);
    meter.changeBattery();
    meter.wake();
    // which sets its clock right
    await room.visit(address);
    for (const mgPerDl of [103, 104]) {
      told.push(...measure(meter, mgPerDl));
      await room.visitUntil(() => room.raws().length === told.length);
    }
    expect(room.raws()).toEqual(rawOf(told));
  });

  it('brings nothing new when it asks for the whole memory again', async () => {
    const meter = meterWith();
    const told = measure(meter, 101, 102, 103);
    await room.visit(address);
    room.outbox.notes.note(address, { fetched: undefined });
    meter.wake();
    expect(await room.visit(address)).toMatchObject({ readings: 0, aside: 0 });
    expect(room.raws()).toEqual(rawOf(told));
    expect(fetched()).toMatchObject({ cursor: { number: 3 } });
  });

  it('takes a device that cannot count, knows no filter, is busy, or tells the newest first as it is', async () => {
    const manners = [
      { counts: false },
      { knowsFilters: false },
      { busyFor: 1 },
      { newestFirst: true },
      { oldErrors: true },
    ];
    for (const [n, one] of manners.entries()) {
      const its = `AA:BB:CC:00:01:0${n}`;
      const meter = meterWith({ address: its, manners: one });
      const told = measure(meter, 101, 102, 103);
      const cursorOf = () => room.outbox.notes.of(its)?.fetched?.glucose?.cursor?.number;
      await room.visitUntil(() => cursorOf() === 3);
      told.push(...measure(meter, 104));
      await room.visitUntil(() => cursorOf() === 4);
      const mine = room.readings().filter(({ device }) => device === its);
      expect(mine.map(({ raw }) => raw).sort(), JSON.stringify(one)).toEqual(rawOf(told).sort());
      meter.remove();
    }
  });

  it('keeps what had come when the process ends in the midst of it, and the next life fetches the rest', async () => {
    const meter = meterWith({ betweenMs: 30 });
    const told = measure(meter, 101, 102, 103, 104, 105);
    const visited = room.visit(address);
    await until(() => room.outbox.unsettled().length + room.outbox.count() > 3);
    await room.powerCut();
    await visited;
    expect(fetched()).toBeUndefined();
    await room.visitUntil(() => fetched()?.cursor?.number === 5);
    expect(room.raws().sort()).toEqual(rawOf(told).sort());
  });

  it('stops its telling when the gateway must leave, and goes on from there', async () => {
    const meter = meterWith({ betweenMs: 200 });
    const told = measure(meter, 101, 102, 103, 104, 105, 106);
    const quit = new AbortController();
    const visited = room.visit(address, { quit: quit.signal });
    await until(() => room.outbox.count() > 0);
    quit.abort();
    await visited;
    expect(fetched()?.run?.low.number).toBe(1);
    await room.visitUntil(() => fetched()?.cursor?.number === 6);
    expect(room.raws().sort()).toEqual(rawOf(told).sort());
  });

  it('sets a clock that is ahead when all is fetched; what was measured before stays where it was', async () => {
    const hour = 3_600_000;
    const meter = meterWith({ clockOffsetMs: hour });
    const before = measure(meter, 101);
    const at = Date.now();
    await room.visit(address);
    const [reading] = room.readings();
    expect(reading!.clock).toBe('corrected');
    expect(Math.abs(Date.parse(reading!.takenAt) - at)).toBeLessThan(10_000);
    expect(Math.abs(room.outbox.notes.of(address)!.clockOffsetMs!)).toBeLessThan(5_000);
    // and again, as if never heard: from a memory that still holds it
    const another = meter.memory();
    expect(rawOf(another)).toEqual(rawOf(before));
    const after = measure(meter, 102);
    await room.visit(address);
    expect(room.raws()).toEqual(rawOf([...before, ...after]));
    expect(room.readings()[1]).toMatchObject({ clock: 'device' });
    expect(Math.abs(Date.parse(room.readings()[1]!.takenAt) - Date.now())).toBeLessThan(10_000);
  });
});

describe('a visit to a glucose sensor', () => {
  const sensorWith = (config: Partial<ContinuousGlucoseMonitorConfig> = {}) =>
    createContinuousGlucoseMonitor(room.faults.around(room.bluez), { ...quick, e2eCrc: true, ...config });
  const offsets = () => room.readings().map(({ sequence }) => sequence!);
  const cursor = () => room.outbox.notes.of(address)?.fetched?.['continuous-glucose']?.cursor?.number;
  const glucose = (n: number) => ({ glucose: 100 + n });

  it('brings what it measured while nobody listened, placed by the start of its session, and later only what is new', async () => {
    const sensor = sensorWith({ zoneMinutes: 480 });
    for (let n = 1; n <= 9; n++) sensor.measure(glucose(n));
    expect(await room.visit(address)).toMatchObject({ readings: 9, aside: 0, end: 'gateway' });
    expect(offsets()).toEqual([5, 10, 15, 20, 25, 30, 35, 40, 45]);
    const [first, second] = room.readings();
    expect(first).toMatchObject({ panel: 'continuous-glucose', clock: 'device' });
    expect(Date.parse(second!.takenAt) - Date.parse(first!.takenAt)).toBe(5 * 60_000);
    expect(cursor()).toBe(45);
    sensor.measure(glucose(10));
    expect(await room.visit(address)).toMatchObject({ readings: 1 });
    expect(offsets().at(-1)).toBe(50);
  });

  it('goes on from where nothing is missing, by the interval that it asks for', async () => {
    const sensor = sensorWith({ packs: 1 });
    for (let n = 1; n <= 6; n++) sensor.measure(glucose(n));
    room.faults.follow({ script: [{ at: 'notify', fault: 'drop', nth: 4 }] });
    await room.visit(address);
    expect(room.outbox.notes.of(address)?.fetched?.['continuous-glucose']?.run?.high.number).toBe(15);
    await room.visitUntil(() => cursor() === 30);
    expect(offsets().sort((a, b) => a - b)).toEqual([5, 10, 15, 20, 25, 30]);
  });

  it('stays where there is a place, hears each measurement as it is made, and gives the place back', async () => {
    const sensor = sensorWith();
    sensor.measure(glucose(1));
    const stays = createStays({ staying: 1, passing: 1 });
    const quit = new AbortController();
    const visited = room.visit(address, { stays, quit: quit.signal });
    await until(() => cursor() === 5 && stays.taken() === 1);
    sensor.measure(glucose(2));
    sensor.measure(glucose(3));
    await until(() => room.outbox.count() === 3);
    quit.abort();
    expect(await visited).toMatchObject({ readings: 3 });
    expect(stays.taken()).toBe(0);
  });

  it('can be told after a power cut, for the start of the session is on disk with the records', async () => {
    const sensor = sensorWith({ packs: 1, betweenMs: 100 });
    for (let n = 1; n <= 5; n++) sensor.measure(glucose(n));
    const visited = room.visit(address);
    await until(() => room.outbox.unsettled().some(({ characteristic }) => characteristic === 0x2aa7));
    await room.powerCut();
    await visited;
    expect(room.outbox.unsettled()).toEqual([]);
    expect(room.asides()).toEqual([]);
    expect(offsets()[0]).toBe(5);
    await room.visitUntil(() => cursor() === 25);
    expect(offsets().sort((a, b) => a - b)).toEqual([5, 10, 15, 20, 25]);
  });

  it('says of itself that it does not hand over its memory, where nobody is told when its session began, until somebody is', async () => {
    const sensor = sensorWith();
    sensor.measure(glucose(1));
    const start = sigUuid(0x2aaa);
    const refuse = (nth: number): ScriptedFault => ({ at: 'read', fault: 'refuse', nth, characteristic: start });
    room.faults.follow({ script: [1, 2, 3].map(refuse) });
    expect(await room.visit(address)).toMatchObject({ readings: 0 });
    expect(room.outbox.notes.of(address)?.trouble).toBe('memory-refused');
    await room.visitUntil(() => cursor() === 5);
    expect(room.outbox.notes.of(address)?.trouble).toBeUndefined();
    expect(offsets()).toEqual([5]);
  });

  it('fetches a new session from its beginning', async () => {
    const sensor = sensorWith();
    const told = [1, 2, 3, 4].map((n) => sensor.measure(glucose(n)));
    // the very record that was the last one known, of a session that began at another time
    const witness = `${'00'.repeat(11)} ${told[2]!.frames[0]}`;
    room.outbox.notes.note(address, { fetched: { 'continuous-glucose': { cursor: { number: 15, witness } } } });
    await room.visit(address);
    expect(offsets()).toEqual([15, 20, 5, 10]);
    expect(cursor()).toBe(20);
  });
});
