import type { Evidence } from '#domain/alert.ts';
import type { VitalName } from '#domain/vitals.ts';
import type { Words } from '#domain/words.ts';
import { type Grade, limitsOf } from '../limits.ts';
import type { Rule } from '../rule.ts';
import { inBoth, limitText, spanText, valueText } from './explain-values.ts';

/**
 * Why a value that wanted confirmation became an alert, and how an alert stands, in sentences a doctor reads once and knows what to do.
 * What other rules found is told in explain-findings.ts.
 */

type Parameters = Record<string, number>;

export function explainConfirmed(rule: Rule, parameters: Parameters, readings: readonly Evidence[]): Words {
  const limits = limitText(limitsOf(rule, parameters));
  const span = spanText(apart(readings));
  const list = listText(rule, readings);
  return {
    en: `Confirmed by a second measurement. ${readings.length} readings within ${span.en}: ${list.en}. Limit: ${limits.en}.`,
    zh: `经复测证实。${span.zh}内 ${readings.length} 次测量：${list.zh}。限值：${limits.zh}。`,
  };
}

export function explainUnanswered(rule: Rule, parameters: Parameters, readings: readonly Evidence[]): Words {
  const limits = limitText(limitsOf(rule, parameters));
  const list = listText(rule, readings);
  const span = spanText(1000 * (parameters['confirm-within-seconds'] ?? 0));
  return readings.length === 1
    ? {
        en: `One reading, ${list.en}, was beyond the limit (${limits.en}). A second measurement was asked for and none that counts came within ${span.en}, so this rests on one reading.`,
        zh: `一次测量 ${list.zh} 超出限值（${limits.zh}）。已请求复测，但 ${span.zh}内未收到有效的复测结果，故本警报仅依据一次测量。`,
      }
    : {
        en: `A reading was beyond the limit (${limits.en}), and nothing measured within ${span.en} confirmed or clearly disproved it: ${list.en}.`,
        zh: `一次测量超出限值（${limits.zh}），${span.zh}内的后续测量既未证实也未明确否定：${list.zh}。`,
      };
}

/** @param now when it arrived, ms since 1970. */
export function explainLate(rule: Rule, parameters: Parameters, reading: Evidence, now: number): Words {
  const limits = limitText(limitsOf(rule, parameters));
  const list = listText(rule, [reading]);
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

/** The opening words, and after them how it stands. */
export function withLatest(rule: Rule, opening: Words, reading: Evidence, grade: Grade): Words {
  // a remark of the device has no value that could stand anywhere
  if (rule.judging.kind === 'repeated' && rule.judging.marks) return opening;
  const value = inBoth((language) => valueText(reading, language, judgedIn(rule)));
  const stands: Record<Grade, Words> = {
    beyond: { en: 'still beyond the limit.', zh: '仍超出限值。' },
    near: {
      en: 'back inside the limit, but not clearly so.',
      zh: '已回到限值以内，但尚不明显。',
    },
    within: {
      en: `back inside the limit.${closing(rule).en}`,
      zh: `已回到限值以内。${closing(rule).zh}`,
    },
  };
  if (value.en === '') return opening;
  const how = isOfOneValue.includes(rule.judging.kind)
    ? { en: ', ', zh: '，' }
    : { en: '; on the whole ', zh: '；总体' };
  return {
    en: `${opening.en} Latest: ${value.en}${how.en}${stands[grade].en}`,
    zh: `${opening.zh}最新读数：${value.zh}${how.zh}${stands[grade].zh}`,
  };
}

/** Of the others one value may be beyond its limit while the finding is over, and the other way round. */
const isOfOneValue: readonly Rule['judging']['kind'][] = ['confirmed', 'sustained', 'change'];

/** Graver alerts never close by themselves. */
const closing = ({ severity }: Rule): Words =>
  severity === 'routine'
    ? { en: '', zh: '' }
    : { en: ' The alert stays until a person closes it.', zh: '警报须由人员确认后关闭。' };

/** The vital signs a rule looks at: those of its limits, or the one its judging names. */
export function judgedIn(rule: Rule): readonly VitalName[] | undefined {
  const limited = rule.parameters.flatMap(({ limits }) => limits?.vital ?? []);
  if (limited.length > 0) return limited;
  return 'vital' in rule.judging ? [rule.judging.vital] : undefined;
}

const listText = (rule: Rule, readings: readonly Evidence[]): Words =>
  inBoth((language) =>
    readings.map((reading) => valueText(reading, language, judgedIn(rule))).join(language === 'en' ? ', ' : '、'),
  );

const apart = (readings: readonly Evidence[]): number => {
  const times = readings.map((r) => Date.parse(r.takenAt));
  return Math.max(...times) - Math.min(...times);
};
