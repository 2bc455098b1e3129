import { type Decimal, float, type Special, sfloat } from './ieee11073.ts';

/**
 * Reads the fields of one characteristic value in their order, little-endian as GATT has it. Reading past the end gives zeros
 * and is remembered: ask `fault()` when everything has been read. Never throws.
 */
export type Frame = {
  u8(): number;
  s8(): number;
  u16(): number;
  s16(): number;
  u24(): number;
  u32(): number;
  u16BigEndian(): number;
  sfloat(): Decimal | Special;
  sfloatBigEndian(): Decimal | Special;
  float(): Decimal | Special;
  /** Bytes not read yet; never below 0. */
  left(): number;
  fault(): 'bytes-missing' | 'bytes-left-over' | undefined;
};

export function readFrame(bytes: Uint8Array): Frame {
  let at = 0;
  const u8 = () => bytes[at++] ?? 0;
  const u16 = () => u8() | (u8() << 8);
  const u24 = () => u16() | (u8() << 16);
  const u32 = () => (u24() | (u8() << 24)) >>> 0;
  const u16BigEndian = () => (u8() << 8) | u8();
  return {
    u8,
    s8: () => (u8() << 24) >> 24,
    u16,
    s16: () => (u16() << 16) >> 16,
    u24,
    u32,
    u16BigEndian,
    sfloat: () => sfloat(u16()),
    sfloatBigEndian: () => sfloat(u16BigEndian()),
    float: () => float(u32()),
    left: () => Math.max(0, bytes.length - at),
    fault: () => (at > bytes.length ? 'bytes-missing' : at < bytes.length ? 'bytes-left-over' : undefined),
  };
}
