import type { Rule } from '../rule.ts';
import {
  confirmWithin,
  limit,
  minGap,
  ofLast,
  quietDays,
  readingsAtLeast,
  recoveryMargin,
  withinHours,
} from './parameters.ts';

/**
 * How fast the pulse is at rest, as a cuff and an oximeter count it.
 *
 * Sources, by the names the parameters use:
 * - ACLS: American Heart Association, algorithms for bradycardia (below 50) and tachycardia (symptoms are unlikely to come from a rate below 150).
 * - NEWS2: Royal College of Physicians 2017. Pulse up to 40 or from 131 scores 3, 111 to 130 scores 2.
 * A pulse counted after the stairs is no pulse at rest: sit for five minutes and measure again.
 */

const perMinute = '/min';
const panels = ['blood-pressure', 'pulse-oximetry'] as const;

const gap = minGap({ default: 60, low: 30, high: 600, source: 'ESH 2021: two measurements are 1 to 2 minutes apart.' });
const confirm = confirmWithin({
  default: 600,
  low: 120,
  high: 1800,
  source:
    'Five minutes of rest, as before every measurement, and time to begin it; counted from when the server heard the first value.',
});
const margin = recoveryMargin(perMinute, {
  default: 5,
  low: 0,
  high: 30,
  source: 'ISO 81060-2 and ISO 80601-2-61 leave a pulse an error of about 5 %.',
});

const dangerTasks: Rule['tasks'] = [
  {
    kind: 'call',
    role: 'nurse',
    dueAfterMinutes: 15,
    title: {
      en: 'Call the patient: dangerous pulse. Ask about fainting, chest pain, breathlessness and medicines taken; an ECG today.',
      zh: '致电患者：脉率危急异常。询问有无晕厥、胸痛、气促及服药情况；当日行心电图检查。',
    },
  },
];
const dangerAdvice: Rule['advice'] = {
  en: 'Call the patient or the family. Fainting, chest pain, breathlessness, confusion or cold sweat: emergency service at once. Else: lie down, measure again after five minutes, ECG today.',
  zh: '请致电患者或家属。如有晕厥、胸痛、气促、意识模糊或冷汗：立即呼叫急救。否则：嘱平卧，五分钟后复测，当日行心电图检查。',
};

export const verySlow: Rule = {
  rule: 'pulse-very-slow',
  problem: 'pulse-slow',
  programmes: [],
  version: 1,
  title: { en: 'Dangerously slow pulse', zh: '脉率危急过缓' },
  severity: 'critical',
  panels,
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: true,
  tasks: dangerTasks,
  advice: dangerAdvice,
  parameters: [
    limit(
      'pulse-below',
      'pulse-rate',
      'below',
      { en: 'Dangerously slow pulse below', zh: '脉率危急过缓限值' },
      { default: 40, low: 30, high: 50, source: 'NEWS2: up to 40 scores 3; ACLS treats below 50 with symptoms.' },
    ),
    gap,
    confirm,
    margin,
  ],
};

const slow: Rule = {
  rule: 'pulse-slow',
  problem: 'pulse-slow',
  programmes: ['arrhythmia', 'heart-failure', 'hypertension'],
  version: 1,
  title: { en: 'Slow pulse at rest, repeatedly', zh: '静息脉率反复偏慢' },
  severity: 'routine',
  panels,
  judging: { kind: 'repeated' },
  pages: false,
  tasks: [
    {
      kind: 'review-plan',
      role: 'doctor',
      dueAfterMinutes: 72 * 60,
      title: {
        en: 'Review medicines that slow the heart: pulse repeatedly slow. ECG?',
        zh: '复核减慢心率的药物：脉率反复偏慢，是否需行心电图？',
      },
    },
  ],
  advice: {
    en: 'Within three days: ask about dizziness and tiredness; look at beta blockers, digoxin, verapamil and eye drops; ECG.',
    zh: '三日内：询问头晕、乏力；复核 β 受体阻滞剂、地高辛、维拉帕米及滴眼液；行心电图检查。',
  },
  parameters: [
    limit(
      'pulse-below',
      'pulse-rate',
      'below',
      { en: 'Slow pulse below', zh: '脉率偏慢限值' },
      {
        default: 50,
        low: 40,
        high: 60,
        source: 'ACLS: bradycardia is below 50; ENGAGE-HF looks at the beta blocker below 60.',
      },
    ),
    readingsAtLeast({ default: 4, low: 2, high: 10, source: 'More often than not over three days.' }),
    ofLast({ default: 6, low: 2, high: 14, source: 'Two a day for three days.' }),
    withinHours({ default: 96, low: 24, high: 168, source: 'Two a day for three days, one of them missed.' }),
    { ...gap, default: 7200, high: 28_800, source: 'Readings of one sitting are one finding.' },
    margin,
    quietDays({ default: 28, low: 0, high: 365, source: 'A pulse that medicines keep slow on purpose is known.' }),
  ],
};

const extremelyFast: Rule = {
  rule: 'pulse-extremely-fast',
  problem: 'pulse-fast',
  programmes: [],
  version: 1,
  title: { en: 'Dangerously fast pulse', zh: '脉率危急过速' },
  severity: 'critical',
  panels,
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: true,
  tasks: dangerTasks,
  advice: dangerAdvice,
  parameters: [
    limit(
      'pulse-at-least',
      'pulse-rate',
      'above',
      { en: 'Dangerously fast pulse from', zh: '脉率危急过速起点' },
      { default: 150, low: 120, high: 200, source: 'ACLS: from 150 the rate itself is likely to make ill.' },
    ),
    gap,
    confirm,
    recoveryMargin(perMinute, {
      default: 15,
      low: 0,
      high: 50,
      source: 'A tenth: after the stairs a pulse falls by more.',
    }),
  ],
};

export const veryFast: Rule = {
  rule: 'pulse-very-fast',
  problem: 'pulse-fast',
  programmes: [],
  version: 1,
  title: { en: 'Very fast pulse at rest', zh: '静息脉率过速' },
  severity: 'urgent',
  panels,
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 60,
      title: {
        en: 'Call the patient: very fast pulse at rest. Ask about palpitations, fever, bleeding, drinking, breathlessness; ECG today?',
        zh: '致电患者：静息脉率过速。询问心悸、发热、出血、饮水及气促情况；当日是否行心电图？',
      },
    },
  ],
  advice: {
    en: 'Within the hour: ask about palpitations, chest pain, breath, fever, bleeding and drinking. Chest pain, fainting or breathlessness: emergency service. Else ECG today.',
    zh: '一小时内：询问心悸、胸痛、呼吸、发热、出血及饮水情况。如有胸痛、晕厥或气促：呼叫急救。否则当日行心电图检查。',
  },
  parameters: [
    limit(
      'pulse-at-least',
      'pulse-rate',
      'above',
      { en: 'Very fast pulse from', zh: '脉率过速起点' },
      { default: 131, low: 100, high: 160, source: 'NEWS2: from 131 scores 3.' },
    ),
    gap,
    confirm,
    margin,
  ],
};

const fast: Rule = {
  rule: 'pulse-fast',
  problem: 'pulse-fast',
  programmes: ['hypertension', 'diabetes', 'heart-failure', 'copd', 'arrhythmia'],
  version: 1,
  title: { en: 'Fast pulse at rest, repeatedly', zh: '静息脉率反复偏快' },
  severity: 'routine',
  panels,
  judging: { kind: 'repeated' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 24 * 60,
      title: {
        en: 'Call the patient within a day: pulse repeatedly fast. Ask about palpitations, breath, fever, thyroid, inhalers and missed doses.',
        zh: '一日内致电患者：脉率反复偏快。询问心悸、气促、发热、甲状腺疾病、吸入药物及漏服情况。',
      },
    },
  ],
  advice: {
    en: 'Within a day: ask how the patient is; ECG, blood count, thyroid; look at the dose of what slows the heart.',
    zh: '一日内：了解患者状况；行心电图、血常规及甲状腺功能检查；复核减慢心率药物的剂量。',
  },
  parameters: [
    limit(
      'pulse-at-least',
      'pulse-rate',
      'above',
      { en: 'Fast pulse from', zh: '脉率偏快起点' },
      { default: 111, low: 90, high: 130, source: 'Above 100 is fast at rest; NEWS2 scores 2 from 111.' },
    ),
    readingsAtLeast({ default: 3, low: 2, high: 10, source: 'More often than not over two days.' }),
    ofLast({ default: 4, low: 2, high: 14, source: 'Two a day for two days.' }),
    withinHours({ default: 72, low: 12, high: 168, source: 'Two a day for two days, one of them missed.' }),
    {
      ...gap,
      default: 7200,
      high: 28_800,
      source: 'Readings of one sitting, and of one walk up the stairs, are one finding.',
    },
    margin,
    quietDays({
      default: 14,
      low: 0,
      high: 365,
      source: 'Treatment takes its time; what is faster is told all the same.',
    }),
  ],
};

export const pulse: readonly Rule[] = [verySlow, slow, extremelyFast, veryFast, fast];
