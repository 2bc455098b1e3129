import { mgPerDlInOneMolPerL } from '#domain/glucose-unit.ts';
import { converted, type Decimal } from './ieee11073.ts';

/** Where a meter's concentration of glucose becomes the catalogue's. Exact, and rounded by nobody but those who show it. */
export type GlucoseUnit = 'kg/L' | 'mol/L';

/** Meters send kg/L or mol/L. 1 kg/L = 100,000 mg/dL. */
export const toMgPerDl = (concentration: Decimal, unit: GlucoseUnit): Decimal =>
  converted(
    concentration,
    unit === 'kg/L' ? { mantissa: 1, exponent: 5 } : { mantissa: mgPerDlInOneMolPerL, exponent: 0 },
  );

/**
 * Meters of i-SENS send blood ketone as if it were glucose: a tenth of the mg/dL it would be is the mmol/L it is.
 * Source: NightscoutFoundation/xDrip, GlucoseReadingRx.asKetone.
 */
export const toKetoneMmolPerL = (mgPerDl: Decimal): Decimal => converted(mgPerDl, { mantissa: 1, exponent: -1 });

/**
 * "HI" and "LO" on a display are numbers nowhere, and matter more than most numbers. They are told as the limit beyond which
 * the value lies, with the mark that says so: every meter's LO is below 20 mg/dL (10 or 20 by model), its HI above 600.
 * Sensors show 40 to 400. Source: Tidepool uploader (Accu-Chek: HI 600, LO 10 or 20), simglucose (sensors).
 */
export const meterLimits = { low: 20, high: 600 } as const;
export const sensorLimits = { low: 40, high: 400 } as const;
