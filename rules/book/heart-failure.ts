import type { Rule } from '../rule.ts';
import {
  beyondAtLeast,
  changeAtLeast,
  days,
  minGap,
  quietDays,
  readingsAtLeast,
  recoveryMargin,
} from './parameters.ts';

/**
 * Weight at home in heart failure: water comes and goes faster than fat. Against the patient's own median of the days before, for a dry
 * weight in a record grows old.
 *
 * Sources, by the names the parameters use:
 * - ESC 2021: guideline on heart failure, and the Heart Failure Association on self-care, doi 10.1002/ejhf.2008. A sudden gain of more than
 *   2 kg in 3 days is told to the team.
 * - ENGAGE-HF: study protocol; the latest weight is 3 lb (1.4 kg) above the median of seven days before.
 * - AHA: 2 to 3 lb in a day or 5 lb (2.3 kg) in a week.
 * - Weight alone foretells little (Howie-Esquivel: 5 lb in 7 days did not predict admission, breathlessness did): so it asks for a call
 *   by day, in which somebody asks for breath and legs, and pages nobody.
 * Clothes, another scale and a full stomach weigh two kilograms too: the home is asked to weigh again, and two must say the same.
 */

const panels = ['body-weight', 'body-composition'] as const;
const kg = 'kg';

const again = beyondAtLeast({
  default: 2,
  low: 1,
  high: 3,
  source: 'A first jump is clothes or another scale until a second measurement says the same.',
});
const apart = minGap({
  default: 60,
  low: 30,
  high: 3600,
  source: 'Long enough to take the coat off and stand up again.',
});
const margin = recoveryMargin(kg, {
  default: 0.5,
  low: 0,
  high: 2,
  source: 'Weight of the same person from morning to morning differs by about half a kilogram.',
});

const gainFast: Rule = {
  rule: 'weight-gain-fast',
  problem: 'fluid-retention',
  programmes: ['heart-failure'],
  version: 1,
  title: { en: 'Fast weight gain', zh: '体重快速增加' },
  severity: 'urgent',
  panels,
  judging: { kind: 'change', vital: 'body-weight', direction: 'up' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 4 * 60,
      title: {
        en: 'Call the patient today: fast weight gain. Ask about breath, pillows at night, legs, urine, salt, pain medicines and missed doses.',
        zh: '今日致电患者：体重快速增加。询问呼吸、夜间垫枕、下肢水肿、尿量、盐摄入、止痛药及漏服情况。',
      },
    },
  ],
  advice: {
    en: 'Today: ask about breath and legs, raise the diuretic by plan, weigh again tomorrow. Breathless at rest or lying flat: to a doctor now.',
    zh: '今日内：询问呼吸与水肿，按方案增加利尿剂，次日复称。静息或平卧时气促：立即就医。',
  },
  parameters: [
    changeAtLeast(
      'body-weight',
      { en: 'Gain at least', zh: '体重增加至少' },
      { default: 2, low: 1, high: 4, source: 'ESC 2021: more than 2 kg in 3 days' },
    ),
    days({ default: 3, low: 1, high: 5, source: 'ESC 2021: in 3 days' }),
    readingsAtLeast({ default: 2, low: 1, high: 5, source: 'Two of three mornings: one alone may be the odd one.' }),
    again,
    apart,
    margin,
  ],
};

const gain: Rule = {
  rule: 'weight-gain',
  problem: 'fluid-retention',
  programmes: ['heart-failure'],
  version: 1,
  title: { en: 'Weight gain over days', zh: '数日内体重增加' },
  severity: 'routine',
  panels,
  judging: { kind: 'change', vital: 'body-weight', direction: 'up' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 24 * 60,
      title: {
        en: 'Call the patient within a day: weight above the usual. Ask about breath, legs, salt and missed doses.',
        zh: '一日内致电患者：体重高于平时。询问呼吸、水肿、盐摄入及漏服情况。',
      },
    },
  ],
  advice: {
    en: 'Within a day: ask about breath and legs; consider the diuretic.',
    zh: '一日内：询问呼吸与水肿，考虑调整利尿剂。',
  },
  parameters: [
    changeAtLeast(
      'body-weight',
      { en: 'Above the usual by', zh: '高于平时至少' },
      { default: 1.4, low: 0.8, high: 4, source: 'ENGAGE-HF: 3 lb (1.4 kg) above the median of seven days' },
    ),
    days({
      default: 28,
      low: 5,
      high: 28,
      source:
        'ENGAGE-HF takes seven; water that comes over more than a week drags a median of seven days along, and who comes back after two weeks has no other.',
    }),
    readingsAtLeast({ default: 4, low: 3, high: 10, source: 'Two mornings a week at least.' }),
    again,
    apart,
    margin,
    quietDays({
      default: 3,
      low: 0,
      high: 14,
      source: 'After a call the diuretic needs some days; a faster gain is told all the same by the other rule.',
    }),
  ],
};

const loss: Rule = {
  rule: 'weight-loss',
  problem: 'fluid-loss',
  programmes: ['heart-failure'],
  version: 1,
  title: { en: 'Weight loss over the week', zh: '一周内体重下降' },
  severity: 'routine',
  panels,
  judging: { kind: 'change', vital: 'body-weight', direction: 'down' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 24 * 60,
      title: {
        en: 'Call the patient within a day: weight below the usual. Ask about dizziness, thirst, diarrhoea, vomiting and appetite.',
        zh: '一日内致电患者：体重低于平时。询问头晕、口渴、腹泻、呕吐及食欲情况。',
      },
    },
  ],
  advice: {
    en: 'Within a day: dizzy, dry or ill: lower the diuretic, look at kidney function and electrolytes. Lost on purpose under treatment: no action.',
    zh: '一日内：如有头晕、脱水或不适：减少利尿剂，复查肾功能及电解质。若为治疗预期的减重：无需处理。',
  },
  parameters: [
    changeAtLeast(
      'body-weight',
      { en: 'Below the median of the week by', zh: '低于一周中位数至少' },
      { default: 2, low: 1, high: 5, source: 'The counterpart of ESC 2021: two kilograms are water, either way.' },
    ),
    days({ default: 7, low: 4, high: 14, source: 'ENGAGE-HF: the median of seven days' }),
    readingsAtLeast({ default: 4, low: 3, high: 10, source: 'More than half of seven mornings.' }),
    again,
    apart,
    margin,
    quietDays({ default: 7, low: 0, high: 28, source: 'After a call the diuretic needs some days.' }),
  ],
};

export const heartFailure: readonly Rule[] = [gainFast, gain, loss];
