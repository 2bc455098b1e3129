import { type Decimal, inSteps } from './ieee11073.ts';

/**
 * The one place where a scale's steps become kilograms and centimetres. SI: 0.005 kg, 0.001 m. Imperial: 0.01 lb, 0.1 in, where
 * 1 lb = 0.45359237 kg and 1 in = 2.54 cm by definition (international yard and pound, 1959). Exact.
 */
export const massKg = (steps: number, imperial: boolean): Decimal =>
  inSteps(steps, imperial ? { mantissa: 45_359_237, exponent: -10 } : { mantissa: 5, exponent: -3 });

export const heightCm = (steps: number, imperial: boolean): Decimal =>
  inSteps(steps, imperial ? { mantissa: 254, exponent: -3 } : { mantissa: 1, exponent: -1 });

export const tenths = (steps: number): Decimal => ({ mantissa: steps, exponent: -1 });

/** Scales write this where they could not measure. */
export const unsuccessful = 0xffff;

/** User index 0xFF: the scale does not know who it was. */
export const unknownUser = 0xff;
