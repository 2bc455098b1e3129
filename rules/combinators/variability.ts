import type { VitalName } from '#domain/vitals.ts';
import type { History } from '../history/history.ts';
import { columnOf, dayOf, evidenceAt, isArtefact, lastUntil, takenAt, valueAt } from '../history/history-records.ts';
import { takenIn, valueIn } from '../history/history-slots.ts';
import type { Happening } from '../rule.ts';
import { parameterOf, type Terms } from '../terms.ts';
import type { Combinator, Moment, Verdict } from './course.ts';
import { largest } from './recent.ts';
import { isDayOver, lastEvidence, slotAt, slotsOfDay, wornPanel } from './samples.ts';

/**
 * How much the values of the last days differ: their standard deviation, or that in percent of their mean (`cv`). Judged once a day: of what
 * is worn over whole days up to yesterday, else with the first reading of a day over the days before it.
 *
 * Parameters: variability-at-least, days, readings-at-least (of a continuous panel: coverage-percent), [recovery-margin: 0],
 * [quiet-days: 7].
 */
export const variability: Combinator = {
  quietDays: 7,
  needsPast: true,
  daysBack: (rule) => largest(rule, 'days', 14) + 1,
  look(terms, history, moment) {
    const { judging } = terms.rule;
    if (judging.kind !== 'variability') return 'unclear';
    return wornPanel(terms.rule, history)
      ? ofSamples(terms, history, moment)
      : ofReadings(terms, history, moment, judging.vital);
  },
};

/** Sums of one look; written anew by each. */
const sums = { count: 0, mean: 0, squares: 0 };

/** Welford's way, which loses no digits. */
function add(value: number): void {
  sums.count++;
  const difference = value - sums.mean;
  sums.mean += difference / sums.count;
  sums.squares += difference * (value - sums.mean);
}

function ofSamples(terms: Terms, history: History, { happening, until }: Moment): Verdict {
  const panel = wornPanel(terms.rule, history)!;
  const { slots } = panel;
  if (!isDayOver(panel, happening) || slotAt(panel, until) < slots.newest) return 'unclear';
  const days = parameterOf(terms, 'days', 14);
  const end = Math.floor(slots.newest / slotsOfDay(slots)) * slotsOfDay(slots);
  [sums.count, sums.mean, sums.squares] = [0, 0, 0];
  for (let slot = end - days * slotsOfDay(slots); slot < end; slot++) {
    const value = valueIn(slots, slot);
    if (!Number.isNaN(value)) add(value);
  }
  if ((100 * sums.count) / (days * slotsOfDay(slots)) < parameterOf(terms, 'coverage-percent', 70)) return 'unclear';
  const evidence = () => lastEvidence(panel, until);
  return judged(terms, days, takenIn(slots, slots.newest), evidence);
}

function ofReadings(terms: Terms, history: History, { happening, until }: Moment, vital: VitalName): Verdict {
  const records = history.panels.get(terms.rule.panels[0])?.records;
  if (!records) return 'unclear';
  const last = lastUntil(records, until);
  if (last < 0 || !isFirstOfDay(terms, history, happening, last)) return 'unclear';
  const today = dayOf(records, last);
  const days = parameterOf(terms, 'days', 14);
  const column = columnOf(records, vital);
  [sums.count, sums.mean, sums.squares] = [0, 0, 0];
  for (let i = last; i >= 0 && dayOf(records, i) >= today - days; i--) {
    if (dayOf(records, i) === today || isArtefact(records, i)) continue;
    const value = valueAt(records, i, column);
    if (!Number.isNaN(value)) add(value);
  }
  if (sums.count < parameterOf(terms, 'readings-at-least', 12)) return 'unclear';
  return judged(terms, days, takenAt(records, last), () => [evidenceAt(records, last)]);
}

/** A day is over, or one that was over has changed. */
function isFirstOfDay({ rule }: Terms, history: History, happening: Happening, last: number): boolean {
  if (happening.kind !== 'reading') return happening.kind === 'tick';
  const { records } = history.panels.get(rule.panels[0])!;
  const today = dayOf(records, last);
  return happening.reading.day < today || last === 0 || dayOf(records, last - 1) < today;
}

function judged(terms: Terms, days: number, latest: number, evidence: () => ReturnType<typeof lastEvidence>): Verdict {
  const { judging } = terms.rule;
  if (judging.kind !== 'variability') return 'unclear';
  const { count, mean } = sums;
  const deviation = Math.sqrt(sums.squares / (count - 1));
  const value = judging.measure === 'sd' ? deviation : (100 * deviation) / mean;
  const limit = parameterOf(terms, 'variability-at-least', Number.POSITIVE_INFINITY);
  if (!(value >= limit)) return value < limit - terms.margin || terms.margin === 0 ? 'well' : 'near';
  const { vital, measure } = judging;
  const found = evidence();
  if (found.length === 0) return 'unclear';
  return {
    is: 'trouble',
    finding: { ground: 'variability', vital, measure, value, mean, readings: count, days },
    evidence: found,
    from: latest,
    latest,
  };
}
