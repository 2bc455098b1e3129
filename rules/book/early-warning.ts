import type { RuleParameter } from '#domain/rule-book.ts';
import type { Rule, ScoreItem } from '../rule.ts';
import { recoveryMargin, withinMinutes } from './parameters.ts';

/**
 * NEWS2, the National Early Warning Score of the Royal College of Physicians (2017): seven items of 0 to 3 points. It was made for hospitals and
 * counts only when it is complete: respiratory rate, saturation, oxygen, systolic pressure, pulse, consciousness and temperature, all of
 * the same hour. A visiting nurse who takes them all gets it; a cuff alone never does, and then it says nothing. What one item alone says has rules of
 * its own: breathing.ts, consciousness.ts, oxygen.ts, pulse.ts, hypertension.ts, fever.ts.
 *
 * Scale 2 of the saturation, for carbon dioxide that is retained, is set by a doctor who knows it (`oxygen-scale`), as the College demands; COPD
 * alone does not choose it. Breathing air is an oxygen flow of 0, and must be said too. Consciousness is the Glasgow coma score: alert and not
 * confused is 15, whatever is less scores 3 (C, V, P, U).
 */

const bands = (...pairs: [upTo: number, points: number][]) => pairs.map(([upTo, points]) => ({ upTo, points }));
const rest = Number.MAX_SAFE_INTEGER;

const news2: readonly ScoreItem[] = [
  {
    name: { en: 'respiratory rate', zh: '呼吸频率' },
    vitals: ['respiratory-rate'],
    bands: bands([8, 3], [11, 1], [20, 0], [24, 2], [rest, 3]),
  },
  {
    name: { en: 'saturation', zh: '血氧饱和度' },
    vitals: ['oxygen-saturation'],
    bands: bands([91, 3], [93, 2], [95, 1], [rest, 0]),
    when: [{ parameter: 'oxygen-scale', is: 1 }],
  },
  {
    name: { en: 'saturation (scale 2)', zh: '血氧饱和度（量表 2）' },
    vitals: ['oxygen-saturation'],
    bands: bands([83, 3], [85, 2], [87, 1], [rest, 0]),
    when: [
      { parameter: 'oxygen-scale', is: 2 },
      { vital: 'inhaled-oxygen-flow', upTo: 0 },
    ],
  },
  {
    name: { en: 'saturation (scale 2, on oxygen)', zh: '血氧饱和度（量表 2，吸氧）' },
    vitals: ['oxygen-saturation'],
    bands: bands([83, 3], [85, 2], [87, 1], [92, 0], [94, 1], [96, 2], [rest, 3]),
    when: [
      { parameter: 'oxygen-scale', is: 2 },
      { vital: 'inhaled-oxygen-flow', from: 0.1 },
    ],
  },
  {
    name: { en: 'oxygen', zh: '吸氧' },
    vitals: ['inhaled-oxygen-flow'],
    bands: bands([0, 0], [rest, 2]),
  },
  {
    name: { en: 'systolic pressure', zh: '收缩压' },
    vitals: ['systolic'],
    bands: bands([90, 3], [100, 2], [110, 1], [219, 0], [rest, 3]),
  },
  {
    name: { en: 'pulse', zh: '脉率' },
    vitals: ['pulse-rate'],
    bands: bands([40, 3], [50, 1], [90, 0], [110, 1], [130, 2], [rest, 3]),
  },
  {
    name: { en: 'consciousness', zh: '意识' },
    vitals: ['glasgow-coma-score'],
    bands: bands([14, 3], [rest, 0]),
  },
  {
    name: { en: 'temperature', zh: '体温' },
    vitals: ['body-temperature'],
    bands: bands([35, 3], [36, 1], [38, 0], [39, 1], [rest, 2]),
  },
];

const panels = [
  'respiration',
  'pulse-oximetry',
  'oxygen-supply',
  'blood-pressure',
  'consciousness',
  'body-temperature',
] as const;

const oxygenScale: RuleParameter = {
  name: 'oxygen-scale',
  label: { en: 'Scale of the saturation (1 or 2)', zh: '血氧评分量表（1 或 2）' },
  unit: '1',
  default: 1,
  low: 1,
  high: 2,
  source: 'NEWS2: scale 2 only where a clinician has set a target of 88 to 92 % for retained carbon dioxide.',
};
const together = withinMinutes({
  default: 60,
  low: 15,
  high: 180,
  source: 'NEWS2 is one set of observations; at home taking them all needs the better part of an hour.',
});
const scoreAtLeast = (bounds: Pick<RuleParameter, 'default' | 'low' | 'high' | 'source'>): RuleParameter => ({
  name: 'score-at-least',
  label: { en: 'Score from', zh: '总分达到' },
  unit: 'points',
  ...bounds,
});
const margin = recoveryMargin('points', {
  default: 1,
  low: 0,
  high: 3,
  source: 'One point less may be one beat of the pulse.',
});

const emergency: Rule = {
  rule: 'early-warning-emergency',
  problem: 'early-warning',
  programmes: [],
  version: 1,
  title: { en: 'Early warning score: emergency', zh: '早期预警评分：急症' },
  severity: 'critical',
  panels,
  judging: { kind: 'score', items: news2 },
  pages: true,
  tasks: [
    {
      kind: 'call',
      role: 'doctor',
      dueAfterMinutes: 15,
      title: {
        en: 'Emergency assessment: several vital signs are far from normal. Sepsis? Arrange transfer.',
        zh: '紧急评估：多项生命体征明显异常，是否脓毒症？安排转送。',
      },
    },
  ],
  advice: {
    en: 'Emergency service, then call whoever is with the patient. Ask for infection, breath and alertness; think of sepsis.',
    zh: '呼叫急救，随后联系患者身边人员。询问感染、呼吸及神志情况，警惕脓毒症。',
  },
  parameters: [
    scoreAtLeast({ default: 7, low: 5, high: 12, source: 'NEWS2: from 7 in all, emergency assessment.' }),
    together,
    oxygenScale,
    margin,
  ],
};

const raised: Rule = {
  rule: 'early-warning-raised',
  problem: 'early-warning',
  programmes: [],
  version: 1,
  title: { en: 'Early warning score raised', zh: '早期预警评分升高' },
  severity: 'urgent',
  panels,
  judging: { kind: 'score', items: news2 },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'doctor',
      dueAfterMinutes: 60,
      title: {
        en: 'Assess the patient within the hour: early warning score raised. Infection?',
        zh: '一小时内评估患者：早期预警评分升高，是否感染？',
      },
    },
  ],
  advice: {
    en: 'Within the hour: call the patient or the visiting nurse, look for infection and its source, decide who sees the patient today, measure again.',
    zh: '一小时内：致电患者或上门护士，查找感染及其来源，确定当日由谁诊视，并复测。',
  },
  parameters: [
    scoreAtLeast({ default: 5, low: 3, high: 9, source: 'NEWS2: 5 or 6 in all, urgent response.' }),
    {
      name: 'single-at-least',
      label: { en: 'Or one item alone from', zh: '或单项得分达到' },
      unit: 'points',
      default: 3,
      low: 2,
      high: 4,
      source: 'NEWS2: 3 in any single item, urgent review; 4 never happens and leaves the total alone.',
    },
    together,
    oxygenScale,
    margin,
  ],
};

export const earlyWarning: readonly Rule[] = [emergency, raised];
