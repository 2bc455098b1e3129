import { describe, expect, it } from 'vitest';
import { severities } from '#domain/alert.ts';
import { programmes } from '#domain/care-plan.ts';
import { judgesPatientsOf, parametersInForce, RuleEntry } from '#domain/rule-book.ts';
import { vitals, vitalsOf } from '#domain/vitals.ts';
import { book } from '../../rules/book/index.ts';
import { problems } from '../../rules/book/problems.ts';
import type { Rule } from '../../rules/rule.ts';

/** What every rule of the book tells of itself, whoever writes it. What rules do with readings stands in rules.test.ts and the truth table. */

const han = /[\u4e00-\u9fff]/;
/** A number with a unit of health: what is seen on a locked screen must not tell how somebody is. */
const aHealthValue = /\d\s*(?:mmHg|mg\/dL|mmol|kg|%|°C|\/min|L\/min|points?\b|次\/分|分\b)/;

describe.each(book.map((rule) => [rule.rule, rule] as const))('the rule %s', (_, rule) => {
  it('tells of itself in both languages, with a source for every number', () => {
    expect(RuleEntry.safeParse(rule).success).toBe(true);
    const texts = [rule.title, rule.advice, ...rule.parameters.map((p) => p.label), ...rule.tasks.map((t) => t.title)];
    for (const { en, zh } of texts) {
      expect(en).toMatch(/^[A-Z0-9]/);
      expect(zh).toMatch(han);
      // half-width marks between Chinese characters are typing errors
      expect(zh).not.toMatch(/[\u4e00-\u9fff][,;:!?()]|[,;:!?()][\u4e00-\u9fff]/);
    }
    for (const p of rule.parameters) expect(p.source.length, p.name).toBeGreaterThan(10);
    expect(new Set(rule.parameters.map((p) => p.name)).size).toBe(rule.parameters.length);
  });

  it('says no health value where it may be read on a locked screen', () => {
    for (const { en, zh } of [rule.title, rule.advice]) {
      expect(en).not.toMatch(aHealthValue);
      expect(zh).not.toMatch(aHealthValue);
    }
    expect(rule.title.en).not.toMatch(/\d/);
  });

  it('gives no illness a name that a device cannot know', () => {
    for (const { en, zh } of [rule.title, rule.advice, ...rule.tasks.map((t) => t.title)]) {
      expect(en).not.toMatch(/fibrillation|\bAF\b/i);
      expect(zh).not.toMatch(/房颤|心房颤动/);
    }
  });

  it('has defaults within its bounds, and limits on vitals of its panels in their units', () => {
    for (const p of rule.parameters) {
      expect(p.default, p.name).toBeGreaterThanOrEqual(p.low);
      expect(p.default, p.name).toBeLessThanOrEqual(p.high);
      if (!p.limits) continue;
      const { vital, side } = p.limits;
      expect(rule.panels.some((panel) => vitalsOf(panel).includes(vital))).toBe(true);
      expect(p.unit).toBe(vitals[vital].unit);
      // a limit that no device could ever show beyond would switch the rule off
      expect(p.low).toBeGreaterThan(vitals[vital].hard[0]);
      // below the best value there is still is, as with a score, is a finding
      if (side === 'above') expect(p.high).toBeLessThan(vitals[vital].hard[1]);
      else expect(p.high).toBeLessThanOrEqual(vitals[vital].hard[1]);
    }
  });

  it('speaks of a problem and of programmes that are known', () => {
    expect(Object.keys(problems)).toContain(rule.problem);
    for (const programme of [...rule.programmes, ...(rule.notFor ?? [])]) expect(programmes).toContain(programme);
    for (const programme of rule.programmes) expect(judgesPatientsOf(rule, [programme])).toBe(true);
    for (const programme of rule.notFor ?? []) expect(judgesPatientsOf(rule, [programme])).toBe(false);
    expect(judgesPatientsOf(rule, [])).toBe(rule.programmes.length === 0);
  });

  it('asks something of a person, and calls only for what cannot wait', () => {
    expect(rule.tasks.length).toBeGreaterThan(0);
    for (const task of rule.tasks) expect(task.dueAfterMinutes).toBeGreaterThan(0);
    if (rule.pages) expect(rule.severity).not.toBe('routine');
    if (rule.severity === 'critical') expect(rule.pages).toBe(true);
    // the graver, the sooner somebody is asked
    const soonest = Math.min(...rule.tasks.map((t) => t.dueAfterMinutes));
    expect(soonest).toBeLessThanOrEqual({ critical: 30, urgent: 240, routine: 7 * 24 * 60 }[rule.severity]);
  });

  it('follows the care plan within the bounds and not beyond them', () => {
    for (const p of rule.parameters) {
      expect(parametersInForce(rule, { [p.name]: p.high })[p.name]).toBe(p.high);
      expect(parametersInForce(rule, { [p.name]: p.high + 1 })[p.name]).toBe(p.default);
      expect(parametersInForce(rule, { [p.name]: Number.NaN })[p.name]).toBe(p.default);
    }
  });
});

const sharesReadings = (one: Rule, other: Rule): boolean =>
  one.problem === other.problem && one.panels.some((panel) => other.panels.includes(panel));

describe('the book', () => {
  it('has each rule once and uses each of its problems', () => {
    expect(new Set(book.map(({ rule }) => rule)).size).toBe(book.length);
    expect(new Set(book.map(({ problem }) => problem))).toEqual(new Set(Object.keys(problems)));
  });

  it('lets what calls be graver than what does not call for the same problem, so that no open alert swallows a call', () => {
    for (const calling of book.filter(({ pages }) => pages))
      for (const quiet of book.filter(({ problem, pages }) => problem === calling.problem && !pages))
        expect(severities.indexOf(calling.severity), `${calling.rule} and ${quiet.rule}`).toBeGreaterThan(
          severities.indexOf(quiet.severity),
        );
  });

  it('names the graver rule of a problem first, so that one reading beyond both limits opens one alert and calls once', () => {
    for (const [i, rule] of book.entries())
      for (const later of book.slice(i + 1).filter((other) => sharesReadings(other, rule)))
        expect(severities.indexOf(later.severity), `${rule.rule} before ${later.rule}`).toBeLessThanOrEqual(
          severities.indexOf(rule.severity),
        );
  });

  it('calls for few things only', () => {
    expect(book.filter(({ pages }) => pages).length).toBeLessThan(book.length / 3);
  });
});
