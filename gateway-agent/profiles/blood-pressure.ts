import type { Mark, Value } from '#domain/reading.ts';
import { type VitalName, vitals } from '#domain/vitals.ts';
import { type DeviceTime, decodeCurrentTime, decodeDateTime, readDateTime } from './device-time.ts';
import { readFrame } from './frame.ts';
import { type Decimal, isSpecial, type Special, times, toNumber } from './ieee11073.ts';
import type { Decoded, Profile } from './profile.ts';

/**
 * Blood Pressure Profile, service 0x1810: Blood Pressure Measurement 0x2A35 (indicated).
 * Intermediate Cuff Pressure 0x2A36 is the pressure while the cuff deflates and no measurement: it is never asked for.
 * Source: Bluetooth SIG GATT Specification Supplement; quirks and captures as named beside them.
 */
export const bloodPressure: Profile = {
  name: 'blood-pressure',
  service: 0x1810,
  measurements: [{ characteristic: 0x2a35, decode }],
  clocks: [
    // A&D cuffs keep Date Time inside the Blood Pressure service, Omron ones speak the Current Time service
    { service: 0x1810, characteristic: 0x2a08, decode: decodeDateTime },
    { service: 0x1805, characteristic: 0x2a2b, decode: decodeCurrentTime },
  ],
  examples: [
    {
      characteristic: 0x2a35,
      hex: '167c0056006100e807060f11111b33000000',
      says: '124/86, mean 97, pulse 51, with the time of the cuff',
      source: 'derdilla/blood-pressure-monitor-fl, ble_measurement_data_test.dart',
      gives: {
        measured: {
          panel: 'blood-pressure',
          values: [
            { vital: 'systolic', value: 124, unit: 'mm[Hg]' },
            { vital: 'diastolic', value: 86, unit: 'mm[Hg]' },
            { vital: 'mean-arterial-pressure', value: 97, unit: 'mm[Hg]' },
            { vital: 'pulse-rate', value: 51, unit: '/min' },
          ],
          marks: [],
          deviceTime: '2024-06-15T17:17:27',
        },
      },
    },
    {
      characteristic: 0x2a35,
      hex: '15bdf00b009ff03c001200',
      says: '18.9/11 kPa, cuff too loose, pulse below its range, no time',
      source: 'NordicSemiconductor/Android-BLE-Common-Library, BloodPressureMeasurementDataCallbackTest',
      gives: {
        measured: {
          panel: 'blood-pressure',
          values: [
            { vital: 'systolic', value: 141.761718, unit: 'mm[Hg]' },
            { vital: 'diastolic', value: 82.50682, unit: 'mm[Hg]' },
            { vital: 'mean-arterial-pressure', value: 119.259858, unit: 'mm[Hg]' },
            { vital: 'pulse-rate', value: 60, unit: '/min' },
          ],
          marks: ['cuff-too-loose', 'pulse-below-range'],
        },
      },
    },
    {
      characteristic: 0x2a35,
      hex: 'de88f420f3ff07e4070113163700bcf2014401',
      says: 'Beurer BM96: tenths, no mean pressure, irregular pulse, reserved bits set',
      source: 'capture in Stack Overflow question 78176577',
      gives: {
        measured: {
          panel: 'blood-pressure',
          values: [
            { vital: 'systolic', value: 116, unit: 'mm[Hg]' },
            { vital: 'diastolic', value: 80, unit: 'mm[Hg]' },
            { vital: 'pulse-rate', value: 70, unit: '/min' },
          ],
          marks: ['irregular-pulse'],
          deviceTime: '2020-01-19T22:55:00',
          userSlot: 1,
        },
      },
    },
    {
      characteristic: 0x2a35,
      hex: '56760050000000ea07080b141b00003c000004',
      model: 'BM85',
      says: 'Beurer BM85: pulse and status big-endian, a user byte without its flag',
      source: 'capture in derdilla/blood-pressure-monitor-fl, ble_measurement_data_test.dart',
      gives: {
        measured: {
          panel: 'blood-pressure',
          values: [
            { vital: 'systolic', value: 118, unit: 'mm[Hg]' },
            { vital: 'diastolic', value: 80, unit: 'mm[Hg]' },
            { vital: 'pulse-rate', value: 60, unit: '/min' },
          ],
          marks: ['irregular-pulse'],
          deviceTime: '2026-08-11T20:27:00',
          userSlot: 0,
        },
      },
    },
    {
      characteristic: 0x2a35,
      hex: '56760050000000ea07080b141b00003c000004',
      says: 'the same bytes from any other model are not of this profile',
      source: 'capture in derdilla/blood-pressure-monitor-fl, ble_measurement_data_test.dart',
      gives: { fault: 'bytes-left-over' },
    },
    {
      characteristic: 0x2a35,
      hex: '03020304050607',
      says: 'announces a time and has none',
      source: 'NordicSemiconductor/Android-BLE-Common-Library, BloodPressureMeasurementDataCallbackTest',
      gives: { fault: 'bytes-missing' },
    },
  ],
};

/** 1 kPa in mmHg, as in the conversion of the Blood Pressure profile's users (IEEE 11073-10407): 7.50062. */
const mmHgPerKpa: Decimal = { mantissa: 750_062, exponent: -5 };

/**
 * Beurer cuffs that send pulse and status with the high byte first and a user byte while flag bit 3 is clear.
 * Source: captures and remarks in derdilla/blood-pressure-monitor-fl (BM48, BM59, BM85, Elite 900).
 */
const beurerVariant = /^(BM ?(48|59|85)|ELITE ?900)\b/i;

const flag = { kpa: 1, time: 2, pulse: 4, user: 8, status: 16 } as const;

function decode(bytes: Uint8Array, model?: string): Decoded {
  const standard = decodeLayout(bytes, 'standard');
  // one byte over and no user flag is the mark of the variant; a cuff of these models that speaks the standard is taken at its word
  const variant =
    model !== undefined &&
    beurerVariant.test(model) &&
    'fault' in standard &&
    standard.fault === 'bytes-left-over' &&
    ((bytes[0] ?? 0) & flag.user) === 0;
  return variant ? decodeLayout(bytes, 'beurer') : standard;
}

function decodeLayout(bytes: Uint8Array, layout: 'standard' | 'beurer'): Decoded {
  const frame = readFrame(bytes);
  const beurer = layout === 'beurer';
  const flags = frame.u8();
  const has = (bit: number) => (flags & bit) !== 0;

  const systolic = pressure(frame.sfloat(), has(flag.kpa));
  const diastolic = pressure(frame.sfloat(), has(flag.kpa));
  const mean = pressure(frame.sfloat(), has(flag.kpa));
  const deviceTime: DeviceTime | undefined = has(flag.time) ? readDateTime(frame) : undefined;
  const pulse = has(flag.pulse) ? plain(beurer ? frame.sfloatBigEndian() : frame.sfloat()) : undefined;
  const user = has(flag.user) || beurer ? frame.u8() : unknownUser;
  const status = has(flag.status) ? (beurer ? frame.u16BigEndian() : frame.u16()) : 0;

  const fault = frame.fault();
  if (fault) return { fault };
  if (has(flag.time) && deviceTime === undefined) return { fault: 'impossible-time' };
  if (systolic === undefined || diastolic === undefined) return { fault: 'no-value' };

  const values = [value('systolic', systolic), value('diastolic', diastolic)];
  // cuffs that do not measure the mean send NaN or 0, and 0 for a pulse they did not find: neither is a value
  if (mean) values.push(value('mean-arterial-pressure', mean));
  if (pulse) values.push(value('pulse-rate', pulse));
  return {
    measured: {
      panel: 'blood-pressure',
      values,
      marks: marksOf(status),
      ...(deviceTime === undefined ? {} : { deviceTime }),
      ...(user === unknownUser ? {} : { userSlot: user }),
    },
  };
}

/** User ID 0xFF: the cuff does not know who it was. */
const unknownUser = 0xff;

const plain = (number: Decimal | Special): number | undefined => (isSpecial(number) ? undefined : toNumber(number));

/** The one place where a pressure changes its unit; exact, and rounded by nobody but those who show it. */
function pressure(number: Decimal | Special, inKpa: boolean): number | undefined {
  if (isSpecial(number)) return undefined;
  return toNumber(inKpa ? times(number, mmHgPerKpa) : number);
}

const value = (vital: VitalName, number: number): Value => ({ vital, value: number, unit: vitals[vital].ucum });

/** Measurement Status: bits 0, 1, 2, 5, and the pulse range in bits 3 and 4 (3 is reserved). Other bits are reserved and say nothing. */
function marksOf(status: number): Mark[] {
  const range = (status >> 3) & 3;
  const said: [boolean, Mark][] = [
    [(status & 0x01) !== 0, 'body-movement'],
    [(status & 0x02) !== 0, 'cuff-too-loose'],
    [(status & 0x04) !== 0, 'irregular-pulse'],
    [range === 1, 'pulse-above-range'],
    [range === 2, 'pulse-below-range'],
    [(status & 0x20) !== 0, 'improper-position'],
  ];
  return said.filter(([is]) => is).map(([, mark]) => mark);
}
