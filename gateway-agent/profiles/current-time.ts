import { countedMs, type DeviceTime, decodeDateTime, encodeDateTime, readDateTime } from './device-time.ts';
import { readFrame } from './frame.ts';
import type { ClockPlace, Said } from './profile.ts';
import { bit } from './values.ts';

/**
 * Current Time service 0x1805: Current Time 0x2A2B, Local Time Information 0x2A0F; and Date Time 0x2A08, which devices keep inside
 * the service of their profile. Source: Bluetooth SIG GATT Specification Supplement.
 */
export const currentTimeUuids = {
  service: 0x1805,
  currentTime: 0x2a2b,
  localTimeInformation: 0x2a0f,
  dateTime: 0x2a08,
} as const;

export type CurrentTime = {
  time: DeviceTime;
  /** 1 Monday to 7 Sunday, 0 unknown. */
  dayOfWeek: number;
  fractions256: number;
  adjusted: { manually: boolean; fromReference: boolean; timeZone: boolean; daylightSaving: boolean };
};

/** 0x2A2B, 10 bytes. */
export function decodeWholeCurrentTime(bytes: Uint8Array): Said<CurrentTime> {
  const frame = readFrame(bytes);
  const time = readDateTime(frame);
  const [dayOfWeek, fractions256, reason] = [frame.u8(), frame.u8(), frame.u8()];
  const fault = frame.fault();
  if (fault) return { fault };
  if (time === undefined || dayOfWeek > 7) return { fault: 'impossible-time' };
  return {
    said: {
      time,
      dayOfWeek,
      fractions256,
      adjusted: {
        manually: bit(reason, 0),
        fromReference: bit(reason, 1),
        timeZone: bit(reason, 2),
        daylightSaving: bit(reason, 3),
      },
    },
  };
}

/** What to write into 0x2A2B: adjusted from an external reference, which the gateway is to the device. */
export function encodeCurrentTime(time: DeviceTime): Uint8Array {
  const ms = countedMs(time);
  const day = ms === undefined ? 0 : new Date(ms).getUTCDay() || 7;
  return Uint8Array.of(...encodeDateTime(time), day, 0, 0b10);
}

/** How far local time is ahead of UTC, in minutes; undefined where the device does not know. */
export type LocalTime = { zoneMinutes: number | undefined; daylightSavingMinutes: number | undefined };

/** 0x2A0F, 2 bytes: Time Zone and DST Offset. */
export function decodeLocalTime(bytes: Uint8Array): Said<LocalTime> {
  const frame = readFrame(bytes);
  const zone = timeZoneMinutes(frame.s8());
  const daylightSaving = daylightSavingMinutes(frame.u8());
  const fault = frame.fault();
  if (fault) return { fault };
  if (zone === 'reserved' || daylightSaving === 'reserved') return { fault: 'reserved-value' };
  return { said: { zoneMinutes: zone, daylightSavingMinutes: daylightSaving } };
}

/** Time Zone 0x2A0E: steps of 15 minutes from -48 to 56; -128 is unknown. */
export function timeZoneMinutes(steps: number): number | undefined | 'reserved' {
  if (steps === -128) return undefined;
  return steps >= -48 && steps <= 56 ? steps * 15 : 'reserved';
}

/** DST Offset 0x2A0D: 255 is unknown. */
export function daylightSavingMinutes(word: number): number | undefined | 'reserved' {
  if (word === 255) return undefined;
  const minutes: Record<number, number> = { 0: 0, 2: 30, 4: 60, 8: 120 };
  return minutes[word] ?? 'reserved';
}

export const currentTimeClock: ClockPlace = {
  service: currentTimeUuids.service,
  characteristic: currentTimeUuids.currentTime,
  decode: (bytes) => {
    const whole = decodeWholeCurrentTime(bytes);
    return 'said' in whole ? whole.said.time : undefined;
  },
  encode: encodeCurrentTime,
};

/** A clock that stands as Date Time in the service of a profile. */
export const dateTimeClock = (service: number): ClockPlace => ({
  service,
  characteristic: currentTimeUuids.dateTime,
  decode: decodeDateTime,
  encode: encodeDateTime,
});

/** The same clock, for a device that must not have it set. */
export const readOnly = ({ encode: _, ...place }: ClockPlace): ClockPlace => place;
