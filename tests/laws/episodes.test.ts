import { describe, expect, it } from 'vitest';
import { DeviceId, SourceId } from '#domain/ids.ts';
import { parametersInForce } from '#domain/rule-book.ts';
import { hypertension } from '../../rules/book/hypertension.ts';
import { evaluate, keptOf, type State } from '../../rules/evaluate.ts';
import { createHistory, insertReading } from '../../rules/history/history.ts';
import type { Happening, Rule } from '../../rules/rule.ts';
import { evidenceOf, type Measured } from '../support/histories.ts';

/** What may happen around an episode: the care plan changes, another device's clock is ahead, a person is long on it. */

const start = Date.UTC(2026, 6, 30, 6, 0, 0);
const minute = 60_000;
const hour = 60 * minute;
const averaging = hypertension.filter(({ rule }) => rule === 'blood-pressure-rising');
const calling = hypertension.filter((rule) => rule.judging.kind === 'confirmed' && rule.pages);

/** Beyond every limit of the rule, and clearly better. */
const valuesFor = (rule: Rule) =>
  rule.parameters.some((p) => p.limits?.side === 'below')
    ? { bad: { systolic: 80, diastolic: 44 }, good: { systolic: 124, diastolic: 76 } }
    : { bad: { systolic: 192, diastolic: 122 }, good: { systolic: 138, diastolic: 82 } };

function heard(m: Measured, device = 'cuff-1'): [Happening, number] {
  const now = m.receivedAt ?? m.takenAt + 1_000;
  const day = Math.floor(m.takenAt / (24 * hour));
  const evidence = evidenceOf(m);
  const reading = { evidence, device: DeviceId.parse(device), source: SourceId.parse('gw-1'), late: false, day };
  return [{ kind: 'reading', reading }, now];
}

function judging(rule: Rule) {
  const history = createHistory();
  let state: State | undefined;
  return (happening: Happening, now: number, overrides: Record<string, number> = {}) => {
    if (happening.kind === 'reading') insertReading(history, keptOf([rule]), happening.reading, now);
    const judgement = evaluate(rule, parametersInForce(rule, overrides), { history, state }, happening, now);
    if (!judgement) return [];
    state = JSON.parse(JSON.stringify(judgement.state));
    return judgement.effects;
  };
}

describe.each(calling.map((rule) => [rule.rule, rule] as const))('%s', (_, rule) => {
  const { bad, good } = valuesFor(rule);
  const limits = rule.parameters.filter((p) => p.limits);
  const loosest = Object.fromEntries(limits.map((p) => [p.name, p.limits?.side === 'below' ? p.low : p.high]));

  it('lets a countdown go when the care plan no longer calls its value a worry, and judges on', () => {
    const worry = {
      systolic: rule.parameters.some((p) => p.limits?.side === 'below') ? 85 : 192,
      diastolic: rule.parameters.some((p) => p.limits?.side === 'below') ? 60 : 110,
      takenAt: start,
    };
    const judge = judging(rule);
    expect(judge(...heard(worry)).map((e) => e.kind)).toContain('countdown');
    expect(judge({ kind: 'lapse' }, start + hour, loosest)).toEqual([]);
    judge(...heard({ ...bad, takenAt: start + 2 * hour }));
    const effects = judge(...heard({ ...bad, takenAt: start + 2 * hour + 2 * minute }));
    expect(effects.map((e) => e.kind)).toEqual(['raise']);
  });

  it('is not reassured by what another device measured before, whose clock is ahead', () => {
    const judge = judging(rule);
    judge(...heard({ ...good, takenAt: start + 9 * minute, receivedAt: start }, 'cuff-2'));
    const effects = judge(...heard({ ...bad, takenAt: start + 2 * minute }));
    expect(effects.map((e) => e.kind)).toContain('countdown');
  });

  it('asks again for confirmation once its episode has grown old, and then raises what is confirmed', () => {
    const judge = judging(rule);
    judge(...heard({ ...bad, takenAt: start }));
    expect(judge(...heard({ ...bad, takenAt: start + minute })).map((e) => e.kind)).toEqual(['raise']);
    expect(judge(...heard({ ...bad, takenAt: start + hour })).map((e) => e.kind)).toEqual(['join']);
    expect(judge({ kind: 'grown-old' }, start + 13 * hour)).toEqual([]);
    expect(judge({ kind: 'grown-old' }, start + 13 * hour)).toEqual([]);
    expect(judge(...heard({ ...bad, takenAt: start + 13 * hour })).map((e) => e.kind)).toEqual([
      'countdown',
      'measure-again',
    ]);
    expect(judge(...heard({ ...bad, takenAt: start + 13 * hour + minute }))).toMatchObject([
      { kind: 'raise', pages: true },
    ]);
    expect(judge(...heard({ ...bad, takenAt: start + 14 * hour })).map((e) => e.kind)).toEqual(['join']);
  });
});

describe.each(averaging.map((rule) => [rule.rule, rule] as const))('%s', (_, rule) => {
  const backlog = Array.from({ length: 56 }, (_, i) => ({
    systolic: i < 28 ? 131 : 141,
    diastolic: i < 28 ? 80 : 86,
    takenAt: start + Math.floor(i / 4) * 24 * hour + (i % 4) * 3 * hour,
  }));
  const end = backlog.at(-1)!.takenAt;

  it('raises what a backlog shows only while its end is news', () => {
    for (const days of [0, 1, 3, 16, 90]) {
      const judge = judging(rule);
      const raised = backlog.flatMap((m) => judge(...heard({ ...m, receivedAt: end + days * 24 * hour })));
      expect(
        raised.map((e) => e.kind),
        `${days} days after`,
      ).toEqual(days <= 2 ? ['raise'] : []);
    }
  });

  it('remembers an old backlog, and compares with it', () => {
    const judge = judging(rule);
    const before = backlog.slice(0, 28).flatMap((m) => judge(...heard({ ...m, receivedAt: start + 9 * 24 * hour })));
    const after = backlog.slice(28).flatMap((m) => judge(...heard(m)));
    expect([before.length, after.map((e) => e.kind)]).toEqual([0, ['raise']]);
  });
});
