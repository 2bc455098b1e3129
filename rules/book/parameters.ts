import type { RuleParameter } from '#domain/rule-book.ts';
import type { VitalName } from '#domain/vitals.ts';
import { vitals } from '#domain/vitals.ts';
import type { Words } from '#domain/words.ts';

/**
 * Parameters by the names that the combinators read (rules/rule.ts), with the words under which a care plan shows them. Numbers and
 * sources are each rule's own.
 */

/** The default, what a care plan may set, and where the default comes from. */
export type Bounds = Pick<RuleParameter, 'default' | 'low' | 'high' | 'source'>;

const named =
  (name: string, unit: string, en: string, zh: string) =>
  (bounds: Bounds): RuleParameter => ({ name, label: { en, zh }, unit, ...bounds });

/** A limit of one vital sign: `above` means at or above, `below` strictly below. */
export const limit = (
  name: string,
  vital: VitalName,
  side: 'above' | 'below',
  label: Words,
  bounds: Bounds,
): RuleParameter => ({ name, label, unit: vitals[vital].unit, ...bounds, limits: { vital, side } });

export const recoveryMargin = (unit: string, bounds: Bounds): RuleParameter =>
  named('recovery-margin', unit, 'Reassuring when better than the limit by', '较限值好转达到此幅度视为缓解')(bounds);

// a second measurement
export const minGap = named('min-gap-seconds', 's', 'Gap between two measurements at least', '两次测量的最短间隔');
export const confirmWithin = named('confirm-within-seconds', 's', 'Second measurement within', '复测时限');

// how many readings, over which time
export const readingsAtLeast = named('readings-at-least', '1', 'Readings at least', '最少测量次数');
export const ofLast = named('of-last', '1', 'Of the last readings', '最近若干次测量中');
export const withinHours = named('within-hours', 'h', 'Counted over', '统计时段');
export const days = named('days', 'd', 'Days looked at', '回顾天数');
export const daysAtLeast = named('days-at-least', 'd', 'Days with readings at least', '有读数的最少天数');
export const quietDays = named('quiet-days', 'd', 'Not told again before', '再次提示的最短间隔');
export const coverage = named(
  'coverage-percent',
  '%',
  'Share of the time that was measured at least',
  '有效监测时间占比下限',
);

// what is worn and measures by itself
export const forMinutes = named('for-minutes', 'min', 'Lasting at least', '持续时间至少');
export const gapMinutes = named('gap-minutes-at-most', 'min', 'Gap between samples at most', '数据间断不超过');
export const samplesAtLeast = named('samples-at-least', '1', 'Samples at least', '最少采样数');
export const withinMinutes = named('within-minutes', 'min', 'Within', '时间范围');
export const overMinutes = named('over-minutes', 'min', 'Judged from the samples of the last', '依据最近采样时长');

// against what is usual for the patient
export const changeAtLeast = (vital: VitalName, label: Words, bounds: Bounds): RuleParameter => ({
  name: 'change-at-least',
  label,
  unit: vitals[vital].unit,
  ...bounds,
});
export const beyondAtLeast = named(
  'beyond-at-least',
  '1',
  'Measurements that must say the same',
  '结果一致的最少测量次数',
);
