/**
 * The fields that frames of health devices are made of, as bytes, little-endian as GATT has it. SFLOAT and FLOAT are the
 * decimal floats of ISO/IEEE 11073-20601; Date Time is 0x2A08 of the Bluetooth SIG GATT Specification Supplement.
 */
export const u8 = (value: number): Buffer => Buffer.from([value & 0xff]);

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value & 0xffff);
  return bytes;
}

export const u24 = (value: number): Buffer => u32(value).subarray(0, 3);

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** What a float says that is no number. Whole words, the exponent is 0. */
export const specials = { nan: 0x7ff, nres: 0x800, infinity: 0x7fe, minusInfinity: 0x802 } as const;
export type Special = keyof typeof specials;

const isNumber = (value: number | Special): value is number => typeof value === 'number';
/** NaN and what is not there travel as NaN. */
const orNan = (value: number | Special | undefined): number | Special =>
  value === undefined || Number.isNaN(value) ? 'nan' : value;

/**
 * 16 bits: exponent -8 to 7, mantissa to 2045 either way. `undefined` and NaN travel as NaN.
 * @throws RangeError when the value does not fit this exponent.
 */
export function sfloat(given: number | Special | undefined, exponent: number): Buffer {
  const value = orNan(given);
  if (!isNumber(value)) return u16(specials[value]);
  const mantissa = Math.round(value * 10 ** -exponent);
  // 2046 and 2047 are specials, and so are -2046 and below
  if (Math.abs(mantissa) > 2045) throw new RangeError('the value does not fit an SFLOAT of this exponent');
  return u16(((exponent & 0xf) << 12) | (mantissa & 0xfff));
}

/** 32 bits: exponent -128 to 127, mantissa to 8388605 either way. The specials are those of SFLOAT, in 24 bits. */
export function float(given: number | Special | undefined, exponent: number): Buffer {
  const value = orNan(given);
  if (!isNumber(value)) return u32(wideSpecials[value]);
  const mantissa = Math.round(value * 10 ** -exponent);
  if (Math.abs(mantissa) > 8_388_605) throw new RangeError('the value does not fit a FLOAT of this exponent');
  return u32(((exponent & 0xff) << 24) | (mantissa & 0xff_ffff));
}

const wideSpecials: Record<Special, number> = {
  nan: 0x7f_ffff,
  nres: 0x80_0000,
  infinity: 0x7f_fffe,
  minusInfinity: 0x80_0002,
};

/** Date Time 0x2A08: year (16 bit), month, day, hours, minutes, seconds; no zone. @param deviceTime `2026-08-11T20:27:00` */
export function encodeDateTime(deviceTime: string): Buffer {
  const [year, month, day, hours, minutes, seconds] = deviceTime.split(/[-T:]/).map(Number);
  return Buffer.concat([u16(year!), Buffer.from([month!, day!, hours!, minutes!, seconds!])]);
}

export function decodeDateTime(bytes: Buffer): string {
  const two = (at: number) => String(bytes[at]).padStart(2, '0');
  const year = String(bytes.readUInt16LE(0)).padStart(4, '0');
  return `${year}-${two(2)}-${two(3)}T${two(4)}:${two(5)}:${two(6)}`;
}
