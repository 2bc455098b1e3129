import type { Value } from '#domain/reading.ts';
import { type PanelName, vitals } from '#domain/vitals.ts';
import type { Words } from '#domain/words.ts';
import { seededRandom } from '#runtime/random.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { createContinuousGlucoseMonitor } from '../peripherals/cgm.ts';
import { createGlucoseMeter } from '../peripherals/glucose-meter.ts';
import { createPulseOximeter } from '../peripherals/pulse-oximeter.ts';
import { createThermometer } from '../peripherals/thermometer.ts';
import { createWeightScale } from '../peripherals/weight-scale.ts';
import { sessionsOf } from '../physiology/history.ts';
import type { Physiology, PhysiologyProfile } from '../physiology/physiology.ts';

/** What stands beside the cuff in some homes: which device, how it is used, and what it says of a body. */
export type FurtherKind = 'glucose-meter' | 'glucose-sensor' | 'oximeter' | 'scale' | 'thermometer';

export type FurtherDevice = {
  model: string;
  name: Words;
  panel: PanelName;
  /** What it says at this moment, ms since 1970. */
  valuesOf: (body: Physiology, at: number) => Value[];
  /** When it had measured already before anybody listened: ms since 1970, oldest first. */
  momentsBefore: (seed: number, profile: PhysiologyProfile, from: number, to: number) => number[];
  /** Puts it into a home. The answer: somebody uses it now; absent where it works by itself. */
  place: (bluez: SimulatedBluez, at: Place, body: Physiology) => { use?: () => void };
};

type Place = { adapter: string; address: string; model: string };

const dayMs = 86_400_000;
/** People in the neighbourhood live on Beijing time, and so do their devices. */
const zoneMinutes = 480;
const clockOffsetMs = zoneMinutes * 60_000;
/** A sensor is worn for two weeks; of what it said before anybody listened, a value every quarter of an hour is kept. */
const sensorLifeMs = 14 * dayMs;
const sensorHistoryEveryMs = 15 * 60_000;

const quantity = (vital: keyof typeof vitals, value: number, decimals = 0): Value => ({
  vital,
  value,
  unit: vitals[vital].ucum,
  decimals,
});

const atHours =
  (hours: readonly number[], adherence: number): FurtherDevice['momentsBefore'] =>
  (seed, profile, from, to) =>
    sessionsOf(seededRandom(seed), profile, { from, to, hours, adherence });

export const furtherDevices: Readonly<Record<FurtherKind, FurtherDevice>> = {
  'glucose-meter': {
    model: 'SIM-GM1',
    name: { en: 'glucose meter', zh: '血糖仪' },
    panel: 'glucose',
    valuesOf: (body, at) => [quantity('glucose', body.glucoseAt(at))],
    // before breakfast, and two hours after dinner
    momentsBefore: atHours([7, 20.5], 0.9),
    place: (bluez, place, body) => {
      const meter = createGlucoseMeter(bluez, { ...place, clockOffsetMs });
      return {
        use: () =>
          meter.measure({
            mgPerDl: body.glucoseAt(bluez.clock.now()),
            type: 'capillary-whole-blood',
            location: 'finger',
            status: [],
          }),
      };
    },
  },
  'glucose-sensor': {
    model: 'SIM-CGM1',
    name: { en: 'glucose sensor', zh: '持续葡萄糖监测仪' },
    panel: 'continuous-glucose',
    valuesOf: (body, at) => [quantity('sensor-glucose', body.sensorGlucoseAt(at))],
    momentsBefore: (_, __, from, to) => {
      const first = Math.max(from, to - sensorLifeMs);
      const count = Math.max(0, Math.floor((to - first) / sensorHistoryEveryMs));
      return Array.from({ length: count }, (_, n) => first + n * sensorHistoryEveryMs);
    },
    place: (bluez, place, body) => {
      const sensor = createContinuousGlucoseMonitor(bluez, { ...place, zoneMinutes, startedMinutesAgo: 0 });
      const say = () => ({ glucose: body.sensorGlucoseAt(bluez.clock.now()) });
      sensor.run(say);
      return {};
    },
  },
  oximeter: {
    model: 'SIM-OX1',
    name: { en: 'oximeter', zh: '血氧仪' },
    panel: 'pulse-oximetry',
    valuesOf: (body, at) => {
      const { oxygenSaturation, pulseRate } = body.pulseOximetryAt(at);
      return [quantity('oxygen-saturation', oxygenSaturation), quantity('pulse-rate', pulseRate)];
    },
    momentsBefore: atHours([8, 20], 0.9),
    place: (bluez, place, body) => {
      const oximeter = createPulseOximeter(bluez, { ...place, clockOffsetMs });
      return {
        use: () => {
          const { oxygenSaturation, pulseRate } = body.pulseOximetryAt(bluez.clock.now());
          oximeter.measure({ saturation: oxygenSaturation, pulse: pulseRate, amplitudeIndex: 4.2 });
        },
      };
    },
  },
  scale: {
    model: 'SIM-WS1',
    name: { en: 'scale', zh: '体重秤' },
    panel: 'body-weight',
    valuesOf: (body, at) => [quantity('body-weight', body.weightAt(at), 1)],
    momentsBefore: atHours([6.75], 0.95),
    place: (bluez, place, body) => {
      const scale = createWeightScale(bluez, { ...place, clockOffsetMs });
      return { use: () => scale.measure({ kg: body.weightAt(bluez.clock.now()) }) };
    },
  },
  thermometer: {
    model: 'SIM-TH1',
    name: { en: 'thermometer', zh: '体温计' },
    panel: 'body-temperature',
    valuesOf: (body, at) => [quantity('body-temperature', body.temperatureAt(at), 1)],
    momentsBefore: atHours([18.5], 0.85),
    place: (bluez, place, body) => {
      const thermometer = createThermometer(bluez, { ...place, clockOffsetMs });
      return { use: () => thermometer.measure(body.temperatureAt(bluez.clock.now())) };
    },
  },
};
