import type { Programme } from '#domain/care-plan.ts';
import type { Danger } from '#domain/cohort-file.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { Words } from '#domain/words.ts';
import type { GlucoseProfile } from '../physiology/glucose.ts';
import type { Illness } from '../physiology/illness.ts';

/** Whom a care team looks after at home, kind by kind: how many, how they are, what they measure when, and what happens to them. */

/** Mean and standard deviation, within limits. */
export type Spread = readonly [mean: number, spread: number, low: number, high: number];

/** What somebody is asked to measure: at these local hours about, so many times a minute or two apart. */
export type Routine = {
  panel: PanelName;
  hours: readonly number[];
  /** One after the other at one session. */
  times: 1 | 2 | 3;
  /** On one day of every so many; `block`: every day of the first week of four, as for a home average (ESH 2021), else on two days a week. */
  everyDays: number | 'block';
};

export type Kind = {
  name: string;
  /** Of a hundred patients. */
  share: number;
  programmes: readonly Programme[];
  conditions: readonly Words[];
  systolic: Spread;
  diastolic: Spread;
  pulse: Spread;
  saturation: Spread;
  weight: Spread;
  glucose?: GlucoseProfile;
  routines: readonly Routine[];
  /** Stands at home and is used when somebody feels ill, or by some of these people every day. */
  thermometer: { owned: number; daily: number };
  /** Share of people whom low glucose does not warn. */
  unaware?: number;
  /** Times a year. */
  rates: Partial<Record<Illness['kind'], number>>;
};

const words = (en: string, zh: string): Words => ({ en, zh });
const hypertension = words('Hypertension', '高血压');
const type2 = words('Type 2 diabetes', '2型糖尿病');
const type1 = words('Type 1 diabetes', '1型糖尿病');
const heartFailure = words('Heart failure', '心力衰竭');
const copd = words('COPD', '慢性阻塞性肺疾病');
const fibrillation = words('Paroxysmal atrial fibrillation', '阵发性心房颤动');

const cuff = (everyDays: Routine['everyDays'], times: Routine['times'] = 2): Routine => ({
  panel: 'blood-pressure',
  hours: [7, 20.5],
  times,
  everyDays,
});
const scale: Routine = { panel: 'body-weight', hours: [6.75], times: 1, everyDays: 1 };
const oximeter: Routine = { panel: 'pulse-oximetry', hours: [8.5, 19], times: 1, everyDays: 1 };
const meter = (hours: readonly number[]): Routine => ({ panel: 'glucose', hours, times: 1, everyDays: 1 });

const usualWeight: Spread = [70, 13, 45, 120];
const soundLungs: Spread = [97, 0.7, 95, 98];
const beats: Spread = [71, 8, 54, 90];
const everybody = { cold: 1.2 } as const;

/**
 * Dangerous events come two to ten times as often as they do to people who are looked after, so that a cohort of some months has
 * enough of them to count: severe hypoglycaemia about once a year in type 1, ketoacidosis 0.05 a year, an exacerbation of COPD 0.85 to 2
 * a year (ECLIPSE), readmission for heart failure of one in four within 90 days.
 * Glucose: means and spreads as of people of that kind (ATTD consensus, Diabetes Care 2019;42:1593, and what of it they reach).
 */
export const kinds: readonly Kind[] = [
  {
    name: 'hypertension',
    share: 34,
    programmes: ['hypertension'],
    conditions: [hypertension],
    systolic: [136, 10, 114, 162],
    diastolic: [81, 7, 64, 98],
    pulse: beats,
    saturation: soundLungs,
    weight: usualWeight,
    routines: [cuff('block')],
    thermometer: { owned: 0.5, daily: 0 },
    rates: { ...everybody, 'hypertensive-crisis': 0.9, hypotension: 0.5, tachycardia: 0.09 },
  },
  {
    name: 'hypertension-diabetes',
    share: 15,
    programmes: ['hypertension', 'diabetes'],
    conditions: [hypertension, type2],
    systolic: [134, 9, 114, 158],
    diastolic: [78, 7, 62, 94],
    pulse: beats,
    saturation: soundLungs,
    weight: [78, 14, 50, 130],
    glucose: { usual: 126, perGram: 2.9, returnPerMinute: 0.015, dawn: 14, spread: 15 },
    routines: [cuff(1), meter([7])],
    thermometer: { owned: 0.5, daily: 0 },
    rates: { ...everybody, 'hypertensive-crisis': 0.7, hypotension: 0.5, sepsis: 0.4 },
  },
  {
    name: 'heart-failure',
    share: 16,
    programmes: ['heart-failure'],
    conditions: [heartFailure, hypertension],
    systolic: [119, 9, 102, 142],
    diastolic: [71, 6, 60, 86],
    pulse: [69, 7, 56, 86],
    saturation: [96, 0.8, 94, 98],
    weight: [76, 14, 48, 125],
    routines: [scale, cuff(1, 1), { ...oximeter, hours: [8.5] }],
    thermometer: { owned: 0.75, daily: 0.15 },
    rates: {
      ...everybody,
      feast: 2.5,
      'heart-failure-decompensation': 2.2,
      hypotension: 0.5,
      'atrial-fibrillation': 0.25,
      sepsis: 0.5,
    },
  },
  {
    name: 'copd',
    share: 13,
    programmes: ['copd'],
    conditions: [copd],
    systolic: [129, 9, 110, 152],
    diastolic: [76, 6, 62, 92],
    pulse: [79, 8, 62, 95],
    saturation: [92.8, 1.4, 90, 96],
    weight: [64, 12, 42, 105],
    routines: [oximeter, cuff(3, 1)],
    thermometer: { owned: 0.85, daily: 0.3 },
    rates: { ...everybody, cold: 2, 'copd-exacerbation': 2.9, sepsis: 0.6 },
  },
  {
    name: 'insulin',
    share: 9,
    programmes: ['diabetes'],
    conditions: [type2, hypertension],
    systolic: [133, 9, 114, 156],
    diastolic: [77, 6, 62, 92],
    pulse: beats,
    saturation: soundLungs,
    weight: [76, 14, 48, 130],
    glucose: {
      usual: 146,
      perGram: 3.6,
      returnPerMinute: 0.009,
      dawn: 18,
      spread: 28,
      insulin: { perUnit: 30, gramsPerUnit: 9.5, doseSpread: 0.33 },
    },
    routines: [meter([7, 11.6, 17.6, 21.8]), cuff(2)],
    thermometer: { owned: 0.5, daily: 0 },
    unaware: 0.15,
    rates: { ...everybody, 'severe-hypoglycaemia': 2.2, ketoacidosis: 0.6, 'hypertensive-crisis': 0.3 },
  },
  {
    name: 'sensor',
    share: 6,
    programmes: ['diabetes', 'cgm'],
    conditions: [type1],
    systolic: [124, 9, 106, 146],
    diastolic: [76, 6, 62, 90],
    pulse: beats,
    saturation: soundLungs,
    weight: usualWeight,
    glucose: {
      usual: 154,
      perGram: 4,
      returnPerMinute: 0.005,
      dawn: 20,
      spread: 31,
      insulin: { perUnit: 40, gramsPerUnit: 10, doseSpread: 0.33 },
    },
    routines: [
      { panel: 'continuous-glucose', hours: [], times: 1, everyDays: 1 },
      { panel: 'blood-ketone', hours: [], times: 1, everyDays: 1 },
    ],
    thermometer: { owned: 0.4, daily: 0 },
    unaware: 0.25,
    rates: { ...everybody, 'severe-hypoglycaemia': 4, ketoacidosis: 1.2 },
  },
  {
    name: 'arrhythmia',
    share: 7,
    programmes: ['arrhythmia', 'hypertension'],
    conditions: [fibrillation, hypertension],
    systolic: [130, 9, 112, 154],
    diastolic: [78, 6, 62, 92],
    pulse: [66, 6, 56, 82],
    saturation: soundLungs,
    weight: usualWeight,
    routines: [cuff(1, 3)],
    thermometer: { owned: 0.5, daily: 0 },
    rates: { ...everybody, 'atrial-fibrillation': 3.5, bradycardia: 1.4, tachycardia: 1 },
  },
];

/** In what words of the rule book an alert speaks of it. */
export const problemsOf: Readonly<Record<Danger, readonly string[]>> = {
  'hypertensive-crisis': ['blood-pressure-high'],
  hypotension: ['blood-pressure-low'],
  'severe-hypoglycaemia': ['glucose-low'],
  ketoacidosis: ['ketones', 'glucose-high'],
  'heart-failure-decompensation': ['fluid-retention'],
  'copd-exacerbation': ['oxygen-low', 'early-warning'],
  'atrial-fibrillation': ['pulse-irregular', 'pulse-fast'],
  bradycardia: ['pulse-slow'],
  tachycardia: ['pulse-fast'],
  sepsis: ['fever', 'early-warning'],
};
