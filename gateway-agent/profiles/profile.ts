import type { Mark, Value } from '#domain/reading.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { DeviceTime } from './device-time.ts';
import type { Cursor } from './racp.ts';
import type { StableWindow } from './stable-window.ts';

/**
 * What a device profile declares. One file in this folder is one profile; `catalogue.ts` lists them, laws walk all of them, and
 * docs/devices.md is written from them. Everything here is pure: a profile knows bytes and nothing of radios, clocks or disks.
 */
export type Profile = {
  name: string;
  /** As the Bluetooth SIG calls it. */
  title: string;
  /** The service a device advertises when it has something to tell, as assigned number. */
  service: number;
  /** What it indicates or notifies, and how each value is read. */
  measurements: Measurement[];
  /** What else it tells when asked; a visit asks, before subscribing, for what is `kept`. */
  reads: Read[];
  /** Where a device of this profile keeps its clock, in the order of asking; the first one that answers is used. */
  clocks: ClockPlace[];
  /** How records in its memory are asked for, where it does not send them by itself; driven by racp.ts. */
  records?: RecordAccess;
  /** Whom the device must let in before it speaks; driven by user-control-point.ts. */
  consent?: Consent;
  /** Where one measurement takes several frames, or one frame tells several: in place of each measurement's own `decode`. */
  gather?: Gather;
  quirks: Quirk[];
  /** Devices known to speak it, for the reader of docs/devices.md. */
  devices: KnownDevice[];
  examples: Example[];
};

export type Measurement = {
  characteristic: number;
  name: string;
  decode: Decode;
  /** It speaks every second: what counts is the median of a stable window, not a single frame. */
  window?: StableWindow;
  /** Says the same as this other characteristic, only better: where a device has both, the other is not subscribed to. */
  insteadOf?: number;
  /** It is told for as long as somebody listens, minutes apart: whoever can, stays. */
  lasting?: boolean;
};

/** @param model the Model Number String (0x2A24), when the device has one: quirks apply to named models only. */
export type Decode = (bytes: Uint8Array, model?: string) => Decoded;

/** What one frame says by itself. `part`: well formed, and a piece of a measurement that `gather` puts together. */
export type Decoded = Told | { part: string };
export type Told = { measured: Measured } | { fault: FrameFault };

export type Measured = {
  panel: PanelName;
  values: Value[];
  marks: Mark[];
  /** As the device's own user would read it, unknown parts as zeros. */
  deviceTime?: DeviceTime;
  /** How far that clock is ahead of UTC, where the device says so. */
  zoneMinutes?: number;
  userSlot?: number;
  sequence?: number;
};

/**
 * Why a frame gives no reading. Such a frame is kept raw and never guessed at.
 * `no-value`: well formed, but the device says that it could not measure (NaN, NRes, 0xFFFF). `said-invalid`: the device itself calls it
 * invalid. `unfinished`: sent before the measurement was ready. `reserved-value`: a word the profile gives no meaning to, and on which the
 * meaning of the rest hangs. `alone`: the frame it belongs to never came. `disagree`: two frames of one measurement contradict each other.
 */
export const frameFaults = [
  'bytes-missing',
  'bytes-left-over',
  'impossible-time',
  'no-value',
  'said-invalid',
  'unfinished',
  'reserved-value',
  'crc-wrong',
  'crc-missing',
  'alone',
  'disagree',
] as const;
export type FrameFault = (typeof frameFaults)[number];

/** What a characteristic says that is no measurement. */
export type Said<T> = { said: T } | { fault: FrameFault };

/** `kept`: heard like a frame and on disk with them, because frames of the visit cannot be told without it. */
export type Read = {
  characteristic: number;
  name: string;
  decode: (bytes: Uint8Array) => Said<unknown>;
  kept: boolean;
};

/** A frame of one visit to one device: indicated, notified, or a `kept` read. `at`: ms since 1970. */
export type FrameHeard = { characteristic: number; bytes: Uint8Array; at: number; model?: string };

/**
 * One thing the frames of a visit say; `of` are the indexes of the frames that say it, in their order. `streamed`: the last of them is when it
 * was measured, and equal frames are no repetition.
 */
export type Telling = { of: readonly number[]; told: Told; streamed?: true };

/**
 * Frames in the order heard. Those of which nothing can be said yet stand in no telling while the visit lasts; after it (`over`) such
 * frames have said all they had to say to others. What was told is told the same way again when more frames follow.
 */
export type Gather = (frames: readonly FrameHeard[], over: boolean) => Telling[];

export type ClockPlace = {
  service: number;
  characteristic: number;
  decode: (bytes: Uint8Array) => DeviceTime | undefined;
  /** What to write to set it; absent where it is never set. */
  encode?: (time: DeviceTime) => Uint8Array;
};

/** `filter`: what counts the records; a device is asked for those from the last known one on. */
export type RecordAccess = {
  characteristic: number;
  name: string;
  filter: 'sequence-number' | 'time-offset';
  /** The measurement that brings the records. */
  record: number;
  /** What comes behind a record that announces it, and says more about it. */
  companion?: Companion;
  /** The records of one frame, also where their values cannot be read: what has a number has arrived. */
  numbered: (bytes: Uint8Array) => Cursor[];
  /** A `kept` read by which a numbering is told from the next; a device that does not answer it is asked for everything, each time. */
  numbering?: number;
  /** Where a device tells how far apart the numbers are; elsewhere it is 1. */
  spacing?: Spacing;
};

/** @param announced whether this record says that one follows. @param of the number of the record it belongs to; undefined where it says none. */
export type Companion = {
  characteristic: number;
  announced: (record: Uint8Array) => boolean;
  of: (companion: Uint8Array) => number | undefined;
};

/** Written to a control point; the answer is indicated. Undefined: not an answer to this, or no number. */
export type Spacing = {
  characteristic: number;
  name: string;
  /** @param reads what was `kept` of this device. */
  request: (reads: readonly FrameHeard[]) => Uint8Array;
  decode: (bytes: Uint8Array) => number | undefined;
};

/** @param clockFirst its clock must be written before it lets anybody in. */
export type Consent = { service: number; characteristic: number; name: string; clockFirst: boolean };

/** What some models do otherwise, and where we know it from. */
export type Quirk = { models: RegExp; says: string; source: string };

export type KnownDevice = { name: string; says: string; source: string };

/** Frames before and after stand for a whole visit; `gives` is what all of it tells, in order. */
export type Example = {
  characteristic: number;
  hex: string;
  before?: { characteristic: number; hex: string }[];
  after?: { characteristic: number; hex: string }[];
  model?: string;
  says: string;
  source: string;
  gives: Told | Told[];
};
