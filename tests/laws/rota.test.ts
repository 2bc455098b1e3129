import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClinicianId } from '#domain/ids.ts';
import {
  type Duty,
  faultsOfRota,
  gapsBetween,
  type Layer,
  type OnCallPlan,
  onCallBetween,
  placesOf,
  Rota,
  whoIsOnCall,
} from '#domain/rota.ts';

/** Who is on call, held against a reading of the wall clock that knows neither luxon nor our arithmetic. */

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const people = Array.from({ length: 5 }, () => ClinicianId.parse(randomUUID()));
const [ann, ben, cai, dai] = people as [ClinicianId, ClinicianId, ClinicianId, ClinicianId];
const named = { en: 'Layer', zh: '班次' };
const everyDay = [1, 2, 3, 4, 5, 6, 7];

/** Zones whose clocks are changed at two, at one, at midnight, by half an hour, and never; and moments around such a change. */
const changes = [
  { zone: 'Europe/Berlin', at: Date.UTC(2026, 2, 29, 1) },
  { zone: 'Europe/Berlin', at: Date.UTC(2026, 9, 25, 1) },
  { zone: 'America/New_York', at: Date.UTC(2026, 2, 8, 7) },
  { zone: 'America/New_York', at: Date.UTC(2026, 10, 1, 6) },
  { zone: 'America/Santiago', at: Date.UTC(2026, 8, 6, 4) },
  { zone: 'America/Santiago', at: Date.UTC(2026, 3, 5, 3) },
  { zone: 'Australia/Lord_Howe', at: Date.UTC(2026, 3, 4, 15) },
  { zone: 'Australia/Lord_Howe', at: Date.UTC(2026, 9, 3, 15, 30) },
  { zone: 'Africa/Cairo', at: Date.UTC(2026, 3, 23, 22) },
  { zone: 'Asia/Shanghai', at: Date.UTC(2026, 5, 1) },
  { zone: 'Asia/Kathmandu', at: Date.UTC(2026, 5, 1) },
];

type Wall = { date: string; weekday: number; time: string };
const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clock shows, as Node's own calendar says it. */
function wallOf(zone: string, at: number): Wall {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', weekday: 'short' },
      hourCycle: 'h23',
    });
  formats.set(zone, format);
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return {
    date: `${part.year}-${part.month}-${part.day}`,
    weekday: weekdays.indexOf(part.weekday!) + 1,
    time: `${part.hour}:${part.minute}`,
  };
}

const dayBefore = (date: string) => new Date(Date.parse(date) - day).toISOString().slice(0, 10);
const weekdayBefore = (weekday: number) => (weekday === 1 ? 7 : weekday - 1);

/** Of a rota of one layer with nothing beside it: whom the wall clock names. Texts are compared, nothing is reckoned. */
function byTheWall(layer: Layer, zone: string, at: number): (ClinicianId | undefined)[] {
  const { date, weekday, time } = wallOf(zone, at);
  const today = layer.shifts.some(
    ({ days, from, to }) => days.includes(weekday) && time >= from && (to <= from || time < to),
  );
  const sinceYesterday = layer.shifts.some(
    ({ days, from, to }) => days.includes(weekdayBefore(weekday)) && to <= from && time < to,
  );
  const begun = today ? date : sinceYesterday ? dayBefore(date) : undefined;
  return layer.places.map((place) => {
    if (!begun || begun < layer.since) return undefined;
    const weeks = Math.floor((Date.parse(begun) - Date.parse(layer.since)) / (7 * day));
    return place.people[weeks % place.people.length];
  });
}

const anyTime = fc
  .integer({ min: 0, max: 47 })
  .map((half) => `${String(Math.floor(half / 2)).padStart(2, '0')}:${half % 2 === 0 ? '00' : '30'}`);
const anyShift = fc.record({
  days: fc.subarray(everyDay, { minLength: 1 }),
  from: anyTime,
  to: anyTime,
});
const anyPlace = fc.record({ people: fc.subarray(people, { minLength: 1 }) });
const anyLayer: fc.Arbitrary<Layer> = fc.record({
  id: fc.constant('only'),
  name: fc.constant(named),
  shifts: fc.array(anyShift, { minLength: 1, maxLength: 4 }),
  places: fc.array(anyPlace, { minLength: 1, maxLength: 3 }),
  since: fc.constantFrom('2026-01-05', '2025-12-31', '2024-02-29'),
  until: fc.constant(null),
  holidaysOnly: fc.constant(false),
});
const nearChange = fc
  .tuple(fc.constantFrom(...changes), fc.integer({ min: -3 * 1_440, max: 3 * 1_440 }))
  .map(([{ zone, at }, minutes]) => ({ zone, at: at + minutes * minute }));

const planOf = (layers: Layer[], zone: string, more: Partial<OnCallPlan> = {}): OnCallPlan => ({
  ...{ layers, holidays: [], overrides: [], timeZone: zone },
  ...more,
});
const holders = (duties: Duty[], places: number) =>
  Array.from({ length: places }, (_, place) => duties.find((duty) => duty.place === place)?.clinician);

describe('the rota', () => {
  it('names at every moment around a change of clocks whom the clock on the wall names', () => {
    fc.assert(
      fc.property(anyLayer, nearChange, (layer, { zone, at }) => {
        const duties = whoIsOnCall(planOf([layer], zone), at);
        expect(holders(duties, layer.places.length)).toEqual(byTheWall(layer, zone, at));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is never without somebody when its shifts go round the clock, whatever the clocks do', () => {
    for (const { zone, at } of changes) {
      const shifts = [
        { days: everyDay, from: '02:30', to: '14:00' },
        { days: everyDay, from: '14:00', to: '02:30' },
      ];
      const layer = { ...layerOf(ann), shifts, since: '2026-01-05' };
      expect(gapsBetween(planOf([layer], zone), [0], at - 3 * day, at + 3 * day)).toEqual([]);
    }
  });

  it('gives a night of 23 or 25 hours in its day to whoever began it', () => {
    const shifts = [{ days: everyDay, from: '20:00', to: '08:00' }];
    const night = { ...layerOf(ann), shifts, since: '2026-01-05' };
    const hoursOf = (from: number) =>
      onCallBetween(planOf([night], 'Europe/Berlin'), from, from + day)
        .filter(({ duties }) => duties.length > 0)
        .map((watch) => (watch.to - watch.from) / hour);
    expect(hoursOf(Date.UTC(2026, 2, 28, 12))).toEqual([11]);
    expect(hoursOf(Date.UTC(2026, 9, 24, 12))).toEqual([13]);
    expect(hoursOf(Date.UTC(2026, 5, 24, 12))).toEqual([12]);
  });

  it('tells the same in stretches as moment by moment, without a hole between them', () => {
    fc.assert(
      fc.property(
        fc.array(anyLayer, { minLength: 1, maxLength: 3 }),
        nearChange,
        fc.integer({ min: 1, max: 8 * 1_440 }),
        fc.array(
          fc.tuple(fc.integer({ min: 0, max: 4_000 }), fc.integer({ min: 1, max: 3_000 }), fc.nat(2), fc.boolean()),
          { maxLength: 3 },
        ),
        (layers, { zone, at }, minutes, wishes) => {
          const plan = planOf(
            layers.map((layer, i) => ({ ...layer, id: `layer-${i}` })),
            zone,
            {
              overrides: wishes.map(([after, length, place, byPlace]) => ({
                id: randomUUID(),
                clinician: people[4]!,
                instead: byPlace ? { kind: 'place', place } : { kind: 'person', person: people[place]! },
                from: new Date(at + after * minute).toISOString(),
                to: new Date(at + (after + length) * minute).toISOString(),
              })),
            },
          );
          const [from, to] = [at, at + minutes * minute];
          const watches = onCallBetween(plan, from, to);
          expect(watches[0]?.from).toBe(from);
          expect(watches.at(-1)?.to).toBe(to);
          for (const [i, watch] of watches.entries()) if (i > 0) expect(watch.from).toBe(watches[i - 1]!.to);
          for (let moment = from; moment < to; moment += 29 * minute + 7_000) {
            const watch = watches.find((w) => w.from <= moment && moment < w.to);
            expect(watch?.duties).toEqual(whoIsOnCall(plan, moment));
          }
          for (let place = 0; place < placesOf(plan); place++) {
            const open = gapsBetween(plan, [place], from, to).reduce((sum, gap) => sum + gap.to - gap.from, 0);
            const held = watches
              .filter(({ duties }) => duties.some((duty) => duty.place === place))
              .reduce((sum, watch) => sum + watch.to - watch.from, 0);
            expect(open + held).toBe(to - from);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  const zone = 'Asia/Shanghai';
  const layerOf = (...turns: ClinicianId[]): Layer => ({
    id: 'week',
    name: named,
    shifts: [{ days: everyDay, from: '00:00', to: '00:00' }],
    places: [{ people: turns }],
    since: '2026-11-02',
    until: null,
    holidaysOnly: false,
  });
  const noonOn = (date: string) => Date.parse(`${date}T12:00:00+08:00`);
  const first = (plan: OnCallPlan, at: number) => whoIsOnCall(plan, at)[0]?.clinician;

  it('changes turns on the day of the week on which it began, and gives a night to the week in which it began', () => {
    const plan = planOf([layerOf(ann, ben, cai)], zone);
    expect(['2026-11-08', '2026-11-09', '2026-11-22', '2026-11-23'].map((date) => first(plan, noonOn(date)))).toEqual([
      ann,
      ben,
      cai,
      ann,
    ]);
    const nights = planOf([{ ...layerOf(ann, ben), shifts: [{ days: everyDay, from: '20:00', to: '08:00' }] }], zone);
    expect(first(nights, Date.parse('2026-11-09T07:59:00+08:00'))).toBe(ann);
    expect(first(nights, Date.parse('2026-11-09T20:00:00+08:00'))).toBe(ben);
    expect(first(plan, noonOn('2026-11-01'))).toBeUndefined();
  });

  it('fills from a lower layer what a higher one leaves open', () => {
    const weekdaysOnly = {
      ...layerOf(ann),
      id: 'days',
      shifts: [{ days: [1, 2, 3, 4, 5], from: '08:00', to: '18:00' }],
    };
    const plan = planOf([weekdaysOnly, layerOf(ben)], zone);
    expect(first(plan, noonOn('2026-11-20'))).toBe(ann);
    expect(first(plan, noonOn('2026-11-21'))).toBe(ben);
    expect(first(plan, Date.parse('2026-11-20T18:00:00+08:00'))).toBe(ben);
  });

  it('has a holiday served by its own layer, or by the next in turn, until the shifts that began on it end', () => {
    const special = { ...layerOf(dai), id: 'feast', holidaysOnly: true };
    const feast = { on: '2026-11-20', name: named, layer: 'feast', away: [] };
    const plan = planOf([layerOf(ann, ben), special], zone, { holidays: [feast] });
    expect(['2026-11-19', '2026-11-20', '2026-11-21'].map((date) => first(plan, noonOn(date)))).toEqual([
      ann,
      dai,
      ann,
    ]);
    const away = planOf([layerOf(ann, ben)], zone, { holidays: [{ ...feast, layer: null, away: [ann] }] });
    expect(['2026-11-19', '2026-11-20', '2026-11-21'].map((date) => first(away, noonOn(date)))).toEqual([
      ann,
      ben,
      ann,
    ]);
  });

  it('lets somebody cover a place or a person for as long as they said, and lets two swap', () => {
    const override = (clinician: ClinicianId, instead: OnCallPlan['overrides'][number]['instead']) => ({
      id: randomUUID(),
      ...{ clinician, instead },
      from: '2026-11-20T00:00:00Z',
      to: '2026-11-20T06:00:00Z',
    });
    const base = planOf([{ ...layerOf(ann), places: [{ people: [ann] }, { people: [ben] }] }], zone);
    const at = Date.parse('2026-11-20T05:59:59Z');
    const during = (...overrides: OnCallPlan['overrides']) => holders(whoIsOnCall({ ...base, overrides }, at), 2);
    expect(during(override(cai, { kind: 'place', place: 1 }))).toEqual([ann, cai]);
    expect(during(override(cai, { kind: 'person', person: ann }))).toEqual([cai, ben]);
    const swap = [override(ben, { kind: 'person', person: ann }), override(ann, { kind: 'person', person: ben })];
    expect(during(...swap)).toEqual([ben, ann]);
    // who covers is ill as well
    const chain = [override(cai, { kind: 'person', person: ann }), override(dai, { kind: 'person', person: cai })];
    expect(during(...chain)).toEqual([dai, ben]);
    expect(holders(whoIsOnCall({ ...base, overrides: swap }, at + 1_000), 2)).toEqual([ann, ben]);
  });

  it('passes over who may not be called any more, and says so where nobody is left', () => {
    const plan = planOf([layerOf(ann, ben)], zone);
    const at = noonOn('2026-11-18');
    expect(whoIsOnCall(plan, at, (who) => who !== ann)[0]?.clinician).toBe(ben);
    expect(whoIsOnCall(plan, at, () => false)).toEqual([]);
    expect(gapsBetween(plan, [0], at, at + day, () => false)).toEqual([{ place: 0, from: at, to: at + day }]);
  });

  it('may not name a layer twice, end before it begins or hold a holiday of a layer that is not there', () => {
    const fine = { layers: [layerOf(ann)], holidays: [] };
    expect(faultsOfRota(Rota.parse(fine))).toEqual([]);
    const wrong = {
      layers: [layerOf(ann), { ...layerOf(ben), until: '2026-11-01' }],
      holidays: [
        { on: '2026-12-25', name: named, layer: 'nobody', away: [] },
        { on: '2026-12-25', name: named, layer: null, away: [] },
      ],
    };
    expect(faultsOfRota(Rota.parse(wrong)).map(({ pointer }) => pointer)).toEqual([
      '/layers/1/id',
      '/layers/1/until',
      '/holidays/0/layer',
      '/holidays/1/on',
    ]);
  });
});
