import type { Special } from './fields.ts';
import { encodeDateTime, float, u8 } from './fields.ts';

/**
 * Encodes Temperature Measurement 0x2A1C and, in the same layout, Intermediate Temperature 0x2A1E. After the Bluetooth SIG GATT
 * Specification Supplement; FLOAT is the 32-bit float of ISO/IEEE 11073-20601.
 */
export type TemperatureFrame = {
  unit: 'Cel' | '[degF]';
  /** In its unit; absent travels as NaN. */
  temperature?: number | Special;
  /** Decimals that it shows, 1 or 2. */
  decimals?: number;
  deviceTime?: string;
  type?: TemperatureType;
};

const types = {
  armpit: 1,
  body: 2,
  ear: 3,
  finger: 4,
  'gastro-intestinal': 5,
  mouth: 6,
  rectum: 7,
  toe: 8,
  tympanum: 9,
} as const;
export type TemperatureType = keyof typeof types;

export function encodeTemperature({ unit, temperature, decimals = 1, deviceTime, type }: TemperatureFrame): Buffer {
  const flags = (unit === 'Cel' ? 0 : 1) | (deviceTime === undefined ? 0 : 2) | (type === undefined ? 0 : 4);
  return Buffer.concat([
    u8(flags),
    float(temperature, -decimals),
    deviceTime === undefined ? Buffer.alloc(0) : encodeDateTime(deviceTime),
    type === undefined ? Buffer.alloc(0) : encodeTemperatureType(type),
  ]);
}

/** 0x2A1D: where this thermometer always measures. */
export const encodeTemperatureType = (type: TemperatureType): Buffer => u8(types[type]);
