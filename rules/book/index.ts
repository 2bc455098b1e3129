import type { Rule } from '../rule.ts';
import { adherence } from './adherence.ts';
import { arrhythmia } from './arrhythmia.ts';
import { breathing } from './breathing.ts';
import { cgm } from './cgm.ts';
import { cgmFortnight } from './cgm-fortnight.ts';
import { consciousness } from './consciousness.ts';
import { device } from './device.ts';
import { earlyWarning } from './early-warning.ts';
import { temperature } from './fever.ts';
import { glucoseHigh } from './glucose-high.ts';
import { glucoseLow } from './glucose-low.ts';
import { heartFailure } from './heart-failure.ts';
import { heartRate } from './heart-rate.ts';
import { hypertension } from './hypertension.ts';
import { ketones } from './ketones.ts';
import { oxygen } from './oxygen.ts';
import { pulse } from './pulse.ts';

/** Every rule there is. A new condition is a file beside this one and a line here. */
export const book: readonly Rule[] = [
  ...hypertension,
  ...glucoseLow,
  ...glucoseHigh,
  ...ketones,
  ...cgm,
  ...cgmFortnight,
  ...heartFailure,
  ...oxygen,
  ...breathing,
  ...pulse,
  ...heartRate,
  ...arrhythmia,
  ...temperature,
  ...consciousness,
  ...earlyWarning,
  ...adherence,
  ...device,
];
