import type { Overdose } from '../physiology/glucose.ts';
import { goneAt, halfGoneAt, type Illness } from '../physiology/illness.ts';
import { chanceOf } from '../physiology/noise.ts';
import type { Kind } from './kinds.ts';

/** What happens to somebody's body in the span of a cohort, in order. */
export type Fate = { illnesses: Illness[]; overdoses: Overdose[] };

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A care team knows somebody for some days before the first illness, and people have time to get well between two. */
const quietAtFirstMs = 10 * dayMs;
const quietBetweenMs = 4 * dayMs;

/** Hours from onset until it gets better, at least and at most. */
const lasting: Readonly<Record<Illness['kind'], readonly [number, number]>> = {
  'hypertensive-crisis': [16, 60],
  hypotension: [96, 190],
  'severe-hypoglycaemia': [1.2, 2.8],
  ketoacidosis: [16, 32],
  'heart-failure-decompensation': [120, 220],
  'copd-exacerbation': [96, 170],
  'atrial-fibrillation': [10, 110],
  bradycardia: [14, 72],
  tachycardia: [6, 30],
  sepsis: [30, 64],
  cold: [30, 80],
  feast: [20, 40],
};

export function fateOf(seed: number, kind: Kind, span: { from: number; to: number }): Fate {
  const { next } = chanceOf(seed, 1);
  const drawn: Illness[] = [];
  for (const [name, perYear] of Object.entries(kind.rates) as [Illness['kind'], number][])
    for (let at = span.from + quietAtFirstMs; at < span.to; at += 7 * dayMs) {
      // always the same number of draws, so that one more kind of illness changes no other
      const [happens, when, long, severity] = [next(), next(), next(), next()];
      if (happens >= (perYear * 7) / 365) continue;
      const [least, most] = lasting[name];
      const onset = Math.round(at + when * 7 * dayMs);
      drawn.push({ kind: name, onset, until: Math.round(onset + (least + (most - least) * long) * hourMs), severity });
    }
  const illnesses: Illness[] = [];
  for (const illness of drawn.toSorted((a, b) => a.onset - b.onset)) {
    const last = illnesses.at(-1);
    if (halfGoneAt(illness) > span.to || (last && illness.onset < goneAt(last) + quietBetweenMs)) continue;
    illnesses.push(illness);
  }
  return {
    illnesses,
    overdoses: illnesses.filter(({ kind }) => kind === 'severe-hypoglycaemia').map(overdoseOf),
  };
}

/** Insulin too much by so many mg/dL that glucose falls below 54 within the hour, from wherever it would have been. */
const overdoseOf = ({ onset, until, severity }: Illness): Overdose => ({
  onset,
  rescuedAt: until,
  fall: 330 + 180 * severity,
});
