import type { RuleParameter } from '#domain/rule-book.ts';
import type { Words } from '#domain/words.ts';
import type { Rule } from '../rule.ts';
import { type Bounds, coverage, days, quietDays, recoveryMargin } from './parameters.ts';

/**
 * How two weeks of sensor glucose went, for the next review: time in range, time below range, variability. Sources: see cgm.ts (ATTD 2019).
 * The targets of the consensus are aims for a treatment, and most people miss one; what a care team is told of is further off.
 */

const fortnight = days({ default: 14, low: 7, high: 14, source: 'ATTD 2019: 14 days say as much as three months.' });
const active = coverage({ default: 70, low: 50, high: 95, source: 'ATTD 2019: at least 70 % of 14 days.' });
const quiet = quietDays({
  default: 28,
  low: 7,
  high: 180,
  source: 'A change of treatment shows after two weeks, and its review comes within four.',
});

const range = (name: 'range-low' | 'range-high', label: Words, bounds: Bounds): RuleParameter => ({
  name,
  label,
  unit: 'mg/dL',
  ...bounds,
});
const rangeLow = range(
  'range-low',
  { en: 'Range from', zh: '目标范围下限' },
  { default: 70, low: 54, high: 90, source: 'ATTD 2019: 70 mg/dL (3.9 mmol/L); in pregnancy 63.' },
);
const rangeHigh = range(
  'range-high',
  { en: 'Range up to', zh: '目标范围上限' },
  { default: 180, low: 140, high: 250, source: 'ATTD 2019: 180 mg/dL (10.0 mmol/L); in pregnancy 140.' },
);
const share = (label: Words, bounds: Bounds): RuleParameter => ({ name: 'share-percent', label, unit: '%', ...bounds });

const inRange: Rule = {
  rule: 'sensor-glucose-time-in-range',
  problem: 'glucose-control',
  programmes: ['cgm'],
  version: 1,
  title: { en: 'Little time in range', zh: '葡萄糖目标范围内时间不足' },
  severity: 'routine',
  panels: ['continuous-glucose'],
  judging: { kind: 'share', vital: 'sensor-glucose', of: 'in' },
  pages: false,
  tasks: [
    {
      kind: 'review-plan',
      role: 'doctor',
      dueAfterMinutes: 7 * 24 * 60,
      title: {
        en: 'Review the plan: glucose is in range for little of the time.',
        zh: '复核诊疗方案：葡萄糖处于目标范围内的时间不足。',
      },
    },
  ],
  advice: {
    en: 'At the next review: look at the daily profile, first for lows, then for highs; meals, doses and their times, adherence.',
    zh: '下次复诊时：查看日间葡萄糖曲线，先看低值、再看高值；核对饮食、剂量、给药时间及依从性。',
  },
  parameters: [
    rangeLow,
    rangeHigh,
    share(
      { en: 'Time in range below', zh: '目标范围内时间低于' },
      {
        default: 50,
        low: 20,
        high: 85,
        source: 'ATTD 2019: above 70 % is the aim; above 50 % even for the old and frail.',
      },
    ),
    fortnight,
    active,
    recoveryMargin('%', {
      default: 5,
      low: 0,
      high: 20,
      source: 'ATTD 2019: 5 % more time in range is a clinical benefit.',
    }),
    quiet,
  ],
};

const belowRange: Rule = {
  rule: 'sensor-glucose-time-below-range',
  problem: 'glucose-low-often',
  programmes: ['cgm'],
  version: 1,
  title: { en: 'Much time below range', zh: '葡萄糖低于目标范围时间过多' },
  severity: 'routine',
  panels: ['continuous-glucose'],
  judging: { kind: 'share', vital: 'sensor-glucose', of: 'below' },
  pages: false,
  tasks: [
    {
      kind: 'review-plan',
      role: 'doctor',
      dueAfterMinutes: 3 * 24 * 60,
      title: {
        en: 'Review the plan within days: glucose is below range for much of the time.',
        zh: '数日内复核诊疗方案：葡萄糖低于目标范围的时间过多。',
      },
    },
  ],
  advice: {
    en: 'Within days: find the hours of the lows, lower the insulin or sulfonylurea that acts then, ask whether the patient feels them.',
    zh: '数日内：找出低血糖发生的时段，减少该时段起效的胰岛素或磺脲类药物，并询问患者能否感知。',
  },
  parameters: [
    rangeLow,
    share(
      { en: 'Time below range from', zh: '低于目标范围时间达到' },
      { default: 4, low: 1, high: 15, source: 'ATTD 2019: less than 4 %; for the old and frail less than 1 %.' },
    ),
    fortnight,
    active,
    recoveryMargin('%', {
      default: 1,
      low: 0,
      high: 5,
      source: 'A quarter of the limit, so that it does not come and go.',
    }),
    quiet,
  ],
};

const variability: Rule = {
  rule: 'sensor-glucose-variability',
  problem: 'glucose-control',
  programmes: ['cgm'],
  version: 1,
  title: { en: 'Unstable glucose', zh: '葡萄糖波动过大' },
  severity: 'routine',
  panels: ['continuous-glucose'],
  judging: { kind: 'variability', vital: 'sensor-glucose', measure: 'cv' },
  pages: false,
  tasks: [
    {
      kind: 'review-plan',
      role: 'doctor',
      dueAfterMinutes: 7 * 24 * 60,
      title: { en: 'Review the plan: glucose is unstable.', zh: '复核诊疗方案：葡萄糖波动过大。' },
    },
  ],
  advice: {
    en: 'At the next review: look at meals, the timing of insulin, snacks against lows and injection sites.',
    zh: '下次复诊时：核对饮食、胰岛素注射时机、防低血糖加餐及注射部位。',
  },
  parameters: [
    {
      name: 'variability-at-least',
      label: { en: 'Coefficient of variation from', zh: '变异系数达到' },
      unit: '%',
      default: 40,
      low: 30,
      high: 60,
      source: 'ATTD 2019: stable up to 36 %; a tenth more, since a sensor adds noise of its own.',
    },
    fortnight,
    active,
    recoveryMargin('%', { default: 4, low: 0, high: 15, source: 'ATTD 2019: stable again at 36 %.' }),
    quiet,
  ],
};

export const cgmFortnight: readonly Rule[] = [inRange, belowRange, variability];
