import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit } from '#domain/admission.ts';
import { DeviceId, PatientId, SourceId } from '#domain/ids.ts';
import { countedMs } from '../../gateway-agent/profiles/device-time.ts';
import { decodeGlucoseFeature, glucose } from '../../gateway-agent/profiles/glucose.ts';
import { decodeGlucoseContext, mealMarks } from '../../gateway-agent/profiles/glucose-context.ts';
import { decodeGlucoseRecord } from '../../gateway-agent/profiles/glucose-record.ts';
import { toMgPerDl } from '../../gateway-agent/profiles/glucose-units.ts';
import { isSpecial, toNumber } from '../../gateway-agent/profiles/ieee11073.ts';
import type { FrameHeard, Told } from '../../gateway-agent/profiles/profile.ts';
import { tell } from '../../gateway-agent/profiles/tell.ts';
import { contextFrame, glucoseFrame } from '../support/frames.ts';
import vectors from '../vectors/glucose.json' with { type: 'json' };

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const measured = (frame: Buffer): Omit<FrameHeard, 'at'> => ({ characteristic: 0x2a18, bytes: frame });
const context = (frame: Buffer): Omit<FrameHeard, 'at'> => ({ characteristic: 0x2a34, bytes: frame });
const answer = (hex: string): Omit<FrameHeard, 'at'> => ({ characteristic: 0x2a52, bytes: bytes(hex) });
const visit = (model: string | undefined, ...frames: Omit<FrameHeard, 'at'>[]): FrameHeard[] =>
  frames.map((frame, n) => ({ ...frame, at: n * 100, ...(model ? { model } : {}) }));
const toldBy = (model: string | undefined, ...frames: Omit<FrameHeard, 'at'>[]): Told[] =>
  tell(glucose, visit(model, ...frames), true).map(({ told }) => told);

const at = '2026-05-01T08:00:00';
const record = (sequence: number, mgPerDl: number, contextFollows = false) =>
  glucoseFrame({
    sequence,
    baseTime: at,
    amount: { mantissa: mgPerDl, unit: 'kg/L', type: 1, location: 1 },
    contextFollows,
  });

describe('glucose frames of real meters and of other implementations', () => {
  for (const { hex, expected, source } of vectors.measurement)
    it(`${hex}: ${source}`, () => {
      const decoded = decodeGlucoseRecord(bytes(hex));
      if ('fault' in decoded) return expect.fail(decoded.fault);
      const { said } = decoded;
      const { concentration } = said;
      if (concentration === undefined || isSpecial(concentration)) return expect.fail('no number');
      expect({
        sequenceNumber: said.sequence,
        baseTime: said.baseTime,
        timeOffsetMin: said.offsetMinutes ?? null,
        concentration: toNumber(concentration),
        unit: said.unit,
        mgPerDl: toNumber(toMgPerDl(concentration, said.unit)),
        type: said.type,
        location: said.location,
        contextFollows: said.contextFollows,
      }).toEqual({
        sequenceNumber: expected.sequenceNumber,
        baseTime: expected.baseTime,
        timeOffsetMin: expected.timeOffsetMin,
        concentration: expected.concentration,
        unit: expected.unit,
        mgPerDl: expected.mgPerDl,
        type: expected.type,
        location: expected.location,
        contextFollows: expected.contextFollows,
      });
      expect(said.status).toBe(expected.statusAnnunciation ?? 0);
    });

  for (const { hex, expected } of vectors.context)
    it(`context ${hex}: ${expected.vendorMeaning}`, () =>
      expect(decodeGlucoseContext(bytes(hex))).toEqual({
        said: { sequence: expected.sequenceNumber ?? 4, meal: expected.meal },
      }));

  for (const { hex, expected } of vectors.feature)
    it(`feature ${hex}`, () => {
      const feature = decodeGlucoseFeature(bytes(hex));
      if ('fault' in feature) return expect.fail(feature.fault);
      expect(Object.values(feature.said).flatMap((set, n) => (set ? [n] : []))).toEqual(expected.bitsSet);
    });
});

describe('a glucose record', () => {
  it('reads back what a meter would write', () => {
    const fields = fc.record(
      {
        sequence: fc.nat(0xffff),
        baseTime: fc
          .date({ min: new Date('2000-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
          .map((date) => date.toISOString().slice(0, 19)),
        offset: fc.integer({ min: -32_767, max: 32_766 }),
        amount: fc.record({
          mantissa: fc.integer({ min: 1, max: 2045 }),
          unit: fc.constantFrom('kg/L' as const, 'mol/L' as const),
          type: fc.integer({ min: 1, max: 9 }),
          location: fc.constantFrom(1, 2, 3, 5, 15),
        }),
        status: fc.nat(0xfff),
      },
      { requiredKeys: ['sequence', 'baseTime', 'amount'] },
    );
    fc.assert(
      fc.property(fields, (f) => {
        const decoded = decodeGlucoseRecord(glucoseFrame(f));
        expect(decoded).toEqual({
          said: {
            sequence: f.sequence,
            baseTime: f.baseTime,
            ...(f.offset === undefined ? {} : { offsetMinutes: f.offset }),
            concentration: { mantissa: f.amount.mantissa, exponent: f.amount.unit === 'kg/L' ? -5 : -4 },
            unit: f.amount.unit,
            type: f.amount.type,
            location: f.amount.location,
            status: f.status ?? 0,
            contextFollows: false,
          },
        });
        const [told] = toldBy('Accu-Chek Guide', measured(glucoseFrame(f)));
        if (!told || !('measured' in told)) return expect.fail('no reading');
        const { value } = told.measured.values[0]!;
        if (f.amount.unit === 'kg/L') expect(value).toBe(f.amount.mantissa);
        else expect(value).toBeCloseTo((f.amount.mantissa / 10) * 18.016, 9);
        const moved = Date.parse(`${f.baseTime}Z`) + (f.offset ?? 0) * 60_000;
        expect(told.measured.deviceTime).toBe(new Date(moved).toISOString().slice(0, 19));
      }),
    );
  });

  it('is in mg/dL once: 5.5 mmol/L are 99, and back again 5.5', () => {
    const mgPerDl = toNumber(toMgPerDl({ mantissa: 55, exponent: -4 }, 'mol/L'));
    expect(mgPerDl).toBe(99.088);
    expect(Math.round((mgPerDl / 18.016) * 10) / 10).toBe(5.5);
    expect(toNumber(toMgPerDl({ mantissa: 111, exponent: -5 }, 'kg/L'))).toBe(111);
  });

  it('of control solution is marked by its type or its place, and then enters nobody’s record', () => {
    for (const [type, location] of [
      [10, 1],
      [1, 4],
    ] as const) {
      const frame = glucoseFrame({
        sequence: 1,
        baseTime: at,
        amount: { mantissa: 110, unit: 'kg/L', type, location },
      });
      const [told] = toldBy('Accu-Chek Guide', measured(frame));
      if (!told || !('measured' in told)) return expect.fail('no reading');
      expect(told.measured.marks).toContain('control-solution');
      const device = DeviceId.parse('AA:BB:CC:00:00:01');
      const patient = PatientId.parse('0198f0e0-0000-7000-8000-000000000001');
      const source = SourceId.parse('gw-1');
      const admission = admit(
        { ref: 'r', device, ...told.measured, takenAt: `${at}Z`, heardAt: `${at}Z`, clock: 'device' },
        source,
        { source, assignments: [{ patient, userSlot: null, from: '2020-01-01T00:00:00Z', to: null }] },
        Date.parse(`${at}Z`),
      );
      expect(admission).toMatchObject({ outcome: 'refused', reason: 'test-reading' });
    }
  });

  it('says every bit of its status in a word', () => {
    const marksOf = (status: number) => {
      const frame = glucoseFrame({
        sequence: 1,
        baseTime: at,
        amount: { mantissa: 110, unit: 'kg/L', type: 1, location: 1 },
        status,
      });
      const [told] = toldBy('Accu-Chek Guide', measured(frame));
      return told && 'measured' in told ? told.measured.marks : [];
    };
    expect(Array.from({ length: 12 }, (_, n) => marksOf(1 << n).join())).toEqual([
      'battery-low',
      'device-fault',
      'sample-insufficient',
      'strip-error',
      'strip-error',
      'above-measuring-range',
      'below-measuring-range',
      'outside-operating-temperature',
      'outside-operating-temperature',
      'measurement-interrupted',
      'device-fault',
      'clock-in-doubt',
    ]);
    expect(marksOf(0xf000)).toEqual([]);
  });

  it('beyond what the meter can measure is told as the limit, whether by infinity or by status', () => {
    const told = (hex: string) => toldBy('Accu-Chek Guide', measured(bytes(hex)))[0];
    const value = (one: Told | undefined) =>
      one && 'measured' in one ? [one.measured.values[0]?.value, ...one.measured.marks] : one;
    expect(value(told('020800ea070501080000fe0711'))).toEqual([600, 'above-measuring-range']);
    expect(value(told('020800ea070501080000020811'))).toEqual([20, 'below-measuring-range']);
    expect(value(told('0a0800ea070501080000ff07114000'))).toEqual([20, 'below-measuring-range']);
    expect(value(told('080800ea0705010800002000'))).toEqual([600, 'above-measuring-range']);
    expect(value(told('0a0800ea070501080000ff07116000'))).toEqual({ fault: 'no-value' });
  });

  it('that says "LO" and writes 0 for the number it has not is at the limit, too, and 0 alone is no number', () => {
    const told = (hex: string) => toldBy('Accu-Chek Guide', measured(bytes(hex)))[0];
    expect(told('0a0800ea07050108000000b0114000')).toMatchObject({
      measured: { values: [{ value: 20 }], marks: ['below-measuring-range'] },
    });
    expect(told('020800ea07050108000000b011')).toEqual({ fault: 'no-value' });
  });

  it('whose clock was moved further than the field can say keeps its clock’s words, but on no time line', () => {
    for (const beyond of [32_767, -32_768]) {
      const frame = glucoseFrame({
        sequence: 1,
        baseTime: at,
        offset: beyond,
        amount: { mantissa: 110, unit: 'kg/L', type: 1, location: 1 },
      });
      const [told] = toldBy('Accu-Chek Guide', measured(frame));
      if (!told || !('measured' in told)) return expect.fail('no reading');
      expect(told.measured.deviceTime).toBe('0000-05-01T08:00:00');
      expect(countedMs(told.measured.deviceTime!)).toBe(undefined);
      expect(told.measured.marks).toContain('clock-in-doubt');
    }
  });
});

describe('the context of a glucose record', () => {
  it('reads back what a meter would write', () => {
    const fields = fc.record(
      {
        sequence: fc.nat(0xffff),
        carbohydrate: fc.record({ kind: fc.integer({ min: 1, max: 7 }), grams: fc.nat(2000) }),
        meal: fc.integer({ min: 1, max: 5 }),
        who: fc.record({ tester: fc.integer({ min: 1, max: 15 }), health: fc.integer({ min: 1, max: 15 }) }),
        exercise: fc.record({ seconds: fc.nat(65_535), intensity: fc.nat(100) }),
        medication: fc.record({
          kind: fc.integer({ min: 1, max: 5 }),
          milli: fc.nat(2000),
          unit: fc.constantFrom('kg' as const, 'L' as const),
        }),
        hba1cTenths: fc.nat(200),
      },
      { requiredKeys: ['sequence'] },
    );
    fc.assert(
      fc.property(fields, (f) => {
        expect(decodeGlucoseContext(contextFrame(f))).toEqual({
          said: {
            sequence: f.sequence,
            ...(f.carbohydrate && {
              carbohydrate: { kind: f.carbohydrate.kind, kg: { mantissa: f.carbohydrate.grams, exponent: -3 } },
            }),
            ...(f.meal === undefined ? {} : { meal: f.meal }),
            ...(f.who && { tester: f.who.tester, health: f.who.health }),
            ...(f.exercise && {
              exercise: {
                seconds: f.exercise.seconds === 0xffff ? undefined : f.exercise.seconds,
                intensityPercent: f.exercise.intensity,
              },
            }),
            ...(f.medication && {
              medication: {
                kind: f.medication.kind,
                amount: { mantissa: f.medication.milli, exponent: -3 },
                unit: f.medication.unit,
              },
            }),
            ...(f.hba1cTenths === undefined ? {} : { hba1c: { mantissa: f.hba1cTenths, exponent: -1 } }),
          },
        });
      }),
    );
  });

  it('says when in the day it was measured', () => {
    expect([1, 2, 3, 4, 5, undefined].map((meal) => mealMarks(meal).join())).toEqual([
      'before-meal',
      'after-meal',
      'fasting',
      '',
      'bedtime',
      '',
    ]);
  });
});

describe('the records of one visit', () => {
  const meter = 'Accu-Chek Guide';
  const fasting = (sequence: number) => contextFrame({ sequence, meal: 3 });
  const said = (told: Told[]) =>
    told.map((one) =>
      'measured' in one ? [one.measured.sequence, one.measured.values[0]?.value, ...one.measured.marks] : one.fault,
    );

  it('are told with their contexts', () => {
    expect(said(toldBy(meter, measured(record(1, 90, true)), context(fasting(1)), measured(record(2, 140))))).toEqual([
      [1, 90, 'fasting'],
      [2, 140],
    ]);
  });

  it('are told without one when the next record or the last answer comes first', () => {
    expect(said(toldBy(meter, measured(record(1, 90, true)), measured(record(2, 140))))).toEqual([
      [1, 90],
      [2, 140],
    ]);
    const ended = visit(meter, measured(record(1, 90, true)), answer('06000101'));
    expect(said(tell(glucose, ended, false).map(({ told }) => told))).toEqual([[1, 90]]);
    expect(tell(glucose, ended.slice(0, 1), false)).toEqual([]);
  });

  it('take no context that is another’s', () => {
    expect(said(toldBy(meter, measured(record(1, 90, true)), context(fasting(9))))).toEqual(['alone', [1, 90]]);
    expect(said(toldBy(meter, context(fasting(1))))).toEqual(['alone']);
  });

  it('are one when the same came twice before its context', () => {
    expect(
      said(toldBy(meter, measured(record(1, 90, true)), measured(record(1, 90, true)), context(fasting(1)))),
    ).toEqual([[1, 90, 'fasting']]);
  });

  it('of a meter that may mean ketone are not believed without the context that was announced', () => {
    for (const model of ['CareSens Dual', undefined])
      expect(said(toldBy(model, measured(record(1, 15, true)), measured(record(2, 140))))).toEqual(['alone', [2, 140]]);
  });

  it('are believed without it where no ketone could be so high', () => {
    for (const model of ['CareSens Dual', undefined]) {
      expect(said(toldBy(model, measured(record(1, 100, true))))).toEqual(['alone']);
      expect(said(toldBy(model, measured(record(1, 101, true))))).toEqual([[1, 101]]);
    }
  });

  it('with a meal of 0 are as if none were said; any other word that the profile reserves is not guessed at', () => {
    const withMeal = (model: string | undefined, meal: number) =>
      said(toldBy(model, measured(record(1, 45, true)), context(contextFrame({ sequence: 1, meal }))));
    for (const model of [meter, 'CareSens Dual', undefined]) {
      expect(withMeal(model, 0)).toEqual([[1, 45]]);
      for (const meal of [7, 128, 255]) expect(withMeal(model, meal)).toEqual(['reserved-value']);
    }
  });

  it('of i-SENS with meal 6 are ketone, a tenth in mmol/L, and never glucose', () => {
    const [told] = toldBy(
      'CareSens Dual',
      measured(record(1, 15, true)),
      context(contextFrame({ sequence: 1, meal: 6 })),
    );
    expect(told).toMatchObject({ measured: { panel: 'blood-ketone', values: [{ vital: 'ketone', value: 1.5 }] } });
    for (const model of [meter, undefined])
      expect(
        said(toldBy(model, measured(record(1, 15, true)), context(contextFrame({ sequence: 1, meal: 6 })))),
      ).toEqual(['reserved-value']);
  });
});
