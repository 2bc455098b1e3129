import type { Danger } from '#domain/cohort-file.ts';

/**
 * What an illness does to a body: it comes over some time, stays, and goes after it was treated. Dangerous ones, and two that are none: a
 * cold, and a feast after which somebody is heavier for two days.
 */
export type Illness = {
  kind: Danger | 'cold' | 'feast';
  /** ms since 1970: the beginning, and from when it gets better. */
  onset: number;
  until: number;
  /** 0 the mildest that is still the kind, 1 the gravest. */
  severity: number;
};

/** What is added to a body's own values; mmHg, per minute, percent, kg, degrees Celsius, mg/dL, mmol/L. */
export type Shift = {
  systolic: number;
  diastolic: number;
  pulse: number;
  saturation: number;
  weight: number;
  temperature: number;
  breaths: number;
  glucose: number;
  ketone: number;
  /** Atrial fibrillation goes on. */
  irregular: boolean;
};

type Usual = { systolic: number; diastolic: number; pulse: number };
type Course = {
  /** Hours until it is all there, and until it has gone; `whole`: it grows until it is treated. */
  risesFor: number | 'whole';
  fallsFor: number;
  full: (severity: number, usual: Usual, days: number) => Partial<Shift>;
};

const between = (low: number, high: number, share: number) => low + (high - low) * share;

/**
 * - Crisis: severe is above 180/120 (AHA/ACC 2025, doi 10.1161/HYP.0000000000000249).
 * - Heart failure: 0.4 to 0.7 kg a day before decompensation; COPD: saturation falls by 1 percent a day, breath and pulse quicken.
 * - Fibrillation untreated: 90 to 140 beats a minute, pressure a little lower.
 * - Slow: below 40; fast at rest: above 130 (NEWS2, RCP 2017, gives three points to ≤40 and to ≥131).
 * - Sepsis: fever, fast pulse and breath, falling pressure (the signs of NEWS2).
 * - Ketoacidosis: without insulin glucose and ketones climb over half a day; above 3 mmol/L it is probable (Diabetes Care).
 * Times and spreads are engineering choices. A low glucose has its course in glucose.ts.
 */
const courses: Readonly<Record<Exclude<Illness['kind'], 'severe-hypoglycaemia'>, Course>> = {
  'hypertensive-crisis': {
    risesFor: 3,
    fallsFor: 12,
    full: (severity, usual) => {
      const systolic = between(196, 222, severity) - usual.systolic;
      return { systolic, diastolic: 0.45 * systolic, pulse: 8 };
    },
  },
  hypotension: {
    risesFor: 48,
    fallsFor: 48,
    full: (severity, usual) => {
      const systolic = between(82, 74, severity) - usual.systolic;
      return { systolic, diastolic: 0.45 * systolic, pulse: 8 };
    },
  },
  ketoacidosis: {
    risesFor: 14,
    fallsFor: 8,
    full: (severity) => ({
      glucose: between(210, 330, severity),
      ketone: between(3.2, 5.5, severity),
      pulse: 18,
      breaths: 8,
    }),
  },
  'heart-failure-decompensation': {
    risesFor: 'whole',
    fallsFor: 96,
    full: (severity, _, days) => ({
      weight: between(0.4, 0.7, severity) * days,
      pulse: 10,
      saturation: -2,
      breaths: 4,
    }),
  },
  'copd-exacerbation': {
    risesFor: 'whole',
    fallsFor: 144,
    full: (severity, _, days) => ({
      saturation: -between(0.85, 1.15, severity) * days,
      pulse: 12,
      breaths: 7,
      temperature: 0.4,
    }),
  },
  'atrial-fibrillation': {
    risesFor: 0,
    fallsFor: 0,
    full: (severity, usual) => ({ pulse: between(92, 128, severity) - usual.pulse, systolic: -5, irregular: true }),
  },
  bradycardia: {
    risesFor: 1,
    fallsFor: 2,
    full: (severity, usual) => ({ pulse: between(36, 31, severity) - usual.pulse, systolic: -8 }),
  },
  tachycardia: {
    risesFor: 0.2,
    fallsFor: 0.5,
    full: (severity, usual) => ({ pulse: between(142, 168, severity) - usual.pulse, systolic: -6 }),
  },
  sepsis: {
    risesFor: 12,
    fallsFor: 72,
    full: (severity) => ({
      temperature: between(2.3, 3.4, severity),
      pulse: between(28, 42, severity),
      systolic: -between(15, 30, severity),
      diastolic: -between(8, 15, severity),
      saturation: -between(2, 4, severity),
      breaths: between(7, 11, severity),
    }),
  },
  cold: {
    risesFor: 12,
    fallsFor: 36,
    full: (severity) => ({ temperature: between(0.5, 1.4, severity), pulse: 7, breaths: 1, saturation: -0.5 }),
  },
  feast: { risesFor: 6, fallsFor: 36, full: (severity) => ({ weight: between(0.4, 1.3, severity) }) },
};

const hourMs = 3_600_000;
const nothing: Shift = {
  systolic: 0,
  diastolic: 0,
  pulse: 0,
  saturation: 0,
  weight: 0,
  temperature: 0,
  breaths: 0,
  glucose: 0,
  ketone: 0,
  irregular: false,
};

/** @param ms since 1970. */
export function shiftAt(illnesses: readonly Illness[], usual: Usual, ms: number): Shift {
  let sum = nothing;
  for (const illness of illnesses) {
    const share = shareAt(illness, ms);
    if (share <= 0 || illness.kind === 'severe-hypoglycaemia') continue;
    const days = (illness.until - illness.onset) / (24 * hourMs);
    const full = courses[illness.kind].full(illness.severity, usual, days);
    if (sum === nothing) sum = { ...nothing };
    for (const key of keys) sum[key] += share * (full[key] ?? 0);
    if (full.irregular) sum.irregular = true;
  }
  return sum;
}

const keys = Object.keys(nothing).filter((key) => key !== 'irregular') as Exclude<keyof Shift, 'irregular'>[];

/** How much of the illness is there: 0 none, 1 all. */
function shareAt({ kind, onset, until }: Illness, ms: number): number {
  if (kind === 'severe-hypoglycaemia' || ms < onset) return 0;
  const { risesFor, fallsFor } = courses[kind];
  const rise = risesFor === 'whole' ? until - onset : risesFor * hourMs;
  const risen = rise === 0 ? 1 : Math.min(1, (Math.min(ms, until) - onset) / rise);
  if (ms < until) return risen;
  return fallsFor === 0 ? 0 : risen * Math.max(0, 1 - (ms - until) / (fallsFor * hourMs));
}

/** When the worse half of it is over: until then the person is in danger. ms since 1970. */
export const halfGoneAt = (illness: Illness): number => Math.round((illness.until + goneAt(illness)) / 2);

/** When nothing of it is left, ms since 1970. */
export const goneAt = ({ kind, until }: Illness): number =>
  kind === 'severe-hypoglycaemia' ? until + 4 * hourMs : until + courses[kind].fallsFor * hourMs;
