import type { Rule } from '../rule.ts';
import { confirmWithin, limit, minGap, recoveryMargin } from './parameters.ts';

/**
 * The Glasgow coma score, alone: who is newly confused or drowsy is ill whatever else was measured, and whoever finds it has seldom taken all that a
 * score needs (early-warning.ts).
 *
 * Sources, by the names the parameters use:
 * - NEWS2: Royal College of Physicians 2017. Whatever is not alert, new confusion with it, scores 3; a 3 in any one item asks for an urgent
 *   review by a clinician.
 * - Glasgow coma scale: Teasdale, Lancet Neurol 2014;13:844. 13 to 15 is a mild impairment, 9 to 12 a moderate one, 8 or less a severe one.
 * For whom 14 is usual, as in dementia, the care plan sets another limit: only new confusion counts.
 */

const panels = ['consciousness'] as const;

const gap = minGap({ default: 60, low: 30, high: 600, source: 'Speak to the patient again, louder, with light.' });
const confirm = confirmWithin({
  default: 300,
  low: 120,
  high: 1800,
  source: 'Who has just been woken needs a few minutes; counted from when the server heard the first value.',
});

const lost: Rule = {
  rule: 'consciousness-very-low',
  problem: 'consciousness-low',
  programmes: [],
  version: 1,
  title: { en: 'Hard to rouse', zh: '意识明显障碍' },
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
        en: 'Call whoever is with the patient: hard to rouse. Breathing, glucose, speech, arms, fall, medicines? Arrange transfer.',
        zh: '致电患者身边人员：患者难以唤醒。了解呼吸、血糖、言语、肢体活动、跌倒及用药情况，安排转送。',
      },
    },
  ],
  advice: {
    en: 'Emergency service at once, then call whoever is with the patient: on the side, watch the breathing, nothing by mouth. Have glucose and oxygen measured; ask about a fall, opioids, sedatives and insulin.',
    zh: '立即呼叫急救，随后联系患者身边人员：取侧卧位，观察呼吸，勿经口喂食。嘱测血糖及血氧，询问有无跌倒及使用阿片类、镇静药物或胰岛素。',
  },
  parameters: [
    limit(
      'coma-score-below',
      'glasgow-coma-score',
      'below',
      { en: 'Hard to rouse: coma score below', zh: '意识明显障碍：昏迷评分低于' },
      { default: 13, low: 9, high: 14, source: 'Glasgow coma scale: 12 or less is a moderate or severe impairment.' },
    ),
    gap,
    confirm,
    recoveryMargin('points', {
      default: 1,
      low: 0,
      high: 2,
      source: 'One point may be another observer.',
    }),
  ],
};

const reduced: Rule = {
  rule: 'consciousness-reduced',
  problem: 'consciousness-low',
  programmes: [],
  version: 1,
  title: { en: 'Confused or drowsy', zh: '意识模糊或嗜睡' },
  severity: 'urgent',
  panels,
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'doctor',
      dueAfterMinutes: 60,
      title: {
        en: 'Assess the patient within the hour: confused or drowsy. Is it new? Speech, arms, glucose, infection, fall, medicines?',
        zh: '一小时内评估患者：意识模糊或嗜睡。是否新发？了解言语、肢体活动、血糖、感染、跌倒及用药情况。',
      },
    },
  ],
  advice: {
    en: 'Within the hour: call whoever is with the patient. Crooked mouth, weak arm, slurred speech or harder to rouse: emergency service at once. Else: have glucose, oxygen and temperature measured; look for infection, a fall and new medicines.',
    zh: '一小时内联系患者身边人员。如口角歪斜、肢体无力、言语不清或更难唤醒：立即呼叫急救。否则：嘱测血糖、血氧及体温，排查感染、跌倒及新用药物。',
  },
  parameters: [
    limit(
      'coma-score-below',
      'glasgow-coma-score',
      'below',
      { en: 'Confused or drowsy: coma score below', zh: '意识模糊或嗜睡：昏迷评分低于' },
      {
        default: 15,
        low: 13,
        high: 15,
        source: 'NEWS2: whatever is not alert scores 3, and a 3 in any one item asks for an urgent review.',
      },
    ),
    gap,
    confirm,
  ],
};

export const consciousness: readonly Rule[] = [lost, reduced];
