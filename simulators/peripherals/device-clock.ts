import type { Clock } from '#runtime/clock.ts';
import { decodeDateTime, encodeDateTime } from './frames/fields.ts';

/**
 * The clock inside a cuff: no zone, seconds only, and as wrong as the owner left it. It can be set through Date Time 0x2A08.
 */
export interface DeviceClock {
  /** `2026-08-11T20:27:00`, or undefined when it was never set. */
  now(): string | undefined;
  /** The 7 bytes of Date Time; never set, all are zero ("unknown"). */
  read(): Buffer;
  write(bytes: Buffer): void;
  readonly canBeSet: boolean;
}

/** How the clock stands when the simulation begins: ahead of UTC by so much, never set, or standing still. */
export type DeviceClockSetting = { offsetMs: number } | { frozenAt: string } | 'never-set';

export function createDeviceClock(clock: Clock, setting: DeviceClockSetting): DeviceClock {
  if (setting !== 'never-set' && 'frozenAt' in setting) {
    // a capture from years ago is replayed together with the clock it was taken by, so nobody may set that clock
    const { frozenAt } = setting;
    return { now: () => frozenAt, read: () => encodeDateTime(frozenAt), write: () => {}, canBeSet: false };
  }
  let offsetMs = setting === 'never-set' ? undefined : setting.offsetMs;
  const now = () => (offsetMs === undefined ? undefined : withoutZone(clock.now() + offsetMs));
  return {
    now,
    read: () => {
      const time = now();
      return time === undefined ? Buffer.alloc(7) : encodeDateTime(time);
    },
    write: (bytes) => {
      offsetMs = Date.parse(`${decodeDateTime(bytes)}Z`) - clock.now();
    },
    canBeSet: true,
  };
}

const withoutZone = (ms: number) => new Date(ms).toISOString().slice(0, 19);
