import type { Evidence } from '#domain/alert.ts';
import { mgPerDlInOneMmolPerL } from '#domain/glucose-unit.ts';
import { vitalIn } from '#domain/reading.ts';
import { type PanelName, panels, type VitalName, vitals } from '#domain/vitals.ts';
import type { Language, Words } from '#domain/words.ts';
import type { Limit } from '../limits.ts';

/**
 * Values, limits and spans as people say them. Glucose is measured in two units: Chinese readers expect mmol/L, English ones may know
 * either and get both.
 */

/**
 * What a reading says: `192/121 mmHg` for blood pressure, `88 %` for a lone value. @param of the vital signs that matter; without them those
 * that make the panel.
 */
export function valueText(
  reading: Pick<Evidence, 'values'> & { panel?: PanelName },
  language: Language,
  of?: readonly VitalName[],
): string {
  const wanted = of ?? (reading.panel ? panels[reading.panel].required : reading.values.map(({ vital }) => vital));
  const [systolic, diastolic] = [vitalIn(reading, 'systolic'), vitalIn(reading, 'diastolic')];
  const pair =
    systolic !== undefined && diastolic !== undefined && wanted.some((v) => v === 'systolic' || v === 'diastolic');
  const others = reading.values.filter(
    ({ vital }) => wanted.includes(vital) && !(pair && (vital === 'systolic' || vital === 'diastolic')),
  );
  return [
    ...(pair
      ? [`${digits('systolic', systolic)}/${digits('diastolic', diastolic)} ${unitText('systolic', language)}`]
      : []),
    ...others.map(({ vital, value }) => amount(vital, value, language)),
  ].join(language === 'en' ? ', ' : '、');
}

/** `54 mg/dL (3.0 mmol/L)`, in Chinese `3.0 mmol/L`; `38 /min`. */
export function amount(vital: VitalName, value: number, language: Language): string {
  const plain = `${digits(vital, value)} ${unitText(vital, language)}`;
  if (!isGlucose(vital)) return plain;
  const molar = `${(value / mgPerDlInOneMmolPerL).toFixed(1)} mmol/L`;
  return language === 'zh' ? molar : `${plain} (${molar})`;
}

export const amounts = (vital: VitalName, value: number): Words => inBoth((language) => amount(vital, value, language));

const isGlucose = (vital: VitalName): boolean => vital === 'glucose' || vital === 'sensor-glucose';

const digits = (vital: VitalName, value: number): string => value.toFixed(vitals[vital].decimals);

function unitText(vital: VitalName, language: Language): string {
  const { unit } = vitals[vital];
  return language === 'zh' ? (chineseUnits[unit] ?? unit) : unit;
}
const chineseUnits: Record<string, string> = { '/min': '次/分', points: '分' };

/** `systolic ≥ 180 mmHg or diastolic ≥ 120 mmHg`. */
export const limitText = (limits: readonly Limit[]): Words =>
  inBoth((language) =>
    limits
      .map(({ vital, side, value }) => {
        const sign = side === 'above' ? '≥' : '<';
        return `${vitalText(vital, language)} ${sign} ${limitAmount(vital, value, language)}`;
      })
      .join(language === 'en' ? ' or ' : ' 或 '),
  );

/** A limit is written as the care plan has it, and not rounded to the digits of the vital. */
function limitAmount(vital: VitalName, value: number, language: Language): string {
  return isGlucose(vital) ? amount(vital, value, language) : `${value} ${unitText(vital, language)}`;
}

/** Within a sentence. */
export const vitalText = (vital: VitalName, language: Language): string =>
  shortNames[vital]?.[language] ?? (language === 'en' ? lowered(vitals[vital].name.en) : vitals[vital].name.zh);
const shortNames: Partial<Record<VitalName, Words>> = {
  systolic: { en: 'systolic', zh: '收缩压' },
  diastolic: { en: 'diastolic', zh: '舒张压' },
};
export const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

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

export const inBoth = (text: (language: Language) => string): Words => ({ en: text('en'), zh: text('zh') });

/** Two texts, one after the other, in each language. */
export const joined = (...texts: readonly Words[]): Words => ({
  en: texts.map(({ en }) => en).join(' '),
  zh: texts.map(({ zh }) => zh).join(''),
});
