import { IANAZone } from 'luxon';
import { zoneOf } from './zone.ts';

/** What the clocks on the walls of a time zone show, to the minute. A zone that this Node does not know is UTC. */

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

export type WallClock = {
  /** `day`: calendar days since 1970. `minute`: of the day, as shown, from 0 to 1439. @param at ms since 1970. */
  shows(at: number): { day: number; minute: number };
  /** Every moment near which the clocks may show this minute of this day: it comes twice where they are set back, and never where they skip it. */
  moments(day: number, minute: number): number[];
  /** When the clocks are changed between the beginnings of two calendar days, and a day around them. */
  changes(fromDay: number, toDay: number): number[];
};

export function wallClockOf(timeZone: string): WallClock {
  const zone = IANAZone.create(zoneOf(timeZone));
  return {
    shows(at) {
      const wall = at + zone.offset(at) * minuteMs;
      const day = Math.floor(wall / dayMs);
      return { day, minute: Math.floor((wall - day * dayMs) / minuteMs) };
    },
    moments(day, minute) {
      const offsets = new Set([-1, 0, 2].map((days) => zone.offset((day + days) * dayMs)));
      return [...offsets].map((offset) => day * dayMs + (minute - offset) * minuteMs);
    },
    changes(fromDay, toDay) {
      const changes: number[] = [];
      for (let day = fromDay - 1; day <= toDay; day++) changes.push(...changesOn(zone, day * dayMs));
      return changes;
    },
  };
}

/** Within 24 hours: two changes within six hours have never been. */
function changesOn(zone: IANAZone, from: number): number[] {
  const changes: number[] = [];
  const part = dayMs / 4;
  for (let begin = from; begin < from + dayMs; begin += part) {
    const before = zone.offset(begin);
    if (zone.offset(begin + part) === before) continue;
    let [low, high] = [begin / minuteMs, (begin + part) / minuteMs];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (zone.offset(middle * minuteMs) === before) low = middle;
      else high = middle;
    }
    changes.push(high * minuteMs);
  }
  return changes;
}

/** `YYYY-MM-DD` as days since 1970. */
export const dayNumber = (day: string): number => Date.parse(day) / dayMs;
/** From 1, Monday, to 7 (ISO 8601). 1970 began on a Thursday. */
export const weekday = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1;
/** `HH:MM` as minutes of the day. */
export const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
