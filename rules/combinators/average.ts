import type { Evidence } from '#domain/alert.ts';
import type { VitalName } from '#domain/vitals.ts';
import { vitalsOf } from '#domain/vitals.ts';
import type { Average } from '../finding.ts';
import {
  columnOf,
  dayOf,
  evidenceAt,
  isArtefact,
  lastUntil,
  type Records,
  takenAt,
  valueAt,
} from '../history/history-records.ts';
import { isBeyond } from '../limits.ts';
import { parameterOf, type Terms } from '../terms.ts';
import type { Combinator } from './course.ts';

/**
 * The average of the last days of the patient that have readings in them, the first of those days discarded; `days-before`: against the
 * same of as many days before. Late readings count like any other, for an average wakes nobody; but it is raised only while its last
 * reading is recent. It closes by itself when the average is better than the limit by the margin. It speaks of the first panel of its rule.
 *
 * Parameters: limits… (of the average), readings-at-least, days-at-least, [days: 7], [dropped-days: 1], [rise-at-least: 0],
 * [recovery-margin: 0], [quiet-days: 7].
 */
export const average: Combinator = {
  quietDays: 7,
  needsPast: true,
  daysBack: (rule) => 2 * (rule.parameters.find((p) => p.name === 'days')?.high ?? usualDays) + 1,
  look(terms, history, { until }) {
    const records = history.panels.get(terms.rule.panels[0])?.records;
    if (!records) return 'unclear';
    const last = lastUntil(records, until);
    if (last < 0) return 'unclear';
    const days = parameterOf(terms, 'days', usualDays);
    const today = dayOf(records, last);
    const first = firstAfterDay(records, today - days, last);
    const from = firstCounted(terms, records, first, last);
    if (from < 0) return 'unclear';

    let [isTrouble, isWell] = [false, true];
    for (const limit of terms.limits) {
      const mean = meanOf(records, columnOf(records, limit.vital), from, last);
      if (Number.isNaN(mean)) continue;
      const sign = limit.side === 'above' ? 1 : -1;
      if (isBeyond(limit, mean)) isTrouble = true;
      if (isBeyond({ ...limit, value: limit.value - sign * terms.margin }, mean)) isWell = false;
    }
    if (isWell) return 'well';
    if (!isTrouble) return 'near';

    const now = averageOf(records, from, last);
    const before = daysBefore(terms, records, today - 2 * days, first - 1);
    if (terms.rule.judging.kind === 'average' && terms.rule.judging.against === 'days-before') {
      if (!before) return 'unclear';
      const rise = parameterOf(terms, 'rise-at-least', 0);
      const isRising = terms.limits.some((limit) => {
        const [mean, meanBefore] = [now.mean[limit.vital], before.mean[limit.vital]];
        if (mean === undefined || meanBefore === undefined || !isBeyond(limit, mean)) return false;
        return (limit.side === 'above' ? mean - meanBefore : meanBefore - mean) >= rise;
      });
      if (!isRising) return 'unclear';
    }
    return {
      is: 'trouble',
      finding: { ground: 'average', now, before, days },
      evidence: evidenceOf(records, from, last),
      from: takenAt(records, from),
      latest: takenAt(records, last),
    };
  },
};

const usualDays = 7;

/** The first record, up to `last`, of a day after this one. */
function firstAfterDay(records: Records, day: number, last: number): number {
  let i = last;
  while (i > 0 && dayOf(records, i - 1) > day) i--;
  return i;
}

/** The first record that counts, once the first days are dropped; -1 when the rest is too little to speak of an average. */
function firstCounted(terms: Terms, records: Records, first: number, last: number): number {
  const dropped = parameterOf(terms, 'dropped-days', 1);
  let [from, readings, days, day] = [-1, 0, 0, -1];
  for (let i = first; i <= last; i++) {
    if (isArtefact(records, i)) continue;
    if (dayOf(records, i) !== day) {
      day = dayOf(records, i);
      days++;
    }
    if (days <= dropped) continue;
    if (from < 0) from = i;
    readings++;
  }
  return readings >= parameterOf(terms, 'readings-at-least', 12) &&
    days - dropped >= parameterOf(terms, 'days-at-least', 3)
    ? from
    : -1;
}

function daysBefore(terms: Terms, records: Records, day: number, last: number): Average | undefined {
  if (last < 0 || dayOf(records, last) <= day) return undefined;
  const from = firstCounted(terms, records, firstAfterDay(records, day, last), last);
  return from < 0 ? undefined : averageOf(records, from, last);
}

/** NaN when nothing was measured. */
function meanOf(records: Records, column: number, from: number, last: number): number {
  if (column < 0) return Number.NaN;
  let [sum, count] = [0, 0];
  for (let i = from; i <= last; i++) {
    const value = valueAt(records, i, column);
    if (Number.isNaN(value) || isArtefact(records, i)) continue;
    sum += value;
    count++;
  }
  return sum / count;
}

function averageOf(records: Records, from: number, last: number): Average {
  const mean: Partial<Record<VitalName, number>> = {};
  vitalsOf(records.panel).forEach((vital, column) => {
    const value = meanOf(records, column, from, last);
    if (!Number.isNaN(value)) mean[vital] = value;
  });
  const counted = clean(records, from, last);
  return { mean, readings: counted.length, days: new Set(counted.map((i) => dayOf(records, i))).size };
}

const evidenceOf = (records: Records, from: number, last: number): Evidence[] =>
  clean(records, from, last).map((i) => evidenceAt(records, i));

const clean = (records: Records, from: number, last: number): number[] =>
  Array.from({ length: last - from + 1 }, (_, i) => from + i).filter((i) => !isArtefact(records, i));
