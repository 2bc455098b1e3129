import type { Mark } from '#domain/reading.ts';
import { bloodPressureExamples } from './blood-pressure.examples.ts';
import { currentTimeClock, dateTimeClock } from './current-time.ts';
import { countedTime, type DeviceTime, readDateTime } from './device-time.ts';
import { type Frame, readFrame } from './frame.ts';
import { converted, type Decimal, isSpecial, type Special } from './ieee11073.ts';
import type { Profile, Said, Told } from './profile.ts';
import { aboveZero, bit, marksIn, present, quantity } from './values.ts';

/** Assigned numbers. */
export const bloodPressureUuids = {
  service: 0x1810,
  measurement: 0x2a35,
  enhancedMeasurement: 0x2b34,
  feature: 0x2a49,
} as const;
const uuids = bloodPressureUuids;

/** Source: captures and remarks in derdilla/blood-pressure-monitor-fl (BM48, BM59, BM85, Elite 900). */
const beurerVariant = /^(BM ?(48|59|85)|ELITE ?900)\b/i;

/**
 * Blood Pressure Profile: Blood Pressure Measurement 0x2A35 and, of version 1.1, Enhanced Blood Pressure Measurement 0x2B34, both
 * indicated. Intermediate Cuff Pressure 0x2A36 and 0x2B35 is the pressure while the cuff deflates and no measurement: never asked for.
 * Source: Bluetooth SIG GATT Specification Supplement; quirks and captures as named beside them.
 */
export const bloodPressure: Profile = {
  name: 'blood-pressure',
  title: 'Blood Pressure',
  service: uuids.service,
  measurements: [
    { characteristic: uuids.measurement, name: 'Blood Pressure Measurement', decode },
    {
      characteristic: uuids.enhancedMeasurement,
      name: 'Enhanced Blood Pressure Measurement',
      decode: decodeEnhanced,
      insteadOf: uuids.measurement,
    },
  ],
  reads: [
    { characteristic: uuids.feature, name: 'Blood Pressure Feature', decode: decodeBloodPressureFeature, kept: false },
  ],
  // A&D cuffs keep Date Time inside the Blood Pressure service, Omron ones speak the Current Time service
  clocks: [dateTimeClock(uuids.service), currentTimeClock],
  quirks: [
    {
      models: beurerVariant,
      says: 'sends pulse and status with the high byte first, and a user byte without its flag',
      source: 'derdilla/blood-pressure-monitor-fl',
    },
  ],
  devices: [
    {
      name: 'A&D UA-651BLE',
      says: 'heard for about a minute after a measurement; keeps what it could not send and sends the oldest first; hangs up by itself',
      source: 'public hardware notes; don/cordova-plugin-ble-central issue 27',
    },
    {
      name: 'Omron with standard services (names beginning BLEsmart_ or BLESmart_)',
      says: 'hold the button for 3 s to pair; its clock stands in the Current Time service; some models forget what they have sent',
      source: 'StanfordSpezi/SpeziDevices, weliem/blessed-android',
    },
    {
      name: 'Beurer BM96, BM85, BM59, BM48, Elite 900',
      says: 'tenths of mmHg, no mean pressure; all but the BM96 need the quirk below',
      source: 'derdilla/blood-pressure-monitor-fl, Stack Overflow 78168365 and 78176577',
    },
  ],
  examples: bloodPressureExamples,
};

/** 1 kPa in mmHg, as in the conversion of the Blood Pressure profile's users (IEEE 11073-10407): 7.50062. */
const mmHgPerKpa: Decimal = { mantissa: 750_062, exponent: -5 };

const flag = { kpa: 1, time: 2, pulse: 4, user: 8, status: 16 } as const;

function decode(bytes: Uint8Array, model?: string): Told {
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

function decodeLayout(bytes: Uint8Array, layout: 'standard' | 'beurer'): Told {
  const frame = readFrame(bytes);
  const beurer = layout === 'beurer';
  const flags = frame.u8();
  const has = (mask: number) => (flags & mask) !== 0;

  const pressures = readPressures(frame, has(flag.kpa));
  const deviceTime = has(flag.time) ? readDateTime(frame) : undefined;
  const pulse = has(flag.pulse) ? (beurer ? frame.sfloatBigEndian() : frame.sfloat()) : undefined;
  const user = has(flag.user) || beurer ? frame.u8() : unknownUser;
  const status = has(flag.status) ? (beurer ? frame.u16BigEndian() : frame.u16()) : 0;

  const fault = frame.fault();
  if (fault) return { fault };
  if (has(flag.time) && deviceTime === undefined) return { fault: 'impossible-time' };
  return tellPressure({ pressures, pulse, user, status, deviceTime });
}

/** Times are seconds since 1900, or since 2000 with bit 6; the one that its user reads counts where both are there. */
function decodeEnhanced(bytes: Uint8Array): Told {
  const frame = readFrame(bytes);
  const flags = frame.u8();
  const has = (n: number) => bit(flags, n);
  const epoch = Date.UTC(has(6) ? 2000 : 1900, 0, 1);
  const readTime = () => countedTime(epoch + frame.u32() * 1000);

  const pressures = readPressures(frame, has(0));
  const stamp = has(1) ? readTime() : undefined;
  const pulse = has(2) ? frame.sfloat() : undefined;
  const user = has(3) ? frame.u8() : unknownUser;
  const status = has(4) ? frame.u16() : 0;
  const userFacing = has(5) ? readTime() : undefined;

  const fault = frame.fault();
  if (fault) return { fault };
  return tellPressure({ pressures, pulse, user, status, deviceTime: userFacing ?? stamp });
}

type Pressures = { systolic?: Decimal; diastolic?: Decimal; mean?: Decimal };

function readPressures(frame: Frame, inKpa: boolean): Pressures {
  const [systolic, diastolic, mean] = [frame.sfloat(), frame.sfloat(), frame.sfloat()].map((p) => pressure(p, inKpa));
  return { systolic, diastolic, mean };
}

function tellPressure(said: {
  pressures: Pressures;
  pulse: Decimal | Special | undefined;
  user: number;
  status: number;
  deviceTime: DeviceTime | undefined;
}): Told {
  const { systolic, diastolic, mean } = said.pressures;
  if (!systolic || !diastolic) return { fault: 'no-value' };
  const values = [quantity('systolic', systolic), quantity('diastolic', diastolic)];
  // cuffs that do not measure the mean send NaN or 0, and 0 for a pulse they did not find: neither is a value
  values.push(...present('mean-arterial-pressure', aboveZero(mean)), ...present('pulse-rate', aboveZero(said.pulse)));
  return {
    measured: {
      panel: 'blood-pressure',
      values,
      marks: marksOf(said.status),
      ...(said.deviceTime === undefined ? {} : { deviceTime: said.deviceTime }),
      ...(said.user === unknownUser ? {} : { userSlot: said.user }),
    },
  };
}

/** User ID 0xFF: the cuff does not know who it was. */
const unknownUser = 0xff;

/** The one place where a pressure changes its unit; exact, and rounded by nobody but those who show it. */
const pressure = (number: Decimal | Special, inKpa: boolean): Decimal | undefined =>
  isSpecial(number) ? undefined : inKpa ? converted(number, mmHgPerKpa) : number;

/** Measurement Status: bits 0, 1, 2, 5, and the pulse range in bits 3 and 4 (3 is reserved). Other bits are reserved and say nothing. */
function marksOf(status: number): Mark[] {
  const range = (status >> 3) & 3;
  return marksIn(range === 3 ? status & ~0x18 : status, {
    0: 'body-movement',
    1: 'cuff-too-loose',
    2: 'irregular-pulse',
    3: 'pulse-above-range',
    4: 'pulse-below-range',
    5: 'improper-position',
  });
}

/** 0x2A49: what the cuff can tell. Bits 6 to 8 are of version 1.1. */
export type BloodPressureFeature = Record<(typeof features)[number], boolean>;
const features = [
  'bodyMovement',
  'cuffFit',
  'irregularPulse',
  'pulseRange',
  'position',
  'multipleBonds',
  'e2eCrc',
  'userData',
  'userFacingTime',
] as const;

export function decodeBloodPressureFeature(bytes: Uint8Array): Said<BloodPressureFeature> {
  const frame = readFrame(bytes);
  const field = frame.u16();
  const fault = frame.fault();
  if (fault) return { fault };
  return { said: Object.fromEntries(features.map((name, n) => [name, bit(field, n)])) as BloodPressureFeature };
}
