import { u8, u16 } from './fields.ts';

/** Encodes Heart Rate Measurement 0x2A37. Layout after the Bluetooth SIG GATT Specification Supplement. */
export type HeartRateFrame = {
  perMinute: number;
  /** Sends 16 bits where 8 would do; above 255 it must. */
  wide?: boolean;
  /** Absent where the strap cannot tell. */
  contact?: boolean;
  energyKj?: number;
  /** Between beats, oldest first, in 1/1024 s; none is left out altogether. */
  intervals1024?: readonly number[];
};

export function encodeHeartRate({ perMinute, wide, contact, energyKj, intervals1024 = [] }: HeartRateFrame): Buffer {
  const isWide = wide || perMinute > 255;
  const flags =
    (isWide ? 1 : 0) |
    (contact ? 1 << 1 : 0) |
    (contact === undefined ? 0 : 1 << 2) |
    (energyKj === undefined ? 0 : 1 << 3) |
    (intervals1024.length === 0 ? 0 : 1 << 4);
  return Buffer.concat([
    u8(flags),
    isWide ? u16(perMinute) : u8(perMinute),
    energyKj === undefined ? Buffer.alloc(0) : u16(energyKj),
    ...intervals1024.map(u16),
  ]);
}
