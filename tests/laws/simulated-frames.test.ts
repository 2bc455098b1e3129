import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBodyComposition } from '../../gateway-agent/profiles/body-composition.ts';
import { decodeHeartRate } from '../../gateway-agent/profiles/heart-rate.ts';
import { type Decimal, isSpecial, type Special, toNumber } from '../../gateway-agent/profiles/ieee11073.ts';
import { decodeContinuous, decodePlxFeatures, decodeSpotCheck } from '../../gateway-agent/profiles/pulse-oximeter.ts';
import { decodeTemperature, decodeTemperatureType, toCelsius } from '../../gateway-agent/profiles/thermometer.ts';
import { decodeWeight } from '../../gateway-agent/profiles/weight-scale.ts';
import { float } from '../../simulators/peripherals/frames/fields.ts';
import { encodeHeartRate } from '../../simulators/peripherals/frames/heart-rate.ts';
import {
  encodeContinuous,
  encodePlxFeatures,
  encodeSpotCheck,
} from '../../simulators/peripherals/frames/pulse-oximeter.ts';
import { encodeBodyComposition, encodeWeight, stubComposition } from '../../simulators/peripherals/frames/scale.ts';
import { encodeTemperature, encodeTemperatureType } from '../../simulators/peripherals/frames/thermometer.ts';
import bodyCompositionVectors from '../vectors/body-composition.json' with { type: 'json' };
import heartRateVectors from '../vectors/heart-rate.json' with { type: 'json' };
import thermometerVectors from '../vectors/thermometer.json' with { type: 'json' };
import weightVectors from '../vectors/weight-scale.json' with { type: 'json' };

/**
 * Two hands wrote the simulated devices and the gateway, each from the specification. What was captured from real devices comes out of
 * the encoders byte for byte, and what they encode is read back by the gateway as it was meant.
 */
describe('a frame of a simulated device is byte for byte what was captured or published', () => {
  for (const { hex, expected } of weightVectors.measurement)
    it(`weight ${hex}`, () => {
      const { weightKg, timestamp, userId, bmi, heightM } = expected;
      const frame = { kg: weightKg, deviceTime: timestamp, userSlot: userId, bmi, heightCm: heightM * 100 };
      expect(encodeWeight(frame).toString('hex')).toBe(hex);
    });

  it('body composition, and the frame of zeros before it is known', () => {
    const { hex, expected } = bodyCompositionVectors.measurement[0]!;
    const frames = encodeBodyComposition({
      fatPercent: expected.bodyFatPct!,
      basalMetabolismKj: expected.basalMetabolismKJ!,
      musclePercent: expected.musclePct!,
      softLeanKg: expected.softLeanMassKg!,
      waterKg: expected.bodyWaterMassKg!,
      impedanceOhm: expected.impedanceOhm!,
    });
    expect(frames.map((frame) => frame.toString('hex'))).toEqual([hex]);
    // the captured one has a basal metabolism already, computed from age and weight; ours has none
    expect(stubComposition().toString('hex')).toBe('9803000000000000000000000000');
  });

  it('temperature, its float, and its type', () => {
    const { hex, expected } = thermometerVectors.measurement[0]!;
    const frame = { unit: 'Cel', temperature: expected.temperature, decimals: 2 } as const;
    expect(encodeTemperature({ ...frame, deviceTime: expected.timestamp, type: 'finger' }).toString('hex')).toBe(hex);
    expect(float(36.97, -2).toString('hex')).toBe(thermometerVectors.float[0]!.hex);
    expect(encodeTemperatureType('ear').toString('hex')).toBe(thermometerVectors.type[0]!.hex);
  });

  for (const { hex, expected } of heartRateVectors.measurement.filter(({ expected }) => 'heartRate' in expected))
    it(`heart rate ${hex}`, () => {
      const { flags, heartRate, sensorContactSupported, sensorContact, energyExpendedKJ, rrRaw1024 } = expected;
      // the second bit means nothing without the third, and two of the captures set it
      const frame = {
        perMinute: heartRate!,
        wide: (flags! & 1) === 1,
        ...(sensorContactSupported ? { contact: sensorContact! } : {}),
        ...(energyExpendedKJ ? { energyKj: energyExpendedKJ } : {}),
        intervals1024: rrRaw1024!,
      };
      expect(encodeHeartRate(frame).toString('hex')).toBe(hex);
    });

  it('saturation, once and continuously', () => {
    const spot = encodeSpotCheck({
      saturation: 97,
      pulse: 96,
      deviceTime: '2017-01-01T01:34:19',
      clockNotSet: true,
      measurementStatus: ['ongoing'],
      deviceStatus: ['low-perfusion'],
    });
    expect(spot.toString('hex')).toBe('1761006000e10701010122132000200000');
    const second = encodeContinuous({ saturation: 98, pulse: 78, measurementStatus: ['ongoing'], deviceStatus: [] });
    expect(second.toString('hex')).toBe('0c62004e002000000000');
  });
});

const deviceTimes = fc
  .date({ min: new Date('2015-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 19));
const steps = (low: number, high: number, step: number) =>
  fc.integer({ min: low, max: high }).map((n) => Number((n * step).toFixed(3)));
const said = <T>(decoded: { said: T } | { fault: string }): T => {
  if ('fault' in decoded) throw new Error(decoded.fault);
  return decoded.said;
};
const number = (value: Decimal | Special | undefined) =>
  value === undefined || isSpecial(value) ? undefined : toNumber(value);

describe('a frame of a simulated device is read by the gateway as it was meant', () => {
  it('weight, in kilograms and in pounds to their last step', () => {
    const frames = fc.record(
      {
        kg: steps(6_000, 40_000, 0.005),
        imperial: fc.boolean(),
        deviceTime: deviceTimes,
        userSlot: fc.integer({ min: 0, max: 254 }),
        bmi: steps(120, 600, 0.1),
        heightCm: fc.integer({ min: 120, max: 210 }),
      },
      { requiredKeys: ['kg'] },
    );
    fc.assert(
      fc.property(frames, (frame) => {
        const read = said(decodeWeight(encodeWeight(frame)));
        const both = frame.bmi !== undefined && frame.heightCm !== undefined;
        expect(number(read.kg)).toBeCloseTo(frame.kg, frame.imperial ? 2 : 3);
        expect(read.deviceTime).toBe(frame.deviceTime);
        expect(read.userSlot).toBe(frame.userSlot);
        expect(number(read.bmi)).toBe(both ? frame.bmi : undefined);
        if (both) expect(Math.abs(number(read.heightCm)! - frame.heightCm!)).toBeLessThan(0.2);
      }),
    );
    expect(said(decodeWeight(encodeWeight({}))).kg).toBeUndefined();
  });

  it('body composition, in one frame or in two that fit the smallest link', () => {
    const masses = steps(2_000, 16_000, 0.005);
    const frames = fc.record(
      {
        fatPercent: steps(40, 500, 0.1),
        deviceTime: deviceTimes,
        userSlot: fc.integer({ min: 0, max: 254 }),
        basalMetabolismKj: fc.integer({ min: 3_000, max: 12_000 }),
        musclePercent: steps(200, 600, 0.1),
        muscleKg: masses,
        fatFreeKg: masses,
        softLeanKg: masses,
        waterKg: masses,
        impedanceOhm: steps(3_000, 7_000, 0.1),
        weightKg: masses,
        heightCm: fc.integer({ min: 120, max: 210 }),
      },
      { requiredKeys: ['fatPercent'] },
    );
    fc.assert(
      fc.property(frames, (frame) => {
        const sent = encodeBodyComposition(frame);
        expect(Math.max(...sent.map(({ length }) => length))).toBeLessThanOrEqual(20);
        const read = sent.map((one) => said(decodeBodyComposition(one)));
        expect(read.map(({ oneOfTwo }) => oneOfTwo)).toEqual(sent.map(() => sent.length === 2));
        const {
          oneOfTwo: _,
          fatPercent,
          deviceTime,
          userSlot,
          basalMetabolismKj,
          ...rest
        } = Object.assign({}, ...read.toReversed());
        expect(deviceTime).toBe(frame.deviceTime);
        expect(userSlot).toBe(frame.userSlot);
        expect(basalMetabolismKj).toBe(frame.basalMetabolismKj);
        for (const [name, value] of Object.entries({ ...rest, fatPercent }))
          expect(number(value as Decimal)).toBe(frame[name as keyof typeof frame]);
      }),
    );
  });

  it('temperature, in both units', () => {
    const frames = fc.record({ celsius: steps(3_400, 4_200, 0.01), fahrenheit: fc.boolean() });
    fc.assert(
      fc.property(frames, ({ celsius, fahrenheit }) => {
        const frame = fahrenheit
          ? encodeTemperature({ unit: '[degF]', temperature: (celsius * 9) / 5 + 32, decimals: 2 })
          : encodeTemperature({ unit: 'Cel', temperature: celsius, decimals: 2 });
        const { temperature, unit } = said(decodeTemperature(frame));
        if (isSpecial(temperature)) throw new Error('no number');
        expect(unit === 'Cel' ? toNumber(temperature) : toCelsius(temperature)).toBeCloseTo(celsius, 2);
      }),
    );
    for (const special of [undefined, Number.NaN, 'nan', 'nres', 'infinity', 'minusInfinity'] as const)
      expect(
        isSpecial(said(decodeTemperature(encodeTemperature({ unit: 'Cel', temperature: special }))).temperature),
      ).toBe(true);
    expect(said(decodeTemperatureType(encodeTemperatureType('tympanum')))).toBe('tympanum');
  });

  it('heart rate, wide and narrow, with its intervals', () => {
    const frames = fc.record({
      perMinute: fc.integer({ min: 0, max: 300 }),
      wide: fc.boolean(),
      contact: fc.option(fc.boolean(), { nil: undefined }),
      energyKj: fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined }),
      intervals1024: fc.array(fc.integer({ min: 200, max: 3_000 }), { maxLength: 7 }),
    });
    fc.assert(
      fc.property(frames, (frame) => {
        const { wide: _, ...meant } = frame;
        const bytes = encodeHeartRate(frame);
        expect(bytes.length).toBeLessThanOrEqual(20);
        expect({ energyKj: undefined, ...said(decodeHeartRate(bytes)) }).toEqual(meant);
      }),
    );
  });

  it('saturation and pulse, with what the oximeter thinks of them', () => {
    const pairs = fc.record({
      saturation: fc.integer({ min: 50, max: 100 }),
      pulse: fc.integer({ min: 20, max: 250 }),
    });
    const tails = fc.record(
      { amplitudeIndex: steps(1, 200, 0.1), deviceTime: deviceTimes, clockNotSet: fc.boolean() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(pairs, tails, pairs, (pair, tail, fast) => {
        const spot = said(
          decodeSpotCheck(
            encodeSpotCheck({ ...pair, ...tail, measurementStatus: ['validated'], deviceStatus: ['displaced'] }),
          ),
        );
        expect([number(spot.saturation), number(spot.pulse)]).toEqual([pair.saturation, pair.pulse]);
        expect(number(spot.amplitudeIndex)).toBe(tail.amplitudeIndex);
        expect([spot.deviceTime, spot.clockNotSet]).toEqual([tail.deviceTime, tail.clockNotSet ?? false]);
        expect([spot.measurementStatus, spot.deviceStatus]).toEqual([1 << 7, 1 << 13]);
        const second = said(decodeContinuous(encodeContinuous({ ...pair, fast, deviceStatus: ['low-perfusion'] })));
        expect([number(second.saturation), number(second.fast!.pulse)]).toEqual([pair.saturation, fast.pulse]);
        expect([second.measurementStatus, second.deviceStatus]).toEqual([0, 1 << 5]);
      }),
    );
    expect(isSpecial(said(decodeContinuous(encodeContinuous({}))).saturation)).toBe(true);
    expect(said(decodePlxFeatures(encodePlxFeatures(1 << 3))).bits).toBe(0b1011);
  });
});
