import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit } from '#domain/admission.ts';
import { DeviceId, PatientId, SourceId } from '#domain/ids.ts';
import {
  decodeHeartRate,
  decodeSensorLocation,
  heartRate,
  intervalMs,
} from '../../gateway-agent/profiles/heart-rate.ts';
import { type Decimal, isSpecial, type Special, toNumber } from '../../gateway-agent/profiles/ieee11073.ts';
import type { Profile } from '../../gateway-agent/profiles/profile.ts';
import {
  decodeContinuous,
  decodePlxFeatures,
  decodeSpotCheck,
  pulseOximeter,
} from '../../gateway-agent/profiles/pulse-oximeter.ts';
import { tell } from '../../gateway-agent/profiles/tell.ts';
import { continuousFrame, heartRateFrame, spotCheckFrame } from '../support/frames.ts';
import straps from '../vectors/heart-rate.json' with { type: 'json' };
import oximeters from '../vectors/pulse-oximeter.json' with { type: 'json' };

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const number = (read: Decimal | Special | undefined) =>
  read === undefined ? undefined : isSpecial(read) ? read : toNumber(read);
const time = fc
  .date({ min: new Date('2015-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 19));

describe('oximeter frames of real devices and of other implementations', () => {
  type Expected = {
    spo2: number;
    pulseRate: number;
    spo2Fast?: number;
    pulseRateFast?: number;
    spo2Slow?: number;
    pulseRateSlow?: number;
    timestamp?: string;
    measurementStatus?: number;
    deviceSensorStatus?: number;
    clockNotSet?: boolean;
    pulseAmplitudeIndex?: number;
  };
  const kinds = [
    { kind: 'spot-check', frames: oximeters.spotCheck, decode: decodeSpotCheck },
    { kind: 'continuous', frames: oximeters.continuous, decode: decodeContinuous },
  ] as const;
  for (const { kind, frames, decode } of kinds)
    for (const { hex, expected, source } of frames as { hex: string; expected: Expected; source: string }[])
      it(`${kind} ${hex}: ${source}`, () => {
        const decoded = decode(bytes(hex));
        if ('fault' in decoded) return expect.fail(decoded.fault);
        const { said } = decoded;
        expect({
          spo2: number(said.saturation),
          pulseRate: number(said.pulse),
          spo2Fast: number(said.fast?.saturation),
          pulseRateFast: number(said.fast?.pulse),
          spo2Slow: number(said.slow?.saturation),
          pulseRateSlow: number(said.slow?.pulse),
          timestamp: said.deviceTime,
          measurementStatus: said.measurementStatus,
          deviceSensorStatus: said.deviceStatus,
          clockNotSet: said.clockNotSet,
          pulseAmplitudeIndex: number(said.amplitudeIndex),
        }).toEqual({
          spo2: expected.spo2,
          pulseRate: expected.pulseRate,
          spo2Fast: expected.spo2Fast,
          pulseRateFast: expected.pulseRateFast,
          spo2Slow: expected.spo2Slow,
          pulseRateSlow: expected.pulseRateSlow,
          timestamp: expected.timestamp,
          measurementStatus: expected.measurementStatus ?? 0,
          deviceSensorStatus: expected.deviceSensorStatus ?? 0,
          clockNotSet: expected.clockNotSet ?? false,
          pulseAmplitudeIndex: expected.pulseAmplitudeIndex,
        });
      });

  for (const { hex, expected } of oximeters.features)
    it(`features ${hex}`, () =>
      expect(decodePlxFeatures(bytes(hex))).toEqual({
        said: {
          bits: expected.featuresRaw,
          measurementStatusSupport: expected.measurementStatusSupport,
          deviceStatusSupport: expected.deviceSensorStatusSupport,
        },
      }));
});

describe('a spot check', () => {
  const { decode } = pulseOximeter.measurements[0]!;

  it('is read back as it would be written', () => {
    const fields = fc.record(
      {
        saturation: fc.integer({ min: 50, max: 100 }),
        pulse: fc.integer({ min: 20, max: 250 }),
        time,
        measurementStatus: fc.nat(0xffff),
        deviceStatus: fc.nat(0xffffff),
        amplitudeTenths: fc.nat(200),
        clockNotSet: fc.boolean(),
      },
      { requiredKeys: ['saturation', 'pulse'] },
    );
    fc.assert(
      fc.property(fields, (f) => {
        expect(decodeSpotCheck(spotCheckFrame(f))).toEqual({
          said: {
            saturation: { mantissa: f.saturation, exponent: 0 },
            pulse: { mantissa: f.pulse, exponent: 0 },
            ...(f.time === undefined ? {} : { deviceTime: f.time }),
            clockNotSet: f.clockNotSet ?? false,
            measurementStatus: f.measurementStatus ?? 0,
            deviceStatus: f.deviceStatus ?? 0,
            ...(f.amplitudeTenths === undefined
              ? {}
              : { amplitudeIndex: { mantissa: f.amplitudeTenths, exponent: -1 } }),
          },
        });
      }),
    );
  });

  const saying = (measurementStatus: number, deviceStatus = 0) =>
    decode(spotCheckFrame({ saturation: 88, pulse: 80, measurementStatus, deviceStatus }));

  it('that is a demonstration or a test enters nobody’s record', () => {
    const patient = PatientId.parse('0198f0e0-0000-7000-8000-000000000001');
    const source = SourceId.parse('gw-1');
    const now = '2026-05-01T08:00:00Z';
    for (const bit of [10, 11]) {
      const told = saying(1 << bit);
      if (!('measured' in told)) return expect.fail('no reading');
      const admission = admit(
        {
          ref: 'r',
          device: DeviceId.parse('AA:BB:CC:00:00:01'),
          ...told.measured,
          takenAt: now,
          heardAt: now,
          clock: 'source',
        },
        source,
        { source, assignments: [{ patient, userSlot: null, from: '2020-01-01T00:00:00Z', to: null }] },
        Date.parse(now),
      );
      expect(admission).toMatchObject({ outcome: 'refused', reason: 'test-reading' });
    }
  });

  it('that the oximeter calls invalid, unavailable or calibrating is no reading', () => {
    expect([15, 13, 12].map((bit) => saying(1 << bit))).toEqual([
      { fault: 'said-invalid' },
      { fault: 'no-value' },
      { fault: 'no-value' },
    ]);
  });

  it('without a pulse is a saturation alone, and without a saturation no reading', () => {
    const vitalsOf = (frame: Buffer) => {
      const told = decode(frame);
      return 'measured' in told ? told.measured.values.map((v) => v.vital) : told;
    };
    expect(vitalsOf(spotCheckFrame({ saturation: 88, pulse: 0 }))).toEqual(['oxygen-saturation']);
    expect(vitalsOf(bytes('005800ff07'))).toEqual(['oxygen-saturation']);
    expect(vitalsOf(spotCheckFrame({ saturation: 0, pulse: 0 }))).toEqual({ fault: 'no-value' });
    expect(vitalsOf(spotCheckFrame({ saturation: 0, pulse: 70 }))).toEqual({ fault: 'no-value' });
  });

  it('says in a word what the device doubts', () => {
    const words = (told: ReturnType<typeof saying>) => ('measured' in told ? told.measured.marks.join() : 'none');
    expect([5, 6, 7, 8, 9, 14].map((bit) => words(saying(1 << bit)))).toEqual([
      '',
      'early-estimate',
      '',
      '',
      '',
      'questionable',
    ]);
    expect(Array.from({ length: 16 }, (_, bit) => words(saying(0, 1 << bit)))).toEqual([
      ...['', 'device-fault', 'poor-signal', 'poor-signal', 'poor-signal', 'low-perfusion', 'poor-signal'],
      ...['no-pulse-found', 'questionable', '', 'poor-signal', 'sensor-off', 'device-fault', 'sensor-off'],
      ...['device-fault', 'sensor-off'],
    ]);
  });
});

/** Frames one a second from second 0. */
const stream = (characteristic: number, frames: Buffer[], everyMs = 1000) =>
  frames.map((frame, n) => ({ characteristic, bytes: frame, at: n * everyMs }));
const readingsOf = (profile: Profile, frames: ReturnType<typeof stream>) =>
  tell(profile, frames, true).flatMap(({ told, of }) =>
    'measured' in told ? [{ values: told.measured.values.map((v) => v.value), first: of[0], last: of.at(-1) }] : [],
  );
const seconds = (n: number, frame: (second: number) => Buffer) =>
  Array.from({ length: n }, (_, second) => frame(second));

describe('a stream of saturation', () => {
  const plain = (saturation: number, pulse = 70) => continuousFrame(saturation, pulse, 0x20, 0);
  const from = (frames: Buffer[], everyMs?: number) => readingsOf(pulseOximeter, stream(0x2a5f, frames, everyMs));

  it('is one reading when it has been steady for 15 s: the median', () => {
    expect(from(seconds(16, (s) => plain(96 + (s % 3))))).toEqual([{ values: [97, 70], first: 0, last: 15 }]);
    expect(from(seconds(15, () => plain(97)))).toEqual([]);
  });

  it('is one reading a minute at most', () => {
    expect(from(seconds(200, () => plain(97))).map(({ last }) => last)).toEqual([15, 75, 135, 195]);
  });

  it('is no reading while it jumps about', () => {
    expect(from(seconds(60, (s) => plain(s % 10 === 0 ? 85 : 97)))).toEqual([]);
    expect(from(seconds(60, (s) => plain(97, s % 10 === 0 ? 120 : 70)))).toEqual([]);
  });

  it('begins anew after a doubtful second, a missing value or a gap', () => {
    const doubtful = [
      continuousFrame(97, 70, 0x4020, 0),
      continuousFrame(97, 70, 0x20, 1 << 5),
      continuousFrame(97, 70, 0x8000),
    ];
    for (const bad of doubtful)
      expect(from(seconds(40, (s) => (s === 10 ? bad : plain(97)))).map(({ first }) => first)).toEqual([11]);
    expect(
      from(
        seconds(40, () => plain(97)),
        4000,
      ),
    ).toEqual([]);
  });

  it('of a demonstration is nothing at all', () => {
    expect(
      tell(
        pulseOximeter,
        stream(
          0x2a5f,
          seconds(60, () => continuousFrame(97, 70, 1 << 10)),
        ),
        true,
      ),
    ).toEqual([]);
  });

  it('tells only numbers that were measured, from frames that stood together', () => {
    const frame = fc.record({
      saturation: fc.integer({ min: 80, max: 100 }),
      pulse: fc.integer({ min: 50, max: 120 }),
    });
    const calm = fc.array(frame, { minLength: 20, maxLength: 90 }).map((all) => {
      let [saturation, pulse] = [95, 75];
      return all.map((one) => {
        saturation += Math.sign(one.saturation - saturation) * (one.saturation % 2);
        pulse += Math.sign(one.pulse - pulse) * (one.pulse % 2);
        return { saturation, pulse };
      });
    });
    fc.assert(
      fc.property(calm, (all) => {
        for (const { values, first, last } of from(all.map((one) => plain(one.saturation, one.pulse)))) {
          const window = all.slice(first, last! + 1);
          const saturations = window.map((one) => one.saturation).sort((a, b) => a - b);
          expect(values[0]).toBe(saturations[Math.floor((saturations.length - 1) / 2)]);
          expect(saturations.at(-1)! - saturations[0]!).toBeLessThanOrEqual(2);
          expect(window.length).toBeGreaterThanOrEqual(16);
        }
      }),
      { numRuns: 300, seed: 2026 },
    );
  });
});

describe('heart rate frames of real straps and of other implementations', () => {
  for (const { hex, expected, source } of straps.measurement)
    it(`${hex}: ${source}`, () => {
      const decoded = decodeHeartRate(bytes(hex));
      if ('valid' in expected) return expect(decoded).toEqual({ fault: 'bytes-missing' });
      expect(decoded).toEqual({
        said: {
          perMinute: expected.heartRate,
          contact: expected.sensorContactSupported ? (expected.sensorContact ?? undefined) : undefined,
          ...(expected.energyExpendedKJ === null ? {} : { energyKj: expected.energyExpendedKJ }),
          intervals1024: expected.rrRaw1024,
        },
      });
      if ('said' in decoded)
        expect(decoded.said.intervals1024.map((raw) => Math.round(intervalMs(raw) * 10) / 10)).toEqual(expected.rrMs);
    });

  for (const { hex, expected } of straps.location)
    it(`sensor location ${hex}`, () => expect(decodeSensorLocation(bytes(hex))).toEqual({ said: expected.meaning }));

  it('may announce intervals and have none from a Polar H10 only', () => {
    expect(decodeHeartRate(bytes('104b'), 'H10')).toEqual({
      said: { perMinute: 75, contact: undefined, intervals1024: [] },
    });
    for (const model of [undefined, 'H100', 'TICKR'])
      expect(decodeHeartRate(bytes('104b'), model)).toEqual({ fault: 'bytes-missing' });
  });

  it('are read back as they would be written', () => {
    const fields = fc.record(
      {
        perMinute: fc.nat(255),
        wide: fc.boolean(),
        contact: fc.boolean(),
        energy: fc.nat(0xffff),
        intervals: fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 9 }),
      },
      { requiredKeys: ['perMinute', 'wide'] },
    );
    fc.assert(
      fc.property(fields, (f) => {
        expect(decodeHeartRate(heartRateFrame(f))).toEqual({
          said: {
            perMinute: f.perMinute,
            contact: f.contact,
            ...(f.energy === undefined ? {} : { energyKj: f.energy }),
            intervals1024: f.intervals ?? [],
          },
        });
      }),
    );
  });
});

describe('a stream of heart rate', () => {
  const from = (frames: Buffer[]) => readingsOf(heartRate, stream(0x2a37, frames));

  it('is one reading when it has been steady for 30 s: the median', () => {
    expect(from(seconds(31, (s) => heartRateFrame({ perMinute: 70 + (s % 5), wide: false, contact: true })))).toEqual([
      { values: [72], first: 0, last: 30 },
    ]);
  });

  it('is none while the strap is off the skin, whatever number it repeats, or finds no beat', () => {
    expect(from(seconds(90, () => heartRateFrame({ perMinute: 70, wide: false, contact: false })))).toEqual([]);
    expect(from(seconds(90, () => heartRateFrame({ perMinute: 0, wide: false })))).toEqual([]);
  });

  it('keeps a frame that does not conform aside, and one that says nothing not', () => {
    const frames = stream(0x2a37, [bytes('170101'), bytes('0000')]);
    expect(tell(heartRate, frames, true)).toEqual([{ of: [0], told: { fault: 'bytes-missing' } }]);
  });
});
