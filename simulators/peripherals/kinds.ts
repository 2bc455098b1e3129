import type { SimulatedBluez } from '../bluez/bluez.ts';
import { createBloodPressureCuff } from './blood-pressure-cuff.ts';
import { createContinuousGlucoseMonitor } from './cgm.ts';
import { createContinuousOximeter } from './continuous-oximeter.ts';
import { createGlucoseMeter } from './glucose-meter.ts';
import { createHeartRateStrap } from './heart-rate-strap.ts';
import type { HousingConfig } from './housing.ts';
import type { Simulated } from './peripheral.ts';
import { createPulseOximeter } from './pulse-oximeter.ts';
import { createThermometer } from './thermometer.ts';
import { createWeightScale } from './weight-scale.ts';

/** Every kind of device that can be simulated, for whoever wants a mixed lot of them. */
export const kinds: Readonly<Record<string, Kind>> = {
  cuff: createBloodPressureCuff,
  'glucose meter': createGlucoseMeter,
  'glucose sensor': createContinuousGlucoseMonitor,
  'spot-check oximeter': createPulseOximeter,
  'continuous oximeter': createContinuousOximeter,
  'body composition scale with users': (bluez, config) =>
    createWeightScale(bluez, { ...config, composition: true, users: [scaleUser] }),
  thermometer: createThermometer,
  'heart rate strap': createHeartRateStrap,
};

/** The same in other words: units, places and versions that devices of one kind differ in. */
export const variants: Readonly<Record<string, Kind>> = {
  'cuff in kPa, clock apart': (bluez, config) =>
    createBloodPressureCuff(bluez, { ...config, unit: 'kPa', clockPlace: 'current-time' }),
  'enhanced cuff': (bluez, config) => createBloodPressureCuff(bluez, { ...config, enhanced: true }),
  'glucose meter in mmol/L': (bluez, config) => createGlucoseMeter(bluez, { ...config, unit: 'mmol/L' }),
  'weight scale in pounds without users': (bluez, config) => createWeightScale(bluez, { ...config, imperial: true }),
  'thermometer in Fahrenheit': (bluez, config) =>
    createThermometer(bluez, { ...config, unit: '[degF]', tellsTypeEachTime: true }),
};

/** Timings are those of push and of stream devices; each takes what it has. */
export type Kind = (
  bluez: SimulatedBluez,
  config: HousingConfig & {
    advertisesForMs?: number;
    hangsUpAfterMs?: number;
    patienceMs?: number;
    everyMs?: number;
    lingersMs?: number;
  },
) => Simulated;

/** Who stands on the scales of `kinds` that know their users. */
export const scaleUser = { index: 1, code: 2_520 } as const;
