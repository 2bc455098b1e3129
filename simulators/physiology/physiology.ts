import type { Random } from '#runtime/random.ts';
import { createGlucose, type GlucoseProfile, type Overdose } from './glucose.ts';
import { type Illness, type Shift, shiftAt } from './illness.ts';
import { createDailyWander, createWander, deviate } from './noise.ts';

/**
 * What a person's body does, as a pure function of time: baseline, circadian rhythm, wander over hours and days, drift,
 * the effect of a new medicine, and illnesses (illness.ts). It makes plausible series for simulations.
 *
 * Mean arterial pressure follows a cosinor with amplitude 4.1 to 4.7 mmHg and acrophase about 13 h (Cortés-Ríos and
 * Rodriguez-Fernandez 2021, doi 10.3389/fphys.2020.536146; Schlottau 2025, doi 10.3389/fcvm.2025.1583046). Systolic and
 * diastolic keep their usual proportion to it. The spreads are chosen so that systolic pressure over 24 h varies by
 * about 7 %, the lower end of the 6.9 to 14.9 % reported for ambulatory measurement. Heart rate, saturation, weight, temperature and breath:
 * baseline, cosine and wander; glucose: glucose.ts. Those numbers are engineering choices.
 */
export type PhysiologyProfile = {
  /** Usual blood pressure, mmHg: the mean over day and night. */
  systolic: number;
  diastolic: number;
  /** Usual pulse, per minute. */
  pulse: number;
  /** Usual saturation, percent; 97 for healthy lungs, about 92 with COPD. */
  oxygenSaturation?: number;
  /** Usual glucose between meals, mg/dL, of somebody whose body looks after it; or all that is known of somebody's who does not. */
  glucose?: number | GlucoseProfile;
  weightKg?: number;
  /** Local time is so far ahead of UTC; the rhythm follows it. 480 is China. */
  utcOffsetMinutes?: number;
  circadian?: { amplitudeMmHg: number; acrophaseHour: number };
  /** From `from` (ms since 1970) the usual systolic pressure climbs evenly, `mmHg` higher after `days`, and stays there. */
  drift?: { from: number; mmHg: number; days: number };
  /** A medicine begun at `from` (ms since 1970) lowers systolic pressure by `mmHg`; most of it after `days`. */
  medication?: { from: number; mmHg: number; days: number };
  illnesses?: readonly Illness[];
  overdoses?: readonly Overdose[];
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
  /** mg/dL, in the blood, as it truly is. */
  trueGlucoseAt(ms: number): number;
  /** mg/dL, whole, in the tissue, as a sensor has it: some minutes behind the blood, and off. */
  sensorGlucoseAt(ms: number): number;
  /** mg/dL, whole, in a drop of blood: the sensor's, as far off as meters are. */
  glucoseAt(ms: number): number;
  /** kg, in tenths. */
  weightAt(ms: number): number;
  /** Degrees Celsius, in tenths. */
  temperatureAt(ms: number): number;
  /** Breaths per minute, whole. */
  respiratoryRateAt(ms: number): number;
  /** mmol/L, in tenths. */
  ketoneAt(ms: number): number;
  /** The heart beats without rhythm. */
  isIrregularAt(ms: number): boolean;
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
/** A pancreas that answers: back from a meal within three hours. */
const sound: Omit<GlucoseProfile, 'usual'> = { perGram: 3.3, returnPerMinute: 0.022, dawn: 4, spread: 9 };
/** The tissue follows the blood by about 9 minutes; a sensor is off by 6 % for hours, by 3 mg/dL for minutes (it smooths its values), and by 1 from one to the next. */
const sensor = { lagMs: 9 * 60_000, gainSpread: 0.06, gainTauMs: 16 * hourMs, spread: 3, tauMs: 15 * 60_000, grain: 1 };
/** ISO 15197: 95 of 100 within 15 %; a usual meter is off by 5 %. */
const meterSpread = 0.05;
const ketones = { usual: 0.2, spread: 0.08 };
const breath = { usual: 15, spread: 1.2, tauMs: 2 * hourMs };
const usualGlucose = 105;
const weight = { usual: 70, dailySpread: 0.35, scaleSpread: 0.08 };
const warmth = { usual: 36.6, amplitude: 0.25, acrophaseHour: 17, spread: 0.12, tauMs: 3 * hourMs };
/** A body that a home platform looks after lives within these as long as it is well, */
const usually = { systolic: [80, 240], diastolic: [45, 140], heart: [42, 170], saturation: [75, 100] } as const;
/** and within these when it is not. */
const bounds = {
  systolic: [58, 270],
  diastolic: [32, 160],
  pulsePressure: [18, 150],
  heart: [26, 200],
  saturation: [68, 100],
  sensor: [40, 400],
  glucose: [30, 590],
  weight: [35, 200],
  temperature: [35, 41.5],
  breaths: [8, 38],
  ketone: [0, 8],
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
  const gain = createWander(seed + 9, sensor.gainTauMs);
  const sensorWander = createWander(seed + 19, sensor.tauMs);
  const weightWander = createDailyWander(seed + 10);
  const warmthWander = createWander(seed + 11, warmth.tauMs);
  const breathWander = createWander(seed + 16, breath.tauMs);
  const glucoseProfile =
    typeof profile.glucose === 'object' ? profile.glucose : { ...sound, usual: profile.glucose ?? usualGlucose };
  const glucoseOf = createGlucose(seed + 20, glucoseProfile, offsetMs, profile.overdoses);
  const shift = (ms: number): Shift => shiftAt(profile.illnesses ?? [], profile, ms);

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

  const glucose = (ms: number) => glucoseOf(ms, profile.illnesses ? shift(ms).glucose : 0);

  return {
    bloodPressureAt(ms) {
      const strain = strainAt(ms);
      const ill = shift(ms);
      const cuff = (nth: number, spread: number) => spread * deviate(seed + nth, ms);
      const systolic = clamp(usually.systolic, profile.systolic * strain + cuff(5, cuffSpread.systolic)) + ill.systolic;
      const low = clamp(usually.diastolic, profile.diastolic * strain + cuff(6, cuffSpread.diastolic)) + ill.diastolic;
      const diastolic = within(bounds.diastolic, low);
      const top = diastolic + within(bounds.pulsePressure, within(bounds.systolic, systolic) - diastolic);
      const beats = clamp(usually.heart, heartRate(ms) + heart.beatSpread * deviate(seed + 7, ms)) + ill.pulse;
      return {
        systolic: top,
        diastolic,
        mean: Math.round(meanOf(top, diastolic)),
        pulse: within(bounds.heart, beats),
      };
    },
    pulseOximetryAt(ms) {
      const usual = profile.oxygenSaturation ?? saturation.usual;
      const rhythmic = saturation.amplitude * cosine(ms, saturation.acrophaseHour);
      const ill = shift(ms);
      const well = clamp(usually.saturation, usual + rhythmic + saturation.spread * saturationWander(ms));
      return {
        oxygenSaturation: within(bounds.saturation, well + ill.saturation),
        pulseRate: within(bounds.heart, clamp(usually.heart, heartRate(ms)) + ill.pulse),
      };
    },
    heartRateAt: (ms) => {
      const beats = clamp(usually.heart, heartRate(ms) + heart.beatSpread * deviate(seed + 8, ms));
      return within(bounds.heart, beats + shift(ms).pulse);
    },
    trueGlucoseAt: glucose,
    sensorGlucoseAt: (ms) => {
      const off = 1 + sensor.gainSpread * gain(ms);
      const noise = sensor.spread * sensorWander(ms) + sensor.grain * deviate(seed + 17, ms);
      return within(bounds.sensor, glucose(ms - sensor.lagMs) * off + noise);
    },
    glucoseAt: (ms) => within(bounds.glucose, glucose(ms) * (1 + meterSpread * deviate(seed + 13, ms))),
    weightAt: (ms) => {
      const usual = profile.weightKg ?? weight.usual;
      const daily = weight.dailySpread * weightWander(ms + offsetMs);
      return tenths(bounds.weight, usual + daily + shift(ms).weight + weight.scaleSpread * deviate(seed + 14, ms));
    },
    temperatureAt: (ms) => {
      const rhythmic = warmth.amplitude * cosine(ms, warmth.acrophaseHour);
      const { temperature } = shift(ms);
      return tenths(bounds.temperature, warmth.usual + rhythmic + warmth.spread * warmthWander(ms) + temperature);
    },
    respiratoryRateAt: (ms) =>
      within(bounds.breaths, breath.usual + breath.spread * breathWander(ms) + shift(ms).breaths),
    ketoneAt: (ms) =>
      tenths(bounds.ketone, ketones.usual + ketones.spread * Math.abs(deviate(seed + 18, ms)) + shift(ms).ketone),
    isIrregularAt: (ms) => shift(ms).irregular,
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

const clamp = ([low, high]: readonly [number, number], value: number) => Math.min(high, Math.max(low, value));

const tenths = (range: readonly [number, number], value: number) => Math.round(clamp(range, value) * 10) / 10;

const within = (range: readonly [number, number], value: number) => Math.round(clamp(range, value));
