import type { Random } from '#runtime/random.ts';
import { chanceOf, seedFor } from '../physiology/noise.ts';
import type { Physiology } from '../physiology/physiology.ts';
import { value } from './instruments.ts';
import type { Measurement } from './measurement.ts';
import type { Person } from './person.ts';

/**
 * What a glucose sensor says every five minutes. It is worn for ten days and warms up for two hours; loses the signal now and then; and
 * reads low while somebody sleeps on it: a sudden fall of 25 mg/dL and more, gone as suddenly (Baysal 2014, J Diabetes Sci Technol 8:150).
 * Sensors notice about half of that and say nothing meanwhile, or say that the value is questionable.
 */
export function* sensorReadings(
  person: Person,
  body: Physiology,
  span: { from: number; to: number },
): Generator<Measurement> {
  const seed = seedFor(person.seed, 21);
  const start = Math.ceil(span.from / stepMs) * stepMs + (person.seed % 300) * 1000;
  let disturbances: Disturbance[] = [];
  let day = Number.NaN;
  for (let at = start; at < span.to; at += stepMs) {
    const today = Math.floor(at / dayMs);
    if (today !== day) {
      day = today;
      disturbances = [...disturbancesOf(chanceOf(seed, day - 1), day - 1), ...disturbancesOf(chanceOf(seed, day), day)];
    }
    if ((at - start) % lifeMs < warmUpMs) continue;
    const disturbed = disturbances.find(({ from, to }) => from <= at && at < to);
    if (disturbed?.kind === 'silent') continue;
    const true_ = body.sensorGlucoseAt(at);
    if (!disturbed) yield { panel: 'continuous-glucose', at, values: [value('sensor-glucose', true_)], marks: [] };
    else {
      const values = [value('sensor-glucose', Math.max(40, true_ * (1 - disturbed.depth)))];
      const marks: Measurement['marks'] = disturbed.kind === 'noticed' ? ['questionable'] : [];
      yield { panel: 'continuous-glucose', at, values, marks, flaw: 'compression' };
    }
  }
}

export const stepMs = 300_000;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const lifeMs = 10 * dayMs;
const warmUpMs = 2 * hourMs;

type Disturbance = { kind: 'silent' | 'noticed' | 'unnoticed'; from: number; to: number; depth: number };

/** Of one day of UTC. */
function disturbancesOf({ next }: Random, day: number): Disturbance[] {
  const found: Disturbance[] = [];
  const [lost, lostAt, lostFor] = [next(), next(), next()];
  if (lost < 0.35) {
    const from = day * dayMs + lostAt * dayMs;
    found.push({ kind: 'silent', from, to: from + (10 + 150 * lostFor ** 2) * minuteMs, depth: 0 });
  }
  const [sleptOn, when, long, deep, noticed] = [next(), next(), next(), next(), next()];
  if (sleptOn < 0.1) {
    // at night in most places of a cohort; somebody naps elsewhere
    const from = day * dayMs + (16 + 7 * when) * hourMs;
    const kind = noticed < 0.3 ? 'silent' : noticed < 0.65 ? 'noticed' : 'unnoticed';
    found.push({ kind, from, to: from + (15 + 40 * long) * minuteMs, depth: 0.2 + 0.25 * deep });
  }
  return found;
}
