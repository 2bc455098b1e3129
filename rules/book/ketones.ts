import type { Rule } from '../rule.ts';
import { confirmWithin, limit, minGap, recoveryMargin } from './parameters.ts';

/**
 * Ketones (β-hydroxybutyrate) measured in a drop of blood, by whoever has diabetes and uses insulin or SGLT2 inhibitors.
 *
 * Sources, by the names the parameters use:
 * - Ketones: table in Diabetes Care: below 0.6 mmol/L normal, 0.6 to 1.5 raised, 1.6 to 3.0 ketoacidosis is impending, above 3.0 it is
 *   probable. Measured when glucose is above 240 mg/dL or twice above 250, or in illness.
 * Few measure ketones, and only when they have a reason: a value this high is seldom wrong and seldom harmless.
 */

const ketoneGap = minGap({
  default: 60,
  low: 30,
  high: 600,
  source: 'A new strip and another drop of blood take about a minute.',
});
const ketoneConfirm = confirmWithin({
  default: 900,
  low: 300,
  high: 3600,
  source: 'A second strip is at hand; counted from when the server heard the first value.',
});
const ketoneMargin = recoveryMargin('mmol/L', {
  default: 0.3,
  low: 0,
  high: 1,
  source: 'Meters of ketones differ from the laboratory by about 0.2 to 0.3 mmol/L.',
});

const ketoacidosis: Rule = {
  rule: 'ketone-dangerous',
  problem: 'ketones',
  programmes: [],
  version: 1,
  title: { en: 'Ketones as in ketoacidosis', zh: '血酮达酮症酸中毒水平' },
  severity: 'critical',
  panels: ['blood-ketone'],
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: true,
  tasks: [
    {
      kind: 'call',
      role: 'doctor',
      dueAfterMinutes: 15,
      title: {
        en: 'Call the patient: ketoacidosis is probable. Arrange transfer to hospital.',
        zh: '致电患者：酮症酸中毒可能性大。安排转送医院。',
      },
    },
  ],
  advice: {
    en: 'Call the patient or the family: hospital now, whatever the glucose is. Vomiting, drowsiness or deep fast breathing: emergency service. Insulin must not be stopped.',
    zh: '请致电患者或家属：无论血糖高低，均须立即就医。如有呕吐、嗜睡或深快呼吸：呼叫急救。切勿停用胰岛素。',
  },
  parameters: [
    limit(
      'ketone-at-least',
      'ketone',
      'above',
      { en: 'Ketones as in ketoacidosis from', zh: '酮症酸中毒血酮起点' },
      { default: 3, low: 1.5, high: 5, source: 'Ketones: above 3.0 mmol/L ketoacidosis is probable.' },
    ),
    ketoneGap,
    ketoneConfirm,
    ketoneMargin,
  ],
};

const ketonesRaised: Rule = {
  rule: 'ketone-raised',
  problem: 'ketones',
  programmes: [],
  version: 1,
  title: { en: 'Ketones raised: ketoacidosis threatens', zh: '血酮升高，警惕酮症酸中毒' },
  severity: 'urgent',
  panels: ['blood-ketone'],
  judging: { kind: 'confirmed', unanswered: 'raise' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 60,
      title: {
        en: 'Call the patient: raised ketones. Ask about vomiting, infection, fasting, SGLT2 inhibitors and missed insulin.',
        zh: '致电患者：血酮升高。询问有无呕吐、感染、禁食、使用 SGLT2 抑制剂及漏用胰岛素。',
      },
    },
  ],
  advice: {
    en: 'Within the hour: extra insulin and fluids by plan, glucose and ketones again after two hours; an SGLT2 inhibitor is stopped. Vomiting or rising ketones: hospital.',
    zh: '一小时内：按方案追加胰岛素并补液，两小时后复测血糖与血酮；停用 SGLT2 抑制剂。如有呕吐或血酮继续升高：就医。',
  },
  parameters: [
    limit(
      'ketone-at-least',
      'ketone',
      'above',
      { en: 'Raised ketones from', zh: '血酮升高起点' },
      { default: 1.6, low: 0.6, high: 3, source: 'Ketones: 1.6 to 3.0 mmol/L, ketoacidosis is impending.' },
    ),
    ketoneGap,
    ketoneConfirm,
    ketoneMargin,
  ],
};

export const ketones: readonly Rule[] = [ketoacidosis, ketonesRaised];
