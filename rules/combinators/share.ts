import { takenIn, valueIn } from '../history/history-slots.ts';
import { parameterOf } from '../terms.ts';
import type { Combinator } from './course.ts';
import { largest } from './recent.ts';
import { isDayOver, lastEvidence, slotAt, slotsOfDay, wornPanel } from './samples.ts';

/**
 * The share of the time in a range, above or below it, over whole days up to yesterday, judged once a day and only when enough of that time was measured.
 * In range is from `range-low` to `range-high`, both included (ATTD 2019: 70 to 180 mg/dL).
 *
 * Parameters: range-low (in, below), range-high (in, above), share-percent, days, coverage-percent, [recovery-margin: 0],
 * [quiet-days: 7].
 */
export const share: Combinator = {
  quietDays: 7,
  needsPast: true,
  daysBack: (rule) => largest(rule, 'days', 14) + 1,
  look(terms, history, { happening, until }) {
    const { judging } = terms.rule;
    const panel = wornPanel(terms.rule, history);
    if (judging.kind !== 'share' || !panel || !isDayOver(panel, happening)) return 'unclear';
    const { slots } = panel;
    if (slotAt(panel, until) < slots.newest) return 'unclear';
    const days = parameterOf(terms, 'days', 14);
    const end = Math.floor(slots.newest / slotsOfDay(slots)) * slotsOfDay(slots);
    const low =
      judging.of === 'above' ? Number.NEGATIVE_INFINITY : parameterOf(terms, 'range-low', Number.NEGATIVE_INFINITY);
    const high =
      judging.of === 'below' ? Number.POSITIVE_INFINITY : parameterOf(terms, 'range-high', Number.POSITIVE_INFINITY);
    let [measured, within] = [0, 0];
    for (let slot = end - days * slotsOfDay(slots); slot < end; slot++) {
      const value = valueIn(slots, slot);
      if (Number.isNaN(value)) continue;
      measured++;
      if (value >= low && value <= high) within++;
    }
    const coverage = (100 * measured) / (days * slotsOfDay(slots));
    if (coverage < parameterOf(terms, 'coverage-percent', 70)) return 'unclear';
    const percent = (100 * (judging.of === 'in' ? within : measured - within)) / measured;
    const limit = parameterOf(terms, 'share-percent', Number.NaN);
    const isTrouble = judging.of === 'in' ? percent < limit : percent >= limit;
    if (!isTrouble)
      return (judging.of === 'in' ? percent >= limit + terms.margin : percent < limit - terms.margin) ? 'well' : 'near';
    const evidence = lastEvidence(panel, until);
    if (evidence.length === 0) return 'unclear';
    return {
      is: 'trouble',
      finding: {
        ground: 'share',
        vital: judging.vital,
        of: judging.of,
        percent,
        coverage,
        days,
        low: Number.isFinite(low) ? low : undefined,
        high: Number.isFinite(high) ? high : undefined,
      },
      evidence,
      from: takenIn(slots, slots.newest),
      latest: takenIn(slots, slots.newest),
    };
  },
};
