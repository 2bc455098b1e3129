import { encodeDateTime, type Special, sfloat, u8, u16 } from './fields.ts';

/**
 * Encodes Glucose Measurement 0x2A18 and Glucose Measurement Context 0x2A34 as a meter notifies them. Layout after the Bluetooth SIG GATT
 * Specification Supplement, and captures of an Accu-Chek Guide for the order of type (low nibble) and location (high nibble).
 */
export type GlucoseFrame = {
  /** 0 to 65535. */
  sequence: number;
  /** `2026-08-11T20:27:00`, no zone. */
  baseTime: string;
  /** What the user sees is so far ahead of the base time, minutes. */
  offsetMinutes?: number;
  /** Absent: the record has none. In whole mg/dL (sent as kg/L) or tenths of mmol/L (sent as mol/L). */
  concentration?: { value: number | Special; unit: GlucoseUnit };
  type?: SampleType;
  location?: SampleLocation;
  /** Absent: the meter reports no status. Empty: it reports that all is well. */
  status?: readonly MeterStatus[];
  contextFollows?: boolean;
};

export type GlucoseUnit = 'mg/dL' | 'mmol/L';

const types = {
  'capillary-whole-blood': 1,
  'capillary-plasma': 2,
  'venous-whole-blood': 3,
  'venous-plasma': 4,
  'arterial-whole-blood': 5,
  'arterial-plasma': 6,
  'undetermined-whole-blood': 7,
  'undetermined-plasma': 8,
  'interstitial-fluid': 9,
  'control-solution': 10,
} as const;
export type SampleType = keyof typeof types;

const locations = {
  finger: 1,
  'alternate-site': 2,
  earlobe: 3,
  'control-solution': 4,
  subcutaneous: 5,
  unknown: 15,
} as const;
export type SampleLocation = keyof typeof locations;

/** Both in one byte. */
export const sampleOf = (type: SampleType, location: SampleLocation): number =>
  types[type] | (locations[location] << 4);

const statusBits = {
  'battery-low': 0,
  'sensor-malfunction': 1,
  'sample-insufficient': 2,
  'strip-insertion': 3,
  'wrong-strip': 4,
  'result-high': 5,
  'result-low': 6,
  'too-warm': 7,
  'too-cold': 8,
  'read-interrupted': 9,
  'general-fault': 10,
  'time-fault': 11,
} as const;
export type MeterStatus = keyof typeof statusBits;

export function encodeGlucose(frame: GlucoseFrame): Buffer {
  const { concentration, status } = frame;
  const flags =
    (frame.offsetMinutes === undefined ? 0 : 1 << 0) |
    (concentration === undefined ? 0 : 1 << 1) |
    (concentration?.unit === 'mmol/L' ? 1 << 2 : 0) |
    (status === undefined ? 0 : 1 << 3) |
    (frame.contextFollows ? 1 << 4 : 0);
  return Buffer.concat([
    u8(flags),
    u16(frame.sequence),
    encodeDateTime(frame.baseTime),
    ...(frame.offsetMinutes === undefined ? [] : [u16(frame.offsetMinutes)]),
    ...(concentration === undefined
      ? []
      : [
          encodeConcentration(concentration.value, concentration.unit),
          u8(sampleOf(frame.type ?? 'capillary-whole-blood', frame.location ?? 'finger')),
        ]),
    ...(status === undefined ? [] : [u16(status.reduce((bits, word) => bits | (1 << statusBits[word]), 0))]),
  ]);
}

/** 1 mg/dL is 10^-5 kg/L; 0.1 mmol/L is 10^-4 mol/L. */
function encodeConcentration(value: number | Special, unit: GlucoseUnit): Buffer {
  if (typeof value !== 'number') return sfloat(value, 0);
  return unit === 'mg/dL' ? u16(word(Math.round(value), -5)) : u16(word(Math.round(value * 10), -4));
}

function word(mantissa: number, exponent: number): number {
  if (Math.abs(mantissa) > 2045) throw new RangeError('the value does not fit an SFLOAT of this exponent');
  return ((exponent & 0xf) << 12) | (mantissa & 0xfff);
}

/** What the person told the meter about the measurement of the same sequence number. */
export type ContextFrame = {
  sequence: number;
  /** 1 breakfast … 7 brunch; grams. */
  carbohydrate?: { kind: number; grams: number };
  meal?: Meal;
  tester?: number;
  health?: number;
  exercise?: { seconds: number; intensityPercent: number };
  /** 1 rapid acting … 5 pre-mixed; mg, or mL of the drug. */
  medication?: { kind: number; milli: number; unit: 'mg' | 'mL' };
  /** Percent, tenths. */
  hba1c?: number;
};

/** `ketone`: not the profile's word but that of i-SENS meters, whose value is then blood ketone (xDrip). */
const mealCodes = { 'before-meal': 1, 'after-meal': 2, fasting: 3, casual: 4, bedtime: 5, ketone: 6 } as const;
export type Meal = keyof typeof mealCodes;

export function encodeGlucoseContext(frame: ContextFrame): Buffer {
  const { carbohydrate, meal, tester, health, exercise, medication, hba1c } = frame;
  const hasPerson = tester !== undefined || health !== undefined;
  const flags =
    (carbohydrate ? 1 << 0 : 0) |
    (meal ? 1 << 1 : 0) |
    (hasPerson ? 1 << 2 : 0) |
    (exercise ? 1 << 3 : 0) |
    (medication ? 1 << 4 : 0) |
    (medication?.unit === 'mL' ? 1 << 5 : 0) |
    (hba1c === undefined ? 0 : 1 << 6);
  return Buffer.concat([
    u8(flags),
    u16(frame.sequence),
    ...(carbohydrate ? [u8(carbohydrate.kind), u16(word(carbohydrate.grams, -3))] : []),
    ...(meal ? [u8(mealCodes[meal])] : []),
    ...(hasPerson ? [u8((tester ?? 15) | ((health ?? 15) << 4))] : []),
    ...(exercise ? [u16(Math.min(exercise.seconds, 0xffff)), u8(exercise.intensityPercent)] : []),
    ...(medication ? [u8(medication.kind), u16(word(medication.milli, medication.unit === 'mL' ? -3 : -6))] : []),
    ...(hba1c === undefined ? [] : [u16(word(Math.round(hba1c * 10), -1))]),
  ]);
}
