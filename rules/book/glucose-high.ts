import type { Rule } from '../rule.ts';
import { meterGap, mgPerDl } from './glucose-low.ts';
import { confirmWithin, limit, ofLast, quietDays, readingsAtLeast, recoveryMargin, withinHours } from './parameters.ts';

/**
 * Too much glucose in a drop of blood: danger at once, a bad day, bad days.
 *
 * Sources, by the names the parameters use:
 * - ADA: Standards of Care in Diabetes, hyperglycaemic crises.
 * - ADA long-term care 2016: position statement, Diabetes Care 2016;39:308, table 6. The practitioner is called for readings above 250 two or more
 *   times within 24 h in somebody unwell, above 300 on two consecutive days, for any reading too high for the meter.
 * - ATTD 2019: consensus on time in range, Diabetes Care 2019;42:1593. Above 250 mg/dL (13.9 mmol/L) is level 2 hyperglycaemia.
 * - ISO 15197: a meter may be off by 15 mg/dL below 100 mg/dL, by 15 % above.
 */

const dangerouslyHigh: Rule = {
  rule: 'glucose-dangerously-high',
  problem: 'glucose-high',
  programmes: [],
  version: 1,
  title: { en: 'Dangerously high blood glucose', zh: '血糖危急升高' },
  severity: 'critical',
  panels: ['glucose'],
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: true,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 30,
      title: {
        en: 'Call the patient: very high glucose. Ask about vomiting, thirst, breathing, infection and missed insulin; have ketones measured.',
        zh: '致电患者：血糖极高。询问有无呕吐、口渴、呼吸异常、感染及漏用胰岛素；嘱测血酮。',
      },
    },
  ],
  advice: {
    en: 'Call the patient. Vomiting, deep fast breathing, drowsiness or confusion: emergency service at once. Else: drink water, measure ketones, correct insulin by plan, measure again within two hours.',
    zh: '请致电患者。如有呕吐、深快呼吸、嗜睡或意识模糊：立即呼叫急救。否则：嘱饮水、测血酮，按方案补充胰岛素，两小时内复测。',
  },
  parameters: [
    limit(
      'glucose-at-least',
      'glucose',
      'above',
      { en: 'Dangerously high glucose from', zh: '血糖危急升高起点' },
      {
        default: 400,
        low: 250,
        high: 600,
        source:
          'Between 300 mg/dL, from where ADA asks for prompt contact, and 600 mg/dL, where meters end and a hyperosmolar crisis begins.',
      },
    ),
    meterGap,
    confirmWithin({
      default: 1800,
      low: 300,
      high: 7200,
      source: 'Wash the hands and measure again; half an hour loses nothing, for ketoacidosis takes hours.',
    }),
    recoveryMargin(mgPerDl, { default: 60, low: 0, high: 200, source: 'ISO 15197: a meter may be off by 15 %.' }),
  ],
};

const oftenHigh: Rule = {
  rule: 'glucose-high-for-a-day',
  problem: 'glucose-high',
  programmes: [],
  version: 1,
  title: { en: 'High blood glucose for a day', zh: '血糖持续偏高一日' },
  severity: 'urgent',
  panels: ['glucose'],
  judging: { kind: 'repeated' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 4 * 60,
      title: {
        en: 'Call the patient today: glucose stays high. Ask about infection, steroids, missed doses and ketones.',
        zh: '今日致电患者：血糖持续偏高。询问有无感染、激素使用、漏用药物，并了解血酮情况。',
      },
    },
  ],
  advice: {
    en: 'Today: ask how the patient is, have ketones measured in whoever uses insulin, look for infection, steroids and missed doses, adjust the treatment.',
    zh: '今日内：了解患者状况，使用胰岛素者嘱测血酮，排查感染、激素使用及漏用药物，并调整治疗。',
  },
  parameters: [
    limit(
      'glucose-at-least',
      'glucose',
      'above',
      { en: 'High glucose from', zh: '高血糖限值' },
      {
        default: 300,
        low: 200,
        high: 400,
        source:
          'ADA long-term care 2016: above 300 on two consecutive days, above 250 twice within 24 h in somebody unwell.',
      },
    ),
    readingsAtLeast({
      default: 2,
      low: 2,
      high: 8,
      source: 'ADA long-term care 2016: two or more within the day.',
    }),
    ofLast({ default: 3, low: 2, high: 12, source: 'One better value between them does not undo a bad day.' }),
    withinHours({
      default: 30,
      low: 12,
      high: 72,
      source: 'ADA long-term care 2016: 24 h, and six for an uneven day.',
    }),
    {
      ...meterGap,
      default: 7200,
      low: 1800,
      high: 21_600,
      source: 'The peak after one meal is over in about two hours.',
    },
  ],
};

const highForDays: Rule = {
  rule: 'glucose-high-for-days',
  problem: 'glucose-high',
  programmes: ['diabetes'],
  version: 1,
  title: { en: 'High blood glucose for days', zh: '血糖连日偏高' },
  severity: 'routine',
  panels: ['glucose'],
  judging: { kind: 'repeated' },
  pages: false,
  tasks: [
    {
      kind: 'review-plan',
      role: 'doctor',
      dueAfterMinutes: 3 * 24 * 60,
      title: {
        en: 'Review the treatment: glucose has been high for days. Missed doses, food, infection, steroids; insulin or another medicine?',
        zh: '复核治疗方案：血糖连日偏高。了解漏用药物、饮食、感染及激素使用情况，考虑加用胰岛素或调整药物。',
      },
    },
  ],
  advice: {
    en: 'Within three days: ask about thirst, passing much water, loss of weight, missed doses, infection and steroids; adjust the treatment. Whoever feels ill or vomits is seen today.',
    zh: '三日内：询问口渴、多尿、体重下降、漏用药物、感染及激素使用情况，并调整治疗。如有不适或呕吐，当日就诊。',
  },
  parameters: [
    limit(
      'glucose-at-least',
      'glucose',
      'above',
      { en: 'High glucose from', zh: '高血糖限值' },
      {
        default: 250,
        low: 180,
        high: 350,
        source:
          'ADA long-term care 2016 and ATTD 2019: above 250 mg/dL is level 2 hyperglycaemia, and calls for a change.',
      },
    ),
    readingsAtLeast({
      default: 4,
      low: 2,
      high: 12,
      source: 'Two of them fit into a day, and a bad day alone has a rule of its own: four are two days.',
    }),
    ofLast({ default: 6, low: 2, high: 14, source: 'Two better values among them do not undo bad days.' }),
    withinHours({
      default: 168,
      low: 48,
      high: 336,
      source: 'A week: who measures once a day has six by then.',
    }),
    {
      ...meterGap,
      default: 21_600,
      low: 7200,
      high: 43_200,
      source: 'Another part of the day: two meals apart, and fasting apart from both.',
    },
    recoveryMargin(mgPerDl, { default: 38, low: 0, high: 100, source: 'ISO 15197: a meter may be off by 15 %.' }),
    quietDays({ default: 7, low: 0, high: 28, source: 'A changed dose shows within about a week.' }),
  ],
};

export const glucoseHigh: readonly Rule[] = [dangerouslyHigh, oftenHigh, highForDays];
