import { type VitalName, vitals } from '#domain/vitals.ts';

/** A value of a vital sign as people read it: in the digits that the device gave, or else in those of the catalogue. */
export const shown = (vital: VitalName, value: number, decimals: number = vitals[vital].decimals): string =>
  value.toFixed(decimals);
