import type { Evidence } from '#domain/alert.ts';
import { vitalIn } from '#domain/reading.ts';
import { type VitalName, vitals } from '#domain/vitals.ts';
import type { Words } from '#domain/words.ts';
import type { Average } from './finding.ts';
import { type Grade, type Limit, limitsOf } from './limits.ts';
import type { Rule } from './rule.ts';

/** Why an alert was raised and how it stands, in sentences a doctor reads once and knows what to do. */

type Parameters = Record<string, number>;

export function explainConfirmed(rule: Rule, parameters: Parameters, readings: readonly Evidence[]): Words {
  const limits = limitText(limitsOf(rule, parameters));
  const span = spanText(apart(readings));
  const list = listText(readings);
  return {
    en: `Confirmed by a second measurement. ${readings.length} readings within ${span.en}: ${list.en}. Limit: ${limits.en}.`,
    zh: `经复测证实。${span.zh}内 ${readings.length} 次测量：${list.zh}。限值：${limits.zh}。`,
  };
}

export function explainUnanswered(rule: Rule, parameters: Parameters, readings: readonly Evidence[]): Words {
  const limits = limitText(limitsOf(rule, parameters));
  const list = listText(readings);
  const span = spanText(1000 * (parameters['confirm-within-seconds'] ?? 0));
  return readings.length === 1
    ? {
        en: `One reading, ${list.en}, was beyond the limit (${limits.en}). A second measurement was asked for and none came within ${span.en}, so this rests on one reading.`,
        zh: `一次测量 ${list.zh} 超出限值（${limits.zh}）。已请求复测，但 ${span.zh}内未收到复测结果，故本警报仅依据一次测量。`,
      }
    : {
        en: `A reading was beyond the limit (${limits.en}), and nothing measured within ${span.en} confirmed or clearly disproved it: ${list.en}.`,
        zh: `一次测量超出限值（${limits.zh}），${span.zh}内的后续测量既未证实也未明确否定：${list.zh}。`,
      };
}

/** @param now when it arrived, ms since 1970. */
export function explainLate(rule: Rule, parameters: Parameters, reading: Evidence, now: number): Words {
  const limits = limitText(limitsOf(rule, parameters));
  const list = listText([reading]);
  const span = spanText(now - Date.parse(reading.takenAt));
  const would = rule.pages
    ? {
        en: 'In time it would have asked for a second measurement and, unless that was clearly better, have called the person on call.',
        zh: '若及时到达，系统会请求复测；除非复测明显好转，否则会呼叫值班人员。',
      }
    : {
        en: 'In time it would have asked for a second measurement and, unless that was clearly better, have raised an alert.',
        zh: '若及时到达，系统会请求复测；除非复测明显好转，否则会发出警报。',
      };
  return {
    en: `A reading of ${list.en} arrived ${span.en} after it was taken. It is beyond the limit (${limits.en}). ${would.en} Because it is old, nobody was called: please find out how the patient is now.`,
    zh: `一条 ${list.zh} 的读数在测量 ${span.zh}后才到达，超出限值（${limits.zh}）。${would.zh}因数据已非实时，未呼叫任何人：请了解患者目前情况。`,
  };
}

export function explainRising(rule: Rule, parameters: Parameters, now: Average, before: Average): Words {
  const limits = limitText(limitsOf(rule, parameters));
  const [mean, meanBefore] = [meanText(now), meanText(before)];
  return {
    en: `The home average of the last 7 days is ${mean} (${now.readings} readings on ${now.days} days, the first day not counted); the 7 days before it was ${meanBefore} (${before.readings} readings). Limit: ${limits.en}.`,
    zh: `近 7 天家庭血压均值为 ${mean}（${now.days} 天共 ${now.readings} 次测量，首日不计）；此前 7 天均值为 ${meanBefore}（${before.readings} 次测量）。限值：${limits.zh}。`,
  };
}

/** The opening words, and after them how it stands. */
export function withLatest(opening: Words, reading: Evidence, grade: Grade, parameters: Parameters): Words {
  const value = valueText(reading);
  const margin = parameters['recovery-margin'] ?? 0;
  const stands: Record<Grade, Words> = {
    beyond: { en: `${value}, still beyond the limit.`, zh: `${value}，仍超出限值。` },
    near: {
      en: `${value}, back inside the limit by less than ${margin} mmHg.`,
      zh: `${value}，已回到限值以内，但距限值不足 ${margin} mmHg。`,
    },
    within: {
      en: `${value}, back inside the limit. The alert stays until a person closes it.`,
      zh: `${value}，已回到限值以内。警报须由人员确认后关闭。`,
    },
  };
  return { en: `${opening.en} Latest: ${stands[grade].en}`, zh: `${opening.zh}最新读数：${stands[grade].zh}` };
}

/** `192/121 mmHg` for blood pressure, `88 %` for a lone value. */
export function valueText(reading: { values: Evidence['values'] }): string {
  const [systolic, diastolic] = [vitalIn(reading, 'systolic'), vitalIn(reading, 'diastolic')];
  if (systolic !== undefined && diastolic !== undefined)
    return `${shown('systolic', systolic)}/${shown('diastolic', diastolic)} ${vitals.systolic.unit}`;
  return reading.values.map(({ vital, value }) => `${shown(vital, value)} ${vitals[vital].unit}`).join(', ');
}

const shown = (vital: VitalName, value: number): string => value.toFixed(vitals[vital].decimals);

const listText = (readings: readonly Evidence[]): Words => {
  const list = readings.map(valueText);
  return { en: list.join(', '), zh: list.join('、') };
};

function limitText(limits: readonly Limit[]): Words {
  const one = (limit: Limit, language: 'en' | 'zh') =>
    `${limitNames[limit.vital]?.[language] ?? vitals[limit.vital].name[language]} ${limit.side === 'above' ? '≥' : '<'} ${limit.value} ${vitals[limit.vital].unit}`;
  return {
    en: limits.map((limit) => one(limit, 'en')).join(' or '),
    zh: limits.map((limit) => one(limit, 'zh')).join(' 或 '),
  };
}

const limitNames: Partial<Record<VitalName, Words>> = {
  systolic: { en: 'systolic', zh: '收缩压' },
  diastolic: { en: 'diastolic', zh: '舒张压' },
};

const meanText = ({ mean }: Average): string =>
  valueText({
    values: (Object.entries(mean) as [VitalName, number][]).map(([vital, value]) => ({
      vital,
      value,
      unit: vitals[vital].ucum,
    })),
  });

const apart = (readings: readonly Evidence[]): number => {
  const times = readings.map((r) => Date.parse(r.takenAt));
  return Math.max(...times) - Math.min(...times);
};

/** A span as people say it: the largest unit that leaves at least 2, else the next smaller. */
export function spanText(ms: number): Words {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return { en: `${seconds} s`, zh: `${seconds} 秒` };
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return { en: `${minutes} min`, zh: `${minutes} 分钟` };
  const hours = Math.round(minutes / 60);
  if (hours < 48) return { en: `${hours} h`, zh: `${hours} 小时` };
  return { en: `${Math.round(hours / 24)} days`, zh: `${Math.round(hours / 24)} 天` };
}
