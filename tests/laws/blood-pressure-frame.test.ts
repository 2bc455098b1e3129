import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bloodPressure } from '../../gateway-agent/profiles/blood-pressure.ts';
import {
  type BloodPressureFrame,
  type CuffStatus,
  encodeBloodPressure,
  encodeEnhancedBloodPressure,
} from '../../simulators/peripherals/frames/blood-pressure.ts';
import { decodeDateTime, encodeDateTime, sfloat } from '../../simulators/peripherals/frames/fields.ts';

/** Two hands wrote the encoder and the decoder, each from the specification: here they must agree. */
const decoderOf = (uuid: number) => bloodPressure.measurements.find((one) => one.characteristic === uuid)!.decode;
const decode = decoderOf(0x2a35);

const published: { hex: string; frame: BloodPressureFrame; source: string }[] = [
  {
    hex: '167c0056006100e807060f11111b33000000',
    frame: {
      unit: 'mmHg',
      systolic: 124,
      diastolic: 86,
      mean: 97,
      deviceTime: '2024-06-15T17:17:27',
      pulse: 51,
      status: [],
    },
    source: 'derdilla/blood-pressure-monitor-fl, ble_measurement_data_test.dart',
  },
  {
    hex: '15bdf00b009ff03c001200',
    frame: {
      unit: 'kPa',
      systolic: 18.9,
      diastolic: 11,
      mean: 15.9,
      pulse: 60,
      status: ['cuff-too-loose', 'pulse-below-range'],
    },
    source: 'NordicSemiconductor/Android-BLE-Common-Library, BloodPressureMeasurementDataCallbackTest',
  },
  {
    hex: '1e8a00580078000000041114293b3c00012700',
    frame: {
      unit: 'mmHg',
      systolic: 138,
      diastolic: 88,
      mean: 120,
      deviceTime: '0000-04-17T20:41:59',
      pulse: 60,
      userSlot: 1,
      status: ['body-movement', 'cuff-too-loose', 'irregular-pulse', 'improper-position'],
    },
    source: 'NordicSemiconductor/Android-BLE-Common-Library, BloodPressureMeasurementDataCallbackTest',
  },
];

const statuses = fc.subarray<CuffStatus>([
  'body-movement',
  'cuff-too-loose',
  'irregular-pulse',
  'pulse-above-range',
  'improper-position',
]);
const deviceTimes = fc
  .date({ min: new Date('2015-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 19));
const frames = fc.record(
  {
    unit: fc.constant('mmHg' as const),
    systolic: fc.integer({ min: 30, max: 300 }),
    diastolic: fc.integer({ min: 10, max: 250 }),
    mean: fc.integer({ min: 10, max: 300 }),
    deviceTime: deviceTimes,
    pulse: fc.integer({ min: 20, max: 250 }),
    userSlot: fc.integer({ min: 0, max: 254 }),
    status: statuses,
  },
  { requiredKeys: ['unit', 'systolic', 'diastolic'] },
);

describe('the frame of a simulated cuff', () => {
  for (const { hex, frame, source } of published)
    it(`is byte for byte what is published: ${source}, ${hex.slice(0, 6)}…`, () => {
      const bytes = encodeBloodPressure(frame);
      // the published kPa frame writes 11 kPa as 11e0, ours as 110e-1: one value, two encodings
      expect(bytes.toString('hex')).toBe(frame.unit === 'kPa' ? hex.replace('0b00', '6ef0') : hex);
    });

  it.each([
    ['plain', encodeBloodPressure, decode],
    ['enhanced', encodeEnhancedBloodPressure, decoderOf(0x2b34)],
  ] as const)('is read back by the gateway exactly as it was measured, %s', (_, encode, decode) => {
    fc.assert(
      fc.property(frames, (frame) => {
        const decoded = decode(encode(frame));
        if (!('measured' in decoded)) throw new Error(`refused: ${JSON.stringify(decoded)}`);
        const { values, marks, deviceTime, userSlot } = decoded.measured;
        const value = (vital: string) => values.find((one) => one.vital === vital)?.value;
        expect({
          systolic: value('systolic'),
          diastolic: value('diastolic'),
          mean: value('mean-arterial-pressure'),
          pulse: value('pulse-rate'),
          deviceTime,
          userSlot,
          marks: [...marks].sort(),
        }).toEqual({
          systolic: frame.systolic,
          diastolic: frame.diastolic,
          mean: frame.mean,
          pulse: frame.pulse,
          deviceTime: frame.deviceTime,
          userSlot: frame.userSlot,
          marks: [...(frame.status ?? [])].sort(),
        });
      }),
    );
  });

  it('in kPa is told in mmHg, to the last digit of the product, and shown in whole mmHg', () => {
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 400 }), fc.integer({ min: 14, max: 333 }), (systolic, diastolic) => {
        const decoded = decode(
          encodeBloodPressure({ unit: 'kPa', systolic: systolic / 10, diastolic: diastolic / 10 }),
        );
        if (!('measured' in decoded)) return expect.fail('no reading');
        expect(decoded.measured.values).toEqual(
          [systolic, diastolic].map((tenths, n) => ({
            vital: ['systolic', 'diastolic'][n],
            value: Number(`${tenths * 750_062}e-6`),
            unit: 'mm[Hg]',
            decimals: 0,
          })),
        );
      }),
    );
  });

  it('is 7 to 19 bytes long, so that it fits the smallest link', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const { length } = encodeBloodPressure(frame);
        expect(length).toBeGreaterThanOrEqual(7);
        expect(length).toBeLessThanOrEqual(19);
      }),
    );
  });

  it('carries its time there and back', () => {
    fc.assert(
      fc.property(deviceTimes, (time) => {
        expect(decodeDateTime(encodeDateTime(time))).toBe(time);
      }),
    );
  });

  it('never writes a number as one of the specials of SFLOAT', () => {
    expect(sfloat(undefined, 0).toString('hex')).toBe('ff07');
    for (const special of [2046, 2047, 2048, -2046, -2047]) expect(() => sfloat(special, 0)).toThrow(RangeError);
  });
});
