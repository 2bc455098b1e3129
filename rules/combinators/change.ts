import { isContinuous } from '#domain/vitals.ts';
import type { History } from '../history/history.ts';
import { dayOf, deviceOf, evidenceAt, type Records, takenAt } from '../history/history-records.ts';
import { parameterOf, type Terms } from '../terms.ts';
import type { Combinator } from './course.ts';
import { largest, latestReadings, measuredAt } from './recent.ts';

/**
 * The latest value against the median of the days before it: a person is measured against himself. Each day counts once, by its own median,
 * for who falls ill measures more often. Days, not hours, for the same bathroom scale says other things in the evening. With `beyond-at-least` 2, one value asks the home to measure again, and a second
 * one, also of the day before, raises the alert: a first jump is clothes or another scale.
 *
 * Parameters: change-at-least, days, readings-at-least (days with readings), [beyond-at-least: 1], [min-gap-seconds: 30], [recovery-margin: 0], [quiet-days: 0].
 */
export const change: Combinator = {
  quietDays: 0,
  needsPast: true,
  daysBack: (rule) => largest(rule, 'days', 7) + 2,
  look(terms, history, { until }) {
    const { judging } = terms.rule;
    if (judging.kind !== 'change') return 'unclear';
    const { vital } = judging;
    const sign = judging.direction === 'up' ? 1 : -1;
    const found = latestReadings(terms.rule, history, { since: until - dayMs * (largestDays(terms) + 1), until }, {});
    const days = parameterOf(terms, 'days', 7);
    let [latest, first, today] = [Number.NaN, -1, 0];
    let [count, alike, readings, onDay, day] = [0, 0, 0, 0, -1];
    for (let n = 0; n < found.count; n++) {
      const [records, i] = [found.records[n]!, found.places[n]!];
      const value = measuredAt(records, i, vital);
      if (Number.isNaN(value)) continue;
      if (first < 0) [latest, first, today] = [value, n, dayOf(records, i)];
      else if (dayOf(records, i) < today - days) break;
      if (dayOf(records, i) === today) continue;
      if (dayOf(records, i) !== day && onDay > 0) {
        values[count++] = medianOf(ofDay, onDay);
        onDay = 0;
      }
      day = dayOf(records, i);
      if (onDay < ofDay.length) ofDay[onDay++] = value;
      readings++;
    }
    if (onDay > 0) values[count++] = medianOf(ofDay, onDay);
    // no more days can have readings than are looked at
    if (first < 0 || count < Math.min(days, parameterOf(terms, 'readings-at-least', 4))) return 'unclear';
    const median = medianOf(values, count);
    const needed = parameterOf(terms, 'change-at-least', Number.POSITIVE_INFINITY);
    const changed = sign * (latest - median);
    if (changed < needed) return changed <= needed - terms.margin ? 'well' : 'near';

    const gapMs = 1000 * parameterOf(terms, 'min-gap-seconds', 30);
    const beyond = parameterOf(terms, 'beyond-at-least', 1);
    const evidence = [];
    let from = Number.POSITIVE_INFINITY;
    for (let n = first; n < found.count && alike < beyond; n++) {
      const [records, i] = [found.records[n]!, found.places[n]!];
      const value = measuredAt(records, i, vital);
      if (Number.isNaN(value) || takenAt(records, i) > from - gapMs) continue;
      if (sign * (value - median) < needed) break;
      alike++;
      from = takenAt(records, i);
      evidence.unshift(evidenceAt(records, i));
    }
    const [records, place] = [found.records[first]!, found.places[first]!];
    if (alike < beyond) return doubtAbout(history, records, place);
    return {
      is: 'trouble',
      finding: { ground: 'change', vital, latest, median, readings, days },
      evidence,
      from,
      latest: takenAt(records, place),
    };
  },
};

const dayMs = 86_400_000;
const largestDays = (terms: Terms): number => parameterOf(terms, 'days', 7) + 1;

/** Time to rest, undress or warm a finger, and to measure again. */
const askedWithinMs = 30 * 60_000;

function doubtAbout(history: History, records: Records, i: number) {
  if (isContinuous(records.panel)) return 'unclear';
  const { device, source } = history.devices[deviceOf(records, i)]!;
  return { is: 'doubt', device, source, taken: takenAt(records, i), withinMs: askedWithinMs } as const;
}

/** The medians of the days of one look, and the values of one day, written anew by each. */
const values = new Float64Array(512);
const ofDay = new Float64Array(64);

function medianOf(of: Float64Array, count: number): number {
  const sorted = of.subarray(0, count).sort();
  const middle = count >> 1;
  return count % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
