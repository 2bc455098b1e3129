import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { continuousGlucose } from '../../gateway-agent/profiles/cgm.ts';
import { decodeCgmAnswer, encodeGetInterval } from '../../gateway-agent/profiles/cgm-ops.ts';
import {
  type CgmRecord,
  decodeCgmFeature,
  decodeCgmRecords,
  decodeCgmRunTime,
  decodeCgmSessionStart,
  decodeCgmStatus,
  numberedCgmRecords,
  tellCgm,
} from '../../gateway-agent/profiles/cgm-records.ts';
import { e2eCrc } from '../../gateway-agent/profiles/crc.ts';
import { type Decimal, isSpecial, type Special, toNumber } from '../../gateway-agent/profiles/ieee11073.ts';
import { tell } from '../../gateway-agent/profiles/tell.ts';
import { cgmRecord, crcOf, sessionStart } from '../support/frames.ts';
import vectors from '../vectors/cgm.json' with { type: 'json' };

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const number = (read: Decimal | Special | undefined) =>
  read === undefined ? undefined : isSpecial(read) ? read : toNumber(read);
const octets = ({ status }: { status: number }) => [status & 0xff, (status >> 8) & 0xff, status >> 16];

describe('CGM frames of real sensors and of other implementations', () => {
  type Expected = {
    glucose?: number;
    timeOffset?: number;
    statusOctet?: number;
    calTempOctet?: number;
    warningOctet?: number;
    trend?: number;
    quality?: number;
    crcValid?: boolean;
    records?: { glucose: number; timeOffset: number }[];
    valid?: boolean;
  };
  for (const { hex, expected, source } of vectors.measurement as { hex: string; expected: Expected; source: string }[])
    it(`${hex}: ${source}`, () => {
      const decoded = decodeCgmRecords(bytes(hex));
      if ('fault' in decoded) return expect.fail(decoded.fault);
      if (expected.valid === false) return expect(decoded.said).toEqual([{ fault: 'crc-wrong' }]);
      const said = decoded.said.map((one) =>
        'said' in one ? one.said : (expect.fail('refused') as never),
      ) as CgmRecord[];
      const all = expected.records ?? [expected];
      expect(said.map((one) => ({ glucose: number(one.glucose), timeOffset: one.offsetMinutes }))).toEqual(
        all.map(({ glucose, timeOffset }) => ({ glucose, timeOffset })),
      );
      if (expected.records) return;
      const [one] = said;
      expect(octets(one!)).toEqual([expected.statusOctet ?? 0, expected.calTempOctet ?? 0, expected.warningOctet ?? 0]);
      expect([number(one!.trend), number(one!.quality), one!.crc]).toEqual([expected.trend, expected.quality, true]);
    });

  for (const { hex, expected } of vectors.feature)
    it(`feature ${hex}`, () =>
      expect(decodeCgmFeature(bytes(hex))).toEqual({
        said: {
          bits: expected.featuresRaw,
          e2eCrc: expected.e2eCrcSupported,
          type: expected.type,
          location: expected.location,
        },
      }));

  for (const { hex, expected } of vectors.status as { hex: string; expected: Expected & { statusBits?: number[] } }[])
    it(`status ${hex}`, () => {
      const decoded = decodeCgmStatus(bytes(hex));
      if ('fault' in decoded) return expect.fail(decoded.fault);
      expect(decoded.said.offsetMinutes).toBe(expected.timeOffset);
      const said = expected.statusBits
        ? [...Array(24).keys()].filter((n) => (decoded.said.status >> n) & 1)
        : octets(decoded.said);
      expect(said).toEqual(expected.statusBits ?? [expected.statusOctet, expected.calTempOctet, expected.warningOctet]);
    });

  for (const { hex, expected } of vectors.sessionStart)
    it(`session start ${hex}`, () =>
      expect(decodeCgmSessionStart(bytes(hex))).toEqual({
        said: {
          time: expected.dateTime,
          zoneMinutes: expected.timeZoneMinutes,
          daylightSavingMinutes: expected.dstMinutes,
        },
      }));

  for (const { hex, expected } of vectors.sessionRunTime)
    it(`session run time ${hex}`, () =>
      expect(decodeCgmRunTime(bytes(hex))).toEqual({ said: { hours: expected.runTimeHours } }));

  const words: Record<number, string> = { 1: 'success', 2: 'op-code-not-supported' };
  for (const { hex, expected, source } of vectors.specificOps as {
    hex: string;
    expected: Record<string, unknown>;
    source: string;
  }[])
    it(`specific ops ${hex}: ${source}`, () => {
      const decoded = decodeCgmAnswer(bytes(hex));
      if (expected.valid !== undefined) return expect(decoded).toHaveProperty('fault');
      if ('fault' in decoded) return expect.fail(decoded.fault);
      const { said } = decoded;
      if (said.is === 'interval') expect(said.minutes).toBe(expected.communicationIntervalMin);
      if (said.is === 'response')
        expect([said.to, said.response]).toEqual([expected.requestOpCode, words[Number(expected.responseCode)]]);
      if (said.is === 'level') expect([said.of, number(said.value)]).toEqual([expected.alertLevel, expected.value]);
      if (said.is === 'calibration')
        expect({ ...said, glucose: number(said.glucose) }).toEqual({
          is: 'calibration',
          glucose: expected.glucose,
          atMinutes: expected.calibrationTimeMin,
          type: expected.type,
          location: expected.location,
          nextMinutes: expected.nextCalibrationMin,
          record: expected.recordNumber,
          status: expected.statusRaw,
        });
    });

  it('asks for the interval in one byte', () => expect([...encodeGetInterval()]).toEqual([2]));
});

describe('the check of CGM', () => {
  it('is CRC-16/MCRF4XX', () => expect(e2eCrc(Buffer.from('123456789'))).toBe(0x6f91));

  it('agrees with one that goes bit by bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (any) => {
        const [low, high] = crcOf([...any]) as [number, number];
        expect(e2eCrc(any)).toBe(low | (high << 8));
      }),
    );
  });

  it('finds every single bit that was turned over', () => {
    const record = cgmRecord({ mantissa: 115, exponent: 0, offset: 300, status: 1, crc: true });
    for (let n = 16; n < record.length * 8; n++) {
      const turned = Buffer.from(record);
      turned[n >> 3]! ^= 1 << (n & 7);
      const decoded = decodeCgmRecords(turned);
      expect('said' in decoded ? decoded.said[0] : decoded).toEqual({ fault: 'crc-wrong' });
    }
  });

  it('that is wrong leaves its record unfetched, so that it is asked for again', () => {
    const [one, other] = [1, 2].map((offset) => cgmRecord({ mantissa: 110, exponent: 0, offset, crc: true }));
    const spoilt = [...one!.slice(0, 4), one![4]! ^ 0x40, ...one!.slice(5)];
    const numbers = (frame: number[]) => numberedCgmRecords(Buffer.from(frame)).map(({ number }) => number);
    expect(numbers([...one!, ...other!])).toEqual([1, 2]);
    expect(numbers([...spoilt, ...other!])).toEqual([2]);
    expect(numbers([...one!, ...other!.slice(0, -1)])).toEqual([]);
  });

  it('must be there where the sensor says that it checks', () => {
    const [record] = (decodeCgmRecords(bytes('06000c100600')) as { said: [{ said: CgmRecord }] }).said;
    const feature = { bits: 1 << 12, e2eCrc: true, type: 9, location: 5 };
    expect(tellCgm(record.said, { start: undefined, feature })).toEqual({ fault: 'crc-missing' });
  });
});

const anyRecord = fc.record(
  {
    mantissa: fc.integer({ min: 20, max: 2045 }),
    exponent: fc.constantFrom(0, -1),
    offset: fc.nat(0xffff),
    status: fc.nat(0x3f),
    calibration: fc.nat(0x3f),
    warning: fc.nat(0xff),
    trend: fc.integer({ min: -200, max: 200 }),
    quality: fc.nat(1000),
    crc: fc.boolean(),
  },
  { requiredKeys: ['mantissa', 'exponent', 'offset', 'crc'] },
);

describe('the records of a sensor', () => {
  it('are read back as they would be written, however many stand in one notification', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 5 }), (all) => {
        const decoded = decodeCgmRecords(Buffer.from(all.flatMap(cgmRecord)));
        expect(decoded).toEqual({
          said: all.map((f) => ({
            said: {
              glucose: { mantissa: f.mantissa, exponent: f.exponent },
              offsetMinutes: f.offset,
              status: (f.status ?? 0) | ((f.calibration ?? 0) << 8) | ((f.warning ?? 0) << 16),
              ...(f.trend === undefined ? {} : { trend: { mantissa: f.trend, exponent: -1 } }),
              ...(f.quality === undefined ? {} : { quality: { mantissa: f.quality, exponent: -1 } }),
              crc: f.crc,
            },
          })),
        });
      }),
    );
  });

  it('have their octets by what is announced, each alone: status, calibration and temperature, warning', () => {
    const octet = (flag: number) => {
      const decoded = decodeCgmRecords(Buffer.from([7, flag, 115, 0, 5, 0, 0x01]));
      return 'said' in decoded && 'said' in decoded.said[0]! ? decoded.said[0].said.status : decoded;
    };
    expect([octet(0x80), octet(0x40), octet(0x20)]).toEqual([0x000001, 0x000100, 0x010000]);
  });

  const visit = (...frames: [characteristic: number, frame: Buffer][]) =>
    frames.map(([characteristic, frame], n) => ({ characteristic, bytes: frame, at: n * 1000 }));
  const record = (offset: number) => Buffer.from(cgmRecord({ mantissa: 110, exponent: 0, offset, crc: false }));
  const timesOf = (frames: ReturnType<typeof visit>, over: boolean) =>
    tell(continuousGlucose, frames, over).map(({ told }) =>
      'measured' in told ? [told.measured.deviceTime, told.measured.zoneMinutes, told.measured.sequence] : told,
    );

  it('are timed by the start of their session, and wait for it', () => {
    const start = sessionStart('2026-05-01T08:00:00', -300);
    const timed = ['2026-05-01T08:05:00', -300, 5];
    expect(timesOf(visit([0x2aa7, record(5)]), false)).toEqual([]);
    expect(timesOf(visit([0x2aa7, record(5)], [0x2aaa, start]), false)).toEqual([timed]);
    expect(timesOf(visit([0x2aaa, start], [0x2aa7, record(5)]), false)).toEqual([timed]);
  });

  it('without one have neither time nor number: the next session counts from 0 again', () => {
    expect(timesOf(visit([0x2aa7, record(5)]), true)).toEqual([[undefined, undefined, undefined]]);
  });

  it('belong to the session that was read last before them', () => {
    const frames = visit(
      [0x2aaa, sessionStart('2026-05-01T08:00:00', 0)],
      [0x2aa7, record(5)],
      [0x2aaa, sessionStart('2026-05-15T09:00:00', 0)],
      [0x2aa7, record(5)],
    );
    expect(timesOf(frames, true).map((one) => (one as unknown[])[0])).toEqual([
      '2026-05-01T08:05:00',
      '2026-05-15T09:05:00',
    ]);
  });

  it('that say "LO" and write 0 for the number they have not are at the limit, and 0 alone is no number', () => {
    const told = (mantissa: number, status: number) =>
      tellCgm(
        { glucose: { mantissa, exponent: 0 }, offsetMinutes: 1, status, crc: false },
        { start: undefined, feature: undefined },
      );
    const low = told(0, 1 << 22);
    expect('measured' in low && low.measured.values[0]?.value).toBe(40);
    expect(told(0, 0)).toEqual({ fault: 'no-value' });
  });

  it('say every alarm of the sensor in a word', () => {
    const words = Array.from({ length: 24 }, (_, n) => {
      const told = tellCgm(
        { glucose: { mantissa: 110, exponent: 0 }, offsetMinutes: 1, status: 1 << n, crc: false },
        { start: undefined, feature: undefined },
      );
      return 'measured' in told ? told.measured.marks.join() : told.fault;
    });
    expect(words).toEqual([
      ...['session-stopped', 'battery-low', 'device-fault', 'device-fault', 'device-alert', 'device-fault', '', ''],
      ...['clock-in-doubt', '', 'calibration-needed', 'calibration-needed'],
      ...['outside-operating-temperature', 'outside-operating-temperature', '', ''],
      ...['below-low-limit', 'above-high-limit', 'below-hypo-limit', 'above-hyper-limit'],
      ...['falling-fast', 'rising-fast', 'below-measuring-range', 'above-measuring-range'],
    ]);
  });
});
