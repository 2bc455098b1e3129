import type { Rule } from '../rule.ts';
import { confirmWithin, daysAtLeast, limit, minGap, quietDays, readingsAtLeast, recoveryMargin } from './parameters.ts';

/**
 * Blood pressure measured at home.
 *
 * Sources, by the names the parameters use:
 * - AHA/ACC 2025: guideline on high blood pressure in adults, doi 10.1161/HYP.0000000000000249. Severe is above 180/120;
 *   without acute organ damage it is managed promptly as an outpatient, with it it is an emergency.
 * - ESC 2024: guideline on elevated blood pressure and hypertension, Eur Heart J 2024;45:3912.
 * - ESH 2021: position paper on home monitoring, PMC8030885. 7 days (at least 3), morning and evening, two readings 1 to 2
 *   minutes apart after 5 minutes' rest; the first day is discarded; valid with 12 readings or more; limit 135/85.
 * - NICE NG136: hypertension in adults. Stage 2 is a home average of 150/95 or more.
 * - ISO 81060-2: an automated cuff may be off by 5 mmHg in the mean.
 * A rule never raises an alert on one reading unless its countdown lapsed: a repeated measurement is part of every guideline.
 */

const mmHg = 'mmHg';

const gap = minGap({
  default: 30,
  low: 10,
  // less than the time within which the second must come
  high: 240,
  source:
    'An oscillometric measurement takes about 30 s: less apart, two values are one measurement. ESH 2021 asks 1-2 min.',
});
const confirm = confirmWithin({
  default: 300,
  low: 60,
  high: 1800,
  source: 'Repeat after 5 minutes of rest, as in every guideline; counted from when the server heard the first value.',
});
const margin = recoveryMargin(mmHg, {
  default: 5,
  low: 0,
  high: 30,
  source: 'ISO 81060-2: the cuff itself may be off by 5 mmHg, so less than that is no recovery.',
});

const severe: Rule = {
  rule: 'blood-pressure-severe',
  problem: 'blood-pressure-high',
  programmes: [],
  version: 1,
  title: { en: 'Severely high blood pressure', zh: '血压重度升高' },
  severity: 'critical',
  panels: ['blood-pressure'],
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: true,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 30,
      title: {
        en: 'Call the patient: severely high blood pressure. Ask about chest pain, breathlessness, headache, sight, speech and weakness.',
        zh: '致电患者：血压重度升高。询问有无胸痛、气促、头痛、视物异常、言语不清及肢体无力。',
      },
    },
  ],
  advice: {
    en: 'Call the patient or the family. Chest pain, breathlessness, confusion, loss of sight or speech, weakness on one side: emergency service at once. Without any of these: rest, measure again, treat within the day.',
    zh: '请致电患者或家属。如有胸痛、气促、意识模糊、视力或言语丧失、单侧肢体无力：立即呼叫急救。如无上述症状：嘱休息后复测，并于当日处理。',
  },
  parameters: [
    limit(
      'systolic-at-least',
      'systolic',
      'above',
      { en: 'Severe systolic pressure from', zh: '收缩压重度升高起点' },
      { default: 180, low: 140, high: 240, source: 'AHA/ACC 2025: severe hypertension, 180/120' },
    ),
    limit(
      'diastolic-at-least',
      'diastolic',
      'above',
      { en: 'Severe diastolic pressure from', zh: '舒张压重度升高起点' },
      {
        default: 120,
        low: 90,
        high: 150,
        source: 'AHA/ACC 2025: severe hypertension, 180/120 (ESC 2024 looks for an emergency from 110)',
      },
    ),
    gap,
    confirm,
    margin,
  ],
};

const low: Rule = {
  rule: 'blood-pressure-low',
  problem: 'blood-pressure-low',
  programmes: [],
  version: 1,
  title: { en: 'Low blood pressure', zh: '血压过低' },
  severity: 'urgent',
  panels: ['blood-pressure'],
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: true,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 30,
      title: {
        en: 'Call the patient: low blood pressure. Ask about dizziness, falls, drinking and the medicines taken today.',
        zh: '致电患者：血压过低。询问有无头晕、跌倒，饮水情况及今日用药。',
      },
    },
  ],
  advice: {
    en: "Call the patient or the family. Fainting, confusion, bleeding, fever or chest pain: emergency service at once. Else: lie down, drink if allowed, check today's medicines, measure again.",
    zh: '请致电患者或家属。如有晕厥、意识模糊、出血、发热或胸痛：立即呼叫急救。否则：嘱平卧，可饮水者适量饮水，核对今日用药并复测。',
  },
  parameters: [
    limit(
      'systolic-below',
      'systolic',
      'below',
      { en: 'Low systolic pressure below', zh: '收缩压过低限值' },
      {
        default: 90,
        low: 70,
        high: 110,
        source: 'Hypotension is conventionally a systolic pressure below 90; ENGAGE-HF acts on two readings below 85',
      },
    ),
    gap,
    confirm,
    margin,
  ],
};

/**
 * Half of "below 90/60" stands apart: in older people with stiff arteries a diastolic pressure in the fifties is common and,
 * with a sound systolic one, no reason to wake anybody. Two readings of it are a reason to look at the medicines.
 */
const lowDiastolic: Rule = {
  rule: 'blood-pressure-low-diastolic',
  problem: 'blood-pressure-low-diastolic',
  programmes: [],
  version: 1,
  title: { en: 'Low diastolic blood pressure', zh: '舒张压过低' },
  severity: 'routine',
  panels: ['blood-pressure'],
  judging: { kind: 'confirmed', unanswered: 'forget' },
  pages: false,
  tasks: [
    {
      kind: 'review-plan',
      role: 'doctor',
      dueAfterMinutes: 72 * 60,
      title: {
        en: 'Review the medicines: diastolic pressure repeatedly low.',
        zh: '复核用药方案：舒张压反复过低。',
      },
    },
  ],
  advice: {
    en: 'At the next review: consider symptoms, coronary disease and the dose of blood pressure medicines.',
    zh: '下次复诊时：结合症状、冠心病情况评估降压药剂量。',
  },
  parameters: [
    limit(
      'diastolic-below',
      'diastolic',
      'below',
      { en: 'Low diastolic pressure below', zh: '舒张压过低限值' },
      { default: 60, low: 40, high: 70, source: 'Hypotension is conventionally below 90/60' },
    ),
    gap,
    confirm,
    margin,
  ],
};

const enough = readingsAtLeast({
  default: 12,
  low: 6,
  high: 24,
  source: 'ESH 2021: valid with 12 readings or more, the first day discarded',
});
const onDays = daysAtLeast({ default: 3, low: 2, high: 6, source: 'ESH 2021: 7 days, at least 3' });

const rising: Rule = {
  rule: 'blood-pressure-rising',
  problem: 'blood-pressure-control',
  programmes: [],
  version: 1,
  title: { en: 'Home blood pressure is rising', zh: '家庭血压呈上升趋势' },
  severity: 'routine',
  panels: ['blood-pressure'],
  judging: { kind: 'average', against: 'days-before' },
  pages: false,
  tasks: [
    {
      kind: 'review-plan',
      role: 'doctor',
      dueAfterMinutes: 72 * 60,
      title: {
        en: 'Review the plan: the home average is above the limit and rising.',
        zh: '复核诊疗方案：家庭血压均值超限且呈上升趋势。',
      },
    },
  ],
  advice: {
    en: 'At the next review: ask about adherence, salt, pain medicines and sleep, and adjust the treatment.',
    zh: '下次复诊时：了解服药依从性、盐摄入、止痛药使用及睡眠情况，并调整治疗方案。',
  },
  parameters: [
    limit(
      'systolic-average-at-least',
      'systolic',
      'above',
      { en: '7-day average, systolic, from', zh: '7 天收缩压均值限值' },
      { default: 135, low: 110, high: 180, source: 'ESH 2021: home hypertension is an average from 135/85' },
    ),
    limit(
      'diastolic-average-at-least',
      'diastolic',
      'above',
      { en: '7-day average, diastolic, from', zh: '7 天舒张压均值限值' },
      { default: 85, low: 65, high: 110, source: 'ESH 2021: home hypertension is an average from 135/85' },
    ),
    {
      name: 'rise-at-least',
      label: { en: 'Higher than the 7 days before by', zh: '较前 7 天升高至少' },
      unit: mmHg,
      default: 5,
      low: 2,
      high: 30,
      source: 'ISO 81060-2: less than 5 mmHg may be the cuff; ESH 2021: averages settle within about 3 mmHg',
    },
    enough,
    onDays,
    margin,
  ],
};

/**
 * Above the limit and staying there, short of a crisis: told whatever the patient is looked after for, since no other rule would ever speak of 175/115
 * day after day; and not again before a treatment could have worked.
 */
const uncontrolled: Rule = {
  ...rising,
  rule: 'blood-pressure-uncontrolled',
  programmes: ['hypertension', 'diabetes', 'heart-failure', 'copd', 'arrhythmia'],
  title: { en: 'Home blood pressure is not controlled', zh: '家庭血压未达标' },
  judging: { kind: 'average', against: 'limit' },
  tasks: [
    {
      kind: 'review-plan',
      role: 'doctor',
      dueAfterMinutes: 7 * 24 * 60,
      title: {
        en: 'Review the plan: the home average is above the limit.',
        zh: '复核诊疗方案：家庭血压均值超限。',
      },
    },
  ],
  parameters: [
    limit(
      'systolic-average-at-least',
      'systolic',
      'above',
      { en: '7-day average, systolic, from', zh: '7 天收缩压均值限值' },
      {
        default: 145,
        low: 120,
        high: 180,
        source:
          'Between ESH 2021, home hypertension from 135/85, and NICE NG136, stage 2 from a home average of 150/95',
      },
    ),
    limit(
      'diastolic-average-at-least',
      'diastolic',
      'above',
      { en: '7-day average, diastolic, from', zh: '7 天舒张压均值限值' },
      {
        default: 90,
        low: 70,
        high: 110,
        source:
          'Between ESH 2021, home hypertension from 135/85, and NICE NG136, stage 2 from a home average of 150/95',
      },
    ),
    enough,
    onDays,
    margin,
    quietDays({
      default: 28,
      low: 7,
      high: 180,
      source: 'ESC 2024: a change of treatment is judged after about four weeks.',
    }),
  ],
};

export const hypertension: readonly Rule[] = [severe, low, lowDiastolic, rising, uncontrolled];
