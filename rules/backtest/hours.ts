import { zoneOf } from '#domain/zone.ts';

const formats = new Map<string, Intl.DateTimeFormat>();

/** The hour of the day there, 0 to 23. @param at ms since 1970 */
export function hourIn(timeZone: string, at: number): number {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', { timeZone: zoneOf(timeZone), hour: '2-digit', hourCycle: 'h23' });
    formats.set(timeZone, format);
  }
  return Number(format.format(at)) % 24;
}
