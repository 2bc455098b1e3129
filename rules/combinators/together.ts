import type { VitalName } from '#domain/vitals.ts';
import type { History } from '../history/history.ts';
import { columnOf, isArtefact, lastUntil, type Records, takenAt } from '../history/history-records.ts';
import type { Rule } from '../rule.ts';
import type { Moment } from './course.ts';
import { measuredAt } from './recent.ts';

/** Where the latest value of a vital stands. */
export type Place = { records: Records; i: number; value: number; taken: number };

/** The latest clean value of a vital in any panel of the rule, taken after `since` and up to `until`. */
export function latestOf(
  { panels }: Rule,
  history: History,
  vital: VitalName,
  { since, until }: Pick<Moment, 'since' | 'until'>,
): Place | undefined {
  let latest: Place | undefined;
  for (const panel of panels) {
    const records = history.panels.get(panel)?.records;
    if (!records || columnOf(records, vital) < 0) continue;
    for (let i = lastUntil(records, until); i >= 0; i--) {
      const taken = takenAt(records, i);
      if (taken <= since || (latest && taken <= latest.taken)) break;
      const value = isArtefact(records, i) ? Number.NaN : measuredAt(records, i, vital);
      if (Number.isNaN(value)) continue;
      latest = { records, i, value, taken };
      break;
    }
  }
  return latest;
}
