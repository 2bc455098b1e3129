import type { Clock } from '#runtime/clock.ts';
import type { DeviceClock, DeviceClockConfig } from './device-clock.ts';
import { decodeDateTime, encodeDateTime } from './frames/fields.ts';

/**
 * The clock of a glucose meter: a base time that only ever runs on, by which records are ordered, and the minutes by which its user, or a gateway,
 * has moved what the display shows. Setting it moves those minutes; the seconds that are left go into the base.
 */
export interface MeterClock extends DeviceClock {
  baseTime(): string;
  offsetMinutes(): number;
  /** The user moves the display, such as for a journey. */
  moveBy(minutes: number): void;
  /** The battery was out: begins again at its maker's date. */
  lose(): void;
}

/** What meters show whose clock nobody has set since the battery was put in. */
const makersDate = Date.parse('2015-01-01T00:00:00Z');

export function createMeterClock(clock: Clock, config: DeviceClockConfig): MeterClock {
  const { clockFrozenAt: frozenAt } = config;
  let aheadMs = config.clockOffsetMs ?? 0;
  let offsetMinutes = 0;
  let isSet = true;
  const baseMs = () => (frozenAt === undefined ? clock.now() + aheadMs : Date.parse(`${frozenAt}Z`));
  const lose = () => {
    aheadMs = makersDate - clock.now();
    offsetMinutes = 0;
    isSet = false;
  };
  if (config.clockNeverSet) lose();
  const shown = () => withoutZone(baseMs() + offsetMinutes * 60_000);
  return {
    now: () => (isSet ? shown() : undefined),
    read: () => (isSet ? encodeDateTime(shown()) : Buffer.alloc(7)),
    write: (bytes) => {
      const apartMs = Date.parse(`${decodeDateTime(bytes)}Z`) - baseMs();
      offsetMinutes = Math.round(apartMs / 60_000);
      // a sint16 of minutes does not reach from the maker's date to today: then the base is set itself
      if (Math.abs(offsetMinutes) > 0x7fff) offsetMinutes = 0;
      aheadMs += apartMs - offsetMinutes * 60_000;
      isSet = true;
    },
    canBeSet: frozenAt === undefined,
    baseTime: () => withoutZone(baseMs()),
    offsetMinutes: () => offsetMinutes,
    moveBy: (minutes) => {
      offsetMinutes += minutes;
    },
    lose,
  };
}

const withoutZone = (ms: number) => new Date(ms).toISOString().slice(0, 19);
