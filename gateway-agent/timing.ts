import type { ClockQuality } from '#domain/reading.ts';
import { countedMs, type DeviceTime } from './profiles/device-time.ts';

/**
 * When was it taken? Device clocks have no zone, are wrong as often as not, and are set back by every change of battery.
 * Pure. After the time rules of the HL7 Personal Health Device implementation guide:
 *
 * - The device's clock was read in this visit. A reading with a time not after that clock stands on the same time line: it is shifted by the offset
 *   between the two clocks (`corrected`), or believed as it is where they agree (`device`). One from after that clock is from
 *   before somebody set it: its time line is gone, and it is not placed.
 * - No clock to read, but the reading says a time that is now, near enough: the clock is right, and the reading is believed (`device`);
 *   so are earlier ones of the same visit, for which it is the witness.
 * - Else nobody knows whether the clock is wrong or the reading old. Cuffs wake up because somebody has just measured, and send the oldest first
 *   (A&D UA-651BLE; so do the others we know of that send several): the last new one of the visit was heard live and takes the gateway's
 *   time (`source`). It ties the device's clock to ours, and earlier ones are shifted by it (`corrected`).
 * - What then has no place has none: it is kept aside with the reason, never guessed.
 */
export type Placing = { takenAt: number; clock: ClockQuality };

/** A device's clock as read at `at`, the gateway's time. */
export type Comparison = { time: DeviceTime; at: number };

export type Timed = { deviceTime?: DeviceTime; heardAt: number };

/** Device clocks show whole seconds, and a read takes up to a second: nearer than this they agree. */
export const agreesWithinMs = 5_000;
/** From pressing the button to the gateway's ear: a measurement takes a minute, sending may take some more. */
export const liveWithinMs = 10 * 60_000;
/** So far a clock that was not read may be ahead and still count as right. */
export const aheadWithinMs = 60_000;

/**
 * The places of the new readings of one visit, in the order heard; undefined where there is none (yet).
 * @param over whether the visit has ended: only then is the last one known to be the last. @param zone IANA name, where the home is.
 */
export function placeAll(
  readings: readonly Timed[],
  over: boolean,
  comparison: Comparison | undefined,
  zone: string,
): (Placing | undefined)[] {
  const compared = comparison && countedMs(comparison.time);
  const counted = readings.map((r) => (r.deviceTime === undefined ? undefined : countedMs(r.deviceTime)));

  if (comparison && compared !== undefined) {
    const agrees = Math.abs(comparison.at - instantOf(compared, zone)) <= agreesWithinMs;
    return readings.map((reading, index) => {
      const time = counted[index];
      if (time === undefined) return over && index === readings.length - 1 ? live(reading) : undefined;
      const clockThen = compared + (reading.heardAt - comparison.at);
      if (time > clockThen + agreesWithinMs) return undefined;
      return agrees
        ? { takenAt: instantOf(time, zone), clock: 'device' }
        : { takenAt: comparison.at - (compared - time), clock: 'corrected' };
    });
  }

  const isNow = (reading: Timed, time: number | undefined): time is number => {
    if (time === undefined) return false;
    const agoMs = reading.heardAt - instantOf(time, zone);
    return agoMs <= liveWithinMs && agoMs >= -aheadWithinMs;
  };
  const witness = Math.max(...readings.map((r, i) => (isNow(r, counted[i]) ? counted[i]! : Number.NEGATIVE_INFINITY)));
  const last = readings.at(-1);
  const lastTime = counted.at(-1);
  return readings.map((reading, index) => {
    const time = counted[index];
    if (isNow(reading, time) || (time !== undefined && time <= witness))
      return { takenAt: instantOf(time, zone), clock: 'device' };
    if (!over || !last) return undefined;
    if (index === readings.length - 1) return live(reading);
    if (witness > Number.NEGATIVE_INFINITY || time === undefined || lastTime === undefined || time > lastTime)
      return undefined;
    return { takenAt: last.heardAt - (lastTime - time), clock: 'corrected' };
  });
}

const live = (reading: Timed): Placing => ({ takenAt: reading.heardAt, clock: 'source' });

/**
 * The instant at which clocks in `zone` show what `counted` counts, ms since 1970. Of an hour that the end of summer time repeats, the
 * second one; of one that its beginning skips, the hour after.
 */
export function instantOf(counted: number, zone: string): number {
  const guess = counted - offsetAt(counted, zone);
  return counted - offsetAt(guess, zone);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far clocks in `zone` are ahead of UTC at an instant, ms. */
function offsetAt(at: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      dateStyle: 'short',
      timeStyle: 'medium',
      hourCycle: 'h23',
    });
    formats.set(zone, format);
  }
  const [day, month, year, hour, minute, second] = format.format(at).split(/\D+/).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}
