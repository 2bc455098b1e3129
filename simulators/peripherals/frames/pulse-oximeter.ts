import type { Special } from './fields.ts';
import { encodeDateTime, sfloat, u8, u16, u24 } from './fields.ts';

/**
 * Encodes PLX Spot-Check Measurement 0x2A5E and PLX Continuous Measurement 0x2A5F. Layout after the Bluetooth SIG GATT
 * Specification Supplement; the names of the status bits after the same.
 */
export type Oximetry = {
  /** Percent; absent travels as NaN. */
  saturation?: number | Special;
  /** Per minute. */
  pulse?: number | Special;
};

/** Absent: the oximeter reports no such field. Empty: nothing is the matter. */
type Tail = {
  measurementStatus?: readonly MeasurementStatus[];
  deviceStatus?: readonly DeviceStatus[];
  /** Percent: how strong the pulse is. */
  amplitudeIndex?: number;
};

export type SpotCheckFrame = Oximetry & Tail & { deviceTime?: string; clockNotSet?: boolean };
export type ContinuousFrame = Oximetry & Tail & { fast?: Oximetry; slow?: Oximetry };

const measurementBits = {
  ongoing: 5,
  'early-estimate': 6,
  validated: 7,
  'fully-qualified': 8,
  'from-storage': 9,
  demo: 10,
  testing: 11,
  calibrating: 12,
  unavailable: 13,
  questionable: 14,
  invalid: 15,
} as const;
export type MeasurementStatus = keyof typeof measurementBits;

const deviceBits = {
  'extended-display-update': 0,
  malfunction: 1,
  'processing-irregular': 2,
  'inadequate-signal': 3,
  'poor-signal': 4,
  'low-perfusion': 5,
  'erratic-signal': 6,
  'non-pulsatile': 7,
  'questionable-pulse': 8,
  'analysis-ongoing': 9,
  interference: 10,
  'not-on-user': 11,
  'unknown-sensor': 12,
  displaced: 13,
  'sensor-malfunction': 14,
  'sensor-disconnected': 15,
} as const;
export type DeviceStatus = keyof typeof deviceBits;

/** @throws RangeError for numbers that no SFLOAT holds. */
export function encodeSpotCheck(frame: SpotCheckFrame): Buffer {
  const { deviceTime, measurementStatus, deviceStatus, amplitudeIndex, clockNotSet = false } = frame;
  return Buffer.concat([
    u8(flags(deviceTime !== undefined, !!measurementStatus, !!deviceStatus, amplitudeIndex !== undefined, clockNotSet)),
    pair(frame),
    deviceTime === undefined ? nothing : encodeDateTime(deviceTime),
    tail(frame),
  ]);
}

/** @throws RangeError for numbers that no SFLOAT holds. */
export function encodeContinuous(frame: ContinuousFrame): Buffer {
  const { fast, slow, measurementStatus, deviceStatus, amplitudeIndex } = frame;
  return Buffer.concat([
    u8(flags(!!fast, !!slow, !!measurementStatus, !!deviceStatus, amplitudeIndex !== undefined)),
    pair(frame),
    fast ? pair(fast) : nothing,
    slow ? pair(slow) : nothing,
    tail(frame),
  ]);
}

/** PLX Features 0x2A60 of one that tells both statuses in full. @param bits bit 0 measurement status … bit 7 several bonds. */
export const encodePlxFeatures = (bits: number): Buffer => Buffer.concat([u16(bits | 3), u16(0xffe0), u24(0xffff)]);

const nothing = Buffer.alloc(0);

const flags = (...set: boolean[]) => set.reduce((bits, isSet, n) => bits | (isSet ? 1 << n : 0), 0);

/** Whole numbers, as oximeters show them. */
const pair = ({ saturation, pulse }: Oximetry): Buffer => Buffer.concat([sfloat(saturation, 0), sfloat(pulse, 0)]);

const tail = ({ measurementStatus, deviceStatus, amplitudeIndex }: Tail): Buffer =>
  Buffer.concat([
    measurementStatus ? u16(bitsOf(measurementStatus, measurementBits)) : nothing,
    deviceStatus ? u24(bitsOf(deviceStatus, deviceBits)) : nothing,
    amplitudeIndex === undefined ? nothing : sfloat(amplitudeIndex, -1),
  ]);

const bitsOf = <Word extends string>(words: readonly Word[], bits: Record<Word, number>): number =>
  words.reduce((all, word) => all | (1 << bits[word]), 0);
