import type { Mark } from '#domain/reading.ts';
import { readFrame } from './frame.ts';
import type { Decimal, Special } from './ieee11073.ts';
import type { Said } from './profile.ts';
import { bit } from './values.ts';

/**
 * Glucose Measurement Context 0x2A34: what the person told the meter about the measurement of the same sequence number.
 * Numbers as the profile has them: carbohydrate in kg, medication in kg or L, HbA1c in %. Words that the profile reserves stay numbers.
 */
export type GlucoseContext = {
  sequence: number;
  carbohydrate?: { kind: number; kg: Decimal | Special };
  meal?: number;
  tester?: number;
  health?: number;
  /** `seconds` undefined: longer than the field can say. */
  exercise?: { seconds: number | undefined; intensityPercent: number };
  medication?: { kind: number; amount: Decimal | Special; unit: 'kg' | 'L' };
  hba1c?: Decimal | Special;
};

/** The words of the profile for its codes; a law and the document read them. */
export const carbohydrates = ['breakfast', 'lunch', 'dinner', 'snack', 'drink', 'supper', 'brunch'] as const;
export const meals = ['before-meal', 'after-meal', 'fasting', 'casual', 'bedtime'] as const;
export const medications = ['rapid', 'short', 'intermediate', 'long', 'pre-mixed'] as const;

export function decodeGlucoseContext(bytes: Uint8Array): Said<GlucoseContext> {
  const frame = readFrame(bytes);
  const flags = frame.u8();
  const has = (n: number) => bit(flags, n);
  const context: GlucoseContext = { sequence: frame.u16() };
  // an extension of flags that is reserved for later versions
  if (has(7)) frame.u8();
  if (has(0)) context.carbohydrate = { kind: frame.u8(), kg: frame.sfloat() };
  if (has(1)) context.meal = frame.u8();
  if (has(2)) {
    const both = frame.u8();
    context.tester = both & 0xf;
    context.health = both >> 4;
  }
  if (has(3)) {
    const seconds = frame.u16();
    context.exercise = { seconds: seconds === 0xffff ? undefined : seconds, intensityPercent: frame.u8() };
  }
  if (has(4)) context.medication = { kind: frame.u8(), amount: frame.sfloat(), unit: has(5) ? 'L' : 'kg' };
  if (has(6)) context.hba1c = frame.sfloat();
  const fault = frame.fault();
  return fault ? { fault } : { said: context };
}

/** What of it is worth a mark: when in the day it was measured. A casual measurement is like one of which nothing is known. */
export function mealMarks(meal: number | undefined): Mark[] {
  const word = meal === undefined ? undefined : meals[meal - 1];
  return word === undefined || word === 'casual' ? [] : [word];
}

/** 6 is reserved by the profile; meters of i-SENS say with it that the value is blood ketone (xDrip, ContextRx.ketone). */
export const ketoneMeal = 6;
/** 0 is reserved, too, and what a meter writes that was told of no meal. */
export const isKnownMeal = (meal: number): boolean => meal >= 0 && meal <= meals.length;
