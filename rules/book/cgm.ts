import type { Rule } from '../rule.ts';
import {
  forMinutes,
  gapMinutes,
  limit,
  overMinutes,
  recoveryMargin,
  samplesAtLeast,
  withinMinutes,
} from './parameters.ts';

/**
 * Glucose from a sensor that is worn. The sensor warns its wearer at once and without us; a care team hears of what that warning
 * did not end, and of how the last two weeks went.
 *
 * Sources, by the names the parameters use:
 * - ATTD 2019: international consensus on time in range, Diabetes Care 2019;42:1593. At least 14 days with more than 70 % of the time measured;
 *   70 to 180 mg/dL (3.9 to 10.0 mmol/L) for more than 70 % of the time, for older and frail people more than 50 %; below 70 for less than 4 %, for
 *   older and frail people less than 1 %; above 250 for less than 5 %; coefficient of variation at most 36 %.
 * - ATTD 2017: international consensus on CGM, Diabetes Care 2017;40:1631. An event is 15 minutes beyond; prolonged is a low of 120 minutes.
 * - IHSG 2017: International Hypoglycaemia Study Group, Diabetes Care 2017;40:155. Below 54 mg/dL (3.0 mmol/L) for 20 minutes is clinically
 *   significant.
 * - Dexcom: manuals of G6 and G7. "Urgent low soon" speaks when 55 mg/dL will be reached within 20 minutes.
 * - Ketones: table in Diabetes Care: to be tested above 240 mg/dL, or above 250 twice.
 * Even those who meet every target have such a low of 15 minutes about every second week, those who do not about three a week: what called a
 * doctor for each of them would soon be heard by nobody.
 */

const mgPerDl = 'mg/dL';

const gap = gapMinutes({
  default: 15,
  low: 5,
  high: 30,
  source: 'Sensors measure every 1 to 5 minutes; after 15 minutes without a sample Nightscout calls data stale.',
});

const urgentLow: Rule = {
  rule: 'sensor-glucose-urgent-low',
  problem: 'glucose-low',
  programmes: [],
  version: 1,
  title: { en: 'Significantly low sensor glucose that goes on', zh: '传感器葡萄糖显著偏低且持续' },
  severity: 'critical',
  panels: ['continuous-glucose'],
  judging: { kind: 'sustained' },
  pages: true,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 15,
      title: {
        en: 'Call the patient: sensor glucose stays low. Is the patient awake, has sugar been taken, what does a meter say?',
        zh: '致电患者：传感器葡萄糖持续偏低。确认患者是否清醒、是否已进食糖分、指尖血糖结果如何。',
      },
    },
  ],
  advice: {
    en: "Call the patient, then the family: the sensor's own warning has not ended it. Awake: fast sugar now, check with a meter. Drowsy, confused or no answer: emergency service at once, nothing by mouth.",
    zh: '请先致电患者，再致电家属：传感器自身报警后仍未缓解。意识清醒：立即进食速效糖，并以血糖仪核对。嗜睡、意识模糊或无人应答：立即呼叫急救，勿经口喂食。',
  },
  parameters: [
    limit(
      'glucose-below',
      'sensor-glucose',
      'below',
      { en: 'Significantly low glucose below', zh: '显著低血糖限值' },
      { default: 54, low: 45, high: 70, source: 'ATTD 2019, IHSG 2017: level 2, below 54 mg/dL (3.0 mmol/L)' },
    ),
    forMinutes({
      default: 15,
      low: 10,
      high: 60,
      source:
        'ATTD 2017: an event lasts 15 minutes; IHSG 2017 speaks of 20. The wearer was warned at the first of them.',
    }),
    samplesAtLeast({ default: 3, low: 3, high: 12, source: 'A sample every 5 minutes, and one of them lost.' }),
    {
      name: 'jump-at-most',
      label: { en: 'Fall in five minutes that a body can make', zh: '人体五分钟内可能的最大降幅' },
      unit: mgPerDl,
      default: 20,
      low: 10,
      high: 100,
      source:
        'Baysal 2014, J Diabetes Sci Technol 8:150: a sensor that is lain on falls at once by 25 mg/dL and more; insulin takes 2 to 3 in a minute.',
    },
    {
      name: 'doubtful-for-minutes',
      label: { en: 'After such a fall lasting at least', zh: '骤降后须持续至少' },
      unit: 'min',
      default: 60,
      low: 20,
      high: 120,
      source: 'Baysal 2014: who lies on a sensor turns over within the hour, and it is gone as suddenly.',
    },
    gap,
    recoveryMargin(mgPerDl, {
      default: 16,
      low: 0,
      high: 50,
      source: 'ADA: a low is over from 70 mg/dL, which is 16 above the limit.',
    }),
  ],
};

const longLow: Rule = {
  rule: 'sensor-glucose-long-low',
  problem: 'glucose-low',
  programmes: [],
  version: 1,
  title: { en: 'Low sensor glucose for hours', zh: '传感器葡萄糖偏低持续数小时' },
  severity: 'urgent',
  panels: ['continuous-glucose'],
  judging: { kind: 'sustained' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 60,
      title: {
        en: 'Call the patient: glucose has been low for hours. Ask about sugar taken, insulin, exercise and alcohol.',
        zh: '致电患者：葡萄糖偏低已数小时。询问进食糖分、胰岛素、运动及饮酒情况。',
      },
    },
  ],
  advice: {
    en: 'Call the patient within the hour: sugar now, then slow carbohydrate; lower the insulin that is acting. Check with a meter: a sensor that is lain on shows too little.',
    zh: '一小时内致电患者：立即补充糖分，随后进食慢吸收碳水化合物，并减少正在起效的胰岛素。以血糖仪核对：传感器受压时读数偏低。',
  },
  parameters: [
    limit(
      'glucose-below',
      'sensor-glucose',
      'below',
      { en: 'Low glucose below', zh: '低血糖限值' },
      { default: 70, low: 54, high: 90, source: 'ATTD 2019: level 1, below 70 mg/dL (3.9 mmol/L)' },
    ),
    forMinutes({ default: 120, low: 30, high: 240, source: 'ATTD 2017: a prolonged low lasts 120 minutes.' }),
    samplesAtLeast({ default: 12, low: 4, high: 24, source: 'At least every tenth minute of two hours.' }),
    gap,
    recoveryMargin(mgPerDl, {
      default: 10,
      low: 0,
      high: 50,
      source: 'Sensors are off by about 10 mg/dL when glucose is low, so less than that is no recovery.',
    }),
  ],
};

const lowAhead: Rule = {
  rule: 'sensor-glucose-low-ahead',
  problem: 'glucose-low',
  programmes: ['hypoglycaemia-unaware'],
  version: 1,
  title: { en: 'Low sensor glucose ahead', zh: '预测即将低血糖' },
  severity: 'urgent',
  panels: ['continuous-glucose'],
  judging: { kind: 'forecast', model: 'linear' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 15,
      title: {
        en: 'Call the patient, who does not feel low glucose: it is falling fast. Sugar now?',
        zh: '致电患者（低血糖无感知）：葡萄糖快速下降，确认是否需立即补糖。',
      },
    },
  ],
  advice: {
    en: 'Call the patient, who may feel nothing: fast sugar now, look at the sensor again after a quarter of an hour.',
    zh: '请致电患者（可能毫无感觉）：立即进食速效糖，一刻钟后再看传感器读数。',
  },
  parameters: [
    limit(
      'glucose-below',
      'sensor-glucose',
      'below',
      { en: 'Low ahead: will be below', zh: '预测将低于' },
      { default: 55, low: 50, high: 70, source: 'Dexcom: "urgent low soon" foresees 55 mg/dL.' },
    ),
    withinMinutes({ default: 20, low: 10, high: 30, source: 'Dexcom: within 20 minutes; Medtronic offers 5 to 30.' }),
    overMinutes({
      default: 20,
      low: 15,
      high: 30,
      source: 'Four samples of 5 minutes: fewer follow the noise of the sensor, more the meal before.',
    }),
    samplesAtLeast({ default: 4, low: 3, high: 6, source: 'A sample every 5 minutes over 20 minutes.' }),
    gap,
    recoveryMargin(mgPerDl, { default: 15, low: 0, high: 50, source: 'ADA: safe from 70 mg/dL, 15 above the limit.' }),
  ],
};

const veryHigh: Rule = {
  rule: 'sensor-glucose-very-high',
  problem: 'glucose-high',
  programmes: [],
  version: 1,
  title: { en: 'Very high sensor glucose for hours', zh: '传感器葡萄糖极高持续数小时' },
  severity: 'urgent',
  panels: ['continuous-glucose'],
  judging: { kind: 'sustained' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 2 * 60,
      title: {
        en: 'Call the patient: very high glucose for hours. Ask about the pump or pen, vomiting and infection; have ketones measured.',
        zh: '致电患者：葡萄糖极高已数小时。询问胰岛素泵或笔是否正常、有无呕吐及感染；嘱测血酮。',
      },
    },
  ],
  advice: {
    en: 'Within two hours: measure ketones, look at pump, catheter and pen, correct insulin by plan. Vomiting, deep fast breathing or drowsiness: hospital.',
    zh: '两小时内：测血酮，检查胰岛素泵、导管及注射笔，按方案补充胰岛素。如有呕吐、深快呼吸或嗜睡：就医。',
  },
  parameters: [
    limit(
      'glucose-at-least',
      'sensor-glucose',
      'above',
      { en: 'Very high glucose from', zh: '极高葡萄糖起点' },
      {
        default: 300,
        low: 200,
        high: 390,
        source:
          'ATTD 2019 calls 250 mg/dL very high and allows it for 5 % of the time; from 300 for hours insulin is missing.',
      },
    ),
    forMinutes({
      default: 120,
      low: 60,
      high: 480,
      source: 'A meal is over in about two hours; ketoacidosis begins 4 to 6 h after a pump stops.',
    }),
    samplesAtLeast({ default: 12, low: 6, high: 48, source: 'At least every tenth minute of two hours.' }),
    gap,
    recoveryMargin(mgPerDl, { default: 50, low: 0, high: 150, source: 'ATTD 2019: no longer very high below 250.' }),
  ],
};

export const cgm: readonly Rule[] = [urgentLow, longLow, lowAhead, veryHigh];
