import { bloodPressure } from './blood-pressure.ts';
import { bodyComposition } from './body-composition.ts';
import { continuousGlucose } from './cgm.ts';
import { glucose } from './glucose.ts';
import { heartRate } from './heart-rate.ts';
import type { Profile } from './profile.ts';
import { pulseOximeter } from './pulse-oximeter.ts';
import { thermometer } from './thermometer.ts';
import { weightScale } from './weight-scale.ts';

/** Every profile the gateway speaks. A law holds that each file of this folder that declares one stands here. */
export const profiles: readonly Profile[] = [
  bloodPressure,
  glucose,
  continuousGlucose,
  pulseOximeter,
  weightScale,
  bodyComposition,
  thermometer,
  heartRate,
];
