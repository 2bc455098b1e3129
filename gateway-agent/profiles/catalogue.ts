import { bloodPressure } from './blood-pressure.ts';
import type { Profile } from './profile.ts';

/** Every profile the gateway speaks. A law holds that each file of this folder that declares one stands here. */
export const profiles: readonly Profile[] = [bloodPressure];
