import type { Random } from '#runtime/random.ts';
import { createDailyWander, createWander, deviate } from './noise.ts';

/**
 * What a person's body does, as a pure function of time: baseline, circadian rhythm, wander over hours and days, drift,
 * and the effect of a new medicine. It makes plausible series for simulations; it is no model of an illness.
 *
 * Mean arterial pressure follows a cosinor with amplitude 4.1 to 4.7 mmHg and acrophase about 13 h (Cortés-Ríos and
 * Rodriguez-Fernandez 2021, doi 10.3389/fphys.2020.536146; Schlottau 2025, doi 10.3389/fcvm.2025.1583046). Systolic and
 * diastolic keep their usual proportion to it. The spreads are chosen so that systolic pressure over 24 h varies by
 * about 7 %, the lower end of the 6.9 to 14.9 % reported for ambulatory measurement. Heart rate, saturation, weight and temperature:
 * baseline, cosine and AR(1); glucose: the same with three meals a day, each a rise that is gone after three hours. Those numbers
 * are engineering choices.
 */
export type PhysiologyProfile = {
  /** Usual blood pressure, mmHg: the mean over day and night. */
  systolic: number;
  diastolic: number;
  /** Usual pulse, per minute. */
  pulse: number;
  /** Usual saturation, percent; 97 for healthy lungs, about 92 with COPD. */
  oxygenSaturation?: number;
  /** Usual glucose between meals, mg/dL. */
  glucose?: number;
  weightKg?: number;
  /** Local time is so far ahead of UTC; the rhythm follows it. 480 is China. */
  utcOffsetMinutes?: number;
  circadian?: { amplitudeMmHg: number; acrophaseHour: number };
  /** From `from` (ms since 1970) the usual systolic pressure climbs evenly, `mmHg` higher after `days`, and stays there. */
  drift?: { from: number; mmHg: number; days: number };
  /** A medicine begun at `from` (ms since 1970) lowers systolic pressure by `mmHg`; most of it after `days`. */
  medication?: { from: number; mmHg: number; days: number };
};

/** mmHg and beats per minute, whole as a cuff shows them. */
export type BloodPressure = { systolic: number; diastolic: number; mean: number; pulse: number };
/** Percent and per minute. */
export type PulseOximetry = { oxygenSaturation: number; pulseRate: number };

export interface Physiology {
  /** @param ms since 1970. */
  bloodPressureAt(ms: number): BloodPressure;
  pulseOximetryAt(ms: number): PulseOximetry;
  /** Beats per minute, whole. */
  heartRateAt(ms: number): number;
  /** mg/dL, whole, in the tissue, as a sensor has it. */
  sensorGlucoseAt(ms: number): number;
  /** mg/dL, whole, in a drop of blood: the sensor's, as far off as meters are. */
  glucoseAt(ms: number): number;
  /** kg, in tenths. */
  weightAt(ms: number): number;
  /** Degrees Celsius, in tenths. */
  temperatureAt(ms: number): number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const usualCircadian = { amplitudeMmHg: 4.4, acrophaseHour: 13 };
/** Standard deviations of mean arterial pressure over hours and from day to day, mmHg. */
const hourlySpread = 4;
const dailySpread = 3;
const pressureTauMs = 2 * hourMs;
/** What the cuff itself adds to each measurement, mmHg. */
const cuffSpread = { systolic: 3.5, diastolic: 2.5 };
const heart = { amplitude: 5, acrophaseHour: 15, spread: 4, tauMs: 20 * 60_000, beatSpread: 1.2 };
const saturation = { usual: 97, amplitude: 0.4, acrophaseHour: 14, spread: 0.6, tauMs: 15 * 60_000 };
/** Meals by local hour, and how they raise glucose: mg/dL, and the time to the top. */
const meals = { hours: [7.5, 12, 18.5], rise: 45, riseSpread: 12, toTopMs: 50 * 60_000, lastMs: 5 * hourMs };
const glucose = { usual: 105, spread: 9, tauMs: 90 * 60_000, meterSpread: 5 };
const weight = { usual: 70, dailySpread: 0.35, scaleSpread: 0.08 };
const warmth = { usual: 36.6, amplitude: 0.25, acrophaseHour: 17, spread: 0.12, tauMs: 3 * hourMs };
/** A body that a home platform looks after lives within these. */
const bounds = {
  systolic: [80, 240],
  diastolic: [45, 140],
  pulsePressure: [20, 130],
  heart: [42, 170],
  saturation: [75, 100],
  glucose: [45, 380],
  weight: [35, 200],
  temperature: [35, 40.5],
} as const;

export function createPhysiology(random: Random, profile: PhysiologyProfile): Physiology {
  const seed = Math.floor(random.next() * 2 ** 32);
  const offsetMs = (profile.utcOffsetMinutes ?? 0) * 60_000;
  const rhythm = profile.circadian ?? usualCircadian;
  const usualMean = meanOf(profile.systolic, profile.diastolic);
  const wander = createWander(seed + 1, pressureTauMs);
  const daily = createDailyWander(seed + 2);
  const heartWander = createWander(seed + 3, heart.tauMs);
  const saturationWander = createWander(seed + 4, saturation.tauMs);
  const glucoseWander = createWander(seed + 9, glucose.tauMs);
  const weightWander = createDailyWander(seed + 10);
  const warmthWander = createWander(seed + 11, warmth.tauMs);

  const cosine = (ms: number, acrophaseHour: number) =>
    Math.cos((2 * Math.PI * (ms + offsetMs - acrophaseHour * hourMs)) / dayMs);

  /** How much higher than usual the pressure is; 1.1 is a tenth. */
  function strainAt(ms: number): number {
    const rhythmic = rhythm.amplitudeMmHg * cosine(ms, rhythm.acrophaseHour);
    const wandering = hourlySpread * wander(ms) + dailySpread * daily(ms + offsetMs);
    const shifted = driftAt(profile, ms) + medicationAt(profile, ms);
    return 1 + (rhythmic + wandering) / usualMean + shifted / profile.systolic;
  }

  function heartRate(ms: number): number {
    return profile.pulse + heart.amplitude * cosine(ms, heart.acrophaseHour) + heart.spread * heartWander(ms);
  }

  function glucoseNow(ms: number): number {
    const usual = profile.glucose ?? glucose.usual;
    return usual + glucose.spread * glucoseWander(ms) + afterMeals(ms);
  }

  /** What the meals of the last hours still add. */
  function afterMeals(ms: number): number {
    const today = Math.floor((ms + offsetMs) / dayMs);
    let added = 0;
    for (const day of [today - 1, today])
      for (const [nth, hour] of meals.hours.entries()) {
        const sinceMs = ms + offsetMs - day * dayMs - hour * hourMs;
        if (sinceMs <= 0 || sinceMs > meals.lastMs) continue;
        const rise = meals.rise + meals.riseSpread * deviate(seed + 12, day * meals.hours.length + nth);
        added += rise * (sinceMs / meals.toTopMs) * Math.exp(1 - sinceMs / meals.toTopMs);
      }
    return added;
  }

  return {
    bloodPressureAt(ms) {
      const strain = strainAt(ms);
      const systolic = within(bounds.systolic, profile.systolic * strain + cuffSpread.systolic * deviate(seed + 5, ms));
      const diastolic = within(
        bounds.diastolic,
        profile.diastolic * strain + cuffSpread.diastolic * deviate(seed + 6, ms),
      );
      const top = diastolic + within(bounds.pulsePressure, systolic - diastolic);
      return {
        systolic: top,
        diastolic,
        mean: Math.round(meanOf(top, diastolic)),
        pulse: within(bounds.heart, heartRate(ms) + heart.beatSpread * deviate(seed + 7, ms)),
      };
    },
    pulseOximetryAt(ms) {
      const usual = profile.oxygenSaturation ?? saturation.usual;
      const rhythmic = saturation.amplitude * cosine(ms, saturation.acrophaseHour);
      return {
        oxygenSaturation: within(bounds.saturation, usual + rhythmic + saturation.spread * saturationWander(ms)),
        pulseRate: within(bounds.heart, heartRate(ms)),
      };
    },
    heartRateAt: (ms) => within(bounds.heart, heartRate(ms) + heart.beatSpread * deviate(seed + 8, ms)),
    sensorGlucoseAt: (ms) => within(bounds.glucose, glucoseNow(ms)),
    glucoseAt: (ms) => within(bounds.glucose, glucoseNow(ms) + glucose.meterSpread * deviate(seed + 13, ms)),
    weightAt: (ms) => {
      const usual = profile.weightKg ?? weight.usual;
      const daily = weight.dailySpread * weightWander(ms + offsetMs);
      return tenths(bounds.weight, usual + daily + weight.scaleSpread * deviate(seed + 14, ms));
    },
    temperatureAt: (ms) => {
      const rhythmic = warmth.amplitude * cosine(ms, warmth.acrophaseHour);
      return tenths(bounds.temperature, warmth.usual + rhythmic + warmth.spread * warmthWander(ms));
    },
  };
}

/** The usual estimate: diastolic and a third of the pulse pressure. */
const meanOf = (systolic: number, diastolic: number) => diastolic + (systolic - diastolic) / 3;

function driftAt({ drift }: PhysiologyProfile, ms: number): number {
  if (!drift) return 0;
  return drift.mmHg * Math.min(1, Math.max(0, (ms - drift.from) / (drift.days * dayMs)));
}

/** Exponential onset: 95 % after `days`. An engineering choice. */
function medicationAt({ medication }: PhysiologyProfile, ms: number): number {
  if (!medication || ms < medication.from) return 0;
  return -medication.mmHg * (1 - Math.exp((-3 * (ms - medication.from)) / (medication.days * dayMs)));
}

const tenths = ([low, high]: readonly [number, number], value: number) =>
  Math.round(Math.min(high, Math.max(low, value)) * 10) / 10;

const within = ([low, high]: readonly [number, number], value: number) =>
  Math.round(Math.min(high, Math.max(low, value)));
