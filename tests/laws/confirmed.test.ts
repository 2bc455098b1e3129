import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { artefactMarks, type Mark } from '#domain/reading.ts';
import { parametersInForce } from '#domain/rule-book.ts';
import { hypertension } from '../../rules/book/hypertension.ts';
import { evaluate, keptOf, type State } from '../../rules/evaluate.ts';
import { createHistory, insertReading } from '../../rules/history/history.ts';
import type { Rule } from '../../rules/rule.ts';
import { judgedReadingOf, type Measured, play, type Seen } from '../support/histories.ts';

/** A second measurement: what is a matter of minutes, and of the set of readings rather than of their order. Tried on blood pressure. */

const start = Date.UTC(2026, 6, 30, 6, 0, 0);
const confirmedRules = hypertension.filter((rule) => rule.judging.kind === 'confirmed');
const withinMs = (rule: Rule) =>
  1000 * (rule.parameters.find((p) => p.name === 'confirm-within-seconds')?.default ?? 0);

/** Values on all sides of every limit of the book. */
const anyValues = fc.oneof(
  fc.constantFrom([192, 121], [180, 80], [179, 119], [176, 116], [170, 110], [120, 75], [92, 62], [89, 58], [84, 52]),
  fc.tuple(fc.integer({ min: 70, max: 220 }), fc.integer({ min: 40, max: 65 })),
);
const anyMarks: fc.Arbitrary<Mark[]> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Mark[]>([]) },
  { weight: 1, arbitrary: fc.constantFrom(...artefactMarks).map((mark): Mark[] => [mark]) },
  { weight: 1, arbitrary: fc.constant<Mark[]>(['irregular-pulse']) },
);
const anyMeasured = (spanMs: number): fc.Arbitrary<Measured> =>
  fc
    .tuple(anyValues, fc.integer({ min: 0, max: spanMs / 1000 }), anyMarks)
    .map(([[systolic, diastolic], second, marks]) => ({
      systolic: systolic!,
      diastolic: diastolic!,
      takenAt: start + 1000 * second,
      marks,
    }));
/** A home's readings of ten minutes, each measured at another second: one cuff measures one thing at a time. */
const anySession = fc.uniqueArray(anyMeasured(10 * 60_000), { maxLength: 8, selector: (m) => m.takenAt });
const anyHistory = fc
  .uniqueArray(anyMeasured(3 * 3_600_000), { maxLength: 20, selector: (m) => m.takenAt })
  .map((ms) => ms.sort((a, b) => a.takenAt - b.takenAt));

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

describe.each(confirmedRules.map((rule) => [rule.rule, rule] as const))('%s, which wants confirmation', (_, rule) => {
  it('ends in the same alert whatever the order in which a home delivers the same readings', () => {
    const deliveredAt = start + 11 * 60_000;
    fc.assert(
      fc.property(
        anySession.chain((ms) => fc.tuple(fc.constant(ms), fc.shuffledSubarray(ms, { minLength: ms.length }))),
        ([one, other]) => {
          const deliver = (ms: Measured[]) => ms.map((m) => ({ ...m, receivedAt: deliveredAt }));
          const until = deliveredAt + 2 * withinMs(rule);
          expect(digest(play(rule, deliver(other), { until }))).toEqual(digest(play(rule, deliver(one), { until })));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('ends in the same alert whether judged in time or after an outage', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const until = start + 4 * 3_600_000;
        // while the judge slept nobody asked about lapses: it finds them by the times in the journal
        expect(digest(play(rule, history, { until, asleep: true }))).toEqual(digest(play(rule, history, { until })));
      }),
    );
  });

  it('raises nothing on one reading before the window lapses', () => {
    fc.assert(
      fc.property(anyValues, ([systolic, diastolic]) => {
        const seen = play(rule, [{ systolic: systolic!, diastolic: diastolic!, takenAt: start }], {
          until: start + withinMs(rule) - 1,
        });
        expect(seen.episodes).toEqual([]);
      }),
    );
  });

  it('counts the window from the first value that was heard', () => {
    const low = rule.parameters.some((p) => p.limits?.side === 'below');
    const [systolic, diastolic] = low ? [80, 44] : [192, 122];
    const first = { systolic: systolic!, diastolic: diastolic!, takenAt: start };
    // ten seconds later is no second measurement, and moves no window
    const seen = play(rule, [first, { ...first, systolic: first.systolic + 1, takenAt: start + 10_000 }], {
      until: start + 1_000 + withinMs(rule),
    });
    const raises = rule.judging.kind === 'confirmed' && rule.judging.unanswered === 'raise';
    expect(seen.episodes.map((e) => e.grounds)).toEqual(raises ? [['unanswered']] : []);
  });

  it('never resolves an alert by itself', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const seen = play(rule, history, { until: start + 4 * 3_600_000 });
        expect(seen.effects.some((e) => e.kind === 'clear')).toBe(false);
      }),
    );
  });

  it('loses no countdown to a flood of other values', () => {
    const low = rule.parameters.some((p) => p.limits?.side === 'below');
    const [worry, near] = low
      ? [
          [80, 44],
          [92, 62],
        ]
      : [
          [192, 122],
          [178, 118],
        ];
    const flood = Array.from({ length: 60 }, (_, i) => ({
      systolic: near![0]!,
      diastolic: near![1]!,
      takenAt: start + 4_000 * (i + 1),
    }));
    const seen = play(rule, [{ systolic: worry![0]!, diastolic: worry![1]!, takenAt: start }, ...flood], {
      until: start + 1_000 + withinMs(rule),
    });
    const raises = rule.judging.kind === 'confirmed' && rule.judging.unanswered === 'raise';
    expect(seen.episodes.map((e) => e.grounds)).toEqual(raises ? [['unanswered']] : []);
  });

  it('keeps a state that stays small, whatever a device sends', () => {
    const flood = Array.from({ length: 400 }, (_, i) => ({
      systolic: 190 + (i % 20),
      diastolic: 50 + (i % 7),
      takenAt: start + 1000 * i,
    }));
    expect(JSON.stringify(stateAfter(rule, flood) ?? null).length).toBeLessThan(20_000);
  });
});

function stateAfter(rule: Rule, measured: Measured[]): unknown {
  const parameters = parametersInForce(rule);
  const history = createHistory();
  let state: State | undefined;
  for (const m of measured) {
    const reading = judgedReadingOf(m);
    const now = m.takenAt + 1_000;
    insertReading(history, keptOf([rule]), reading, now);
    state = evaluate(rule, parameters, { history, state }, { kind: 'reading', reading }, now)?.state ?? state;
  }
  return state;
}
