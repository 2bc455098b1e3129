import type { VitalName } from '#domain/vitals.ts';
import type { Words } from '#domain/words.ts';
import type { History } from '../history/history.ts';
import type { ScoreCondition } from '../rule.ts';
import { parameterOf, type Terms } from '../terms.ts';
import { evidenceOf } from './combination.ts';
import type { Combinator, Moment } from './course.ts';
import { latestOf, type Place } from './together.ts';

/**
 * A score of several vitals, such as NEWS2: the latest of each, all taken within `within-minutes`. It is a score only when complete; what was not
 * measured is not taken for normal, and an incomplete one neither raises nor clears anything.
 *
 * Parameters: score-at-least, within-minutes, [single-at-least], [recovery-margin: 0 points], and those that lines name.
 */
export const score: Combinator = {
  daysBack: () => 2,
  look(terms, history, moment) {
    const { judging } = terms.rule;
    if (judging.kind !== 'score') return 'unclear';
    const withinMs = 60_000 * parameterOf(terms, 'within-minutes', 60);
    const window = { since: Math.max(moment.since, moment.until - withinMs - 1), until: moment.until };
    const lines: Line[] = [];
    let [total, highest] = [0, 0];
    for (const item of judging.items) {
      const counts = holds(terms, history, window, item.when ?? []);
      if (counts === undefined) return 'unclear';
      if (!counts) continue;
      const latest = latestOfAny(terms, history, item.vitals, window);
      if (!latest) return 'unclear';
      const { points } = item.bands.find(({ upTo }) => latest.place.value <= upTo) ?? { points: 0 };
      total += points;
      highest = Math.max(highest, points);
      lines.push({ name: item.name, vital: latest.vital, points, place: latest.place });
    }
    const needed = parameterOf(terms, 'score-at-least', Number.POSITIVE_INFINITY);
    const single = parameterOf(terms, 'single-at-least', Number.POSITIVE_INFINITY);
    if (total < needed && highest < single) return total < needed - terms.margin ? 'well' : 'near';
    const taken = lines.map(({ place }) => place.taken);
    return {
      is: 'trouble',
      finding: {
        ground: 'score',
        total,
        lines: lines.map(({ name, vital, points, place }) => ({ name, vital, value: place.value, points })),
      },
      evidence: evidenceOf(lines.map(({ place }) => place)),
      from: Math.min(...taken),
      latest: Math.max(...taken),
    };
  },
};

type Line = { name: Words; vital: VitalName; points: number; place: Place };
type Window = Pick<Moment, 'since' | 'until'>;

function latestOfAny(
  { rule }: Terms,
  history: History,
  vitals: readonly VitalName[],
  window: Window,
): { vital: VitalName; place: Place } | undefined {
  let latest: { vital: VitalName; place: Place } | undefined;
  for (const vital of vitals) {
    const place = latestOf(rule, history, vital, window);
    if (place && (!latest || place.taken > latest.place.taken)) latest = { vital, place };
  }
  return latest;
}

/** Undefined when what decides was not measured. */
function holds(
  terms: Terms,
  history: History,
  window: Window,
  conditions: readonly ScoreCondition[],
): boolean | undefined {
  for (const condition of conditions) {
    if ('parameter' in condition) {
      if (terms.parameters[condition.parameter] !== condition.is) return false;
      continue;
    }
    const place = latestOf(terms.rule, history, condition.vital, window);
    if (!place) return undefined;
    const { from = Number.NEGATIVE_INFINITY, upTo = Number.POSITIVE_INFINITY } = condition;
    if (place.value < from || place.value > upTo) return false;
  }
  return true;
}
