import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Mark, marks } from '#domain/reading.ts';
import { vitals, vitalsOf } from '#domain/vitals.ts';
import { bloodPressure } from '../../gateway-agent/profiles/blood-pressure.ts';
import { profiles } from '../../gateway-agent/profiles/catalogue.ts';
import { countedMs, decodeCurrentTime, decodeDateTime } from '../../gateway-agent/profiles/device-time.ts';
import { type Decode, type Decoded, frameFaults, type Profile } from '../../gateway-agent/profiles/profile.ts';
import vectors from '../vectors/blood-pressure.json' with { type: 'json' };

const folder = join(import.meta.dirname, '../../gateway-agent/profiles');
const bytes = (hex: string) => Buffer.from(hex, 'hex');

describe('every profile', () => {
  it('stands in the catalogue', async () => {
    const declared: Profile[] = [];
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
      const exported = Object.values(await import(join(folder, file))) as Partial<Profile>[];
      for (const one of exported) if (one && Array.isArray(one.measurements)) declared.push(one as Profile);
    }
    expect(new Set(declared)).toEqual(new Set(profiles));
  });

  for (const profile of profiles) {
    const decodeOf = (characteristic: number): Decode => {
      const measurement = profile.measurements.find((m) => m.characteristic === characteristic);
      if (!measurement) throw new Error(`${profile.name} does not read 0x${characteristic.toString(16)}`);
      return measurement.decode;
    };

    describe(profile.name, () => {
      it('shows by example a reading and a refusal of each thing it reads', () => {
        for (const { characteristic } of profile.measurements) {
          const given = profile.examples.filter((e) => e.characteristic === characteristic).map((e) => e.gives);
          expect(given.some((g) => 'measured' in g)).toBe(true);
          expect(given.some((g) => 'fault' in g)).toBe(true);
        }
      });

      for (const { characteristic, hex, model, says, gives } of profile.examples)
        it(`decodes its example: ${says}`, () => expect(decodeOf(characteristic)(bytes(hex), model)).toEqual(gives));

      it('never asks for the pressure of a cuff that is still deflating', () =>
        expect(profile.measurements.map((m) => m.characteristic)).not.toContain(0x2a36));

      it('answers any bytes with a reading in the words of the catalogue or with a named fault', () => {
        const models = fc.constantFrom(undefined, 'BM85', 'BM96', '');
        const near = fc
          .tuple(fc.constantFrom(...profile.examples.map((e) => e.hex)), fc.nat(), fc.nat(255), fc.nat(3))
          .map(([hex, at, byte, cut]) => {
            const mutated = bytes(hex);
            mutated[at % mutated.length] = byte;
            return mutated.subarray(0, mutated.length - cut);
          });
        for (const { decode } of profile.measurements)
          fc.assert(
            fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), near), models, (any, model) => {
              sound(decode(any, model));
            }),
            { numRuns: 20_000, seed: 2026 },
          );
      });
    });
  }
});

function sound(decoded: Decoded) {
  if ('fault' in decoded) return expect(frameFaults).toContain(decoded.fault);
  const { panel, values, marks: said, deviceTime, userSlot } = decoded.measured;
  for (const { vital, value, unit } of values) {
    if (!vitalsOf(panel).includes(vital) || unit !== vitals[vital].ucum || !Number.isFinite(value))
      expect.fail(`${vital} ${unit}`);
  }
  if (said.some((mark) => !marks.includes(mark))) expect.fail('a mark of its own');
  if (deviceTime !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(deviceTime)) expect.fail(deviceTime);
  if (userSlot !== undefined && (userSlot < 0 || userSlot > 254)) expect.fail(`user ${userSlot}`);
}

type Vector = (typeof vectors.bloodPressure)[number];

const { decode } = bloodPressure.measurements[0]!;

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
        if ('fault' in decoded) return expect.fail(decoded.fault);
        const { values, deviceTime, userSlot } = decoded.measured;
        expect(values.map((v) => v.value)).toEqual([m.systolic / 10, m.diastolic / 10, ...(m.pulse ? [m.pulse] : [])]);
        expect(deviceTime).toBe(m.time?.toISOString().slice(0, 19));
        expect(userSlot).toBe(m.user);
      }),
    );
  });
});

describe('the clock of a device', () => {
  for (const { hex, expected } of vectors.dateTime)
    it(`Date Time ${hex}`, () => {
      const time = decodeDateTime(bytes(hex));
      if ('valid' in expected) return expect(time).toBeUndefined();
      expect(time).toBe(
        'dateTime' in expected ? expected.dateTime : `0000-00-00T${'time' in expected ? expected.time : ''}`,
      );
      expect(countedMs(time!)).toBe('dateTime' in expected ? Date.parse(`${expected.dateTime}Z`) : undefined);
    });
  for (const { hex, expected } of vectors.currentTime)
    it(`Current Time ${hex}`, () => expect(decodeCurrentTime(bytes(hex))).toBe(expected.dateTime));

  it('counts no day that does not exist', () => {
    expect(countedMs('2025-02-29T00:00:00')).toBeUndefined();
    expect(countedMs('2024-00-10T00:00:00')).toBeUndefined();
    expect(countedMs('2024-02-29T00:00:00')).toBe(Date.UTC(2024, 1, 29));
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
  const values = [
    { vital: 'systolic', value: pressures.systolic, unit: 'mm[Hg]' },
    { vital: 'diastolic', value: pressures.diastolic, unit: 'mm[Hg]' },
  ];
  if (pressures.meanArterialPressure)
    values.push({ vital: 'mean-arterial-pressure', value: pressures.meanArterialPressure, unit: 'mm[Hg]' });
  if (said.pulse) values.push({ vital: 'pulse-rate', value: said.pulse, unit: '/min' });
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
