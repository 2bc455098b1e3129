/**
 * The end-to-end check of CGM, called E2E-CRC: CRC-16/MCRF4XX (polynomial 0x1021 reflected, initial 0xFFFF, no final xor), sent little-endian
 * after the bytes it covers. Check value: "123456789" gives 0x6F91. Reproduced on every published frame in tests/vectors.
 */
export function e2eCrc(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let n = 0; n < 8; n++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1;
  }
  return crc;
}

/** Whether the last two bytes are the check of those before them. */
export function crcHolds(bytes: Uint8Array): boolean {
  const end = bytes.length - 2;
  return end >= 0 && e2eCrc(bytes.subarray(0, end)) === (bytes[end]! | (bytes[end + 1]! << 8));
}
