import type { Rule } from '../rule.ts';
import { confirmWithin, limit, minGap, ofLast, readingsAtLeast, recoveryMargin, withinHours } from './parameters.ts';

/**
 * Glucose measured in a drop of blood: too little of it. Too much stands in glucose-high.ts.
 *
 * Sources, by the names the parameters use:
 * - ADA: Standards of Care in Diabetes, glycaemic goals and hypoglycaemia. Level 1 is below 70 mg/dL (3.9 mmol/L), level 2 below 54 mg/dL
 *   (3.0 mmol/L): treat at once with 15 to 20 g of glucose, measure again after 15 minutes.
 * - ADA long-term care 2016: position statement, Diabetes Care 2016;39:308, table 6. The practitioner is called for consecutive readings below
 *   70.
 * - ATTD 2019: consensus on time in range, Diabetes Care 2019;42:1593.
 * - ISO 15197: a meter may be off by 15 mg/dL below 100 mg/dL, by 15 % above.
 * Sugar on a finger, a cold hand and an old strip make single values worthless: one alone calls nobody unless nobody measures again.
 */

export const mgPerDl = 'mg/dL';

export const meterGap = minGap({
  default: 60,
  low: 30,
  high: 600,
  source: 'A new strip, a washed hand and another drop of blood take about a minute.',
});

const severeLow: Rule = {
  rule: 'glucose-severe-low',
  problem: 'glucose-low',
  programmes: [],
  version: 1,
  title: { en: 'Clinically significant low blood glucose', zh: '临床显著低血糖' },
  severity: 'critical',
  panels: ['glucose'],
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: true,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 15,
      title: {
        en: 'Call the patient: low glucose. Is the patient awake, has sugar been taken, what has been measured since?',
        zh: '致电患者：低血糖。确认患者是否清醒、是否已进食糖分，以及复测结果。',
      },
    },
    {
      kind: 'review-plan',
      role: 'doctor',
      dueAfterMinutes: 24 * 60,
      title: {
        en: 'Find the cause of the low glucose and review insulin and sulfonylureas.',
        zh: '查找低血糖原因，复核胰岛素及磺脲类药物方案。',
      },
    },
  ],
  advice: {
    en: 'Call the patient, then the family. Awake: fast sugar now, measure again after a quarter of an hour. Drowsy, confused or no answer: emergency service at once, nothing by mouth; glucagon if somebody there can give it.',
    zh: '请先致电患者，再致电家属。意识清醒：立即进食速效糖，一刻钟后复测。嗜睡、意识模糊或无人应答：立即呼叫急救，勿经口喂食；现场有人会用胰高血糖素时可使用。',
  },
  parameters: [
    limit(
      'glucose-below',
      'glucose',
      'below',
      { en: 'Significantly low glucose below', zh: '显著低血糖限值' },
      { default: 54, low: 45, high: 80, source: 'ADA: level 2 hypoglycaemia, below 54 mg/dL (3.0 mmol/L)' },
    ),
    meterGap,
    confirmWithin({
      default: 900,
      low: 300,
      high: 1800,
      source:
        'ADA: measure again 15 minutes after treating a low glucose; counted from when the server heard the first value.',
    }),
    recoveryMargin(mgPerDl, {
      default: 16,
      low: 0,
      high: 50,
      source: 'ADA: treatment goes on until glucose is 70 mg/dL or more, which is 16 above the limit.',
    }),
  ],
};

const oftenLow: Rule = {
  rule: 'glucose-low-often',
  problem: 'glucose-low-often',
  programmes: [],
  version: 1,
  title: { en: 'Low blood glucose again and again', zh: '反复低血糖' },
  severity: 'routine',
  panels: ['glucose'],
  judging: { kind: 'repeated' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 24 * 60,
      title: {
        en: 'Call the patient about repeated low glucose: when, after which meals, doses and exercise, with which warning signs?',
        zh: '就反复低血糖致电患者：了解发生时间、饮食、用药剂量、运动情况及有无预警症状。',
      },
    },
  ],
  advice: {
    en: 'Within a day: look for missed meals, exercise, alcohol, kidney function and doses of insulin or sulfonylureas; consider less strict targets.',
    zh: '一日内：排查漏餐、运动、饮酒、肾功能及胰岛素或磺脲类药物剂量，考虑放宽控制目标。',
  },
  parameters: [
    limit(
      'glucose-below',
      'glucose',
      'below',
      { en: 'Low glucose below', zh: '低血糖限值' },
      { default: 70, low: 54, high: 90, source: 'ADA: level 1 hypoglycaemia, below 70 mg/dL (3.9 mmol/L)' },
    ),
    readingsAtLeast({
      default: 3,
      low: 2,
      high: 10,
      source:
        'ADA long-term care 2016 acts on consecutive readings below 70; ATTD 2019 tolerates 4 % of the time, about one low in a day.',
    }),
    ofLast({ default: 42, low: 2, high: 84, source: 'Six a day for a week: as many as fit into the span.' }),
    withinHours({ default: 168, low: 24, high: 336, source: 'A week: the span over which doses are adjusted.' }),
    {
      ...meterGap,
      default: 3600,
      low: 900,
      high: 14_400,
      source: 'Checks of one and the same low, a quarter of an hour apart (ADA), are one low.',
    },
  ],
};

export const glucoseLow: readonly Rule[] = [severeLow, oftenLow];
