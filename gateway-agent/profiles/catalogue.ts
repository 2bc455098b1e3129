import { bloodPressure } from './blood-pressure.ts';
import { bodyComposition } from './body-composition.ts';
import { continuousGlucose } from './cgm.ts';
import { glucose } from './glucose.ts';
import { heartRate } from './heart-rate.ts';
import type { Profile } from './profile.ts';
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

/**
 * Those whose devices are visited: they send what they measured by themselves, a frame for a measurement. Of the others the frames are
 * understood, but no visit yet asks a memory for its records, a user for consent, or for what their frames hang on, and none stays for a
 * stream. Half a visit would take a device's time and battery and bring nothing, or make it believe that its memory was fetched.
 */
export const visited: readonly Profile[] = profiles.filter(isPushed);

function isPushed({ measurements, reads, records, consent }: Profile): boolean {
  return !records && !consent && !measurements.some((m) => m.window) && !reads.some((read) => read.kept);
}

/**
 * What a visit listens to at a device: all that its visited profiles measure, and of two that say the same only the better.
 * @param has whether the device has this characteristic in this service, assigned numbers.
 */
export const listenedTo = (
  has: (service: number, characteristic: number) => boolean,
): { profile: Profile; characteristics: number[] }[] =>
  visited.flatMap((profile) => {
    const there = profile.measurements.filter((m) => has(profile.service, m.characteristic));
    const characteristics = there
      .map((m) => m.characteristic)
      .filter((one) => !there.some((better) => better.insteadOf === one));
    return characteristics.length === 0 ? [] : [{ profile, characteristics }];
  });
