import type { Evidence } from '#domain/alert.ts';
import { artefactMarks } from '#domain/reading.ts';
import type { History } from '../history/history.ts';
import {
  evidenceAt,
  hasMark,
  isArtefact,
  lastUntil,
  placeOfMark,
  type Records,
  takenAt,
} from '../history/history-records.ts';
import { isAnyBeyond } from '../limits.ts';
import type { Rule } from '../rule.ts';
import { parameterOf, type Terms } from '../terms.ts';
import { type Combinator, type Moment, marksOf, type Verdict } from './course.ts';
import { gradeAt, largest, latestReadings } from './recent.ts';

/**
 * Some of the last readings, not one: `readings-at-least` of the last `of-last` within `within-hours`, each `min-gap-seconds` after the one
 * before it, are beyond a limit or carry one of the marks. The newest must be one of them. Well again is a newest one inside the limit by the
 * margin (or without the marks), when less than enough of the last are beyond. Marks are what a device says of itself: then each panel counts for itself.
 *
 * Parameters: limits… (none with marks), readings-at-least, of-last, within-hours, [min-gap-seconds: 0], [recovery-margin: 0],
 * [quiet-days: 0].
 */
export const repeated: Combinator = {
  mayOpen: ({ rule, limits }, { values, marks }) => {
    const about = marksOf(rule);
    return about ? marks.some((mark) => about.includes(mark)) : isAnyBeyond(limits, values);
  },
  daysBack: (rule) => Math.ceil(largest(rule, 'within-hours', 24) / 24) + 1,
  look(terms, history, moment) {
    const { rule } = terms;
    if (!marksOf(rule)) return lookAt(terms, history, moment, rule);
    let [isHeld, isWell] = [false, false];
    for (const panel of rule.panels) {
      const verdict = lookAt(terms, history, moment, { panels: [panel] });
      if (typeof verdict === 'object') return verdict;
      if (verdict === 'well') isWell = true;
      if (verdict === 'near' || (verdict === 'unclear' && endsMarked(rule, history.panels.get(panel)?.records, moment)))
        isHeld = true;
    }
    return isHeld ? 'near' : isWell ? 'well' : 'unclear';
  },
};

function lookAt(terms: Terms, history: History, { since, until }: Moment, at: Pick<Rule, 'panels'>): Verdict {
  const { rule } = terms;
  const about = marksOf(rule);
  const withinMs = 3_600_000 * parameterOf(terms, 'within-hours', 24);
  const needed = parameterOf(terms, 'readings-at-least', 2);
  const last = latestReadings(
    at,
    history,
    { since: Math.max(since, until - withinMs), until },
    {
      // a care plan that asks for more than it looks at must not make the rule dumb
      atMost: Math.max(needed, parameterOf(terms, 'of-last', needed)),
      gapMs: 1000 * parameterOf(terms, 'min-gap-seconds', 0),
      artefactsToo: looksAtArtefacts(rule),
      counts: about ? undefined : (records, i) => gradeAt(terms, records, i) !== undefined,
    },
  );
  if (last.count === 0) return 'unclear';
  const grade = (records: Records, i: number) =>
    about ? (isMarked(rule, records, i) ? 'beyond' : 'within') : gradeAt(terms, records, i)!;
  let beyond = 0;
  for (let n = 0; n < last.count; n++) if (grade(last.records[n]!, last.places[n]!) === 'beyond') beyond++;
  const newest = grade(last.records[0]!, last.places[0]!);
  if (newest !== 'beyond') return newest === 'within' && beyond < needed ? 'well' : 'near';
  if (beyond < needed) return 'near';

  const evidence: Evidence[] = [];
  let from = until;
  for (let n = last.count - 1; n >= 0; n--) {
    const [records, i] = [last.records[n]!, last.places[n]!];
    if (grade(records, i) !== 'beyond') continue;
    evidence.push(evidenceAt(records, i));
    from = Math.min(from, takenAt(records, i));
  }
  const latest = takenAt(last.records[0]!, last.places[0]!);
  const spanMs = latest - takenAt(last.records[last.count - 1]!, last.places[last.count - 1]!);
  const marks = (about ?? []).filter((mark) => evidence.some((one) => one.marks.includes(mark)));
  return {
    is: 'trouble',
    finding: { ground: 'repeated', beyond, of: last.count, spanMs, marks },
    evidence,
    from,
    latest,
  };
}

const isMarked = (rule: Rule, records: Records, i: number): boolean =>
  marksOf(rule)?.some((mark) => hasMark(records, i, placeOfMark(mark))) ?? false;

/** An artefact counts only where it is what the rule is about. */
const looksAtArtefacts = (rule: Rule): boolean => marksOf(rule)?.some((mark) => artefactMarks.includes(mark)) ?? false;

/** What was said of a device that has been silent since still holds. */
function endsMarked(rule: Rule, records: Records | undefined, { until }: Moment): boolean {
  if (!records) return false;
  let last = lastUntil(records, until);
  while (last >= 0 && !looksAtArtefacts(rule) && isArtefact(records, last)) last--;
  return last >= 0 && isMarked(rule, records, last);
}
