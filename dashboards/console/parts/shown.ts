import { type GlucoseUnit, mgPerDlInOneMmolPerL } from '#domain/glucose-unit.ts';
import type { Mark } from '#domain/reading.ts';
import { type VitalName, vitals } from '#domain/vitals.ts';

/** How values and units stand on the screen. Values come in the catalogue's unit. Pure. */
export type Units = {
  glucose: GlucoseUnit;
  /** As people write it. */
  unitOf: (vital: VitalName) => string;
  /** The number as it is in that unit, not rounded. */
  inUnit: (vital: VitalName, value: number) => number;
  /**
   * In the digits that the device gave, or else in those of the catalogue, which `decimals` counts in its unit. Beyond what the device can
   * measure, "HI" or "LO" on its display, `value` is the limit: `> 600`.
   */
  shown: (vital: VitalName, value: number, decimals?: number, marks?: readonly Mark[]) => string;
  /** Digits in which this vital is usually shown. */
  digitsOf: (vital: VitalName) => number;
};

export function unitsFor(glucose: GlucoseUnit): Units {
  const changes = (vital: VitalName) => glucose === 'mmol/L' && isGlucose(vital);
  const inUnit = (vital: VitalName, value: number) => (changes(vital) ? value / mgPerDlInOneMmolPerL : value);
  // a mg/dL is 0.056 mmol/L: one digit more promises about as much, and gives a meter that measures in mmol/L its own digits back
  const digits = (vital: VitalName, decimals: number) => decimals + (changes(vital) ? 1 : 0);
  return {
    glucose,
    unitOf: (vital) => (changes(vital) ? glucose : vitals[vital].unit),
    inUnit,
    shown: (vital, value, decimals = vitals[vital].decimals, marks = []) =>
      `${beyond(marks)}${inUnit(vital, value).toFixed(digits(vital, decimals))}`,
    digitsOf: (vital) => digits(vital, vitals[vital].decimals),
  };
}

const isGlucose = (vital: VitalName): boolean => vital === 'glucose' || vital === 'sensor-glucose';

/** Of a device that says both, or neither, nothing is known. */
function beyond(marks: readonly Mark[]): string {
  const [above, below] = [marks.includes('above-measuring-range'), marks.includes('below-measuring-range')];
  if (above === below) return '';
  return above ? '> ' : '< ';
}
