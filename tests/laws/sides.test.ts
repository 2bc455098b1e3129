import { expect, it } from 'vitest';
import { book } from '../../rules/book/index.ts';

/** A snooze lies on a problem: so a problem has one side of each vital sign, and low glucose is never silenced by a snooze of high. */
it('every problem looks at one side of each vital sign, whatever rules speak of it', () => {
  for (const [problem, rules] of Map.groupBy(book, (rule) => rule.problem)) {
    const limits = rules.flatMap((rule) => rule.parameters.flatMap((parameter) => parameter.limits ?? []));
    for (const [vital, of] of Map.groupBy(limits, (limit) => limit.vital))
      expect([...new Set(of.map(({ side }) => side))], `${problem}: ${vital}`).toHaveLength(1);
  }
});

it('every problem knows one direction of each vital sign that may change', () => {
  for (const [problem, rules] of Map.groupBy(book, (rule) => rule.problem)) {
    const changes = rules.flatMap(({ judging }) => (judging.kind === 'change' ? [judging] : []));
    for (const [vital, of] of Map.groupBy(changes, (judging) => judging.vital))
      expect([...new Set(of.map(({ direction }) => direction))], `${problem}: ${vital}`).toHaveLength(1);
  }
});
