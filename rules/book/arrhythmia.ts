import type { Rule } from '../rule.ts';
import { minGap, ofLast, quietDays, readingsAtLeast, withinHours } from './parameters.ts';

/**
 * An irregular pulse, as cuffs note it by themselves.
 *
 * Sources, by the names the parameters use:
 * - Watanabe 2021, and Taiwan 2020 (PMC7677637): atrial fibrillation is suspected when at least 2 of 3 readings show an irregular pulse.
 * - Microlife in 5,969 people: of those found, about 42 % had it. So the rule says what the cuff saw and that an ECG is due, and never gives the
 *   illness a name.
 * A moving arm and a loose cuff make any pulse irregular: readings with such marks do not count.
 */

const gap = minGap({ default: 60, low: 30, high: 600, source: 'ESH 2021: two measurements are 1 to 2 minutes apart.' });

const irregular: Rule = {
  rule: 'pulse-irregular',
  problem: 'pulse-irregular',
  programmes: ['hypertension', 'diabetes', 'heart-failure', 'copd', 'arrhythmia'],
  version: 1,
  title: { en: 'Irregular pulse, repeatedly: ECG advised', zh: '脉搏反复不规则，建议心电图检查' },
  severity: 'routine',
  panels: ['blood-pressure'],
  judging: { kind: 'repeated', marks: ['irregular-pulse'] },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 72 * 60,
      title: {
        en: 'Arrange an ECG: the cuff noted an irregular pulse repeatedly. Ask about palpitations, fainting and anticoagulants.',
        zh: '安排心电图：血压计反复提示脉搏不规则。询问心悸、晕厥及抗凝药使用情况。',
      },
    },
  ],
  advice: {
    en: 'Within days: an ECG. A cuff cannot tell which rhythm it is, and fewer than half of those it points at have a rhythm to treat.',
    zh: '数日内行心电图检查。血压计无法判断心律类型，被提示者中需治疗的不足一半。',
  },
  parameters: [
    readingsAtLeast({ default: 2, low: 2, high: 6, source: 'Watanabe 2021, Taiwan 2020: at least 2 of 3 readings' }),
    ofLast({ default: 3, low: 2, high: 9, source: 'Watanabe 2021, Taiwan 2020: at least 2 of 3 readings' }),
    withinHours({
      default: 48,
      low: 1,
      high: 168,
      source: 'Watanabe 2021 takes the three at one sitting; who measures once a day needs two days.',
    }),
    gap,
    quietDays({
      default: 14,
      low: 7,
      high: 365,
      source:
        'A rhythm that stays irregular would be told every day; one that comes back weeks later is news. Longer by plan once it is known.',
    }),
  ],
};

export const arrhythmia: readonly Rule[] = [irregular];
