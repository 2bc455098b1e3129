import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mark } from '#domain/reading.ts';
import { bloodPressure, decodeBloodPressureFeature } from '../../gateway-agent/profiles/blood-pressure.ts';
import { countedTime } from '../../gateway-agent/profiles/device-time.ts';
import vectors from '../vectors/blood-pressure.json' with { type: 'json' };

const bytes = (hex: string) => Buffer.from(hex, 'hex');

type Vector = (typeof vectors.bloodPressure)[number];

const { decode } = bloodPressure.measurements[0]!;
const enhanced = bloodPressure.measurements[1]!;

describe('blood pressure frames of real cuffs and of other implementations', () => {
  for (const vector of vectors.bloodPressure as Vector[])
    it(`${vector.hex}: ${vector.note ?? vector.source}`, () => {
      const decoded = decode(bytes(vector.hex), 'model' in vector ? vector.model : undefined);
      if ('valid' in vector.expected) return expect(decoded).toEqual({ fault: 'bytes-missing' });
      expect(decoded).toEqual({ measured: measuredIn(vector) });
    });

  it('refuses the big-endian variant from a model that is not known for it, and decodes a standard frame from one that is', () => {
    for (const vector of vectors.bloodPressure.filter((v) => 'model' in v))
      for (const model of [undefined, 'BM96', 'XBM85', 'UA-651BLE'])
        expect(decode(bytes(vector.hex), model)).toEqual({ fault: 'bytes-left-over' });
    const standard = vectors.bloodPressure.find((v) => v.hex.startsWith('167c'))!;
    expect(decode(bytes(standard.hex), 'BM85')).toEqual(decode(bytes(standard.hex)));
  });

  it('finds no value where the cuff could not measure', () => {
    expect(decode(bytes('00ff07ff07ff07'))).toEqual({ fault: 'no-value' });
    expect(decode(bytes('00780000080000'))).toEqual({ fault: 'no-value' });
  });

  it('refuses a time that the field does not allow, and keeps one whose parts are unknown', () => {
    expect(decode(bytes('02780050005a00ea070d0a080000'))).toEqual({ fault: 'impossible-time' });
    const unknown = decode(bytes('02780050005a0000000000080000'));
    expect('measured' in unknown && unknown.measured.deviceTime).toBe('0000-00-00T08:00:00');
  });

  it('takes user 0xFF for nobody known', () => {
    const decoded = decode(bytes('08780050005a00ff'));
    expect('measured' in decoded && 'userSlot' in decoded.measured).toBe(false);
  });

  it('decodes what a cuff would encode', () => {
    const measurement = fc.record({
      systolic: fc.integer({ min: 300, max: 2046 }),
      diastolic: fc.integer({ min: 100, max: 2046 }),
      pulse: fc.option(fc.integer({ min: 1, max: 250 }), { nil: undefined }),
      user: fc.option(fc.integer({ min: 0, max: 254 }), { nil: undefined }),
      status: fc.option(fc.integer({ min: 0, max: 0xffff }), { nil: undefined }),
      time: fc.option(fc.date({ min: new Date('1990-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }), {
        nil: undefined,
      }),
    });
    fc.assert(
      fc.property(measurement, (m) => {
        const decoded = decode(encode(m));
        if (!('measured' in decoded)) return expect.fail('no reading');
        const { values, deviceTime, userSlot } = decoded.measured;
        expect(values.map((v) => v.value)).toEqual([m.systolic / 10, m.diastolic / 10, ...(m.pulse ? [m.pulse] : [])]);
        expect(deviceTime).toBe(m.time?.toISOString().slice(0, 19));
        expect(userSlot).toBe(m.user);
      }),
    );
  });
});

describe('enhanced blood pressure frames', () => {
  for (const { hex, expected, source } of vectors.enhanced)
    it(`${hex}: ${source}`, () => {
      const seconds = 'timestampSeconds' in expected ? expected.timestampSeconds : expected.userFacingTimeSeconds;
      const { systolic, diastolic, meanArterialPressure } = expected;
      expect(enhanced.decode(bytes(hex))).toEqual({
        measured: {
          panel: 'blood-pressure',
          values: [
            { vital: 'systolic', value: systolic, unit: 'mm[Hg]', decimals: 0 },
            { vital: 'diastolic', value: diastolic, unit: 'mm[Hg]', decimals: 0 },
            { vital: 'mean-arterial-pressure', value: meanArterialPressure, unit: 'mm[Hg]', decimals: 0 },
          ],
          marks: [],
          deviceTime: countedTime(Date.parse(`${expected.epochStart}T00:00:00Z`) + (seconds ?? 0) * 1000),
        },
      });
    });

  it('believe the time that its user reads, where there are two, and count from 2000 where the cuff says so', () => {
    const decoded = enhanced.decode(bytes('62780050005a0000000000805d9532'));
    expect('measured' in decoded && decoded.measured.deviceTime).toBe('2026-11-22T08:00:00');
  });

  it('are asked for in place of the plain ones where a cuff has both', () => {
    expect(enhanced.insteadOf).toBe(0x2a35);
  });
});

describe('what a cuff shows while it deflates', () => {
  it('is a frame that nobody asks for and nobody reads', () => {
    expect(vectors.intermediate.length).toBeGreaterThan(0);
    expect(bloodPressure.measurements.map((m) => m.characteristic)).toEqual([0x2a35, 0x2b34]);
  });
});

describe('what a cuff can tell', () => {
  it('is read from its feature', () => {
    expect(decodeBloodPressureFeature(bytes('2500'))).toEqual({
      said: {
        bodyMovement: true,
        cuffFit: false,
        irregularPulse: true,
        pulseRange: false,
        position: false,
        multipleBonds: true,
        e2eCrc: false,
        userData: false,
        userFacingTime: false,
      },
    });
    expect(decodeBloodPressureFeature(bytes('25'))).toEqual({ fault: 'bytes-missing' });
  });
});

/** What a vector of another implementation says, in our words. */
function measuredIn(vector: Vector) {
  const said = vector.expected as {
    systolic: number;
    diastolic: number;
    meanArterialPressure: number | null;
    pulse: number | null;
    timestamp: string | null;
    userId: number | null;
    status?: {
      bodyMovement: boolean;
      cuffTooLoose: boolean;
      irregularPulse: boolean;
      pulseRange: string;
      improperPosition: boolean;
    } | null;
    irregularPulse?: boolean;
  };
  const pressures = 'inMmHg' in vector && vector.inMmHg ? vector.inMmHg : said;
  // tenths of mmHg are the manner of the BM96; a tenth of a kPa is nearer to a whole mmHg than to a tenth
  const inTenths = (byte: number) => (vector.hex[2 * byte] === 'f' && !('inMmHg' in vector) ? 1 : 0);
  const [systolic, diastolic, mean] = [inTenths(2), inTenths(4), inTenths(6)];
  const values = [
    { vital: 'systolic', value: pressures.systolic, unit: 'mm[Hg]', decimals: systolic },
    { vital: 'diastolic', value: pressures.diastolic, unit: 'mm[Hg]', decimals: diastolic },
  ];
  if (pressures.meanArterialPressure)
    values.push({
      vital: 'mean-arterial-pressure',
      value: pressures.meanArterialPressure,
      unit: 'mm[Hg]',
      decimals: mean,
    });
  if (said.pulse) values.push({ vital: 'pulse-rate', value: said.pulse, unit: '/min', decimals: inTenths(2) });
  const status = said.status;
  const saidMarks: [boolean | undefined, Mark][] = [
    [status?.bodyMovement, 'body-movement'],
    [status?.cuffTooLoose, 'cuff-too-loose'],
    [status?.irregularPulse ?? said.irregularPulse, 'irregular-pulse'],
    [status?.pulseRange === 'aboveUpperLimit', 'pulse-above-range'],
    [status?.pulseRange === 'belowLowerLimit', 'pulse-below-range'],
    [status?.improperPosition, 'improper-position'],
  ];
  return {
    panel: 'blood-pressure',
    values,
    marks: saidMarks.filter(([is]) => is).map(([, mark]) => mark),
    ...(said.timestamp === null ? {} : { deviceTime: said.timestamp }),
    ...(said.userId === null ? {} : { userSlot: said.userId }),
  };
}

/** Pressures in tenths of mmHg, exponent -1; no mean. */
function encode(m: {
  systolic: number;
  diastolic: number;
  pulse?: number;
  user?: number;
  status?: number;
  time?: Date;
}): Buffer {
  const has = (field: unknown, bit: number) => (field === undefined ? 0 : bit);
  const out = [has(m.time, 2) | has(m.pulse, 4) | has(m.user, 8) | has(m.status, 16)];
  const u16 = (n: number) => out.push(n & 0xff, n >> 8);
  u16(0xf000 | m.systolic);
  u16(0xf000 | m.diastolic);
  u16(0x07ff);
  if (m.time) {
    u16(m.time.getUTCFullYear());
    out.push(
      m.time.getUTCMonth() + 1,
      m.time.getUTCDate(),
      m.time.getUTCHours(),
      m.time.getUTCMinutes(),
      m.time.getUTCSeconds(),
    );
  }
  if (m.pulse !== undefined) u16(m.pulse);
  if (m.user !== undefined) out.push(m.user);
  if (m.status !== undefined) u16(m.status);
  return Buffer.from(out);
}
