import { bloodPressure } from './blood-pressure.ts';
import { bodyComposition } from './body-composition.ts';
import { continuousGlucose } from './cgm.ts';
import { glucose } from './glucose.ts';
import { heartRate } from './heart-rate.ts';
import type { Measurement, Profile } from './profile.ts';
import { pulseOximeter } from './pulse-oximeter.ts';
import { thermometer } from './thermometer.ts';
import { weightScale } from './weight-scale.ts';

/** Every profile whose frames the gateway understands. A law holds that each file of this folder that declares one stands here. */
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

/** What a device speaks, of what we listen to. */
export type Spoken = { profile: Profile; measurements: Measurement[] }[];

/**
 * What a visit listens to at a device: all that its profiles measure, and of two that say the same only the better.
 * @param has whether the device has this characteristic in this service, assigned numbers.
 */
export const listenedTo = (has: (service: number, characteristic: number) => boolean): Spoken =>
  profiles.flatMap((profile) => {
    const there = profile.measurements.filter((m) => has(profile.service, m.characteristic));
    const measurements = there.filter((m) => !there.some((better) => better.insteadOf === m.characteristic));
    return measurements.length === 0 ? [] : [{ profile, measurements }];
  });
