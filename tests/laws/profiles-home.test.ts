import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBatteryLevel } from '../../gateway-agent/profiles/battery.ts';
import { bodyComposition, decodeBodyComposition } from '../../gateway-agent/profiles/body-composition.ts';
import { decodeSystemId, decodeText } from '../../gateway-agent/profiles/device-information.ts';
import { type Decimal, float, isSpecial, toNumber } from '../../gateway-agent/profiles/ieee11073.ts';
import { tell } from '../../gateway-agent/profiles/tell.ts';
import {
  decodeMeasurementInterval,
  decodeTemperature,
  decodeTemperatureType,
  thermometer,
  toCelsius,
} from '../../gateway-agent/profiles/thermometer.ts';
import {
  beginConsent,
  decodeConsentAnswer,
  encodeConsent,
  nextConsent,
} from '../../gateway-agent/profiles/user-control-point.ts';
import { decodeWeight, decodeWeightScaleFeature, weightScale } from '../../gateway-agent/profiles/weight-scale.ts';
import { compositionFrame, temperatureFrame, weightFrame } from '../support/frames.ts';
import batteries from '../vectors/battery.json' with { type: 'json' };
import compositions from '../vectors/body-composition.json' with { type: 'json' };
import information from '../vectors/device-information.json' with { type: 'json' };
import thermometers from '../vectors/thermometer.json' with { type: 'json' };
import users from '../vectors/user-control-point.json' with { type: 'json' };
import scales from '../vectors/weight-scale.json' with { type: 'json' };

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const number = (decimal: Decimal | undefined) => (decimal === undefined ? undefined : toNumber(decimal));
const time = fc
  .date({ min: new Date('2015-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 19));

describe('weight frames', () => {
  for (const { hex, expected, source } of scales.measurement)
    it(`${hex}: ${source}`, () => {
      const decoded = decodeWeight(bytes(hex));
      if ('fault' in decoded) return expect.fail(decoded.fault);
      const { kg, bmi, heightCm, deviceTime, userSlot } = decoded.said;
      expect({
        weightKg: number(kg),
        timestamp: deviceTime,
        userId: userSlot,
        bmi: number(bmi),
        cm: number(heightCm),
      }).toEqual({
        weightKg: expected.weightKg,
        timestamp: expected.timestamp,
        userId: expected.userId,
        bmi: expected.bmi,
        cm: expected.heightM * 100,
      });
    });

  it('are read back as they would be written, in kilograms or pounds', () => {
    const fields = fc.record(
      {
        imperial: fc.boolean(),
        steps: fc.nat(0xfffe),
        time,
        user: fc.nat(255),
        body: fc.record({ bmi: fc.integer({ min: 1, max: 999 }), height: fc.integer({ min: 1, max: 2500 }) }),
      },
      { requiredKeys: ['imperial', 'steps'] },
    );
    fc.assert(
      fc.property(fields, (f) => {
        const decoded = decodeWeight(weightFrame(f));
        if ('fault' in decoded) return expect.fail(decoded.fault);
        const { kg, bmi, heightCm, deviceTime, userSlot } = decoded.said;
        expect(number(kg)).toBeCloseTo(f.imperial ? (f.steps / 100) * 0.45359237 : f.steps / 200, 9);
        expect(number(bmi)).toBe(f.body && f.body.bmi / 10);
        expect(number(heightCm) ?? 0).toBeCloseTo(f.body ? f.body.height * (f.imperial ? 0.254 : 0.1) : 0, 9);
        expect([deviceTime, userSlot]).toEqual([f.time, f.user === 255 ? undefined : f.user]);
      }),
    );
  });

  it('without a weight are no reading, and say nothing of a body they were not told of', () => {
    const { decode } = weightScale.measurements[0]!;
    expect(decode(bytes('00ffff'))).toEqual({ fault: 'no-value' });
    const decoded = decode(bytes('08783e00000000'));
    expect('measured' in decoded && decoded.measured.values.map((v) => v.vital)).toEqual(['body-weight']);
  });

  it('feature', () =>
    expect(decodeWeightScaleFeature(bytes('b7000000'))).toEqual({
      said: { time: true, multipleUsers: true, bmi: true, weightResolution: 6, heightResolution: 1 },
    }));
});

describe('body composition frames', () => {
  for (const { hex, expected, source } of compositions.measurement)
    it(`${hex}: ${source}`, () => {
      const decoded = decodeBodyComposition(bytes(hex));
      if ('valid' in expected) return expect(decoded).toEqual({ fault: 'bytes-missing' });
      if ('fault' in decoded) return expect.fail(decoded.fault);
      const { said } = decoded;
      expect({
        bodyFatPct: number(said.fatPercent),
        basalMetabolismKJ: said.basalMetabolismKj,
        musclePct: number(said.musclePercent),
        softLeanMassKg: number(said.softLeanKg),
        bodyWaterMassKg: number(said.waterKg),
        impedanceOhm: number(said.impedanceOhm),
      }).toEqual({
        bodyFatPct: expected.bodyFatPct,
        basalMetabolismKJ: expected.basalMetabolismKJ,
        musclePct: expected.musclePct,
        softLeanMassKg: expected.softLeanMassKg,
        bodyWaterMassKg: expected.bodyWaterMassKg,
        impedanceOhm: expected.impedanceOhm,
      });
      const [told] = tell(bodyComposition, [{ characteristic: 0x2a9c, bytes: bytes(hex), at: 0 }], true);
      if ('usable' in expected) expect(told?.told).toEqual({ fault: 'unfinished' });
      else expect(told?.told).toHaveProperty('measured');
    });

  const fields = fc.record(
    {
      fat: fc.integer({ min: 10, max: 700 }),
      time,
      user: fc.nat(254),
      fields: fc.array(fc.option(fc.integer({ min: 1, max: 0xfffe }), { nil: undefined }), {
        minLength: 9,
        maxLength: 9,
      }),
    },
    { requiredKeys: ['fat', 'fields'] },
  );

  it('are read back as they would be written', () => {
    fc.assert(
      fc.property(fields, (f) => {
        const decoded = decodeBodyComposition(compositionFrame(f));
        if ('fault' in decoded) return expect.fail(decoded.fault);
        const { said } = decoded;
        const scaled = (n: number, by: number) => (f.fields[n] === undefined ? undefined : f.fields[n] / by);
        expect([
          said.basalMetabolismKj,
          number(said.musclePercent),
          number(said.muscleKg),
          number(said.fatFreeKg),
          number(said.softLeanKg),
          number(said.waterKg),
          number(said.impedanceOhm),
          number(said.weightKg),
          number(said.heightCm),
        ]).toEqual([1, 10, 200, 200, 200, 200, 10, 200, 10].map((by, n) => scaled(n, by)));
        expect([number(said.fatPercent), said.deviceTime, said.userSlot]).toEqual([f.fat / 10, f.time, f.user]);
      }),
    );
  });

  it('say nothing of what the scale could not measure, and show no weight that it did not feel', () => {
    const allUnsuccessful = compositionFrame({ fat: 194, fields: Array.from({ length: 9 }, () => 0xffff) });
    const [told] = tell(bodyComposition, [{ characteristic: 0x2a9c, bytes: allUnsuccessful, at: 0 }], true);
    if (!told || !('measured' in told.told)) return expect.fail('no reading');
    expect(told.told.measured.values.map((v) => v.vital)).toEqual(['body-fat']);
  });

  it('in two frames are one measurement, the same as in one', () => {
    const told = (...frames: Buffer[]) =>
      tell(
        bodyComposition,
        frames.map((frame, at) => ({ characteristic: 0x2a9c, bytes: frame, at })),
        true,
      ).map((one) => one.told);
    fc.assert(
      fc.property(fields, fc.nat(9), (f, cut) => {
        const first = { ...f, fields: f.fields.map((field, n) => (n < cut ? field : undefined)), oneOfTwo: true };
        const second = {
          fat: 0xffff,
          fields: f.fields.map((field, n) => (n < cut ? undefined : field)),
          oneOfTwo: true,
        };
        expect(told(compositionFrame(first), compositionFrame(second))).toEqual(told(compositionFrame(f)));
      }),
    );
    const half = compositionFrame({ fat: 200, fields: [], oneOfTwo: true });
    const other = compositionFrame({ fat: 210, fields: [], oneOfTwo: true });
    expect(told(half, other)).toEqual([{ fault: 'disagree' }]);
    expect(told(half, compositionFrame({ fat: 200, fields: [] }))).toHaveLength(2);
  });
});

describe('the consent of a user of a scale', () => {
  for (const { hex, expected } of users.userControlPoint)
    it(`${hex}: ${expected.meaning}`, () => {
      if (expected.pin !== undefined && expected.userIndex !== undefined)
        return expect(
          Buffer.from(encodeConsent({ index: expected.userIndex, pin: expected.pin })).toString('hex'),
        ).toBe(hex);
      const result = expected.responseValue === 1 ? 'success' : 'not-authorised';
      expect(decodeConsentAnswer(bytes(hex))).toEqual({ said: { to: 'consent', result } });
    });

  const say = (step: ReturnType<typeof beginConsent>, hex: string) => nextConsent(step.state, { bytes: bytes(hex) });

  it('of one that the scale knows is asked for and given', () => {
    const step = beginConsent({ index: 1, pin: 3752 });
    expect(Buffer.from(step.write!).toString('hex')).toBe('0201a80e');
    expect(say(step, '200201').outcome).toEqual({ user: { index: 1, pin: 3752 } });
    expect(say(step, '200205').outcome).toEqual({ refused: 'not-authorised' });
    expect(nextConsent(step.state, 'late').outcome).toEqual({ refused: 'late' });
  });

  it('of a new one is given after the scale has made them', () => {
    const step = beginConsent({ pin: 3752 });
    expect(Buffer.from(step.write!).toString('hex')).toBe('01a80e');
    const made = say(step, '20010103');
    expect(Buffer.from(made.write!).toString('hex')).toBe('0203a80e');
    expect(say(made, '200201').outcome).toEqual({ user: { index: 3, pin: 3752 } });
  });

  it('takes no answer for its own that is another’s, or no answer at all', () => {
    const step = beginConsent({ index: 1, pin: 1 });
    for (const hex of ['200101' + '03', '2002', '20020100', '', 'ff0201', '200299'])
      expect(say(step, hex)).toEqual({ state: step.state, waitMs: 30_000 });
  });
});

describe('temperature frames', () => {
  for (const { hex, expected, source } of thermometers.measurement)
    it(`${hex}: ${source}`, () => {
      const decoded = decodeTemperature(bytes(hex));
      if ('fault' in decoded) return expect.fail(decoded.fault);
      const { temperature, unit, deviceTime, type } = decoded.said;
      expect(isSpecial(temperature) ? temperature : toNumber(temperature)).toBe(expected.temperature);
      expect([unit, deviceTime, type]).toEqual([expected.unit, expected.timestamp, expected.type]);
    });
  for (const { hex, expected } of thermometers.float)
    it(`FLOAT ${hex}`, () => expect(toNumber(float(bytes(hex).readUInt32LE()) as Decimal)).toBe(expected.temperature));
  for (const { hex, expected } of thermometers.type)
    it(`type ${hex}`, () =>
      expect(decodeTemperatureType(bytes(hex))).toEqual(
        'valid' in expected ? { fault: 'bytes-left-over' } : { said: expected.meaning },
      ));
  for (const { hex, expected } of thermometers.interval)
    it(`interval ${hex}`, () =>
      expect(decodeMeasurementInterval(bytes(hex))).toEqual(
        'valid' in expected ? { fault: 'bytes-missing' } : { said: { seconds: expected.intervalSeconds } },
      ));

  it('are read back as they would be written', () => {
    const fields = fc.record(
      {
        fahrenheit: fc.boolean(),
        mantissa: fc.integer({ min: 1, max: 8_000_000 }),
        exponent: fc.integer({ min: -6, max: 0 }),
        time,
        type: fc.integer({ min: 1, max: 9 }),
      },
      { requiredKeys: ['fahrenheit', 'mantissa', 'exponent'] },
    );
    fc.assert(
      fc.property(fields, (f) => {
        expect(decodeTemperature(temperatureFrame(f))).toEqual({
          said: {
            temperature: { mantissa: f.mantissa, exponent: f.exponent },
            unit: f.fahrenheit ? '[degF]' : 'Cel',
            ...(f.time === undefined ? {} : { deviceTime: f.time }),
            ...(f.type === undefined ? {} : { type: f.type }),
          },
        });
      }),
    );
  });

  it('in Fahrenheit are converted once and rounded once', () => {
    expect(toCelsius({ mantissa: 986, exponent: -1 })).toBe(37);
    expect(toCelsius({ mantissa: 1004, exponent: -1 })).toBe(38);
    expect(toCelsius({ mantissa: 32, exponent: 0 })).toBe(0);
    expect(toCelsius({ mantissa: -40, exponent: 0 })).toBe(-40);
    for (let tenth = 900; tenth <= 1100; tenth++) {
      const exact = (BigInt(tenth - 320) * 5n * 10n ** 20n) / 90n;
      expect(toCelsius({ mantissa: tenth, exponent: -1 })).toBe(Number(`${exact}e-20`));
    }
  });

  it('that are no temperature are no reading', () => {
    const { decode } = thermometer.measurements[0]!;
    expect(['00ffff7f00', '0000008000', '00feff7f00', '00020080' + '00'].map((hex) => decode(bytes(hex)))).toEqual(
      Array(4).fill({ fault: 'no-value' }),
    );
  });
});

describe('what a device says of itself', () => {
  for (const { hex, expected } of batteries.level)
    it(`battery ${hex}`, () => {
      const decoded = decodeBatteryLevel(bytes(hex));
      if ('valid' in expected) expect(decoded).toHaveProperty('fault');
      else expect(decoded).toEqual({ said: { percent: expected.percent } });
    });
  for (const { hex, expected, characteristic } of information.text)
    it(`${characteristic} ${hex}`, () => expect(decodeText(bytes(hex))).toBe(expected.text));
  for (const { hex, expected } of information.systemId)
    it(`system id ${hex}`, () => expect(decodeSystemId(bytes(hex))).toEqual({ said: expected }));

  it('is a text that anybody may print', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 512 }), (any) => {
        const text = decodeText(any);
        if (text !== undefined) expect(text).toMatch(/^[^\p{Cc}]{1,64}$/u);
      }),
    );
  });
});
