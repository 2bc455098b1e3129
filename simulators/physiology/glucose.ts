import { createWander, deviate, uniform } from './noise.ts';

/**
 * Glucose in blood as a function of time: what meals bring, what insulin takes, and a way back to the usual level.
 *
 * Bergman's minimal model, linear around the usual level: dG/dt = -p (G - usual) + perGram · Ra(t) - perUnit · Ri(t), with appearance
 * from the gut and under the skin in two equal compartments (Hovorka 2004, Physiol Meas 25:905; the same in the identifiable virtual
 * patient of Kanderian 2009, J Diabetes Sci Technol 3:1047). It has a closed solution, so that any moment can be asked for alone. Below
 * 72 mg/dL the body's own defence (and what people eat when they feel it), above 250 the kidney flatten it. Meals by hour, chance and grams after simglucose. What persons differ by
 * is an engineering choice: the laws hold its outcome against the literature.
 */
export type GlucoseProfile = {
  /** mg/dL, between meals. */
  usual: number;
  /** mg/dL that a gram of carbohydrate would add if nothing took it away. */
  perGram: number;
  /** Share of the way back to the usual level per minute: the pancreas, where there is one, and glucose itself. */
  returnPerMinute: number;
  /** mg/dL more at 7 in the morning. */
  dawn: number;
  /** Standard deviation of what nobody can explain, mg/dL. */
  spread: number;
  /** Takes insulin with meals: mg/dL that a unit takes, and how far off a dose is (share, standard deviation). */
  insulin?: { perUnit: number; gramsPerUnit: number; doseSpread: number };
};

/** A dose too much at `onset`, that would take `fall` mg/dL; sugar at `rescuedAt`. ms since 1970. */
export type Overdose = { onset: number; fall: number; rescuedAt: number };

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** simglucose (github.com/jxx123/simglucose), its scenario of random meals. */
const meals = [
  { hour: 7, chance: 0.95, grams: 45, hourSpread: 0.6, gramSpread: 10 },
  { hour: 9.5, chance: 0.3, grams: 10, hourSpread: 0.3, gramSpread: 5 },
  { hour: 12, chance: 0.95, grams: 70, hourSpread: 0.6, gramSpread: 10 },
  { hour: 15, chance: 0.3, grams: 10, hourSpread: 0.3, gramSpread: 5 },
  { hour: 18, chance: 0.95, grams: 80, hourSpread: 0.6, gramSpread: 10 },
  { hour: 21.5, chance: 0.3, grams: 10, hourSpread: 0.3, gramSpread: 5 },
];
/** Minutes of each compartment: the gut 40 (Hovorka 2004), rapid insulin and its action 55 (the same), sugar that is drunk 15. */
const gutMinutes = 40;
const insulinMinutes = 55;
const sugarMinutes = 15;
const rememberedMs = 11 * hourMs;
/** Snacks are eaten without insulin. */
const dosedFromGrams = 25;
const unexplainedTauMs = 2.5 * hourMs;
/** Who is found low is given sugar until it is over: so much of what the dose would take. */
const rescuedShare = 0.7;
const defence = { below: 72, share: 0.4 };
const kidney = { above: 250, share: 0.75 };
const bounds = [30, 580] as const;

type Meal = { at: number; grams: number; dosedGrams: number };

/** @param offsetMs of local time to UTC. @param shift mg/dL that an illness adds. */
export function createGlucose(
  seed: number,
  profile: GlucoseProfile,
  offsetMs: number,
  overdoses: readonly Overdose[] = [],
): (ms: number, shift?: number) => number {
  const unexplained = createWander(seed + 1, unexplainedTauMs);
  const known = new Map<number, Meal[]>();
  const { insulin, returnPerMinute } = profile;
  const response = (minutes: number) => responseOf(returnPerMinute, 1 / minutes);
  const toMeal = response(gutMinutes);
  const toInsulin = response(insulinMinutes);
  const toSugar = response(sugarMinutes);

  function mealsOf(day: number): Meal[] {
    const found = known.get(day);
    if (found) return found;
    const eaten = meals.flatMap((meal, nth): Meal[] => {
      const number = day * meals.length + nth;
      if (uniform(seed + 2, number) >= meal.chance) return [];
      const at = day * dayMs - offsetMs + (meal.hour + meal.hourSpread * clipped(deviate(seed + 3, number))) * hourMs;
      const grams = Math.max(4, meal.grams + meal.gramSpread * clipped(deviate(seed + 4, number)));
      const off = insulin ? 1 + insulin.doseSpread * clipped(deviate(seed + 5, number)) : 0;
      return [{ at, grams, dosedGrams: grams >= dosedFromGrams ? grams * off : 0 }];
    });
    if (known.size > 3) known.clear();
    known.set(day, eaten);
    return eaten;
  }

  return (ms, shift = 0) => {
    const today = Math.floor((ms + offsetMs) / dayMs);
    const hour = ((ms + offsetMs) / hourMs) % 24;
    let value = profile.usual + profile.spread * unexplained(ms) + profile.dawn * Math.exp(-(((hour - 7) / 2.2) ** 2));
    for (let day = today - 1; day <= today; day++)
      for (const { at, grams, dosedGrams } of mealsOf(day)) {
        const minutes = (ms - at) / minuteMs;
        if (minutes <= 0 || minutes * minuteMs > rememberedMs) continue;
        value += profile.perGram * grams * toMeal(minutes);
        if (insulin) value -= (insulin.perUnit / insulin.gramsPerUnit) * dosedGrams * toInsulin(minutes);
      }
    for (const { onset, fall, rescuedAt } of overdoses) {
      if (ms <= onset || ms - onset > rememberedMs) continue;
      value -= fall * toInsulin((ms - onset) / minuteMs);
      if (ms > rescuedAt) value += rescuedShare * fall * toSugar((ms - rescuedAt) / minuteMs);
    }
    return Math.min(bounds[1], Math.max(bounds[0], flattened(value + shift)));
  };
}

/** What of a unit that enters through two compartments at rate `a` and goes at rate `p` (per minute) is there after so many minutes. */
function responseOf(p: number, a: number): (minutes: number) => number {
  const scale = (a / (a - p)) ** 2;
  return (t) => scale * (Math.exp(-p * t) - Math.exp(-a * t) * (1 + (a - p) * t));
}

function flattened(value: number): number {
  if (value < defence.below) return defence.below - (defence.below - value) * defence.share;
  if (value > kidney.above) return kidney.above + (value - kidney.above) * kidney.share;
  return value;
}

/** Nobody eats or doses four deviations off. */
const clipped = (value: number) => Math.max(-2.5, Math.min(2.5, value));
