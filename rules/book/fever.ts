import type { Rule } from '../rule.ts';
import { confirmWithin, limit, minGap, recoveryMargin, withinMinutes } from './parameters.ts';

/**
 * Body temperature, of people in whom an infection seldom comes alone: it brings the heart, the lungs and the glucose off their balance.
 *
 * Sources, by the names the parameters use:
 * - NEWS2: Royal College of Physicians 2017. Up to 35.0 °C scores 3, 38.1 to 39.0 °C scores 1, from 39.1 °C scores 2. Fever is usually said from 38.0.
 * - SIRS: consensus of 1992 (Bone, Chest 101:1644): above 38 °C with a pulse above 90 may be sepsis; NEWS2 scores 2 for a pulse from 111.
 * - Thermometers of the ear and the armpit are off by a few tenths, and a cold ear shows far too little: the home is asked
 *   to measure again. Who is drowsy with cold does not, and is told of all the same.
 */

const celsius = '°C';
const panels = ['body-temperature'] as const;

const gap = minGap({ default: 120, low: 30, high: 1800, source: 'The place of measurement must come to rest again.' });
const confirm = confirmWithin({
  default: 3600,
  low: 600,
  high: 7200,
  source: 'A temperature does not change within minutes; counted from when the server heard the first value.',
});
const margin = recoveryMargin(celsius, {
  default: 0.3,
  low: 0,
  high: 1,
  source: 'Thermometers of the ear and the armpit are off by a few tenths.',
});

const high: Rule = {
  rule: 'fever-high',
  problem: 'fever',
  programmes: [],
  version: 1,
  title: { en: 'High fever', zh: '高热' },
  severity: 'urgent',
  panels,
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 2 * 60,
      title: {
        en: 'Call the patient: high fever. Ask about chills, breath, cough, urine, wounds, drinking and alertness.',
        zh: '致电患者：高热。询问寒战、呼吸、咳嗽、排尿、伤口、饮水及神志情况。',
      },
    },
  ],
  advice: {
    en: 'Within two hours: call. Confused, breathing fast, fainting, mottled skin or no urine: emergency service. Else: look for the source, drink, have pressure, pulse and oxygen measured, a doctor today.',
    zh: '两小时内致电。如有意识模糊、呼吸急促、晕厥、皮肤花斑或无尿：呼叫急救。否则：查找感染灶，嘱饮水，测血压、脉率及血氧，当日就诊。',
  },
  parameters: [
    limit(
      'temperature-at-least',
      'body-temperature',
      'above',
      { en: 'High fever from', zh: '高热起点' },
      { default: 39.1, low: 38, high: 40.5, source: 'NEWS2: from 39.1 °C scores 2.' },
    ),
    gap,
    confirm,
    margin,
  ],
};

/** Each alone may wait; together they are how an infection that spreads begins. */
const withFastPulse: Rule = {
  ...high,
  rule: 'fever-with-fast-pulse',
  title: { en: 'Fever with a fast pulse', zh: '发热伴脉率增快' },
  panels: ['body-temperature', 'blood-pressure', 'pulse-oximetry'],
  judging: { kind: 'combination' },
  parameters: [
    limit(
      'temperature-at-least',
      'body-temperature',
      'above',
      { en: 'Fever from', zh: '发热起点' },
      { default: 38, low: 37.3, high: 39, source: 'SIRS: above 38 °C.' },
    ),
    limit(
      'pulse-at-least',
      'pulse-rate',
      'above',
      { en: 'Fast pulse from', zh: '脉率增快起点' },
      {
        default: 111,
        low: 90,
        high: 140,
        source: 'NEWS2: from 111 scores 2; SIRS counts from 90, which any fever reaches.',
      },
    ),
    withinMinutes({
      default: 60,
      low: 15,
      high: 240,
      source: 'Taken in one sitting, or the one because of the other.',
    }),
    margin,
  ],
};

const fever: Rule = {
  rule: 'fever',
  problem: 'fever',
  programmes: [],
  version: 1,
  title: { en: 'Fever', zh: '发热' },
  severity: 'routine',
  panels,
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 12 * 60,
      title: {
        en: 'Call the patient by day: fever. Look for the source, and for medicines that must be paused while ill.',
        zh: '白天致电患者：发热。查找感染灶，并核对患病期间需暂停的药物。',
      },
    },
  ],
  advice: {
    en: 'By day: look for the source; sick-day rules for diuretics, ACE inhibitors, metformin and SGLT2 inhibitors.',
    zh: '白天内：查找感染灶；按患病期用药规则处理利尿剂、ACE 抑制剂、二甲双胍及 SGLT2 抑制剂。',
  },
  parameters: [
    limit(
      'temperature-at-least',
      'body-temperature',
      'above',
      { en: 'Fever from', zh: '发热起点' },
      { default: 38, low: 37.3, high: 39, source: 'Fever is usually said from 38.0 °C; NEWS2 scores from 38.1.' },
    ),
    gap,
    confirm,
    margin,
  ],
};

const hypothermia: Rule = {
  rule: 'hypothermia',
  problem: 'hypothermia',
  programmes: [],
  version: 1,
  title: { en: 'Low body temperature', zh: '体温过低' },
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
        en: 'Call the patient: low body temperature. Ask about the room, alertness, falls and infection.',
        zh: '致电患者：体温过低。询问室温、神志、跌倒及感染情况。',
      },
    },
  ],
  advice: {
    en: 'Within the hour: call. Drowsy, confused, fallen or ill: emergency service, for sepsis in old age may be cold. Else: warm room and drinks, measure again.',
    zh: '一小时内致电。如有嗜睡、意识模糊、跌倒或患病：呼叫急救（老年脓毒症可表现为低体温）。否则：提高室温、饮热水并复测。',
  },
  parameters: [
    limit(
      'temperature-below',
      'body-temperature',
      'below',
      { en: 'Low temperature below', zh: '体温过低限值' },
      { default: 35.1, low: 34, high: 36, source: 'NEWS2: up to 35.0 °C scores 3.' },
    ),
    gap,
    confirm,
    margin,
  ],
};

export const temperature: readonly Rule[] = [high, withFastPulse, fever, hypothermia];
