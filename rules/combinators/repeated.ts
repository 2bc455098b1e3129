import { artefactMarks } from '#domain/reading.ts';
import { evidenceAt, hasMark, placeOfMark, type Records, takenAt } from '../history-records.ts';
import { isAnyBeyond } from '../limits.ts';
import { parameterOf } from '../terms.ts';
import type { Combinator } from './course.ts';
import { gradeAt, largest, latestReadings } from './recent.ts';

/**
 * Some of the last readings, not one: `readings-at-least` of the last `of-last` within `within-hours`, each `min-gap-seconds` after the one
 * before it, are beyond a limit or carry a mark. The newest must be one of them. Well again is a newest one inside the limit by the margin (or
 * without the mark), when less than enough of the last are beyond.
 *
 * Parameters: limits… (none with a mark), readings-at-least, of-last, within-hours, [min-gap-seconds: 0], [recovery-margin: 0],
 * [quiet-days: 0].
 */
export const repeated: Combinator = {
  mayOpen: ({ rule, limits }, { values, marks }) =>
    rule.judging.kind === 'repeated' && rule.judging.mark
      ? marks.includes(rule.judging.mark)
      : isAnyBeyond(limits, values),
  daysBack: (rule) => Math.ceil(largest(rule, 'within-hours', 24) / 24) + 1,
  look(terms, history, { since, until }) {
    const { rule } = terms;
    const mark = rule.judging.kind === 'repeated' ? rule.judging.mark : undefined;
    const place = mark ? placeOfMark(mark) : -1;
    const withinMs = 3_600_000 * parameterOf(terms, 'within-hours', 24);
    const needed = parameterOf(terms, 'readings-at-least', 2);
    const last = latestReadings(
      rule,
      history,
      { since: Math.max(since, until - withinMs), until },
      {
        // a care plan that asks for more than it looks at must not make the rule dumb
        atMost: Math.max(needed, parameterOf(terms, 'of-last', needed)),
        gapMs: 1000 * parameterOf(terms, 'min-gap-seconds', 0),
        artefactsToo: mark !== undefined && artefactMarks.includes(mark),
        counts: mark ? undefined : (records, i) => gradeAt(terms, records, i) !== undefined,
      },
    );
    if (last.count === 0) return 'unclear';
    const grade = (records: Records, i: number) =>
      mark ? (hasMark(records, i, place) ? 'beyond' : 'within') : gradeAt(terms, records, i)!;
    let beyond = 0;
    for (let n = 0; n < last.count; n++) if (grade(last.records[n]!, last.places[n]!) === 'beyond') beyond++;
    const newest = grade(last.records[0]!, last.places[0]!);
    if (newest !== 'beyond') return newest === 'within' && beyond < needed ? 'well' : 'near';
    if (beyond < needed) return 'near';

    const evidence = [];
    let from = until;
    for (let n = last.count - 1; n >= 0; n--) {
      const [records, i] = [last.records[n]!, last.places[n]!];
      if (grade(records, i) !== 'beyond') continue;
      evidence.push(evidenceAt(records, i));
      from = Math.min(from, takenAt(records, i));
    }
    const latest = takenAt(last.records[0]!, last.places[0]!);
    const spanMs = latest - takenAt(last.records[last.count - 1]!, last.places[last.count - 1]!);
    return {
      is: 'trouble',
      finding: { ground: 'repeated', beyond, of: last.count, spanMs, mark },
      evidence,
      from,
      latest,
    };
  },
};
