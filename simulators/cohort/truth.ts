import type { Danger, DangerousEvent, Flawed, Truth } from '#domain/cohort-file.ts';
import { vitalIn } from '#domain/reading.ts';
import type { Illness } from '../physiology/illness.ts';
import type { Physiology, PhysiologyProfile } from '../physiology/physiology.ts';
import { problemsOf } from './kinds.ts';
import type { Measurement, Sent } from './measurement.ts';
import type { Person } from './person.ts';

/**
 * What truly happened to somebody, and what of it the readings show. A reading shows an event when it is sound, was taken while the event was on, and
 * meets the clinical definition. The definitions are those of the literature and know nothing of the rules:
 * - crisis ≥180/120 (AHA/ACC 2025); hypotension below 90 twice; glucose below 54 mg/dL once by meter, for 15 minutes by sensor
 *   (ADA level 2; ATTD, Diabetes Care 2019;42:1593); ketones from 1.6 mmol/L, or above 250 mg/dL twice, by sensor for an hour (Diabetes Care);
 * - heart failure: 2 kg above the usual weight (ESC); COPD: saturation 3 percent below the usual twice; irregular pulse in two readings
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
    events.push(eventOf({ ...illness, kind: illness.kind }, person.body, first));
  }
  for (const low of person.kind.glucose?.insulin ? lowsOf(body, span) : [])
    events.push(eventOf({ kind: 'severe-hypoglycaemia', ...low }, person.body, first));
  return { events: events.toSorted((a, b) => a.onset - b.onset), flawed: flawedIn(first) };
}

type Shows = { by: (seen: Measurement, usual: PhysiologyProfile) => boolean; needed: (seen: Measurement) => number };

const minuteMs = 60_000;
const once = () => 1;
const twice = () => 2;
const pulseOf = ({ values }: Measurement) => vitalIn({ values }, 'pulse-rate');
const glucoseOf = ({ values }: Measurement) => vitalIn({ values }, 'glucose') ?? vitalIn({ values }, 'sensor-glucose');

const definitions: Readonly<Record<Danger, Shows>> = {
  'hypertensive-crisis': {
    by: ({ values }) => (vitalIn({ values }, 'systolic') ?? 0) >= 180 || (vitalIn({ values }, 'diastolic') ?? 0) >= 120,
    needed: once,
  },
  hypotension: { by: ({ values }) => (vitalIn({ values }, 'systolic') ?? 200) < 90, needed: twice },
  'severe-hypoglycaemia': {
    by: (seen) => (glucoseOf(seen) ?? 100) < 54,
    needed: ({ panel }) => (panel === 'glucose' ? 1 : 4),
  },
  ketoacidosis: {
    by: (seen) => (vitalIn(seen, 'ketone') ?? 0) >= 1.6 || (glucoseOf(seen) ?? 0) > 250,
    needed: ({ panel }) => (panel === 'blood-ketone' ? 1 : panel === 'glucose' ? 2 : 12),
  },
  'heart-failure-decompensation': {
    by: (seen, { weightKg = 0 }) => (vitalIn(seen, 'body-weight') ?? 0) >= weightKg + 2,
    needed: once,
  },
  'copd-exacerbation': {
    by: (seen, { oxygenSaturation = 97 }) => (vitalIn(seen, 'oxygen-saturation') ?? 100) <= oxygenSaturation - 3,
    needed: twice,
  },
  'atrial-fibrillation': { by: ({ marks }) => marks.includes('irregular-pulse'), needed: twice },
  bradycardia: { by: (seen) => (pulseOf(seen) ?? 70) <= 40, needed: twice },
  tachycardia: { by: (seen) => (pulseOf(seen) ?? 70) >= 131, needed: twice },
  sepsis: { by: (seen) => (vitalIn(seen, 'body-temperature') ?? 36) > 38, needed: once },
};

function eventOf(
  illness: Pick<Illness, 'onset' | 'until'> & { kind: Danger },
  usual: PhysiologyProfile,
  sent: readonly Sent[],
): DangerousEvent {
  const { kind, onset, until } = illness;
  const { by, needed } = definitions[kind];
  const during = sent.filter(
    ({ measured }) => measured.at >= onset && measured.at < until && !measured.flaw && by(measured, usual),
  );
  const shown = during.findIndex(({ measured }, i) => {
    const alike = during.slice(0, i + 1).filter((one) => one.measured.panel === measured.panel);
    return alike.length >= needed(measured);
  });
  return {
    kind,
    onset,
    until,
    problems: [...problemsOf[kind]],
    shownBy: during.slice(0, shownAtMost).map(({ reading }) => reading.id),
    detectableAt: shown < 0 ? null : during[shown]!.receivedAt,
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
  sent.flatMap(({ reading, measured: { flaw } }) => (flaw ? [{ reading: reading.id, flaw }] : []));
