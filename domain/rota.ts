import { z } from 'zod';
import { ClinicianId } from './ids.ts';
import { dayNumber, minuteOf, wallClockOf, weekday } from './wall-clock.ts';
import { Words } from './words.ts';

/**
 * Who is on call in a care team. The clock on the wall decides: a shift from 08:00 to 20:00 begins when the clocks of the team's
 * zone show 08:00, also on days that have 23 or 25 hours. An hour that the clocks skip belongs to nobody, and one that they show
 * twice to the same person twice. A shift belongs to the day on which it begins: so do its week of the rotation and its holiday.
 */

const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day is written 08:00');
const LayerId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'the id of a layer is 1 to 40 of a-z, 0-9 and "-"');

/** On these days (1 is Monday, as in ISO 8601). Not later than it begins, `to` is on the next day; 24 hours long at the most. */
export const Shift = z.strictObject({
  days: z.array(z.int().min(1).max(7)).min(1).max(7),
  from: TimeOfDay,
  to: TimeOfDay,
});
export type Shift = z.infer<typeof Shift>;

/** More steps has no escalation. */
export const placesAtMost = 10;

/** A place on the rota: the first to be called is place 0. Its people take turns by the week. */
export const Place = z.strictObject({ people: z.array(ClinicianId).max(52) });

/**
 * A pattern of weeks. Where several layers have somebody for a place at one moment, the one that stands first in the rota has it:
 * those below fill what is left open.
 */
export const Layer = z.strictObject({
  id: LayerId,
  name: Words,
  shifts: z.array(Shift).min(1).max(50),
  places: z.array(Place).min(1).max(placesAtMost),
  /** The first day of the first person's week: from then on the layer serves, and on this day of the week the turns change. */
  since: z.iso.date(),
  /** The last day on which a shift begins. Null: until further notice. */
  until: z.iso.date().nullable(),
  /** Serves on holidays that name it, and never else. */
  holidaysOnly: z.boolean(),
});
export type Layer = z.infer<typeof Layer>;

/** `layer` goes before all others on this day; whoever is `away` is passed over, and the next in turn serves. */
export const Holiday = z.strictObject({
  on: z.iso.date(),
  name: Words,
  layer: LayerId.nullable(),
  away: z.array(ClinicianId).max(100),
});
export type Holiday = z.infer<typeof Holiday>;

/** Somebody serves from a moment to another: at one place, or wherever somebody else would. The one added last counts. */
export const Cover = z.strictObject({
  clinician: ClinicianId,
  instead: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('place'),
      place: z
        .int()
        .min(0)
        .max(placesAtMost - 1),
    }),
    z.strictObject({ kind: z.literal('person'), person: ClinicianId }),
  ]),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
});
export type Cover = z.infer<typeof Cover>;
export const Override = Cover.extend({ id: z.uuid() });
export type Override = z.infer<typeof Override>;

/** What a team sets down; overrides come and go beside it. */
export const Rota = z.strictObject({ layers: z.array(Layer).max(20), holidays: z.array(Holiday).max(200) });
export type Rota = z.infer<typeof Rota>;

/** Everything that says who is on call. `timeZone`: the care team's. `overrides`: the one added last stands last. */
export type OnCallPlan = Rota & { timeZone: string; overrides: readonly Override[] };

/** `layer` or `override` says from where. */
export const Duty = z.object({
  place: z.int(),
  clinician: ClinicianId,
  layer: z.string().nullable(),
  override: z.uuid().nullable(),
});
export type Duty = z.infer<typeof Duty>;

type MayServe = (clinician: ClinicianId) => boolean;
const anybody: MayServe = () => true;

/**
 * Place by place; a place that nobody holds is left out. Pure.
 * @param at ms since 1970. @param mayServe who may not is passed over, as if away.
 */
export function whoIsOnCall(plan: OnCallPlan, at: number, mayServe: MayServe = anybody): Duty[] {
  const wall = wallClockOf(plan.timeZone).shows(at);
  const covers = plan.overrides.filter(
    (o) => Date.parse(o.from) <= at && at < Date.parse(o.to) && mayServe(o.clinician),
  );
  const running = runningShifts(plan, wall);
  const duties: Duty[] = [];
  for (let place = 0; place < placesOf(plan); place++) {
    const duty = placeHolder(place, running, covers, mayServe);
    if (duty) duties.push(standIn(duty, covers));
  }
  return duties;
}

/** How many places there are, held or not. */
export const placesOf = ({ layers, overrides }: Pick<OnCallPlan, 'layers' | 'overrides'>): number =>
  Math.max(
    0,
    ...layers.map((layer) => layer.places.length),
    ...overrides.map(({ instead }) => (instead.kind === 'place' ? instead.place + 1 : 0)),
  );

/** A layer with a shift under way, and the day on which that began. Those that go before others stand first. */
type Running = { layer: Layer; day: number; away: ReadonlySet<ClinicianId> };

function runningShifts({ layers, holidays }: Rota, { day: today, minute }: { day: number; minute: number }): Running[] {
  const running = [today, today - 1].flatMap((day) => {
    const holiday = holidays.find(({ on }) => dayNumber(on) === day);
    const away = new Set(holiday?.away);
    return layers
      .filter((layer) => serves(layer, day, holiday) && layer.shifts.some((shift) => covers(shift, day, today, minute)))
      .map((layer) => ({ layer, day, away, rank: holiday?.layer === layer.id ? -1 : layers.indexOf(layer) }));
  });
  return running.sort((a, b) => a.rank - b.rank || b.day - a.day);
}

const serves = (layer: Layer, day: number, holiday: Holiday | undefined): boolean =>
  day >= dayNumber(layer.since) &&
  (layer.until === null || day <= dayNumber(layer.until)) &&
  (!layer.holidaysOnly || holiday?.layer === layer.id);

function covers(shift: Shift, day: number, today: number, minute: number): boolean {
  if (!shift.days.includes(weekday(day))) return false;
  const [from, to] = [minuteOf(shift.from), minuteOf(shift.to)];
  if (day === today) return minute >= from && (minute < to || to <= from);
  return to <= from && minute < to;
}

function placeHolder(
  place: number,
  running: readonly Running[],
  overrides: readonly Override[],
  mayServe: MayServe,
): Duty | undefined {
  const cover = overrides.findLast(({ instead }) => instead.kind === 'place' && instead.place === place);
  if (cover) return { place, clinician: cover.clinician, layer: null, override: cover.id };
  for (const { layer, day, away } of running) {
    const clinician = inTurn(layer, place, day, (who) => !away.has(who) && mayServe(who));
    if (clinician) return { place, clinician, layer: layer.id, override: null };
  }
  return undefined;
}

function inTurn(layer: Layer, place: number, day: number, mayServe: MayServe): ClinicianId | undefined {
  const people = layer.places[place]?.people ?? [];
  const week = Math.floor((day - dayNumber(layer.since)) / 7);
  return people.map((_, i) => people[(week + i) % people.length]!).find(mayServe);
}

/** Whoever covers for somebody may be covered for as well; nobody twice, so that two who swap do not go round in circles. */
function standIn(duty: Duty, overrides: readonly Override[]): Duty {
  const seen = new Set<ClinicianId>();
  let standing = duty;
  for (;;) {
    seen.add(standing.clinician);
    const cover = overrides.findLast(
      ({ id, instead }) =>
        instead.kind === 'person' && instead.person === standing.clinician && id !== standing.override,
    );
    if (!cover || seen.has(cover.clinician)) return standing;
    standing = { place: duty.place, clinician: cover.clinician, layer: null, override: cover.id };
  }
}

/** From `from` until `to` (ms since 1970) the same people are on call. */
export type Watch = { from: number; to: number; duties: Duty[] };

/** The time from `from` to `to`, without a gap, cut wherever somebody else takes over. */
export function onCallBetween(plan: OnCallPlan, from: number, to: number, mayServe: MayServe = anybody): Watch[] {
  const watches: Watch[] = [];
  const moments = [from, ...handovers(plan, from, to)];
  for (const [i, moment] of moments.entries()) {
    const duties = whoIsOnCall(plan, moment, mayServe);
    const last = watches.at(-1);
    const until = moments[i + 1] ?? to;
    if (last && sameDuties(last.duties, duties)) last.to = until;
    else watches.push({ from: moment, to: until, duties });
  }
  return watches;
}

/** Between two neighbours nothing changes. Strictly between `from` and `to`, ascending. */
function handovers({ layers, overrides, timeZone }: OnCallPlan, from: number, to: number): number[] {
  const clock = wallClockOf(timeZone);
  const [first, last] = [clock.shows(from).day, clock.shows(to).day];
  const times = new Set([
    0,
    ...layers.flatMap(({ shifts }) => shifts.flatMap((s) => [minuteOf(s.from), minuteOf(s.to)])),
  ]);
  const moments = new Set(clock.changes(first, last));
  for (const { from: begin, to: end } of overrides) moments.add(Date.parse(begin)).add(Date.parse(end));
  for (let day = first; day <= last; day++)
    for (const time of times) for (const moment of clock.moments(day, time)) moments.add(moment);
  return [...moments].filter((moment) => from < moment && moment < to).sort((a, b) => a - b);
}

const sameDuties = (a: readonly Duty[], b: readonly Duty[]): boolean =>
  a.length === b.length &&
  a.every((duty, i) => {
    const other = b[i];
    return (
      duty.place === other?.place &&
      duty.clinician === other.clinician &&
      duty.layer === other.layer &&
      duty.override === other.override
    );
  });

/** A place that nobody holds from `from` until `to`. */
export type Gap = { place: number; from: number; to: number };

/** Of these places, in the order in which the gaps begin. */
export function gapsBetween(
  plan: OnCallPlan,
  places: readonly number[],
  from: number,
  to: number,
  mayServe: MayServe = anybody,
): Gap[] {
  const watches = onCallBetween(plan, from, to, mayServe);
  return places
    .flatMap((place) => {
      const gaps: Gap[] = [];
      for (const watch of watches) {
        if (watch.duties.some((duty) => duty.place === place)) continue;
        const last = gaps.at(-1);
        if (last?.to === watch.from) last.to = watch.to;
        else gaps.push({ place, from: watch.from, to: watch.to });
      }
      return gaps;
    })
    .sort((a, b) => a.from - b.from || a.place - b.place);
}

/** Everybody whom the rota ever puts on call. */
export const peopleOf = ({ layers }: Rota): Set<ClinicianId> =>
  new Set(layers.flatMap((layer) => layer.places.flatMap((place) => place.people)));

/** What no schema can say; empty when the rota may stand. */
export function faultsOfRota({ layers, holidays }: Rota): { pointer: string; detail: string }[] {
  const faults: { pointer: string; detail: string }[] = [];
  for (const [i, layer] of layers.entries()) {
    if (layers.findIndex(({ id }) => id === layer.id) < i)
      faults.push({ pointer: `/layers/${i}/id`, detail: 'another layer has this id' });
    if (layer.until !== null && layer.until < layer.since)
      faults.push({ pointer: `/layers/${i}/until`, detail: 'must not be before the layer begins' });
  }
  for (const [i, holiday] of holidays.entries()) {
    if (holidays.findIndex(({ on }) => on === holiday.on) < i)
      faults.push({ pointer: `/holidays/${i}/on`, detail: 'this day is a holiday already' });
    if (holiday.layer !== null && !layers.some(({ id }) => id === holiday.layer))
      faults.push({ pointer: `/holidays/${i}/layer`, detail: 'there is no such layer' });
  }
  return faults;
}
