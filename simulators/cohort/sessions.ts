import { artefactMarks, vitalIn } from '#domain/reading.ts';
import type { PanelName } from '#domain/vitals.ts';
import { dayAround, dayNumberIn } from '#domain/zone.ts';
import type { Random } from '#runtime/random.ts';
import type { Illness } from '../physiology/illness.ts';
import { chanceOf, seedFor } from '../physiology/noise.ts';
import type { Physiology } from '../physiology/physiology.ts';
import { measure, type Sitting } from './instruments.ts';
import type { Routine } from './kinds.ts';
import type { Measurement } from './measurement.ts';
import type { Person } from './person.ts';

/**
 * When somebody measures: as the plan asks, more or less; when something is felt; and once more when a value frightens or the platform asks.
 * Sessions and whole days are left out, and on holiday nothing is measured.
 */
export function* measurementsOf(
  person: Person,
  body: Physiology,
  span: { from: number; to: number },
): Generator<Measurement> {
  const { timeZone } = person.told;
  const first = dayNumberIn(timeZone, span.from);
  const last = dayNumberIn(timeZone, span.to - 1);
  for (let day = first; day <= last; day++) {
    const midnight = midnightOf(timeZone, day);
    const sittings = [...askedFor(person, day, midnight), ...felt(person, body, day, midnight)];
    for (const { panel, at, times, nth } of sittings.toSorted((a, b) => a.at - b.at)) {
      if (at < span.from || at >= span.to || isAway(person, at)) continue;
      const random = chanceOf(seedFor(person.seed, 4 + nth), Math.round(at / 1000));
      yield* sit(random, person, body, { panel, at, times, daysIn: day - first });
    }
  }
}

type Planned = { panel: PanelName; at: number; times: number; nth: number };

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Of what is missed, so much is missed by whole days. */
const shareOfWholeDays = 0.5;

function askedFor(person: Person, day: number, midnight: number): Planned[] {
  const { adherence, lateness } = person.habits;
  const random = chanceOf(seedFor(person.seed, 11), day);
  const dayMissed = (1 - adherence) * shareOfWholeDays;
  if (random.next() < dayMissed) return [];
  const sessionMissed = 1 - adherence / (1 - dayMissed);
  const planned: Planned[] = [];
  for (const [nth, routine] of person.routines.entries())
    for (const hour of routine.hours) {
      const [missed, early] = [random.next(), random.next()];
      if (!isDay(routine, day, person.seed) || missed < sessionMissed) continue;
      const at = wholeSecond(midnight + (hour + lateness + (early - 0.5)) * hourMs);
      planned.push({ panel: routine.panel, at, times: routine.times, nth });
    }
  return planned;
}

function isDay({ everyDays }: Routine, day: number, seed: number): boolean {
  const own = day + (seed % 28);
  if (everyDays !== 'block') return own % everyDays === 0;
  return own % 28 < 7 || own % 7 === 0 || own % 7 === 3;
}

/** What somebody measures because of what is felt: which panel, how often a day, and how many people do. */
const complaints: Partial<Record<Illness['kind'], { panels: PanelName[]; aDay: number; share: number }>> = {
  'hypertensive-crisis': { panels: ['blood-pressure'], aDay: 2, share: 0.6 },
  hypotension: { panels: ['blood-pressure'], aDay: 1, share: 0.5 },
  ketoacidosis: { panels: ['blood-ketone', 'glucose'], aDay: 3, share: 0.7 },
  'copd-exacerbation': { panels: ['pulse-oximetry'], aDay: 1, share: 0.7 },
  'atrial-fibrillation': { panels: ['blood-pressure'], aDay: 2, share: 0.5 },
  bradycardia: { panels: ['blood-pressure', 'pulse-oximetry'], aDay: 2, share: 0.6 },
  tachycardia: { panels: ['blood-pressure', 'pulse-oximetry'], aDay: 5, share: 0.8 },
  sepsis: { panels: ['body-temperature', 'pulse-oximetry', 'blood-pressure'], aDay: 4, share: 0.9 },
  cold: { panels: ['body-temperature'], aDay: 2, share: 0.6 },
};

function felt(person: Person, body: Physiology, day: number, midnight: number): Planned[] {
  const planned: Planned[] = [];
  const owns = (panel: PanelName) => person.routines.findIndex((routine) => routine.panel === panel);
  for (const { kind, onset, until } of person.fate.illnesses) {
    if (until < midnight || onset >= midnight + dayMs) continue;
    const random = chanceOf(seedFor(person.seed, 12), onset);
    if (kind === 'severe-hypoglycaemia') {
      // whom low glucose does not warn is asleep, or measures as on any day
      const warned = random.next() < (person.told.plan.programmes.includes('hypoglycaemia-unaware') ? 0.35 : 0.85);
      const at = wholeSecond(onset + (40 + 35 * random.next()) * minuteMs);
      if (warned && at >= midnight && at < midnight + dayMs && owns('glucose') >= 0 && body.trueGlucoseAt(at) < 70)
        planned.push({ panel: 'glucose', at, times: 1, nth: 7 });
      continue;
    }
    const complaint = complaints[kind];
    if (!complaint || random.next() > complaint.share) continue;
    const today = chanceOf(seedFor(person.seed, 13), day);
    for (let i = 0; i < complaint.aDay; i++) {
      const at = wholeSecond(midnight + (7 + ((i + today.next()) / complaint.aDay) * 15) * hourMs);
      if (at < onset + 20 * minuteMs || at >= until) continue;
      for (const [n, panel] of complaint.panels.entries())
        if (owns(panel) >= 0) planned.push({ panel, at: at + n * 2 * minuteMs, times: 1, nth: 7 });
    }
  }
  return planned;
}

const isAway = ({ habits }: Person, at: number) => habits.holidays.some(({ from, to }) => from <= at && at < to);

/** One sitting, with what follows from what is seen. */
function* sit(
  random: Random,
  person: Person,
  body: Physiology,
  planned: { panel: PanelName; at: number; times: number; daysIn: number },
): Generator<Measurement> {
  const { panel, times, daysIn } = planned;
  const sitting: Sitting = {
    spouse: person.habits.spouse !== null && random.next() < 0.012,
    exertion: panel === 'blood-pressure' && random.next() / person.habits.carelessness < 0.015 ? 1 : 0,
    alarm: Math.max(0, person.habits.firstDayMmHg * (1 - daysIn / 3)),
  };
  let { at } = planned;
  let again = 0;
  for (let done = 0; done < times + again; done++) {
    const seen = measure(random, panel, at, { person, body, sitting });
    yield seen;
    if (again < repeatsAtMost && done === times + again - 1 && isFrightening(person, seen)) {
      if (random.next() >= person.habits.repeats) return;
      again++;
      // it is the right arm now
      sitting.spouse = false;
    }
    const restMinutes = again > 0 ? 1.5 + 3 * random.next() : 1 + random.next();
    sitting.exertion *= Math.exp(-restMinutes / stairsMinutes);
    at = wholeSecond(at + restMinutes * minuteMs);
  }
}

const repeatsAtMost = 2;
/** Pressure and pulse come down after stairs within some minutes. */
const stairsMinutes = 2;

/** What makes people measure again, by themselves or because they are asked to. */
function isFrightening({ body }: Person, { panel, values, marks }: Measurement): boolean {
  if (marks.some((mark) => artefactMarks.includes(mark) || mark === 'irregular-pulse')) return true;
  const seen = (vital: Parameters<typeof vitalIn>[1]) => vitalIn({ values }, vital);
  const beats = seen('pulse-rate');
  if (beats !== undefined && (beats < 46 || beats > 118)) return true;
  switch (panel) {
    case 'blood-pressure': {
      const systolic = seen('systolic')!;
      return systolic >= Math.min(175, body.systolic + 35) || systolic < 93 || seen('diastolic')! >= 110;
    }
    case 'pulse-oximetry':
      return seen('oxygen-saturation')! < (body.oxygenSaturation ?? 97) - 3;
    case 'glucose':
      return seen('glucose')! < 62 || seen('glucose')! > 280;
    case 'body-weight':
      return Math.abs(seen('body-weight')! - (body.weightKg ?? 70)) > 1.4;
    case 'body-temperature':
      return seen('body-temperature')! >= 38.2 || seen('body-temperature')! < 35.2;
    default:
      return false;
  }
}

const midnights = new Map<string, number>();

/** ms since 1970. Asking a calendar is slow, and a thousand people live in three zones. */
function midnightOf(timeZone: string, day: number): number {
  const key = `${timeZone} ${day}`;
  let known = midnights.get(key);
  if (known === undefined) {
    known = dayAround(timeZone, day * dayMs + dayMs / 2).from;
    // noon of UTC is another day only beyond twelve hours from it
    midnights.set(key, known);
  }
  return known;
}

const wholeSecond = (ms: number) => Math.round(ms / 1000) * 1000;
