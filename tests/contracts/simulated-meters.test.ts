import { describe, expect, it } from 'vitest';
import { seededRandom } from '#runtime/random.ts';
import {
  type ContinuousGlucoseMonitorConfig,
  cgmFeature,
  cgmMeasurement,
  cgmSessionStart,
  cgmStatus,
  createContinuousGlucoseMonitor,
} from '../../simulators/peripherals/cgm.ts';
import { specificOpsPoint } from '../../simulators/peripherals/cgm-ops-server.ts';
import { dateTime } from '../../simulators/peripherals/clock-services.ts';
import {
  createGlucoseMeter,
  type GlucoseMeter,
  type GlucoseMeterConfig,
  glucoseContext,
  glucoseMeasurement,
} from '../../simulators/peripherals/glucose-meter.ts';
import { recordAccessPoint } from '../../simulators/peripherals/racp-server.ts';
import { peripheralRoom, quick, type Visit } from '../support/peripheral-room.ts';

/** How a memory is asked for, held against the simulated meter and sensor by a bare D-Bus client. */
const room = peripheralRoom();

const meterWith = (config: Partial<GlucoseMeterConfig> = {}) =>
  createGlucoseMeter(room.bluez, { ...quick, address: 'C0:FF:EE:00:00:18', betweenMs: 1, ...config });

async function asking(meter: GlucoseMeter): Promise<Visit> {
  const visit = await room.connect(meter);
  await visit.pair();
  for (const uuid of [glucoseMeasurement, glucoseContext, recordAccessPoint]) await visit.subscribe(uuid);
  return visit;
}

/** Asks, and resolves with the answer at the control point. */
async function ask(visit: Visit, request: string, at = recordAccessPoint): Promise<string> {
  const before = visit.heard(at).length;
  await visit.write(at, request);
  return (await visit.hears(at, before + 1)).at(-1)!;
}

const sequences = (visit: Visit) =>
  visit.heard(glucoseMeasurement).map((frame) => Buffer.from(frame, 'hex').readUInt16LE(1));

const clockReading = 'ea070b160e2b2c';

describe('the record access of a simulated meter', () => {
  const filled = (config: Partial<GlucoseMeterConfig> = {}) => {
    const meter = meterWith(config);
    for (const mgPerDl of [100, 110, 120, 130, 140]) meter.measure({ mgPerDl });
    return meter;
  };

  it('reports, after what was asked, and says that it was all', async () => {
    const visit = await asking(filled());
    const reported: Record<string, number[]> = {};
    for (const request of ['0101', '0103010400', '0102010200', '010401020003' + '00', '0105', '0106']) {
      const from = sequences(visit).length;
      expect(await ask(visit, request)).toBe('06000101');
      reported[request] = sequences(visit).slice(from);
    }
    expect(reported).toEqual({
      '0101': [1, 2, 3, 4, 5],
      '0103010400': [4, 5],
      '0102010200': [1, 2],
      '01040102000300': [2, 3],
      '0105': [1],
      '0106': [5],
    });
  });

  it('counts, and says none where there is none', async () => {
    const visit = await asking(filled());
    expect(await ask(visit, '0401')).toBe('05000500');
    expect(await ask(visit, '0403010600')).toBe('05000000');
    expect(await ask(visit, '0103010600')).toBe('06000106');
  });

  it('refuses what does not conform, as real meters do', async () => {
    const visit = await asking(filled());
    const refusals = {
      // a byte too many (Stack Overflow question 25165857), an operator that is none, one that is reserved
      '040100': '06000405',
      '0100': '06000103',
      '0107': '06000104',
      // no operand, half of one, an unknown filter, a range that runs backwards
      '0103': '06000105',
      '01030105': '06000105',
      '0103090100': '06000109',
      '01040103000200': '06000105',
      '0801': '06000802',
      // nothing to abort
      '0300': '06000307',
    };
    const answers: Record<string, string> = {};
    for (const request of Object.keys(refusals)) answers[request] = await ask(visit, request);
    expect(answers).toEqual(refusals);
    expect(sequences(visit)).toEqual([]);
  });

  it('asks for the subscriptions first, and for one thing at a time', async () => {
    const meter = filled({ betweenMs: 30 });
    const visit = await room.connect(meter);
    await visit.pair();
    await expect(visit.write(recordAccessPoint, '0101')).rejects.toMatchObject({ text: expect.stringMatching('0xfd') });
    for (const uuid of [glucoseMeasurement, recordAccessPoint]) await visit.subscribe(uuid);
    await visit.write(recordAccessPoint, '0101');
    await expect(visit.write(recordAccessPoint, '0401')).rejects.toMatchObject({ text: expect.stringMatching('0xfe') });
    expect(await visit.hears(recordAccessPoint, 1)).toEqual(['06000101']);
  });

  it('stops in the middle when told to, and says so once', async () => {
    const meter = filled({ betweenMs: 100 });
    const visit = await asking(meter);
    await visit.write(recordAccessPoint, '0101');
    await visit.hears(glucoseMeasurement, 2);
    expect(await ask(visit, '0300')).toBe('06000301');
    expect(await ask(visit, '0401')).toBe('05000500');
    expect(visit.heard(recordAccessPoint)).toEqual(['06000301', '05000500']);
    expect(sequences(visit).length).toBeLessThan(5);
    expect(meter.pending()).toBe(5 - sequences(visit).length);
  });

  it('deletes what it is told to', async () => {
    const meter = filled();
    const visit = await asking(meter);
    expect(await ask(visit, '0202010200')).toBe('06000201');
    expect(meter.memory()).toHaveLength(3);
    expect(await ask(visit, '0401')).toBe('05000300');
  });

  it('can be one that counts nothing, knows no filter, deletes nothing, is busy, or says a stub first', async () => {
    const poor = await asking(filled({ manners: { counts: false, knowsFilters: false, deletes: false } }));
    expect(await ask(poor, '0401')).toBe('06000402');
    expect(await ask(poor, '0103010100')).toBe('06000104');
    expect(await ask(poor, '0201')).toBe('06000202');
    const other = { address: 'C0:FF:EE:00:00:19' };
    const busy = await asking(filled({ ...other, manners: { busyFor: 1, stubs: [Buffer.from('0500030201', 'hex')] } }));
    expect(await ask(busy, '0401')).toBe('0500030201');
    expect((await busy.hears(recordAccessPoint, 2))[1]).toBe('0600040a');
    await busy.write(recordAccessPoint, '0401');
    expect((await busy.hears(recordAccessPoint, 4))[3]).toBe('05000500');
  });

  it('asks by the time that the user saw, too', async () => {
    const meter = meterWith({ clockFrozenAt: '2026-03-01T08:00:00' });
    meter.measure({ mgPerDl: 90 });
    meter.moveClock(60);
    meter.measure({ mgPerDl: 95 });
    const visit = await asking(meter);
    expect(await ask(visit, '010302' + 'ea0703010800' + '01')).toBe('06000101');
    expect(sequences(visit)).toEqual([2]);
  });
});

describe('a simulated meter', () => {
  it('hands over a record with its context behind it, and keeps it', async () => {
    const meter = meterWith();
    const told = meter.measure({ mgPerDl: 111, context: { meal: 'fasting' } });
    const visit = await asking(meter);
    expect(await ask(visit, '0101')).toBe('06000101');
    expect([...visit.heard(glucoseMeasurement), ...visit.heard(glucoseContext)]).toEqual(told.frames);
    expect(meter.takeHandedOver()).toEqual([told]);
    expect([meter.pending(), meter.memory().length, meter.takeHandedOver()]).toEqual([0, 1, []]);
  });

  it('tells the newest first where it is one of those, and forgets to say that it was all', async () => {
    const meter = meterWith({ manners: { newestFirst: true, omitsFinalAnswer: true }, patienceMs: 2_000 });
    for (const mgPerDl of [100, 110, 120]) meter.measure({ mgPerDl });
    const visit = await asking(meter);
    await visit.write(recordAccessPoint, '0101');
    await visit.ended;
    expect(sequences(visit)).toEqual([3, 2, 1]);
    expect(visit.heard(recordAccessPoint)).toEqual([]);
  });

  it('begins to count anew after its numbers are used up, and after its battery was out', async () => {
    const meter = meterWith({ firstSequence: 0xffff });
    for (const mgPerDl of [100, 110]) meter.measure({ mgPerDl });
    meter.changeBattery();
    meter.measure({ mgPerDl: 120 });
    const visit = await asking(meter);
    await ask(visit, '0101');
    expect(sequences(visit)).toEqual([0xffff, 0, 1]);
    expect(visit.heard(glucoseMeasurement)[2]!.slice(6, 14)).toBe('df070101');
  });

  it('has a base time that runs on while its user, or a gateway, moves what the display shows', async () => {
    const meter = meterWith({ clockFrozenAt: '2026-03-01T08:00:00' });
    meter.measure({ mgPerDl: 90 });
    meter.moveClock(-90);
    meter.measure({ mgPerDl: 91 });
    const visit = await asking(meter);
    await ask(visit, '0101');
    const [before, after] = visit.heard(glucoseMeasurement).map((frame) => Buffer.from(frame, 'hex'));
    expect(before!.subarray(3, 10)).toEqual(after!.subarray(3, 10));
    expect([before!.readInt16LE(10), after!.readInt16LE(10)]).toEqual([0, -90]);
    expect((await visit.read(dateTime)).toString('hex')).toBe('ea070301061e00');
  });

  it('takes a new time from a gateway, and shows it', async () => {
    const meter = meterWith({ clockNeverSet: true });
    const visit = await room.connect(meterAwake(meter));
    await visit.pair();
    expect((await visit.read(dateTime)).toString('hex')).toBe('00'.repeat(7));
    await visit.write(dateTime, clockReading);
    expect((await visit.read(dateTime)).toString('hex').slice(0, 10)).toBe(clockReading.slice(0, 10));
  });

  it('speaks mmol/L, and marks a drop of control solution', async () => {
    const meter = meterWith({ unit: 'mmol/L' });
    meter.measure({ mgPerDl: 99, type: 'control-solution', location: 'control-solution' });
    const visit = await asking(meter);
    await ask(visit, '0101');
    // 5.5 mmol/L is 55 × 10^-4 mol/L; flags say mol/L
    expect(visit.heard(glucoseMeasurement)[0]).toMatch(/^07.*37c04a$/);
  });

  it('tells above its range as an infinity, and a record without a value as none', () => {
    const meter = meterWith();
    expect(meter.measure({ mgPerDl: 'infinity', status: ['result-high'] }).becomes).toBe('reading');
    expect(meter.measure({ mgPerDl: 'nan', status: ['strip-insertion'] }).becomes).toBe('aside');
    expect(meter.measure({}).becomes).toBe('aside');
  });

  it('is bonded only with the digits on its display', async () => {
    const meter = meterWith({ pairing: 'passkey', passkey: 123_456 });
    await room.client.actAsAgent(() => 123_456);
    const visit = await asking(meterAwake(meter));
    expect(await ask(visit, '0401')).toBe('05000000');
  });

  it('hangs up when nobody asks it anything for a while', async () => {
    const meter = meterWith({ patienceMs: 1_000 });
    const visit = await room.connect(meterAwake(meter));
    await visit.ended;
  });
});

const meterAwake = (meter: GlucoseMeter) => {
  meter.wake();
  return meter;
};

describe('a simulated sensor', () => {
  const sensorWith = (config: Partial<ContinuousGlucoseMonitorConfig> = {}) =>
    createContinuousGlucoseMonitor(room.bluez, { ...quick, address: 'C0:FF:EE:00:00:1F', betweenMs: 1, ...config });
  const listening = async (sensor: ReturnType<typeof sensorWith>) => {
    const visit = await room.connect(sensor);
    await visit.pair();
    for (const uuid of [cgmMeasurement, recordAccessPoint, specificOpsPoint]) await visit.subscribe(uuid);
    return visit;
  };

  it('keeps what nobody heard, several records to a notification, and fetches them by offset', async () => {
    const sensor = sensorWith();
    const told = [100, 101, 102, 103].map((glucose) => sensor.measure({ glucose }).frames[0]!);
    const visit = await listening(sensor);
    expect(await ask(visit, '0103010a00')).toBe('06000101');
    expect(visit.heard(cgmMeasurement)).toEqual([told.slice(1).join('')]);
    expect(sensor.pending()).toBe(1);
    expect(sensor.takeHandedOver().map(({ frames }) => frames[0])).toEqual(told.slice(1));
  });

  it('tells a new record at once to whoever listens', async () => {
    const sensor = sensorWith({ minuteMs: 4 });
    const random = seededRandom(5);
    sensor.use(random);
    const visit = await listening(sensor);
    sensor.run(() => ({ glucose: 120, trend: 0.5 }));
    const [first, second] = await visit.hears(cgmMeasurement, 2);
    const offsets = [first, second].map((frame) => Buffer.from(frame!, 'hex').readUInt16LE(4));
    expect(offsets).toEqual([10, 15]);
    expect(sensor.pending()).toBe(1);
    sensor.remove();
  });

  it('puts the check behind everything it says, and asks for it', async () => {
    const sensor = sensorWith({ e2eCrc: true, notStarted: true });
    sensor.wake();
    const visit = await listening(sensor);
    expect((await visit.read(cgmFeature)).length).toBe(6);
    const start = 'e20704180d08180804';
    await expect(visit.write(cgmSessionStart, start)).rejects.toMatchObject({ text: expect.stringMatching('0x80') });
    await expect(visit.write(cgmSessionStart, `${start}0000`)).rejects.toMatchObject({
      text: expect.stringMatching('0x81'),
    });
    await visit.write(cgmSessionStart, `${start}e0c2`);
    await expect(visit.write(cgmSessionStart, `${start}e0c2`)).rejects.toMatchObject({
      type: 'org.bluez.Error.NotPermitted',
    });
    expect((await visit.read(cgmSessionStart)).toString('hex')).toBe(`${start}e0c2`);
    expect(sensor.measure({ glucose: 120 }).frames[0]!.length).toBe(16);
  });

  it('measures nothing while it warms up, asks to be calibrated, and leaves gaps', async () => {
    const sensor = sensorWith({ warmsUpFor: 10, wantsCalibration: true });
    expect(sensor.measure({ glucose: 100 }).becomes).toBe('aside');
    const visit = await listening(sensor);
    expect((await visit.read(cgmStatus)).toString('hex')).toBe('0500000200');
    sensor.loseSignal(60);
    expect(sensor.measure({ glucose: 100 })).toEqual({
      frames: ['0740640046' + '0008'],
      becomes: 'reading',
      sequence: 70,
    });
    expect(await ask(visit, '04640028000f0a0001' + '0000', specificOpsPoint)).toBe('1c0401');
    expect(sensor.measure({ glucose: 100 }).frames).toEqual(['060064004b00']);
  });

  it('lets its interval be asked and set, and its session be stopped', async () => {
    const sensor = sensorWith();
    sensor.wake();
    const visit = await listening(sensor);
    const answers = [];
    for (const request of ['02', '010f', '02', '077800', '08', '99', '1b'])
      answers.push(await ask(visit, request, specificOpsPoint));
    expect(answers).toEqual(['0305', '1c0101', '030f', '1c0701', '097800', '1c9902', '1c1b01']);
    expect(sensor.measure({ glucose: 90 }).frames).toEqual(['07805a000f0001']);
  });
});
