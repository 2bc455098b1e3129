import type { Danger, DangerousEvent, Flawed, Truth } from '#domain/cohort-file.ts';
import { artefactMarks, vitalIn } from '#domain/reading.ts';
import type { PanelName } from '#domain/vitals.ts';
import { halfGoneAt, type Illness } from '../physiology/illness.ts';
import type { Physiology, PhysiologyProfile } from '../physiology/physiology.ts';
import { problemsOf } from './kinds.ts';
import type { Measurement, Sent } from './measurement.ts';
import type { Person } from './person.ts';

/**
 * What truly happened to somebody, and what of it the readings show. A reading shows an event when it is sound, was taken while the event was on, and
 * meets the clinical definition. The definitions are those of the literature and know nothing of the rules:
 * - crisis ≥180/120 (AHA/ACC 2025); hypotension below 90 twice; glucose below 54 mg/dL once by meter, for 15 minutes by sensor
 *   (ADA level 2; ATTD, Diabetes Care 2019;42:1593); ketones from 1.6 mmol/L, or above 250 mg/dL twice, by sensor for an hour (Diabetes Care);
 * - heart failure: 2 kg above the usual weight (ESC); COPD: saturation more than 3 percent below the usual, as oximeters show it, twice (Rome
 *   proposal, Celli 2021, doi 10.1164/rccm.202108-1819PP: at least moderate); irregular pulse in two readings
 *   (Watanabe 2021); pulse ≤40 and ≥131 twice (three points of NEWS2); fever above 38 °C with the pulse of sepsis (NEWS2).
 */
export function truthOf(
  person: Person,
  body: Physiology,
  sent: readonly Sent[],
  span: { from: number; to: number },
): Truth {
  const first = firstCopies(sent);
  const events: DangerousEvent[] = [];
  for (const illness of person.fate.illnesses) {
    if (illness.kind === 'cold' || illness.kind === 'feast' || illness.kind === 'severe-hypoglycaemia') continue;
    events.push(eventOf({ kind: illness.kind, onset: illness.onset, until: halfGoneAt(illness) }, person.body, first));
  }
  for (const low of person.kind.glucose?.insulin ? lowsOf(body, span) : [])
    events.push(eventOf({ kind: 'severe-hypoglycaemia', ...low }, person.body, first));
  return { events: events.toSorted((a, b) => a.onset - b.onset), flawed: flawedIn(first) };
}

/** How much of it there must be: so many readings of one panel, or every sample for so long. */
type Enough = { readings: number } | { forMinutes: number };
type Shows = {
  by: (seen: Measurement, usual: PhysiologyProfile) => boolean;
  enough: (panel: PanelName) => Enough;
  /** It shows against the person's usual values alone: nobody can see it of whom there are none. */
  againstUsual?: true;
};

const minuteMs = 60_000;
const dayMs = 1_440 * minuteMs;
const once = () => ({ readings: 1 });
const twice = () => ({ readings: 2 });
const pulseOf = ({ values }: Measurement) => vitalIn({ values }, 'pulse-rate');
const glucoseOf = ({ values }: Measurement) => vitalIn({ values }, 'glucose') ?? vitalIn({ values }, 'sensor-glucose');

const definitions: Readonly<Record<Danger, Shows>> = {
  'hypertensive-crisis': {
    by: (seen) => (vitalIn(seen, 'systolic') ?? 0) >= 180 || (vitalIn(seen, 'diastolic') ?? 0) >= 120,
    enough: once,
  },
  hypotension: { by: (seen) => (vitalIn(seen, 'systolic') ?? 200) < 90, enough: twice },
  'severe-hypoglycaemia': {
    by: (seen) => (glucoseOf(seen) ?? 100) < 54,
    enough: (panel) => (panel === 'glucose' ? once() : { forMinutes: 15 }),
  },
  ketoacidosis: {
    by: (seen) => (vitalIn(seen, 'ketone') ?? 0) >= 1.6 || (glucoseOf(seen) ?? 0) > 250,
    enough: (panel) => (panel === 'blood-ketone' ? once() : panel === 'glucose' ? twice() : { forMinutes: 60 }),
  },
  'heart-failure-decompensation': {
    by: (seen, { weightKg = 0 }) => (vitalIn(seen, 'body-weight') ?? 0) >= weightKg + 2,
    enough: once,
    againstUsual: true,
  },
  'copd-exacerbation': {
    by: (seen, { oxygenSaturation = 97 }) =>
      (vitalIn(seen, 'oxygen-saturation') ?? 100) < Math.round(oxygenSaturation) - 3,
    enough: twice,
    againstUsual: true,
  },
  'atrial-fibrillation': { by: ({ marks }) => marks.includes('irregular-pulse'), enough: twice },
  bradycardia: { by: (seen) => (pulseOf(seen) ?? 70) <= 40, enough: twice },
  tachycardia: { by: (seen) => (pulseOf(seen) ?? 70) >= 131, enough: twice },
  sepsis: { by: (seen) => (vitalIn(seen, 'body-temperature') ?? 36) > 38, enough: once },
};

function eventOf(
  illness: Pick<Illness, 'onset' | 'until'> & { kind: Danger },
  usual: PhysiologyProfile,
  sent: readonly Sent[],
): DangerousEvent {
  const { kind, onset, until } = illness;
  const { by, enough, againstUsual } = definitions[kind];
  const during = sent.filter(({ measured }) => measured.at >= onset && measured.at < until && !measured.flaw);
  const isShown = new Map<PanelName, (shows: boolean, at: number) => boolean>();
  const shownBy: DangerousEvent['shownBy'] = [];
  let detectableAt: number | null = null;
  for (const { measured, reading, receivedAt } of during) {
    const shows = by(measured, usual);
    let counting = isShown.get(measured.panel);
    if (!counting) {
      counting = counter(enough(measured.panel));
      isShown.set(measured.panel, counting);
    }
    const isSeen = counting(shows, measured.at);
    if (isSeen && (!againstUsual || isUsualKnown(sent, measured.panel, onset))) detectableAt ??= receivedAt;
    if (shows && shownBy.length < shownAtMost) shownBy.push(reading.id);
  }
  return { kind, onset, until, problems: [...problemsOf[kind]], shownBy, detectableAt };
}

/** Four days with a sound reading in the four weeks before. */
function isUsualKnown(sent: readonly Sent[], panel: PanelName, onset: number): boolean {
  const days = new Set<number>();
  for (const { measured } of sent)
    if (measured.panel === panel && !measured.flaw && measured.at < onset && measured.at > onset - 28 * dayMs)
      days.add(Math.floor(measured.at / dayMs));
  return days.size >= 4;
}

/** Told of each sound reading of a panel in turn, says when there is enough. */
function counter(enough: Enough): (shows: boolean, at: number) => boolean {
  let readings = 0;
  let since: number | undefined;
  if ('readings' in enough) return (shows) => shows && ++readings >= enough.readings;
  return (shows, at) => {
    since = shows ? (since ?? at) : undefined;
    return since !== undefined && at - since >= enough.forMinutes * minuteMs;
  };
}

const shownAtMost = 50;

/** A low counts when it lasts; two that are nearer to each other are one. */
const lowGridMs = 10 * minuteMs;
const lowAtLeastMs = 20 * minuteMs;
const lowsApartMs = 60 * minuteMs;

function lowsOf(body: Physiology, { from, to }: { from: number; to: number }): { onset: number; until: number }[] {
  const lows: { onset: number; until: number }[] = [];
  for (let at = from; at < to; at += lowGridMs) {
    if (body.trueGlucoseAt(at) >= 54) continue;
    const last = lows.at(-1);
    if (last && at - last.until <= lowsApartMs) last.until = at + lowGridMs;
    else lows.push({ onset: at, until: at + lowGridMs });
  }
  // the sensor follows the blood by some minutes
  return lows
    .filter(({ onset, until }) => until - onset >= lowAtLeastMs)
    .map(({ onset, until }) => ({ onset, until: until + lowGridMs }));
}

function firstCopies(sent: readonly Sent[]): Sent[] {
  const known = new Set<string>();
  return sent.filter(({ reading }) => !known.has(reading.id) && known.add(reading.id));
}

const flawedIn = (sent: readonly Sent[]): Flawed[] =>
  sent.flatMap(({ reading, measured: { flaw } }) =>
    flaw ? [{ reading: reading.id, flaw, marked: reading.marks.some((mark) => artefactMarks.includes(mark)) }] : [],
  );
