import { takenIn, valueIn } from '../history/history-slots.ts';
import { isBeyond, type Limit } from '../limits.ts';
import { parameterOf } from '../terms.ts';
import type { Combinator } from './course.ts';
import { isBeyondBy, largest } from './recent.ts';
import { evidenceBetween, slotAt, wornPanel } from './samples.ts';

/**
 * Where it is going: the samples of the last `over-minutes` (at least `samples-at-least`, none further than `gap-minutes-at-most` from the next)
 * reach a limit within `within-minutes`. What is beyond the limit already is no forecast, and belongs to another rule.
 * A step of more than `jump-at-most` in five minutes is a sensor that was lain on or has just warmed up: no forecast, until later samples agree.
 *
 * `linear`: the straight line of least squares, from its own value at the last sample. `ar2`: Nightscout's second-order autoregression in
 * steps of five minutes, with y = ln(glucose / 140): y(t+1) = 1.716 y(t) - 0.723 y(t-1), kept within 36 to 400 mg/dL
 * (cgm-remote-monitor, lib/plugins/ar2.js); for sensor glucose only.
 *
 * Parameters: limits…, within-minutes, over-minutes, samples-at-least, gap-minutes-at-most, [jump-at-most: 100], [recovery-margin: 0].
 */
export const forecast: Combinator = {
  daysBack: (rule) => Math.ceil(largest(rule, 'over-minutes', 60) / 1440),
  look(terms, history, { since, until }) {
    const panel = wornPanel(terms.rule, history);
    if (!panel) return 'unclear';
    const last = slotAt(panel, until);
    const latest = valueIn(panel.slots, last);
    const taken = takenIn(panel.slots, last);
    if (Number.isNaN(latest) || taken <= since) return 'unclear';
    if (terms.limits.some((limit) => isBeyond(limit, latest))) return 'unclear';

    const overMs = minuteMs * parameterOf(terms, 'over-minutes', 20);
    const gapMs = minuteMs * parameterOf(terms, 'gap-minutes-at-most', 10);
    const jump = parameterOf(terms, 'jump-at-most', 100);
    let count = 0;
    let [from, value] = [taken, latest];
    for (let slot = last; slot >= 0 && (slot + 1) * panel.slots.slotMs > taken - overMs; slot--) {
      const there = valueIn(panel.slots, slot);
      if (Number.isNaN(there)) continue;
      const at = takenIn(panel.slots, slot);
      if (at < taken - overMs || at <= since) break;
      if (from - at > gapMs || Math.abs(value - there) > jump * Math.max(1, (from - at) / stepMs)) return 'unclear';
      [minutes[count], values[count], from, value] = [(at - taken) / minuteMs, there, at, there];
      if (++count === samplesAtMost) break;
    }
    // no more samples than the slots of that time can hold
    if (count < Math.min(overMs / panel.slots.slotMs, parameterOf(terms, 'samples-at-least', 3))) return 'unclear';

    const within = parameterOf(terms, 'within-minutes', 20);
    const model = terms.rule.judging.kind === 'forecast' ? terms.rule.judging.model : 'linear';
    let isNear = false;
    for (const limit of terms.limits) {
      const line = lineThrough(count);
      const inMinutes = model === 'ar2' ? reachedByAr2(limit, count, within) : reachedByLine(limit, line, within);
      if (inMinutes <= within) {
        const evidence = evidenceBetween(panel, from, until);
        if (evidence.length === 0) return 'unclear';
        return {
          is: 'trouble',
          finding: {
            ground: 'forecast',
            limit,
            latest,
            perMinute: line.slope,
            inMinutes: Math.max(1, Math.round(inMinutes)),
          },
          evidence,
          from,
          latest: taken,
        };
      }
      if (isBeyondBy(limit, -terms.margin, latest)) isNear = true;
    }
    return isNear ? 'near' : 'well';
  },
};

const minuteMs = 60_000;
const stepMs = 5 * minuteMs;
const samplesAtMost = 64;
/** The samples of one look, newest first; minutes before the newest are negative. Written anew by each. */
const minutes = new Float64Array(samplesAtMost);
const values = new Float64Array(samplesAtMost);

/** Its value at the newest sample, and what it rises each minute. */
function lineThrough(count: number): { value: number; slope: number } {
  let [t, v] = [0, 0];
  for (let i = 0; i < count; i++) {
    t += minutes[i]! / count;
    v += values[i]! / count;
  }
  let [covariance, variance] = [0, 0];
  for (let i = 0; i < count; i++) {
    covariance += (minutes[i]! - t) * (values[i]! - v);
    variance += (minutes[i]! - t) ** 2;
  }
  const slope = variance === 0 ? 0 : covariance / variance;
  return { value: v - slope * t, slope };
}

function reachedByLine(limit: Limit, { value, slope }: { value: number; slope: number }, within: number): number {
  // a line that is beyond already while the newest sample is not: it will be soon, or it was a while ago
  if (limit.side === 'below' ? slope >= 0 : slope <= 0) return Number.POSITIVE_INFINITY;
  const inMinutes = (limit.value - value) / slope;
  return inMinutes <= within ? Math.max(0, inMinutes) : Number.POSITIVE_INFINITY;
}

/** Needs two samples some five minutes apart. */
function reachedByAr2(limit: Limit, count: number, within: number): number {
  if (count < 2 || Math.abs(minutes[1]! + 5) > 2.5) return Number.POSITIVE_INFINITY;
  let [before, now] = [Math.log(values[1]! / 140), Math.log(values[0]! / 140)];
  for (let step = 5; step <= within; step += 5) {
    const next = Math.min(Math.log(400 / 140), Math.max(Math.log(36 / 140), 1.716 * now - 0.723 * before));
    [before, now] = [now, next];
    if (isBeyond(limit, 140 * Math.exp(now))) return step;
  }
  return Number.POSITIVE_INFINITY;
}
