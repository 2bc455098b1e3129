import type { Clock } from '#runtime/clock.ts';
import { decodeDateTime, encodeDateTime } from './frames/fields.ts';

/**
 * The clock inside a device: no zone, seconds only, and as wrong as the owner left it.
 */
export interface DeviceClock {
  /** `2026-08-11T20:27:00`, or undefined when it was never set. */
  now(): string | undefined;
  /** The 7 bytes of Date Time; never set, all are zero ("unknown"). */
  read(): Buffer;
  write(bytes: Buffer): void;
  readonly canBeSet: boolean;
}

/** How the clock stands when the simulation begins; Beijing time on it is 8 h ahead of UTC. At most one is chosen. */
export type DeviceClockConfig = {
  /** How far it is ahead of UTC. */
  clockOffsetMs?: number;
  /** Instead: it stands still and cannot be set, to replay captures with their own time. */
  clockFrozenAt?: string;
  /** Instead: nobody has set it, so frames carry no time until a gateway sets it. */
  clockNeverSet?: boolean;
};

export function createDeviceClock(clock: Clock, config: DeviceClockConfig): DeviceClock {
  const { clockFrozenAt: frozenAt } = config;
  if (frozenAt !== undefined)
    // a capture from years ago is replayed together with the clock it was taken by, so nobody may set that clock
    return { now: () => frozenAt, read: () => encodeDateTime(frozenAt), write: () => {}, canBeSet: false };
  let offsetMs = config.clockNeverSet ? undefined : (config.clockOffsetMs ?? 0);
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
