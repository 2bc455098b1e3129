import type { Mark } from '#domain/reading.ts';
import { encodeDateTime, sfloat, u8, u16 } from './fields.ts';

/**
 * Encodes Blood Pressure Measurement 0x2A35 as a cuff sends it: flags, three SFLOAT, then what the flags announce. Layout
 * after the Bluetooth SIG GATT Specification Supplement, 3.31 "Blood Pressure Measurement"; SFLOAT is the 16-bit float of
 * ISO/IEEE 11073-20601.
 */
export type BloodPressureFrame = {
  unit: 'mmHg' | 'kPa';
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
  // whole mmHg, tenths of a kPa: the resolution that cuffs show
  const exponent = frame.unit === 'kPa' ? -1 : 0;
  const flags =
    (frame.unit === 'kPa' ? flag.kPa : 0) |
    (frame.deviceTime === undefined ? 0 : flag.deviceTime) |
    (frame.pulse === undefined ? 0 : flag.pulse) |
    (frame.userSlot === undefined ? 0 : flag.userSlot) |
    (frame.status === undefined ? 0 : flag.status);
  return Buffer.concat([
    u8(flags),
    sfloat(frame.systolic, exponent),
    sfloat(frame.diastolic, exponent),
    sfloat(frame.mean, exponent),
    frame.deviceTime === undefined ? Buffer.alloc(0) : encodeDateTime(frame.deviceTime),
    frame.pulse === undefined ? Buffer.alloc(0) : sfloat(frame.pulse, 0),
    frame.userSlot === undefined ? Buffer.alloc(0) : u8(frame.userSlot),
    frame.status === undefined ? Buffer.alloc(0) : u16(statusOf(frame.status)),
  ]);
}

export const statusOf = (status: readonly CuffStatus[]): number =>
  status.reduce((bits, word) => bits | statusBits[word], 0);
