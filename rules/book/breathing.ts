import type { Rule } from '../rule.ts';
import { confirmWithin, limit, minGap, recoveryMargin } from './parameters.ts';

/**
 * How fast somebody breathes, alone: whoever counts breaths seldom takes all that a score needs (early-warning.ts), and the rate is the first to
 * change when somebody gets worse.
 *
 * Sources, by the names the parameters use:
 * - NEWS2: Royal College of Physicians 2017. 25 a minute or more and 8 or less score 3; a 3 in any one item asks for an urgent review by a clinician.
 *   The score was made where a nurse is at the bed. At home nobody is: who breathes 8 times a minute has nobody who would see it stop, so that it calls.
 * - BTS 2009: guideline on pneumonia, CURB-65, Thorax 2009;64 Suppl 3. 30 a minute or more is a mark of severe pneumonia.
 */

const panels = ['respiration'] as const;
const perMinute = '/min';

const gap = minGap({ default: 60, low: 30, high: 600, source: 'NEWS2: breaths are counted over a full minute.' });
const confirm = confirmWithin({
  default: 300,
  low: 120,
  high: 1800,
  source: 'Sit, rest and count a full minute again; counted from when the server heard the first value.',
});
const margin = recoveryMargin(perMinute, {
  default: 2,
  low: 0,
  high: 6,
  source: 'Two people who count the same breaths differ by about two.',
});

const verySlow: Rule = {
  rule: 'breathing-very-slow',
  problem: 'breathing-slow',
  programmes: [],
  version: 1,
  title: { en: 'Dangerously slow breathing', zh: '呼吸危急缓慢' },
  severity: 'critical',
  panels,
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: true,
  tasks: [
    {
      kind: 'call',
      role: 'doctor',
      dueAfterMinutes: 15,
      title: {
        en: 'Call the patient or whoever is there: very slow breathing. Can the patient be roused? Opioids, sedatives, too much oxygen?',
        zh: '致电患者或身边人员：呼吸极慢。能否唤醒？是否使用阿片类、镇静药物或吸氧过多？',
      },
    },
  ],
  advice: {
    en: 'Call the patient or the family. Hard to rouse, blue lips or pauses of breath: emergency service at once, stay with the patient, naloxone if opioids were taken and somebody there can give it. Else: count a full minute again, no more opioids or sedatives, check the flow of oxygen.',
    zh: '请致电患者或家属。如难以唤醒、口唇发绀或呼吸暂停：立即呼叫急救并守候身边；如曾用阿片类药物且现场有人会用纳洛酮，可予使用。否则：重新数满一分钟呼吸，停用阿片类及镇静药物，核对吸氧流量。',
  },
  parameters: [
    limit(
      'respiratory-rate-below',
      'respiratory-rate',
      'below',
      { en: 'Dangerously slow breathing below', zh: '呼吸危急缓慢限值' },
      {
        default: 9,
        low: 6,
        high: 12,
        source: 'NEWS2: 8 a minute or less scores 3; nothing slower has a band of its own.',
      },
    ),
    gap,
    confirm,
    margin,
  ],
};

const veryFast: Rule = {
  rule: 'breathing-very-fast',
  problem: 'breathing-fast',
  programmes: [],
  version: 1,
  title: { en: 'Dangerously fast breathing', zh: '呼吸危急急促' },
  severity: 'critical',
  panels,
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: true,
  tasks: [
    {
      kind: 'call',
      role: 'doctor',
      dueAfterMinutes: 15,
      title: {
        en: 'Call the patient: very fast breathing. Can whole sentences be spoken? Fever, chest pain, swelling, oxygen saturation?',
        zh: '致电患者：呼吸极快。能否说完整句子？有无发热、胸痛、水肿？血氧饱和度如何？',
      },
    },
  ],
  advice: {
    en: 'Call the patient or the family. Cannot finish a sentence, chest pain, blue lips, drowsy or confused: emergency service at once. Else: sit upright, prescribed oxygen and inhaler, measure oxygen and temperature, count a full minute again after five minutes of rest.',
    zh: '请致电患者或家属。如说话不能成句、胸痛、口唇发绀、嗜睡或意识模糊：立即呼叫急救。否则：嘱端坐，按医嘱吸氧及使用吸入药物，测血氧及体温，静息五分钟后重新数满一分钟呼吸。',
  },
  parameters: [
    limit(
      'respiratory-rate-at-least',
      'respiratory-rate',
      'above',
      { en: 'Dangerously fast breathing from', zh: '呼吸危急急促起点' },
      {
        default: 30,
        low: 25,
        high: 40,
        source: 'BTS 2009: 30 a minute or more marks severe pneumonia; NEWS2 scores 3 from 25.',
      },
    ),
    gap,
    confirm,
    margin,
  ],
};

const fast: Rule = {
  rule: 'breathing-fast',
  problem: 'breathing-fast',
  programmes: [],
  version: 1,
  title: { en: 'Fast breathing', zh: '呼吸急促' },
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
        en: 'Call the patient within the hour: fast breathing. Ask about breathlessness, cough, fever, chest pain and swelling; have oxygen and temperature measured.',
        zh: '一小时内致电患者：呼吸急促。询问气促、咳嗽、发热、胸痛及水肿情况；嘱测血氧及体温。',
      },
    },
  ],
  advice: {
    en: 'Within the hour: call and listen to the breathing. New breathlessness, fever or confusion: to a doctor today. Have oxygen, temperature and pulse measured and the breaths counted again.',
    zh: '一小时内：致电并听其呼吸。如有新发气促、发热或意识模糊：当日就诊。嘱测血氧、体温及脉率，并复测呼吸频率。',
  },
  parameters: [
    limit(
      'respiratory-rate-at-least',
      'respiratory-rate',
      'above',
      { en: 'Fast breathing from', zh: '呼吸急促限值' },
      {
        default: 25,
        low: 20,
        high: 35,
        source: 'NEWS2: 25 a minute or more scores 3, and a 3 in any one item asks for an urgent review.',
      },
    ),
    gap,
    confirm,
    margin,
  ],
};

export const breathing: readonly Rule[] = [verySlow, veryFast, fast];
