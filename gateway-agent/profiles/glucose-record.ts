import type { Mark, Value } from '#domain/reading.ts';
import { vitals } from '#domain/vitals.ts';
import { type DeviceTime, laterBy, readDateTime } from './device-time.ts';
import { readFrame } from './frame.ts';
import { type GlucoseContext, isKnownMeal, ketoneMeal, mealMarks } from './glucose-context.ts';
import { type GlucoseUnit, meterLimits, toKetoneMmolPerL, toMgPerDl } from './glucose-units.ts';
import { type Decimal, isSpecial, type Special, toNumber } from './ieee11073.ts';
import type { Measured, Said, Told } from './profile.ts';
import { aboveZero, type BitMarks, bit, marksIn, quantity } from './values.ts';

/** Glucose Measurement 0x2A18, as the meter wrote it down. */
export type GlucoseRecord = {
  sequence: number;
  /** The clock that only ever runs on, by which records are ordered. */
  baseTime: DeviceTime;
  /** So far its user has moved the clock that they see; 32767 and -32768: further than the field can say. */
  offsetMinutes?: number;
  concentration?: Decimal | Special;
  unit: GlucoseUnit;
  /** Low nibble: capillary whole blood 1 … interstitial fluid 9, control solution 10. */
  type?: number;
  /** High nibble: finger 1, alternate site 2, earlobe 3, control solution 4, subcutaneous 5, not available 15. */
  location?: number;
  status: number;
  contextFollows: boolean;
};

export function decodeGlucoseRecord(bytes: Uint8Array): Said<GlucoseRecord> {
  const frame = readFrame(bytes);
  const flags = frame.u8();
  const has = (n: number) => bit(flags, n);
  const sequence = frame.u16();
  const baseTime = readDateTime(frame);
  const offsetMinutes = has(0) ? frame.s16() : undefined;
  const concentration = has(1) ? frame.sfloat() : undefined;
  const sample = has(1) ? frame.u8() : undefined;
  const status = has(3) ? frame.u16() : 0;
  const fault = frame.fault();
  if (fault) return { fault };
  if (baseTime === undefined) return { fault: 'impossible-time' };
  return {
    said: {
      sequence,
      baseTime,
      ...(offsetMinutes === undefined ? {} : { offsetMinutes }),
      ...(concentration === undefined ? {} : { concentration }),
      unit: has(2) ? 'mol/L' : 'kg/L',
      ...(sample === undefined ? {} : { type: sample & 0xf, location: sample >> 4 }),
      status,
      contextFollows: has(4),
    },
  };
}

const annunciations: BitMarks = {
  0: 'battery-low',
  1: 'device-fault',
  2: 'sample-insufficient',
  3: 'strip-error',
  4: 'strip-error',
  5: 'above-measuring-range',
  6: 'below-measuring-range',
  7: 'outside-operating-temperature',
  8: 'outside-operating-temperature',
  9: 'measurement-interrupted',
  10: 'device-fault',
  11: 'clock-in-doubt',
};

const controlSolutionType = 10;
const controlSolutionLocation = 4;
const alternateSite = 2;

/** Meters that send blood ketone as glucose with meal 6: CareSens of i-SENS. Source: NightscoutFoundation/xDrip. */
export const ketoneMeters = /care ?sens/i;

/** What a ketone meter writes as glucose for 10 mmol/L of ketone: more than it can measure, or than anybody has. */
const ketoneAtMostMgPerDl = 10 * vitals.ketone.hard[1];

/**
 * What a record says, together with its context where there is one.
 * A meter that may mean ketone (i-SENS, or nobody knows which it is) is not believed while an announced context is missing: 15 mg/dL
 * "glucose" might be 1.5 mmol/L ketone, and the page to a person who is well.
 */
export function tellGlucose(
  record: GlucoseRecord,
  context: GlucoseContext | undefined,
  model: string | undefined,
): Told {
  const { concentration } = record;
  const mgPerDl =
    concentration === undefined || isSpecial(concentration) ? undefined : toMgPerDl(concentration, record.unit);
  const mayBeKetone =
    (model === undefined || ketoneMeters.test(model)) && !(mgPerDl && toNumber(mgPerDl) > ketoneAtMostMgPerDl);
  if (record.contextFollows && !context && mayBeKetone) return { fault: 'alone' };
  const meal = context?.meal;
  const ketone = meal === ketoneMeal && model !== undefined && ketoneMeters.test(model);
  if (meal !== undefined && !ketone && !isKnownMeal(meal)) return { fault: 'reserved-value' };

  const marks: Mark[] = marksIn(record.status, annunciations);
  // beyond its range a meter sends an infinity, a special word or 0 with the status bit, or simply the limit
  if (concentration === '+INFINITY' && !marks.includes('above-measuring-range')) marks.push('above-measuring-range');
  if (concentration === '-INFINITY' && !marks.includes('below-measuring-range')) marks.push('below-measuring-range');
  if (record.type === controlSolutionType || record.location === controlSolutionLocation)
    marks.push('control-solution');
  if (isBeyond(record.offsetMinutes) && !marks.includes('clock-in-doubt')) marks.push('clock-in-doubt');
  if (record.location === alternateSite) marks.push('alternate-site');
  marks.push(...mealMarks(meal));

  // the limits are those of glucose; and of ketone nearly everybody has 0.0
  const value = ketone
    ? mgPerDl && quantity('ketone', toKetoneMmolPerL(mgPerDl))
    : glucoseValue(aboveZero(mgPerDl) ?? limitIn(marks));
  if (!value) return { fault: 'no-value' };
  const measured: Measured = {
    panel: ketone ? 'blood-ketone' : 'glucose',
    values: [value],
    marks,
    deviceTime: userFacingTime(record),
    sequence: record.sequence,
  };
  return { measured };
}

const glucoseValue = (number: Decimal | number | undefined): Value | undefined =>
  number === undefined ? undefined : quantity('glucose', number);

/** "HI" and "LO"; of a meter that says both, or neither, nothing is known. */
function limitIn(marks: readonly Mark[]): number | undefined {
  const [above, below] = [marks.includes('above-measuring-range'), marks.includes('below-measuring-range')];
  if (above === below) return undefined;
  return above ? meterLimits.high : meterLimits.low;
}

/** Moved further than the field can say, forward or back. Source: GLS_TIME_OFFSET_VALUE_OVERRUN and _UNDERRUN in Stonestreet One's Bluetopia. */
const isBeyond = (offsetMinutes: number | undefined): boolean => offsetMinutes === 0x7fff || offsetMinutes === -0x8000;

/** Nobody knows the time of one moved beyond: its year is told as unknown, which tells copies of a record apart from others all the same. */
const userFacingTime = ({ baseTime, offsetMinutes = 0 }: GlucoseRecord): DeviceTime =>
  isBeyond(offsetMinutes) ? `0000${baseTime.slice(4)}` : (laterBy(baseTime, offsetMinutes) ?? baseTime);
