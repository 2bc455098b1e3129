import { readFrame } from './frame.ts';
import { heartRateExamples } from './heart-rate.examples.ts';
import type { Profile, Said, Told } from './profile.ts';
import type { StableWindow } from './stable-window.ts';
import { bit, quantity } from './values.ts';

/** Assigned numbers. */
export const heartRateUuids = { service: 0x180d, measurement: 0x2a37, location: 0x2a38 } as const;
const uuids = heartRateUuids;

/** A reading is the median of 30 s in which the rate stays within 15 /min, once a minute at most: at rest, not on the stairs. */
const window: StableWindow = { lengthMs: 30_000, spread: { 'heart-rate': 15 }, gapMs: 3_500, everyMs: 60_000 };

/** Polar H10 announce beat intervals when there is none to tell. Source: answers about the H10 cited by its developers' page. */
const emptyIntervals = /^H10\b/i;

/**
 * Heart Rate Profile: 0x2A37, notified about once a second, with the intervals between the beats since the last one.
 * Source: Bluetooth SIG GATT Specification Supplement; captures as named beside them.
 */
export const heartRate: Profile = {
  name: 'heart-rate',
  title: 'Heart Rate',
  service: uuids.service,
  measurements: [
    {
      characteristic: uuids.measurement,
      name: 'Heart Rate Measurement',
      decode: (bytes, model) => told(decodeHeartRate(bytes, model)),
      window,
    },
  ],
  reads: [{ characteristic: uuids.location, name: 'Body Sensor Location', decode: decodeSensorLocation, kept: false }],
  clocks: [],
  quirks: [
    {
      models: emptyIntervals,
      says: 'announces beat intervals and sends none',
      source: 'developer.polar.com, Stack Overflow',
    },
  ],
  devices: [
    {
      name: 'Polar H7, H10',
      says: 'heard while worn; drops the link 20 to 30 s after it is taken off',
      source: 'developer.polar.com',
    },
    { name: 'Wahoo TICKR', says: 'as the standard has it', source: 'sputnikdev/bluetooth-gatt-parser' },
  ],
  examples: heartRateExamples,
};

export type HeartRateFrame = {
  perMinute: number;
  /** Undefined where the strap cannot tell. */
  contact: boolean | undefined;
  energyKj?: number;
  /** Between beats, oldest first, in 1/1024 s. */
  intervals1024: number[];
};

export const intervalMs = (in1024: number): number => (in1024 * 1000) / 1024;

export function decodeHeartRate(bytes: Uint8Array, model?: string): Said<HeartRateFrame> {
  const frame = readFrame(bytes);
  const flags = frame.u8();
  const has = (n: number) => bit(flags, n);
  const perMinute = has(0) ? frame.u16() : frame.u8();
  const energyKj = has(3) ? frame.u16() : undefined;
  const intervals1024: number[] = [];
  if (has(4)) {
    if (frame.left() === 0 && !(model !== undefined && emptyIntervals.test(model))) return { fault: 'bytes-missing' };
    while (frame.left() > 0) intervals1024.push(frame.u16());
  }
  const fault = frame.fault();
  if (fault) return { fault };
  const contact = has(2) ? has(1) : undefined;
  return { said: { perMinute, contact, ...(energyKj === undefined ? {} : { energyKj }), intervals1024 } };
}

/** A strap that finds no beat sends 0; one that is not on the skin repeats its last number. */
function told(decoded: Said<HeartRateFrame>): Told {
  if ('fault' in decoded) return decoded;
  const { perMinute, contact } = decoded.said;
  if (perMinute === 0) return { fault: 'no-value' };
  return {
    measured: {
      panel: 'heart-rate',
      values: [quantity('heart-rate', { mantissa: perMinute, exponent: 0 })],
      marks: contact === false ? ['sensor-off'] : [],
    },
  };
}

export const sensorLocations = ['other', 'chest', 'wrist', 'finger', 'hand', 'ear', 'foot'] as const;

/** 0x2A38. */
export function decodeSensorLocation(bytes: Uint8Array): Said<(typeof sensorLocations)[number]> {
  const frame = readFrame(bytes);
  const location = sensorLocations[frame.u8()];
  const fault = frame.fault();
  if (fault) return { fault };
  return location ? { said: location } : { fault: 'reserved-value' };
}
