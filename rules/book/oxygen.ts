import type { Rule } from '../rule.ts';
import {
  beyondAtLeast,
  changeAtLeast,
  confirmWithin,
  days,
  limit,
  minGap,
  quietDays,
  readingsAtLeast,
  recoveryMargin,
} from './parameters.ts';

/**
 * Oxygen saturation from an oximeter on a finger. Whoever has COPD is judged by limits of their own: their lungs live with less, and with too
 * much oxygen they stop breathing.
 *
 * Sources, by the names the parameters use:
 * - BTS 2017: guideline on oxygen in healthcare, Thorax 2017;72 Suppl 1. The aim is 94 to 98 %; 88 to 92 % where carbon dioxide may be retained,
 *   as in COPD.
 * - NHS at home: diary of oximetry at home. 93 to 94 % calls for advice, 92 % or less for help at once, unless another number was agreed.
 * - NEWS2: Royal College of Physicians 2017. Scale 1: 91 % or less scores 3, 92 to 93 % scores 2; scale 2: 83 % or less 3, 84 to 85 % 2, 86 to 87 % 1.
 * - ISO 80601-2-61: an oximeter may be off by 4 % (root mean square).
 * A cold finger, nail varnish and a hand that moves show too little: warm the hand, sit, measure again, and only then is it a finding.
 */

const percent = '%';
const panels = ['pulse-oximetry'] as const;

const gap = minGap({
  default: 60,
  low: 30,
  high: 600,
  source: 'An oximeter settles within about half a minute; a warmed hand takes longer.',
});
const confirm = confirmWithin({
  default: 600,
  low: 120,
  high: 1800,
  source: 'NHS at home: warm the hand, rest, measure again; counted from when the server heard the first value.',
});
const margin = recoveryMargin(percent, {
  default: 2,
  low: 0,
  high: 6,
  source: 'Half of what an oximeter may be off (ISO 80601-2-61): one percent more is the same value.',
});

const dangerTasks: Rule['tasks'] = [
  {
    kind: 'call',
    role: 'nurse',
    dueAfterMinutes: 15,
    title: {
      en: 'Call the patient: dangerously low oxygen. Can whole sentences be spoken? Lips, alertness, oxygen supply, a second finger?',
      zh: '致电患者：血氧危急偏低。能否说完整句子？查看口唇颜色、神志、供氧情况，并换指复测。',
    },
  },
];
const lowTasks: Rule['tasks'] = [
  {
    kind: 'call',
    role: 'nurse',
    dueAfterMinutes: 2 * 60,
    title: {
      en: 'Call the patient: low oxygen. Ask about breath, cough, sputum, fever, inhalers and oxygen; have it measured on another warm finger.',
      zh: '致电患者：血氧偏低。询问气促、咳嗽、咳痰、发热、吸入药物及吸氧情况；嘱换一暖手指复测。',
    },
  },
];
const dangerAdvice: Rule['advice'] = {
  en: 'Call the patient or the family. Cannot finish a sentence, blue lips, drowsy or confused: emergency service at once. Else: sit upright, prescribed oxygen and inhaler, measure again on a warm finger within minutes.',
  zh: '请致电患者或家属。如说话不能成句、口唇发绀、嗜睡或意识模糊：立即呼叫急救。否则：嘱端坐，按医嘱吸氧及使用吸入药物，数分钟内以暖手指复测。',
};
const lowAdvice: Rule['advice'] = {
  en: 'Within two hours: call and listen to the breathing. New breathlessness, fever or more sputum: to a doctor today. Check inhalers and the oxygen supply.',
  zh: '两小时内：致电并听其呼吸。如有新发气促、发热或痰量增多：当日就诊。核对吸入药物及供氧设备。',
};

const veryLow: Rule = {
  rule: 'oxygen-very-low',
  problem: 'oxygen-low',
  programmes: [],
  notFor: ['copd'],
  version: 1,
  title: { en: 'Dangerously low oxygen saturation', zh: '血氧饱和度危急偏低' },
  severity: 'critical',
  panels,
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: true,
  tasks: dangerTasks,
  advice: dangerAdvice,
  parameters: [
    limit(
      'saturation-below',
      'oxygen-saturation',
      'below',
      { en: 'Dangerously low saturation below', zh: '血氧危急偏低限值' },
      { default: 90, low: 80, high: 94, source: 'Below 90 % is respiratory failure; NEWS2 scores 3 from 91 % down.' },
    ),
    gap,
    confirm,
    margin,
  ],
};

const low: Rule = {
  rule: 'oxygen-low',
  problem: 'oxygen-low',
  programmes: [],
  notFor: ['copd'],
  version: 1,
  title: { en: 'Low oxygen saturation', zh: '血氧饱和度偏低' },
  severity: 'urgent',
  panels,
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: false,
  tasks: lowTasks,
  advice: lowAdvice,
  parameters: [
    limit(
      'saturation-below',
      'oxygen-saturation',
      'below',
      { en: 'Low saturation below', zh: '血氧偏低限值' },
      { default: 93, low: 86, high: 96, source: 'NHS at home: 92 % or less; NEWS2: 92 to 93 % scores 2.' },
    ),
    gap,
    confirm,
    margin,
  ],
};

const veryLowInCopd: Rule = {
  rule: 'oxygen-very-low-copd',
  problem: 'oxygen-low',
  programmes: ['copd'],
  version: 1,
  title: { en: 'Dangerously low oxygen saturation in COPD', zh: '慢阻肺患者血氧饱和度危急偏低' },
  severity: 'critical',
  panels,
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: true,
  tasks: dangerTasks,
  advice: dangerAdvice,
  parameters: [
    limit(
      'saturation-below',
      'oxygen-saturation',
      'below',
      { en: 'Dangerously low saturation below', zh: '血氧危急偏低限值' },
      { default: 84, low: 75, high: 90, source: 'NEWS2, scale 2: 83 % or less scores 3.' },
    ),
    gap,
    confirm,
    margin,
  ],
};

const lowInCopd: Rule = {
  rule: 'oxygen-low-copd',
  problem: 'oxygen-low',
  programmes: ['copd'],
  version: 1,
  title: { en: 'Oxygen saturation below the target in COPD', zh: '慢阻肺患者血氧饱和度低于目标' },
  severity: 'urgent',
  panels,
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: false,
  tasks: lowTasks,
  advice: lowAdvice,
  parameters: [
    limit(
      'saturation-below',
      'oxygen-saturation',
      'below',
      { en: 'Low saturation below', zh: '血氧偏低限值' },
      { default: 88, low: 80, high: 94, source: 'BTS 2017: the target in COPD is 88 to 92 %.' },
    ),
    gap,
    confirm,
    margin,
  ],
};

const drop: Rule = {
  rule: 'oxygen-drop',
  problem: 'oxygen-low',
  programmes: ['copd', 'heart-failure'],
  version: 1,
  title: { en: 'Oxygen saturation below the usual', zh: '血氧饱和度低于平时水平' },
  severity: 'urgent',
  panels,
  judging: { kind: 'change', vital: 'oxygen-saturation', direction: 'down' },
  pages: false,
  tasks: lowTasks,
  advice: lowAdvice,
  parameters: [
    changeAtLeast(
      'oxygen-saturation',
      { en: 'Below the usual by', zh: '低于平时至少' },
      {
        default: 3,
        low: 2,
        high: 10,
        source:
          'As far below the usual as calls for advice in healthy lungs (NHS at home: 94 %, where 97 is usual); two must say so.',
      },
    ),
    days({ default: 14, low: 7, high: 14, source: 'Two weeks: longer than an exacerbation takes to build up.' }),
    readingsAtLeast({
      default: 7,
      low: 4,
      high: 12,
      source: 'Half of the days: a median of fewer follows its odd ones.',
    }),
    beyondAtLeast({ default: 2, low: 1, high: 3, source: 'One value may be a cold finger.' }),
    gap,
    margin,
    quietDays({ default: 2, low: 0, high: 14, source: 'Treatment of an exacerbation shows after about two days.' }),
  ],
};

export const oxygen: readonly Rule[] = [veryLow, veryLowInCopd, low, lowInCopd, drop];
