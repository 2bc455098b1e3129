import type { ClockQuality } from '#domain/reading.ts';
import { countedMs, type DeviceTime } from './profiles/device-time.ts';

/**
 * When was it taken? Device clocks have no zone, are wrong as often as not, and are set back by every change of battery.
 * Pure. After the time rules of the HL7 Personal Health Device implementation guide:
 *
 * - The device's clock was read in this visit. A reading whose time that clock has shown stands on its time line: it is shifted by the offset
 *   between the two clocks (`corrected`), or believed as it is where they agree (`device`). What was measured before we set the clock stands
 *   on the clock as it was. One from a time that neither has shown is from before somebody else set it: its time line is gone, and it is
 *   not placed.
 * - No clock to read, but the reading says a time that is now, near enough: the clock is right, and the reading is believed (`device`);
 *   so are earlier ones of the same visit, for which it is the witness.
 * - Else nobody knows whether the clock is wrong or the reading old. Cuffs wake up because somebody has just measured, and send the oldest first
 *   (A&D UA-651BLE; so do the others we know of that send several): the last new one of the visit was heard live and takes the gateway's
 *   time (`source`). It ties the device's clock to ours, and earlier ones are shifted by it (`corrected`). A memory that was asked for its
 *   records says nothing of the kind.
 * - What then has no place has none: it is kept aside with the reason, never guessed.
 */
export type Placing = { takenAt: number; clock: ClockQuality };

/** A device's clock as read at `at`, the gateway's time. */
export type Comparison = { time: DeviceTime; at: number };

/** We set the device's clock at `at`, ms since 1970; `before` is what it said until then. */
export type ClockSetting = { at: number; before: Comparison };

/** @param comparison the clock as it was when this was heard. @param asked it came from a memory that we asked, whenever it was measured. */
export type Timed = { deviceTime?: DeviceTime; heardAt: number; comparison?: Comparison; asked?: boolean };

/** Device clocks show whole seconds, and a read takes up to a second: nearer than this they agree. */
export const agreesWithinMs = 5_000;
/** From pressing the button to the gateway's ear: a measurement takes a minute, sending may take some more. */
export const liveWithinMs = 10 * 60_000;
/** So far a clock that was not read may be ahead and still count as right. */
export const aheadWithinMs = 60_000;

/**
 * The places of the new readings of one profile in one visit, in the order heard; undefined where there is none (yet).
 * @param over whether the visit has ended: only then is the last one known to be the last. @param zone IANA name, where the home is.
 * @param settings of the device's clock, by us, the newest first.
 */
export function placeAll(
  readings: readonly Timed[],
  over: boolean,
  zone: string,
  settings: readonly ClockSetting[] = [],
): (Placing | undefined)[] {
  const last = readings.at(-1);
  const byClock = readings.map((reading) => placeByClock(reading, zone, settings));
  const unread = readings.filter((_, index) => byClock[index] === 'no-clock');
  // what was measured last, and heard by a clock, tells nothing about the others
  const isLast = unread.at(-1) === last;
  const placed = placeUnread(unread, over && isLast, zone);
  return readings.map((reading, index) => {
    const place = byClock[index];
    if (place === 'no-clock') return placed[unread.indexOf(reading)];
    if (place === 'no-time') return over && reading === last && !reading.asked ? live(reading) : undefined;
    return place;
  });
}

const countedIn = ({ deviceTime }: Timed): number | undefined =>
  deviceTime === undefined ? undefined : countedMs(deviceTime);

/** While the clock ran as `comparison` says: from when we set it so until we set it otherwise, or until now. */
type Epoch = { comparison: Comparison; from: number; to: number };

/** The newest first: where two clocks have shown the same time, the later one is more likely to be meant. */
function epochsOf(comparison: Comparison, heardAt: number, settings: readonly ClockSetting[]): Epoch[] {
  const epochs: Epoch[] = [];
  let [now, to] = [comparison, heardAt];
  for (const { at, before } of settings) {
    // a setting after this comparison was no concern of the clock it was heard with
    if (at > now.at) continue;
    epochs.push({ comparison: now, from: at, to });
    [now, to] = [before, at];
  }
  return [...epochs, { comparison: now, from: Number.NEGATIVE_INFINITY, to }];
}

/** `no-clock`: it was measured when there was none to read, or none that anybody had set. `no-time`: it says no time itself. */
function placeByClock(
  reading: Timed,
  zone: string,
  settings: readonly ClockSetting[],
): Placing | 'no-clock' | 'no-time' | undefined {
  const { comparison, heardAt } = reading;
  if (!comparison || countedMs(comparison.time) === undefined) return 'no-clock';
  const time = countedIn(reading);
  if (time === undefined) return 'no-time';
  const epochs = epochsOf(comparison, heardAt, settings);
  for (const { comparison: clock, from, to } of epochs) {
    const shown = countedMs(clock.time);
    if (shown === undefined) continue;
    const takenAt = clock.at - (shown - time);
    if (takenAt < from - agreesWithinMs || takenAt > to + agreesWithinMs) continue;
    const agrees = Math.abs(clock.at - instantOf(shown, zone)) <= agreesWithinMs;
    return agrees ? { takenAt: instantOf(time, zone), clock: 'device' } : { takenAt, clock: 'corrected' };
  }
  // some count from the day they left the factory until somebody sets them
  return epochs.some((epoch) => countedMs(epoch.comparison.time) === undefined) ? 'no-clock' : undefined;
}

/** Those of a device whose clock could not be read. */
function placeUnread(readings: readonly Timed[], over: boolean, zone: string): (Placing | undefined)[] {
  const counted = readings.map(countedIn);
  const isNow = (reading: Timed, time: number | undefined): time is number => {
    if (time === undefined) return false;
    const agoMs = reading.heardAt - instantOf(time, zone);
    return agoMs <= liveWithinMs && agoMs >= -aheadWithinMs;
  };
  const witness = readings.reduce(
    (best, reading, i) => (isNow(reading, counted[i]) ? Math.max(best, counted[i]!) : best),
    Number.NEGATIVE_INFINITY,
  );
  const last = readings.at(-1);
  const lastTime = counted.at(-1);
  return readings.map((reading, index) => {
    const time = counted[index];
    if (isNow(reading, time) || (time !== undefined && time <= witness))
      return { takenAt: instantOf(time, zone), clock: 'device' };
    if (!over || !last || last.asked) return undefined;
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

/** What clocks in `zone` show at an instant, counted as if their zone were UTC. */
export const shownAt = (at: number, zone: string): number => at + offsetAt(at, zone);

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
