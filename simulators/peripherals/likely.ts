import type { Random } from '#runtime/random.ts';

/** Likely values for devices that are used by nobody in particular. */
export const likely = (random: Random, probability: number): boolean => random.next() < probability;

/** @param low inclusive. @param high inclusive. */
export const whole = (random: Random, low: number, high: number): number =>
  low + Math.floor(random.next() * (high - low + 1));

/** In steps of a tenth. */
export const tenth = (random: Random, low: number, high: number): number => whole(random, low * 10, high * 10) / 10;
