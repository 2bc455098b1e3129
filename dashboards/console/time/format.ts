import type { Language } from '#domain/words.ts';

/** Times as people write them, in the time zone of the care team and the language of the reader. Pure. */

const localeOf = { en: 'en-GB', zh: 'zh-CN' } as const satisfies Record<Language, string>;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(language: Language, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${zone} ${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(localeOf[language], { ...options, timeZone: zone });
  formats.set(key, made);
  return made;
}

const clockParts = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;

/** `14:05` */
export const timeOfDay = (at: number, language: Language, zone: string): string =>
  format(language, zone, clockParts).format(at);

/** `14:05:09` */
export const timeOfDayWithSeconds = (at: number, language: Language, zone: string): string =>
  format(language, zone, { ...clockParts, second: '2-digit' }).format(at);

/** `21 Nov` */
export const dayOfMonth = (at: number, language: Language, zone: string): string =>
  format(language, zone, { month: 'short', day: 'numeric' }).format(at);

/** `Sat 21 Nov` */
export const weekdayAndDay = (at: number, language: Language, zone: string): string =>
  format(language, zone, { weekday: 'short', month: 'short', day: 'numeric' }).format(at);

/** `Sat 21 Nov, 14:05` */
export const dayAndTime = (at: number, language: Language, zone: string): string =>
  `${weekdayAndDay(at, language, zone)}${language === 'en' ? ', ' : ' '}${timeOfDay(at, language, zone)}`;

/** `21 Nov, 14:05`, with the year when it is another one than now's. */
export function moment(at: number, now: number, language: Language, zone: string): string {
  const year = format(language, zone, { year: 'numeric' });
  const other = year.format(at) !== year.format(now);
  return format(language, zone, {
    ...(other ? { year: 'numeric' } : {}),
    month: 'short',
    day: 'numeric',
    ...clockParts,
  }).format(at);
}

/** The time alone when `at` lies on the same day as `now`, else day and time. */
export const shortMoment = (at: number, now: number, language: Language, zone: string): string =>
  dayKey(at, zone) === dayKey(now, zone) ? timeOfDay(at, language, zone) : moment(at, now, language, zone);

/** `2026-11-21` in the zone: equal for two instants of one day. */
export const dayKey = (at: number, zone: string): string => format('zh', zone, { dateStyle: 'short' }).format(at);

/** `3 min ago`, `in 2 hr`, `just now`. */
export function relative(at: number, now: number, language: Language, justNow: string): string {
  const difference = at - now;
  const size = Math.abs(difference);
  if (size < 45_000) return justNow;
  const words = new Intl.RelativeTimeFormat(localeOf[language], { numeric: 'always', style: 'short' });
  if (size < 90 * minuteMs) return words.format(Math.round(difference / minuteMs), 'minute');
  if (size < 36 * hourMs) return words.format(Math.round(difference / hourMs), 'hour');
  return words.format(Math.round(difference / dayMs), 'day');
}

/** `1.4 s`, `2 min 5 s`, `3 h 20 min`, `2 d 4 h`: two units at most. */
export function duration(ms: number, language: Language): string {
  const units = { en: [' d', ' h', ' min', ' s'], zh: ['天', '小时', '分钟', '秒'] }[language];
  const whole = Math.round(ms / 1000);
  if (ms < 10_000) return `${(Math.max(0, ms) / 1000).toFixed(1)}${units[3]}`;
  const amounts = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  const first = amounts.findIndex((amount) => amount > 0);
  return amounts
    .slice(first, first + 2)
    .map((amount, i) => (amount > 0 ? `${amount}${units[first + i]}` : ''))
    .filter((part) => part !== '')
    .join(language === 'en' ? ' ' : '');
}

/** `2026-11-21T14:05` in the zone, as a field for date and time takes it. */
export function fieldOf(at: number, zone: string): string {
  const parts = new Map(
    format('en', zone, { year: 'numeric', month: '2-digit', day: '2-digit', ...clockParts })
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  return `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}T${parts.get('hour')}:${parts.get('minute')}`;
}

/** What such a field says, as an instant; NaN where it says nothing. A time that clocks leave out or show twice is one of its neighbours. */
export function instantOfField(text: string, zone: string): number {
  const asUtc = Date.parse(`${text}Z`);
  if (Number.isNaN(asUtc)) return asUtc;
  const offset = (at: number) => Date.parse(`${fieldOf(at, zone)}Z`) - at;
  const first = asUtc - offset(asUtc);
  return asUtc - offset(first);
}
