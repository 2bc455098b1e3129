import { describe, expect, it } from 'vitest';
import { byCondition, conditionOf } from '../../dashboards/console/plan/groups.ts';
import { book } from '../../rules/book/index.ts';

describe('the limits of rules in the console', () => {
  it('stand each under one condition that a clinician would name, however the book grows', () => {
    for (const { rule, problem } of book) expect(conditionOf(problem), rule).not.toBe('other');
    expect(byCondition(book).flatMap(({ rules }) => rules)).toHaveLength(book.length);
  });
});
