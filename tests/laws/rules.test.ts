import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { severities } from '#domain/alert.ts';
import { artefactMarks, decimalsAtMost } from '#domain/reading.ts';
import { book } from '../../rules/book/index.ts';
import type { Rule } from '../../rules/rule.ts';
import { anyHistoryOf, isArtefact, start, afterAll as until } from '../support/any-history.ts';
import { evidenceOf, lateMs, type Measured, play, receivedAtOf, type Seen } from '../support/histories.ts';

/** What every rule of the book does with readings, whoever writes it. What it tells of itself stands in rule-book.test.ts. */

/** Of each rule; there are some fifty. */
const numRuns = 20;
const isOfArtefacts = ({ judging }: Rule): boolean =>
  judging.kind === 'repeated' && (judging.marks?.some((mark) => artefactMarks.includes(mark)) ?? false);

const digest = (seen: Seen) => ({
  episodes: seen.episodes.map(({ severity, grounds, evidence, closed }) => ({
    severity,
    ground: grounds[0],
    evidence: [...evidence].sort(),
    closed,
  })),
  pages: seen.pages,
  tasks: [...new Set(seen.tasks)].sort(),
});

describe.each(book.map((rule) => [rule.rule, rule] as const))('the rule %s', (_, rule) => {
  const anyHistory = anyHistoryOf(rule);

  it('raises nothing without evidence, explains in both languages, calls once, and never becomes less grave', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const known = new Set(history.map((m) => evidenceOf(m).reading));
        const seen = play(rule, history, { until });
        for (const effect of seen.effects) {
          if (effect.kind !== 'raise' && effect.kind !== 'join') continue;
          expect(effect.evidence.length).toBeGreaterThan(0);
          for (const e of effect.evidence) expect(known).toContain(e.reading);
          if (!effect.explanation) continue;
          expect(effect.explanation.zh).toMatch(/[\u4e00-\u9fff]/);
          expect(effect.explanation.en).not.toMatch(/undefined|NaN|null|Infinity/);
          expect(effect.explanation.zh).not.toMatch(/undefined|NaN|null|Infinity/);
        }
        expect(seen.pages).toBeLessThanOrEqual(seen.episodes.length);
        expect(seen.episodes.filter((e) => !e.closed).length).toBeLessThanOrEqual(1);
        for (const episode of seen.episodes) {
          const grave = episode.severities.map((severity) => severities.indexOf(severity));
          expect(grave).toEqual(grave.toSorted((a, b) => a - b));
        }
      }),
      { numRuns },
    );
  });

  it('does nothing more when everything comes a second time, soon or days later', () => {
    fc.assert(
      fc.property(anyHistory, fc.constantFrom(1, 10 * 60_000, 3 * 86_400_000), (history, after) => {
        const heard = Math.max(start, ...history.map(receivedAtOf)) + 2 * 3_600_000;
        const once = play(rule, history, { until: heard });
        const replay = history.map((m) => ({ ...m, receivedAt: heard + after }));
        const twice = play(rule, [...history, ...replay], { until: heard + after });
        expect(twice.episodes).toEqual(once.episodes);
        expect(twice.pages).toBe(once.pages);
        expect(twice.asks).toBe(once.asks);
      }),
      { numRuns },
    );
  });

  it('never pages because of readings with an artefact mark, however many and however extreme', () => {
    fc.assert(
      fc.property(anyHistory, fc.subarray([...artefactMarks], { minLength: 1 }), (history, marks) => {
        const seen = play(
          rule,
          history.map((m) => ({ ...m, marks })),
          { until },
        );
        // a rule on the device itself may say that it shows nothing else
        if (!isOfArtefacts(rule)) expect(seen.episodes).toEqual([]);
        expect(seen.pages).toBe(0);
      }),
      { numRuns },
    );
  });

  it('judges the clean readings as if the marked ones had never come', () => {
    if (isOfArtefacts(rule)) return;
    fc.assert(
      fc.property(anyHistory, (history) => {
        const clean = history.filter((m) => !isArtefact(m));
        expect(digest(play(rule, history, { until }))).toEqual(digest(play(rule, clean, { until })));
      }),
      { numRuns },
    );
  });

  it('judges the same whatever digits a value was written in', () => {
    fc.assert(
      fc.property(anyHistory, fc.integer({ min: 0, max: decimalsAtMost }), (history, decimals) => {
        const precise = history.map((m) => ({ ...m, decimals }));
        expect(digest(play(rule, precise, { until }))).toEqual(digest(play(rule, history, { until })));
      }),
      { numRuns: 10 },
    );
  });

  it('never pages on late readings, and what they raise is routine', () => {
    fc.assert(
      fc.property(anyHistory, fc.integer({ min: lateMs + 1, max: 30 * 86_400_000 }), (history, delay) => {
        const last = Math.max(start, ...history.map((m) => m.takenAt));
        const late = history.map((m) => ({ ...m, receivedAt: last + delay }));
        const seen = play(rule, late, { until: last + delay + 86_400_000 });
        expect(seen.pages).toBe(0);
        for (const episode of seen.episodes) expect(episode.severity).toBe('routine');
      }),
      { numRuns },
    );
  });

  it('says the same in whatever order readings are heard that come within a quarter of an hour', () => {
    // a second measurement is a matter of minutes and has laws of its own: confirmed.test.ts
    if (rule.judging.kind === 'confirmed') return;
    // "so many in a row" was true of what had been heard when one in between was still to come: such an alert stays until all is well
    if (rule.judging.kind === 'repeated' && rule.severity === 'routine') return;
    fc.assert(
      fc.property(
        anyHistory,
        fc.infiniteStream(fc.integer({ min: 1, max: lateMs / 1_000 - 60 })),
        (history, delays) => {
          const next = delays[Symbol.iterator]();
          const delayed: Measured[] = history.map((m) => ({
            ...m,
            receivedAt: m.takenAt + 1_000 * next.next().value!,
          }));
          delayed.sort((a, b) => receivedAtOf(a) - receivedAtOf(b));
          expect(stands(play(rule, delayed, { until }), rule)).toEqual(stands(play(rule, history, { until }), rule));
        },
      ),
      { numRuns },
    );
  });
});

/** What clears by itself is compared as it stands in the end; what waits for a person, by every episode there ever was. */
const stands = (seen: Seen, rule: Rule) =>
  (rule.severity === 'routine' ? seen.episodes.filter((e) => !e.closed) : seen.episodes).map(
    ({ severity }) => severity,
  );
