import type { Mark } from '#domain/reading.ts';
import { encodeDateTime, sfloat, u8, u16, u32 } from './fields.ts';

/**
 * Encodes Blood Pressure Measurement 0x2A35 as a cuff sends it: flags, three SFLOAT, then what the flags announce. Layout
 * after the Bluetooth SIG GATT Specification Supplement, 3.31 "Blood Pressure Measurement"; SFLOAT is the 16-bit float of
 * ISO/IEEE 11073-20601.
 */
export type BloodPressureFrame = {
  unit: 'mmHg' | 'kPa';
  /** NaN travels as NaN: the cuff could not measure. */
  systolic: number;
  diastolic: number;
  /** Absent travels as NaN, as most cuffs do that do not compute it. */
  mean?: number;
  /** The device's own clock, `2026-08-11T20:27:00`, no zone; absent when it was never set. */
  deviceTime?: string;
  /** Beats per minute. */
  pulse?: number;
  /** 0 to 254; 255 means unknown. */
  userSlot?: number;
  /** Absent: the cuff reports no status. Empty: it reports that all is well. */
  status?: readonly CuffStatus[];
};

export type CuffStatus = Extract<
  Mark,
  | 'body-movement'
  | 'cuff-too-loose'
  | 'irregular-pulse'
  | 'pulse-above-range'
  | 'pulse-below-range'
  | 'improper-position'
>;

const flag = { kPa: 1, deviceTime: 2, pulse: 4, userSlot: 8, status: 16 } as const;

/** Measurement Status: bits 3 and 4 together are the pulse range, 1 above and 2 below. */
const statusBits: Record<CuffStatus, number> = {
  'body-movement': 1 << 0,
  'cuff-too-loose': 1 << 1,
  'irregular-pulse': 1 << 2,
  'pulse-above-range': 1 << 3,
  'pulse-below-range': 2 << 3,
  'improper-position': 1 << 5,
};

export function encodeBloodPressure(frame: BloodPressureFrame): Buffer {
  const { deviceTime, pulse, userSlot, status } = frame;
  const flags =
    (frame.unit === 'kPa' ? flag.kPa : 0) |
    (deviceTime === undefined ? 0 : flag.deviceTime) |
    (pulse === undefined ? 0 : flag.pulse) |
    (userSlot === undefined ? 0 : flag.userSlot) |
    (status === undefined ? 0 : flag.status);
  return Buffer.concat([
    u8(flags),
    pressures(frame),
    deviceTime === undefined ? nothing : encodeDateTime(deviceTime),
    rest(frame),
  ]);
}

/** Bit 6: seconds are counted from 2000 and not from 1900. */
const countsFrom2000 = 1 << 6;
const year2000 = Date.UTC(2000, 0, 1);

/** Enhanced Blood Pressure Measurement 0x2B34, of version 1.1 of the service: the time in seconds since 2000. */
export function encodeEnhancedBloodPressure(frame: BloodPressureFrame): Buffer {
  const { deviceTime, pulse, userSlot, status } = frame;
  const flags =
    (frame.unit === 'kPa' ? flag.kPa : 0) |
    (deviceTime === undefined ? 0 : flag.deviceTime | countsFrom2000) |
    (pulse === undefined ? 0 : flag.pulse) |
    (userSlot === undefined ? 0 : flag.userSlot) |
    (status === undefined ? 0 : flag.status);
  return Buffer.concat([
    u8(flags),
    pressures(frame),
    deviceTime === undefined ? nothing : u32((Date.parse(`${deviceTime}Z`) - year2000) / 1000),
    rest(frame),
  ]);
}

/** Intermediate Cuff Pressure 0x2A36: the pressure in the cuff, and NaN where the others would stand. */
export const encodeCuffPressure = ({
  unit,
  pressure,
}: {
  unit: BloodPressureFrame['unit'];
  pressure: number;
}): Buffer =>
  Buffer.concat([u8(unit === 'kPa' ? flag.kPa : 0), pressures({ unit, systolic: pressure, diastolic: Number.NaN })]);

const nothing = Buffer.alloc(0);

function pressures({
  unit,
  systolic,
  diastolic,
  mean,
}: Pick<BloodPressureFrame, 'unit' | 'systolic' | 'diastolic' | 'mean'>) {
  // whole mmHg, tenths of a kPa: the resolution that cuffs show
  const exponent = unit === 'kPa' ? -1 : 0;
  return Buffer.concat([systolic, diastolic, mean].map((pressure) => sfloat(pressure, exponent)));
}

const rest = ({ pulse, userSlot, status }: BloodPressureFrame): Buffer =>
  Buffer.concat([
    pulse === undefined ? nothing : sfloat(pulse, 0),
    userSlot === undefined ? nothing : u8(userSlot),
    status === undefined ? nothing : u16(statusOf(status)),
  ]);

export const statusOf = (status: readonly CuffStatus[]): number =>
  status.reduce((bits, word) => bits | statusBits[word], 0);
