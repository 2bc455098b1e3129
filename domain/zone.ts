/**
 * Days and times where a care team and its patients live. A time zone that this Node does not know must neither hinder a judgement
 * nor a page: then it is UTC, and the text says so.
 */

const known = new Map<string, string>();

/** The zone itself, or `UTC`. */
export function zoneOf(timeZone: string): string {
  const found = known.get(timeZone);
  if (found) return found;
  let zone = timeZone;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    zone = 'UTC';
  }
  known.set(timeZone, zone);
  return zone;
}

const dayFormats = new Map<string, Intl.DateTimeFormat>();

/** The calendar day, `YYYY-MM-DD`. @param at ms since 1970. */
export function dayIn(timeZone: string, at: number): string {
  const zone = zoneOf(timeZone);
  let format = dayFormats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
    dayFormats.set(zone, format);
  }
  return format.format(at);
}

/**
 * The calendar day, counted from 1970. It is asked of every reading that is judged: since 1972 every zone's midnight is a whole quarter of an hour in
 * UTC, so one answer holds for all of the quarter.
 */
export function dayNumberIn(timeZone: string, at: number): number {
  let days = quarters.get(timeZone);
  if (!days) {
    days = new Map();
    quarters.set(timeZone, days);
  }
  const quarter = Math.floor(at / 900_000);
  let day = days.get(quarter);
  if (day === undefined) {
    day = Date.parse(dayIn(timeZone, at)) / 86_400_000;
    if (days.size >= quartersAtMost) days.clear();
    days.set(quarter, day);
  }
  return day;
}
/** Three weeks of one zone. */
const quartersAtMost = 2_048;
const quarters = new Map<string, Map<number, number>>();

/** Day and time of day as people there write them, e.g. `22 Nov, 03:12`. */
export const timeIn = (timeZone: string, at: number, language: 'en' | 'zh'): string =>
  new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'zh-CN', {
    timeZone: zoneOf(timeZone),
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at);

/** `HH:MM` of 24 hours: such texts stand in the order of the day. */
export const timeOfDayIn = (timeZone: string, at: number): string =>
  new Intl.DateTimeFormat('en-GB', {
    timeZone: zoneOf(timeZone),
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at);

const minuteMs = 60_000;

/** Midnight to midnight, ms since 1970, of the calendar day in which `at` lies there. It has 23 or 25 hours where clocks are changed. */
export function dayAround(timeZone: string, at: number): { from: number; to: number } {
  const day = dayIn(timeZone, at);
  const midnight = Date.parse(day);
  // no zone is further than 14 hours from UTC
  const from = firstMinute(
    midnight - 15 * 60 * minuteMs,
    midnight + 15 * 60 * minuteMs,
    (t) => dayIn(timeZone, t) >= day,
  );
  const to = firstMinute(from, from + 27 * 60 * minuteMs, (t) => dayIn(timeZone, t) > day);
  return { from, to };
}

/** The first whole minute in (low, high] at which `holds` does; it does at `high`, and goes on to once it does. */
function firstMinute(low: number, high: number, holds: (t: number) => boolean): number {
  let [before, after] = [Math.floor(low / minuteMs), Math.ceil(high / minuteMs)];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (holds(middle * minuteMs)) after = middle;
    else before = middle;
  }
  return after * minuteMs;
}
