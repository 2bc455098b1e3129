import type { Frame } from './frame.ts';
import { readFrame } from './frame.ts';

/**
 * The clock of a device: local time without zone, as text `YYYY-MM-DDThh:mm:ss`. Year, month and day may be unknown, which
 * devices send as 0 and which stays visible as zeros: `0000-04-17T20:41:59`.
 * Source: Bluetooth SIG, Date Time 0x2A08 (7 bytes) and Current Time 0x2A2B (10 bytes).
 */
export type DeviceTime = string;

/** The field of 7 bytes. Undefined when a part is outside what the field allows, such as month 13. */
export function readDateTime(frame: Frame): DeviceTime | undefined {
  const year = frame.u16();
  const [month, day, hour, minute, second] = [frame.u8(), frame.u8(), frame.u8(), frame.u8(), frame.u8()];
  const allowed =
    (year === 0 || (year >= 1582 && year <= 9999)) &&
    month <= 12 &&
    day <= 31 &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59;
  if (!allowed) return undefined;
  const two = (n: number) => String(n).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}

/** A whole Date Time characteristic, 0x2A08. */
export function decodeDateTime(bytes: Uint8Array): DeviceTime | undefined {
  const frame = readFrame(bytes);
  const time = readDateTime(frame);
  return frame.fault() ? undefined : time;
}

/**
 * The device's time counted in ms as if its zone were UTC: differences are right, the absolute value needs a zone.
 * Undefined when a part of the date is unknown or there is no such day.
 */
export function countedMs(time: DeviceTime): number | undefined {
  const ms = Date.parse(`${time}Z`);
  if (Number.isNaN(ms) || time.startsWith('0000')) return undefined;
  return new Date(ms).toISOString().startsWith(time) ? ms : undefined;
}

/** The device's time that counts as `ms`; the inverse of countedMs. Undefined outside the years that the field can hold. */
export function countedTime(ms: number): DeviceTime | undefined {
  const year = new Date(ms).getUTCFullYear();
  return year >= 1582 && year <= 9999 ? new Date(ms).toISOString().slice(0, 19) : undefined;
}

/** So many minutes later by the same clock; undefined when a part of the date is unknown. */
export function laterBy(time: DeviceTime, minutes: number): DeviceTime | undefined {
  const ms = countedMs(time);
  return ms === undefined ? undefined : countedTime(ms + minutes * 60_000);
}

/** Date Time 0x2A08, 7 bytes. */
export function encodeDateTime(time: DeviceTime): Uint8Array {
  const [year, month, day, hour, minute, second] = time.split(/[-T:]/).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Uint8Array.of(year & 0xff, year >> 8, month, day, hour, minute, second);
}
