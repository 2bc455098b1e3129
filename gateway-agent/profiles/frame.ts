import { type Decimal, type Special, sfloat } from './ieee11073.ts';

/**
 * Reads the fields of one characteristic value in their order, little-endian as GATT has it. Reading past the end gives zeros
 * and is remembered: ask `fault()` when everything has been read. Never throws.
 */
export type Frame = {
  u8(): number;
  u16(): number;
  u16BigEndian(): number;
  sfloat(): Decimal | Special;
  sfloatBigEndian(): Decimal | Special;
  fault(): 'bytes-missing' | 'bytes-left-over' | undefined;
};

export function readFrame(bytes: Uint8Array): Frame {
  let at = 0;
  const u8 = () => bytes[at++] ?? 0;
  const u16 = () => u8() | (u8() << 8);
  const u16BigEndian = () => (u8() << 8) | u8();
  return {
    u8,
    u16,
    u16BigEndian,
    sfloat: () => sfloat(u16()),
    sfloatBigEndian: () => sfloat(u16BigEndian()),
    fault: () => (at > bytes.length ? 'bytes-missing' : at < bytes.length ? 'bytes-left-over' : undefined),
  };
}
