import type { Rule } from '../rule.ts';
import { forMinutes, gapMinutes, limit, recoveryMargin, samplesAtLeast } from './parameters.ts';
import { veryFast, verySlow } from './pulse.ts';

/**
 * The heart rate of a strap that is worn: nothing is asked of the wearer, and a rate must last. Sources: see pulse.ts.
 */

const margin = recoveryMargin('/min', {
  default: 5,
  low: 0,
  high: 30,
  source: 'The rate of a resting heart sways by about as much with the breath.',
});
const rateGap = gapMinutes({ default: 2, low: 1, high: 10, source: 'A strap speaks every second while it is worn.' });

const heartVerySlow: Rule = {
  ...verySlow,
  rule: 'heart-rate-very-slow',
  title: { en: 'Dangerously slow heart rate', zh: '心率危急过缓' },
  panels: ['heart-rate'],
  judging: { kind: 'sustained' },
  parameters: [
    limit(
      'heart-rate-below',
      'heart-rate',
      'below',
      { en: 'Dangerously slow heart rate below', zh: '心率危急过缓限值' },
      { default: 40, low: 30, high: 50, source: 'NEWS2: up to 40 scores 3.' },
    ),
    forMinutes({ default: 10, low: 5, high: 60, source: 'Longer than a strap takes to find its contact again.' }),
    samplesAtLeast({ default: 6, low: 3, high: 60, source: 'More than every second minute.' }),
    rateGap,
    margin,
  ],
};

/** Nobody knows whether somebody with a strap rests: half an hour this fast is unusual in a chronic patient even when walking. */
const heartVeryFast: Rule = {
  ...veryFast,
  rule: 'heart-rate-very-fast',
  title: { en: 'Very fast heart rate for long', zh: '心率过速且持续' },
  panels: ['heart-rate'],
  judging: { kind: 'sustained' },
  parameters: [
    limit(
      'heart-rate-at-least',
      'heart-rate',
      'above',
      { en: 'Very fast heart rate from', zh: '心率过速起点' },
      { default: 150, low: 110, high: 200, source: 'ACLS: from 150 the rate itself is likely to make ill.' },
    ),
    forMinutes({ default: 30, low: 5, high: 120, source: 'Longer than an effort that a chronic patient keeps up.' }),
    samplesAtLeast({ default: 15, low: 5, high: 120, source: 'At least every second minute.' }),
    rateGap,
    margin,
  ],
};

export const heartRate: readonly Rule[] = [heartVerySlow, heartVeryFast];
