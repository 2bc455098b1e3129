import type { Evidence } from '#domain/alert.ts';
import { evidenceAt } from '../history/history-records.ts';
import { isAnyBeyond, isBeyond, type Limit } from '../limits.ts';
import { parameterOf } from '../terms.ts';
import type { Combinator } from './course.ts';
import { isBeyondBy } from './recent.ts';
import { latestOf, type Place } from './together.ts';

/**
 * Several vitals at once: the latest of each, all taken within `within-minutes`, are beyond their limits. What was not measured within that time is
 * not beyond anything.
 *
 * Parameters: limits…, within-minutes, [limits-at-least: all of them], [recovery-margin: 0].
 */
export const combination: Combinator = {
  mayOpen: (terms, { values }) => isAnyBeyond(terms.limits, values),
  daysBack: () => 2,
  look(terms, history, { since, until }) {
    const { rule, limits, margin } = terms;
    const withinMs = 60_000 * parameterOf(terms, 'within-minutes', 60);
    const needed = parameterOf(terms, 'limits-at-least', limits.length);
    const window = { since: Math.max(since, until - withinMs - 1), until };
    let [beyond, near] = [0, 0];
    const found: { limit: Limit; place: Place }[] = [];
    for (const limit of limits) {
      const place = latestOf(rule, history, limit.vital, window);
      if (!place) continue;
      if (isBeyond(limit, place.value)) {
        beyond++;
        found.push({ limit, place });
      }
      if (isBeyondBy(limit, -margin, place.value)) near++;
    }
    if (beyond < needed) return near < needed ? 'well' : 'near';
    const from = Math.min(...found.map(({ place }) => place.taken));
    const latest = Math.max(...found.map(({ place }) => place.taken));
    return {
      is: 'trouble',
      finding: {
        ground: 'combination',
        measured: found.map(({ limit, place }) => ({ limit, value: place.value })),
        spanMs: latest - from,
      },
      evidence: evidenceOf(found.map(({ place }) => place)),
      from,
      latest,
    };
  },
};

/** One reading may hold several of the values. */
export function evidenceOf(places: readonly Place[]): Evidence[] {
  const unique = places.filter((a, n) => places.findIndex((b) => a.records === b.records && a.i === b.i) === n);
  return unique.sort((a, b) => a.taken - b.taken).map(({ records, i }) => evidenceAt(records, i));
}
