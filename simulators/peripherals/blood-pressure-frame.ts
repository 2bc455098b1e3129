import type { Mark } from '#domain/reading.ts';

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

const notANumber = 0x07ff;

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
    Buffer.from([flags]),
    encodeSfloat(frame.systolic, exponent),
    encodeSfloat(frame.diastolic, exponent),
    encodeSfloat(frame.mean, exponent),
    frame.deviceTime === undefined ? Buffer.alloc(0) : encodeDateTime(frame.deviceTime),
    frame.pulse === undefined ? Buffer.alloc(0) : encodeSfloat(frame.pulse, 0),
    frame.userSlot === undefined ? Buffer.alloc(0) : Buffer.from([frame.userSlot]),
    frame.status === undefined ? Buffer.alloc(0) : uint16(statusOf(frame.status)),
  ]);
}

export const statusOf = (status: readonly CuffStatus[]): number =>
  status.reduce((bits, word) => bits | statusBits[word], 0);

/** @param value undefined travels as NaN. */
export function encodeSfloat(value: number | undefined, exponent: number): Buffer {
  if (value === undefined) return uint16(notANumber);
  const mantissa = Math.round(value * 10 ** -exponent);
  // 2046 and 2047 are specials, and so are -2046 and below
  if (Math.abs(mantissa) > 2045) throw new RangeError('the value does not fit an SFLOAT of this exponent');
  return uint16(((exponent & 0xf) << 12) | (mantissa & 0xfff));
}

/** Date Time 0x2A08: year (16 bit), month, day, hours, minutes, seconds. */
export function encodeDateTime(deviceTime: string): Buffer {
  const [year, month, day, hours, minutes, seconds] = deviceTime.split(/[-T:]/).map(Number);
  return Buffer.concat([uint16(year!), Buffer.from([month!, day!, hours!, minutes!, seconds!])]);
}

export function decodeDateTime(bytes: Buffer): string {
  const two = (at: number) => String(bytes[at]).padStart(2, '0');
  const year = String(bytes.readUInt16LE(0)).padStart(4, '0');
  return `${year}-${two(2)}-${two(3)}T${two(4)}:${two(5)}:${two(6)}`;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value & 0xffff);
  return bytes;
}
