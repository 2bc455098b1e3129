import type { ClinicianId } from '#domain/ids.ts';
import type { Duty } from '#domain/rota.ts';
import { weekday } from '#domain/wall-clock.ts';
import { dayAround, dayIn, dayNumberIn } from '#domain/zone.ts';

/** The weeks of a calendar, by the clocks of the care team, and what is drawn in them. Pure; instants are ms since 1970. */

/** `on` is `YYYY-MM-DD`; a day has 23 or 25 hours where clocks are changed. */
export type Day = { on: string; from: number; to: number };
export type Week = { from: number; to: number; days: Day[] };

/** The week in which `at` lies, and those that follow, each from Monday to Sunday. */
export function weeksFrom(at: number, count: number, zone: string): Week[] {
  let next = mondayOf(at, zone);
  return Array.from({ length: count }, () => {
    const days = Array.from({ length: 7 }, () => {
      const { from, to } = dayAround(zone, next);
      next = to;
      return { on: dayIn(zone, from), from, to };
    });
    return { from: days[0]?.from ?? at, to: next, days };
  });
}

/** The beginning of the Monday before `at`, or of the day itself. */
export function mondayOf(at: number, zone: string): number {
  let { from } = dayAround(zone, at);
  for (let back = weekday(dayNumberIn(zone, at)) - 1; back > 0; back--) from = dayAround(zone, from - 1).from;
  return from;
}

/** How far into the week, from 0 to 1: every day is as wide as any other. */
export function positionIn(week: Week, at: number): number {
  const day = week.days.findIndex(({ to }) => at < to);
  const around = week.days[day];
  if (!around) return 1;
  return (day + Math.max(0, at - around.from) / (around.to - around.from)) / 7;
}

/** The same people are on call from `from` to `to`. */
export type Watch = { from: number; to: number; duties: readonly Duty[] };
/** `duty` is null where nobody holds a place that some policy calls. */
export type Span = { place: number; from: number; to: number; duty: Duty | null };

/** What happens at one place, in order, cut only where somebody else takes over. */
export function spansOf(watches: readonly Watch[], place: number, called: boolean): Span[] {
  const spans: Span[] = [];
  for (const { from, to, duties } of watches) {
    const duty = duties.find((one) => one.place === place) ?? null;
    if (!duty && !called) continue;
    const last = spans.at(-1);
    if (last?.to === from && sameDuty(last.duty, duty)) last.to = to;
    else spans.push({ place, from, to, duty });
  }
  return spans;
}

const sameDuty = (a: Duty | null, b: Duty | null): boolean =>
  a?.clinician === b?.clinician && a?.layer === b?.layer && a?.override === b?.override;

/** What of a span is drawn in one week. */
export type Piece = Span & { whole: Span };

/** The part of each that lies within [from, to). */
export const within = (spans: readonly Span[], { from, to }: { from: number; to: number }): Piece[] =>
  spans.flatMap((whole) =>
    whole.from < to && from < whole.to
      ? [{ ...whole, from: Math.max(from, whole.from), to: Math.min(to, whole.to), whole }]
      : [],
  );

/** Those that policies call, and those that somebody holds. */
export const placesShown = (watches: readonly Watch[], called: readonly number[]): number[] =>
  [...new Set([...called, ...watches.flatMap(({ duties }) => duties.map(({ place }) => place))])].sort((a, b) => a - b);

/** How many colours there are for people. */
const hues = 6;

/** A colour for each, the same on every page: names tell them apart, colours help. */
export const huesOf = (people: readonly ClinicianId[]): Map<ClinicianId, number> =>
  new Map([...new Set(people)].sort().map((id, i) => [id, i % hues]));
