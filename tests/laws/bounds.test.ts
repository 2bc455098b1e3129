import { describe, expect, it } from 'vitest';
import { isContinuous, type VitalName, vitals, vitalsOf } from '#domain/vitals.ts';
import { book } from '../../rules/book/index.ts';
import { slotMsOf } from '../../rules/history/history-slots.ts';
import type { Rule } from '../../rules/rule.ts';
import { type Measured, play } from '../support/histories.ts';

/** Whatever a care plan sets within the bounds, a rule still speaks when things are as bad as they can be: no setting switches it off. */

const start = Date.UTC(2026, 6, 1, 6);
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

/** As bad as the vital can be measured, or in the middle of the ordinary. */
function measuredOf(rule: Rule, vital: VitalName, isBad: boolean): number {
  const { hard, soft } = vitals[vital];
  const usual = (soft[0] + soft[1]) / 2;
  const { judging } = rule;
  if (!isBad) return usual;
  if (judging.kind === 'change' && judging.vital === vital) return judging.direction === 'up' ? usual + 20 : usual - 20;
  const side = rule.parameters.find((p) => p.limits?.vital === vital)?.limits?.side;
  return side === undefined ? usual : side === 'above' ? hard[1] : hard[0];
}

/** Hours or days on end of it. */
function worst(rule: Rule, gapMs: number): Measured[] {
  const { judging, panels } = rule;
  const [panel] = panels;
  const mark = judging.kind === 'repeated' ? judging.marks?.[0] : undefined;
  const measured = (takenAt: number, isBad = true): Measured => ({
    ...{ panel, takenAt, marks: mark && isBad ? [mark] : [] },
    values: Object.fromEntries(vitalsOf(panel).map((vital) => [vital, measuredOf(rule, vital, isBad)])),
  });
  if (judging.kind === 'forecast')
    return Array.from({ length: 24 }, (_, i) => ({
      ...{ panel, takenAt: start + 5 * i * minute },
      values: { 'sensor-glucose': 160 - 5 * i },
    }));
  if (isContinuous(panel)) return Array.from({ length: 130 }, (_, i) => measured(start + i * slotMsOf(panel)));
  const usualDays = judging.kind === 'change' ? 28 : 0;
  return Array.from({ length: usualDays + 5 }, (_, i) => i).flatMap((n) => {
    const isBad = n >= usualDays;
    return [0, 4, 8, 12].flatMap((h) => {
      const at = start + n * day + h * hour;
      return [measured(at, isBad), measured(at + gapMs, isBad)];
    });
  });
}

const looking = ['confirmed', 'repeated', 'sustained', 'change', 'forecast'];
const judged = book.filter(({ judging }) => looking.includes(judging.kind));

describe.each(judged.map((rule) => [rule.rule, rule] as const))('%s', (_, rule) => {
  it('speaks of the worst there is, with each parameter at either end of its bounds', () => {
    for (const { name, low, high } of rule.parameters)
      for (const value of [low, high]) {
        const gap =
          name === 'min-gap-seconds' ? value : rule.parameters.find((p) => p.name === 'min-gap-seconds')?.default;
        const history = worst(rule, 1000 * (gap ?? 60));
        const seen = play(rule, history, { overrides: { [name]: value }, until: history.at(-1)!.takenAt + day });
        expect(seen.episodes.length, `${name} ${value}`).toBeGreaterThan(0);
      }
  });
});
