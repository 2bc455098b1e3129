import { readFrame } from './frame.ts';
import type { Said } from './profile.ts';

/**
 * Device Information service: who made it, which one it is. The texts are UTF-8; devices fill them up with NULs.
 * Source: Bluetooth SIG GATT Specification Supplement.
 */
export const deviceInformationUuids = {
  service: 0x180a,
  systemId: 0x2a23,
  modelNumber: 0x2a24,
  serialNumber: 0x2a25,
  firmwareRevision: 0x2a26,
  hardwareRevision: 0x2a27,
  softwareRevision: 0x2a28,
  manufacturerName: 0x2a29,
  regulatoryCertification: 0x2a2a,
} as const;

/** Longer than any name: what a hostile device may put into the house. */
export const textAtMost = 64;

/** Undefined where nothing is written. Bytes that are no UTF-8, and control characters, are dropped from what is a name for people. */
export function decodeText(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder('utf-8')
    .decode(bytes)
    .replaceAll(/[\p{Cc}\uFFFD]/gu, '')
    .trim();
  return text === '' ? undefined : text.slice(0, textAtMost);
}

/** 40 bits chosen by the maker, 24 of its organisation. */
export type SystemId = { manufacturerId: number; oui: number };

/** System ID 0x2A23. */
export function decodeSystemId(bytes: Uint8Array): Said<SystemId> {
  const frame = readFrame(bytes);
  const low = frame.u32();
  const manufacturerId = frame.u8() * 2 ** 32 + low;
  const oui = frame.u24();
  const fault = frame.fault();
  return fault ? { fault } : { said: { manufacturerId, oui } };
}
