import type { Mark } from '#domain/reading.ts';
import { currentTimeClock, dateTimeClock } from './current-time.ts';
import { type DeviceTime, readDateTime } from './device-time.ts';
import { type Frame, readFrame } from './frame.ts';
import type { Decimal, Special } from './ieee11073.ts';
import type { Profile, Said, Told } from './profile.ts';
import { pulseOximeterExamples } from './pulse-oximeter.examples.ts';
import type { StableWindow } from './stable-window.ts';
import { aboveZero, type BitMarks, bit, marksIn, present, quantity } from './values.ts';

/** Assigned numbers. */
export const pulseOximeterUuids = {
  service: 0x1822,
  spotCheck: 0x2a5e,
  continuous: 0x2a5f,
  features: 0x2a60,
  recordAccess: 0x2a52,
} as const;
const uuids = pulseOximeterUuids;

/**
 * A reading of a continuous stream is the median of 15 s in which saturation stays within 2 % and pulse within 10 /min, once a minute at
 * most. Source: the reference of the house asks for a stable window of 10 to 30 s; the spreads are engineering limits.
 */
const window: StableWindow = {
  lengthMs: 15_000,
  spread: { 'oxygen-saturation': 2, 'pulse-rate': 10 },
  gapMs: 3_500,
  everyMs: 60_000,
};

/**
 * Pulse Oximeter Profile: spot-check 0x2A5E (indicated) and continuous 0x2A5F (notified).
 * Source: Bluetooth SIG GATT Specification Supplement; captures as named beside them.
 */
export const pulseOximeter: Profile = {
  name: 'pulse-oximeter',
  title: 'Pulse Oximeter',
  service: uuids.service,
  measurements: [
    {
      characteristic: uuids.spotCheck,
      name: 'PLX Spot-Check Measurement',
      decode: (bytes) => told(decodeSpotCheck(bytes)),
    },
    {
      characteristic: uuids.continuous,
      name: 'PLX Continuous Measurement',
      decode: (bytes) => told(decodeContinuous(bytes)),
      window,
    },
  ],
  reads: [{ characteristic: uuids.features, name: 'PLX Features', decode: decodePlxFeatures, kept: false }],
  clocks: [dateTimeClock(uuids.service), currentTimeClock],
  quirks: [],
  devices: [
    {
      name: 'ChoiceMMed oximeters',
      says: 'streams while worn; the clock is often not set',
      source: 'Stack Overflow 71264072',
    },
    {
      name: 'Nonin 3230',
      says: 'is said to have the standard service beside its own; only the standard one is read, and no capture of it is known to us',
      source: 'andreasdri/nonin-3230-ble',
    },
  ],
  examples: pulseOximeterExamples,
};

type Pair = { saturation: Decimal | Special; pulse: Decimal | Special };

export type OximeterFrame = Pair & {
  fast?: Pair;
  slow?: Pair;
  deviceTime?: DeviceTime;
  clockNotSet: boolean;
  /** Bits 5 to 15: ongoing … invalid. */
  measurementStatus: number;
  /** 24 bits. */
  deviceStatus: number;
  amplitudeIndex?: Decimal | Special;
};

/** 0x2A5E. */
export function decodeSpotCheck(bytes: Uint8Array): Said<OximeterFrame> {
  const frame = readFrame(bytes);
  const flags = frame.u8();
  const has = (n: number) => bit(flags, n);
  const pair = readPair(frame);
  const deviceTime = has(0) ? readDateTime(frame) : undefined;
  const tail = readTail(frame, has(1), has(2), has(3));
  const fault = frame.fault();
  if (fault) return { fault };
  if (has(0) && deviceTime === undefined) return { fault: 'impossible-time' };
  return { said: { ...pair, ...(deviceTime === undefined ? {} : { deviceTime }), clockNotSet: has(4), ...tail } };
}

/** 0x2A5F. */
export function decodeContinuous(bytes: Uint8Array): Said<OximeterFrame> {
  const frame = readFrame(bytes);
  const flags = frame.u8();
  const has = (n: number) => bit(flags, n);
  const pair = readPair(frame);
  const fast = has(0) ? readPair(frame) : undefined;
  const slow = has(1) ? readPair(frame) : undefined;
  const tail = readTail(frame, has(2), has(3), has(4));
  const fault = frame.fault();
  if (fault) return { fault };
  return { said: { ...pair, ...(fast ? { fast } : {}), ...(slow ? { slow } : {}), clockNotSet: false, ...tail } };
}

const readPair = (frame: Frame): Pair => ({ saturation: frame.sfloat(), pulse: frame.sfloat() });

function readTail(frame: Frame, measurement: boolean, device: boolean, amplitude: boolean) {
  return {
    measurementStatus: measurement ? frame.u16() : 0,
    deviceStatus: device ? frame.u24() : 0,
    ...(amplitude ? { amplitudeIndex: frame.sfloat() } : {}),
  };
}

const measurementMarks: BitMarks = { 6: 'early-estimate', 10: 'demo', 11: 'device-test', 14: 'questionable' };
const calibrating = 12;
const unavailable = 13;
const invalid = 15;

const deviceMarks: BitMarks = {
  1: 'device-fault',
  2: 'poor-signal',
  3: 'poor-signal',
  4: 'poor-signal',
  5: 'low-perfusion',
  6: 'poor-signal',
  7: 'no-pulse-found',
  8: 'questionable',
  10: 'poor-signal',
  11: 'sensor-off',
  12: 'device-fault',
  13: 'sensor-off',
  14: 'device-fault',
  15: 'sensor-off',
};

/** What a frame says: nothing where the oximeter itself calls it invalid, unavailable, or is calibrating. */
function told(decoded: Said<OximeterFrame>): Told {
  if ('fault' in decoded) return decoded;
  const { saturation, pulse, amplitudeIndex, measurementStatus, deviceStatus, deviceTime, clockNotSet } = decoded.said;
  if (bit(measurementStatus, invalid)) return { fault: 'said-invalid' };
  if (bit(measurementStatus, unavailable) || bit(measurementStatus, calibrating)) return { fault: 'no-value' };
  const measured = aboveZero(saturation);
  if (!measured) return { fault: 'no-value' };
  const marks: Mark[] = [
    ...new Set([...marksIn(measurementStatus, measurementMarks), ...marksIn(deviceStatus, deviceMarks)]),
  ];
  if (clockNotSet) marks.push('clock-in-doubt');
  return {
    measured: {
      panel: 'pulse-oximetry',
      values: [
        quantity('oxygen-saturation', measured),
        ...present('pulse-rate', aboveZero(pulse)),
        ...present('perfusion-index', amplitudeIndex),
      ],
      marks,
      ...(deviceTime === undefined ? {} : { deviceTime }),
    },
  };
}

/** 0x2A60: what the oximeter can tell; the two masks only where its first bits say so. */
export type PlxFeatures = { bits: number; measurementStatusSupport?: number; deviceStatusSupport?: number };

export function decodePlxFeatures(bytes: Uint8Array): Said<PlxFeatures> {
  const frame = readFrame(bytes);
  const bits = frame.u16();
  const measurementStatusSupport = bit(bits, 0) ? frame.u16() : undefined;
  const deviceStatusSupport = bit(bits, 1) ? frame.u24() : undefined;
  const fault = frame.fault();
  if (fault) return { fault };
  return {
    said: {
      bits,
      ...(measurementStatusSupport === undefined ? {} : { measurementStatusSupport }),
      ...(deviceStatusSupport === undefined ? {} : { deviceStatusSupport }),
    },
  };
}
