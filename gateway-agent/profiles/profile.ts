import type { Mark, Value } from '#domain/reading.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { DeviceTime } from './device-time.ts';

/**
 * What a device profile declares. One file in this folder is one profile; `catalogue.ts` lists them, and laws walk all of them.
 * Everything here is pure: a profile knows bytes and nothing of radios, clocks or disks.
 */
export type Profile = {
  name: string;
  /** The service a device advertises when it has something to tell, as assigned number. */
  service: number;
  /** What it indicates or notifies, and how each value is read. */
  measurements: Measurement[];
  /** Where a device of this profile keeps its clock, in the order of asking; the first one that answers is used. */
  clocks: ClockPlace[];
  examples: Example[];
};

export type Measurement = { characteristic: number; decode: Decode };

/** @param model the Model Number String (0x2A24), when the device has one: quirks apply to named models only. */
export type Decode = (bytes: Uint8Array, model?: string) => Decoded;

export type Decoded = { measured: Measured } | { fault: FrameFault };

export type Measured = {
  panel: PanelName;
  values: Value[];
  marks: Mark[];
  /** As it stood in the frame, unknown parts as zeros. */
  deviceTime?: DeviceTime;
  userSlot?: number;
  sequence?: number;
};

/**
 * Why a frame gives no reading. Such a frame is kept raw and never guessed at.
 * `no-value`: well formed, but the device says that it could not measure (NaN, NRes, infinity).
 */
export const frameFaults = ['bytes-missing', 'bytes-left-over', 'impossible-time', 'no-value'] as const;
export type FrameFault = (typeof frameFaults)[number];

export type ClockPlace = {
  service: number;
  characteristic: number;
  decode: (bytes: Uint8Array) => DeviceTime | undefined;
};

export type Example = {
  characteristic: number;
  hex: string;
  model?: string;
  says: string;
  source: string;
  gives: Decoded;
};
