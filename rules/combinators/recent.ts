import type { VitalName } from '#domain/vitals.ts';
import type { History } from '../history/history.ts';
import { columnOf, isArtefact, lastUntil, type Records, takenAt, valueAt } from '../history/history-records.ts';
import { type Grade, isBeyond } from '../limits.ts';
import type { Rule } from '../rule.ts';
import type { Terms } from '../terms.ts';
import type { Moment } from './course.ts';

/** The latest readings of several panels as one list. Written into the same place by every call, so that looking makes no object. */
export type Recent = { records: Records[]; places: number[]; count: number };

const found: Recent = { records: [], places: [], count: 0 };
/** More than any rule counts. */
const foundAtMost = 512;

/**
 * The readings of the rule's panels in which something that `counts` was measured, newest first, taken after `since` and up to `until`, at most
 * `atMost`, each `gapMs` before the one that follows it. What it answers holds until the next call.
 */
export function latestReadings(
  { panels }: Pick<Rule, 'panels'>,
  history: History,
  { since, until }: Pick<Moment, 'since' | 'until'>,
  wish: { atMost?: number; gapMs?: number; artefactsToo?: boolean; counts?: (records: Records, i: number) => boolean },
): Recent {
  found.count = 0;
  const atMost = Math.min(wish.atMost ?? foundAtMost, foundAtMost);
  for (let p = 0; p < panels.length; p++) {
    const records = history.panels.get(panels[p]!)?.records;
    cursors[p] = records ? lastUntil(records, until) : -1;
  }
  let next = Number.POSITIVE_INFINITY;
  while (found.count < atMost) {
    let newest = -1;
    let newestTaken = since;
    for (let p = 0; p < panels.length; p++) {
      const i = cursors[p]!;
      if (i < 0) continue;
      const taken = takenAt(history.panels.get(panels[p]!)!.records, i);
      if (taken > newestTaken) [newest, newestTaken] = [p, taken];
    }
    if (newest < 0) break;
    const { records } = history.panels.get(panels[newest]!)!;
    const i = cursors[newest]!--;
    if (newestTaken > next) continue;
    if (!wish.artefactsToo && isArtefact(records, i)) continue;
    if (wish.counts && !wish.counts(records, i)) continue;
    found.records[found.count] = records;
    found.places[found.count] = i;
    found.count++;
    if (wish.gapMs) next = newestTaken - wish.gapMs;
  }
  return found;
}
const cursors: number[] = [];

/** The value of a vital, NaN when this reading has it not. */
export function measuredAt(records: Records, i: number, vital: VitalName): number {
  const column = columnOf(records, vital);
  return column < 0 ? Number.NaN : valueAt(records, i, column);
}

/** Undefined when nothing that has a limit was measured. */
export function gradeAt({ limits, margin }: Terms, records: Records, i: number): Grade | undefined {
  let grade: Grade | undefined;
  for (const limit of limits) {
    const value = measuredAt(records, i, limit.vital);
    if (Number.isNaN(value)) continue;
    if (isBeyond(limit, value)) return 'beyond';
    if (isBeyondBy(limit, -margin, value)) grade = 'near';
    else grade ??= 'within';
  }
  return grade;
}

/** Beyond the limit by so much; a negative number: or not quite. */
export const isBeyondBy = (limit: { side: 'above' | 'below'; value: number }, by: number, value: number): boolean =>
  limit.side === 'above' ? value >= limit.value + by : value < limit.value - by;

/** The largest value that a care plan may give a parameter; `otherwise` where the rule has it not. */
export const largest = (rule: Rule, name: string, otherwise: number): number =>
  rule.parameters.find((p) => p.name === name)?.high ?? otherwise;
