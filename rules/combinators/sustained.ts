import { type Slots, takenIn, valueIn } from '../history/history-slots.ts';
import { isAnyBeyond, isBeyond, type Limit } from '../limits.ts';
import { parameterOf, type Terms } from '../terms.ts';
import type { Combinator } from './course.ts';
import { isBeyondBy, largest } from './recent.ts';
import { evidenceBetween, slotAt, wornPanel } from './samples.ts';

/**
 * Beyond a limit for a time: every sample from now back over `for-minutes` and over as many more as make `samples-at-least`, each at most
 * `gap-minutes-at-most` after the one before. It lasts from sample to sample, never to the time on the wall: a gap in the data breaks
 * it, and what lies on both sides of a gap are two times. Where it began with a step that no body makes (more than `jump-at-most` in five
 * minutes), somebody may be lying on the sensor: then it must last for `doubtful-for-minutes`.
 *
 * Parameters: limits…, for-minutes, gap-minutes-at-most, samples-at-least, [jump-at-most], [doubtful-for-minutes: 60], [recovery-margin: 0].
 */
export const sustained: Combinator = {
  mayOpen: (terms, { values }) => isAnyBeyond(terms.limits, values),
  daysBack: (rule) => Math.ceil(largest(rule, 'for-minutes', 60) / 1440),
  look(terms, history, { since, until }) {
    const panel = wornPanel(terms.rule, history);
    if (!panel) return 'unclear';
    const last = slotAt(panel, until);
    const newest = valueIn(panel.slots, last);
    const limit = terms.limits.find((l) => isBeyond(l, newest));
    if (Number.isNaN(newest) || takenIn(panel.slots, last) <= since) return 'unclear';
    if (!limit) return terms.limits.some((l) => isBeyondBy(l, -terms.margin, newest)) ? 'near' : 'well';

    const forMs = 60_000 * parameterOf(terms, 'for-minutes', 15);
    const gapMs = 60_000 * parameterOf(terms, 'gap-minutes-at-most', 10);
    const latest = takenIn(panel.slots, last);
    let [from, samples, worst] = [latest, 1, newest];
    const needed = parameterOf(terms, 'samples-at-least', 3);
    for (let slot = last - 1; latest - from < forMs || samples < needed; slot--) {
      if (from - slot * panel.slots.slotMs > gapMs + panel.slots.slotMs) return 'unclear';
      const value = valueIn(panel.slots, slot);
      if (Number.isNaN(value)) continue;
      const taken = takenIn(panel.slots, slot);
      if (from - taken > gapMs || taken <= since || !isBeyond(limit, value)) return 'unclear';
      from = taken;
      samples++;
      worst = limit.side === 'above' ? Math.max(worst, value) : Math.min(worst, value);
    }
    if (isSudden(terms, panel, limit, last, gapMs)) return 'unclear';
    const evidence = evidenceBetween(panel, from, until);
    if (evidence.length === 0) return 'unclear';
    return {
      is: 'trouble',
      finding: { ground: 'sustained', limit, worst, latest: newest, samples, spanMs: latest - from },
      evidence,
      from,
      latest,
    };
  },
};

const stepMs = 300_000;

/** Whether the value went beyond the limit, or further beyond it, by such a step too short a while ago. */
function isSudden(terms: Terms, { slots }: { slots: Slots }, limit: Limit, last: number, gapMs: number): boolean {
  const jump = terms.parameters['jump-at-most'];
  if (jump === undefined) return false;
  const latest = takenIn(slots, last);
  const doubtMs = 60_000 * parameterOf(terms, 'doubtful-for-minutes', 60);
  const sign = limit.side === 'above' ? 1 : -1;
  let [value, taken] = [valueIn(slots, last), latest];
  for (let slot = last - 1; latest - taken < doubtMs && isBeyond(limit, value); slot--) {
    if (taken - slot * slots.slotMs > gapMs + slots.slotMs) return false;
    const before = valueIn(slots, slot);
    if (Number.isNaN(before)) continue;
    const step = taken - takenIn(slots, slot);
    if (step > gapMs) return false;
    if (sign * (value - before) > jump * Math.max(1, step / stepMs)) return true;
    [value, taken] = [before, takenIn(slots, slot)];
  }
  return false;
}
