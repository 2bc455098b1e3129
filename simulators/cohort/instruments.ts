import type { Mark, Value } from '#domain/reading.ts';
import { type PanelName, type VitalName, vitals } from '#domain/vitals.ts';
import type { Random } from '#runtime/random.ts';
import type { Physiology } from '../physiology/physiology.ts';
import type { Measurement } from './measurement.ts';
import type { Person } from './person.ts';

/**
 * What devices at home make of a body: a cuff that sits loose, an arm that moves, cold fingers, a strip from last year, somebody else's arm.
 * Devices mark most of what goes wrong, and not all. Shares are engineering choices; that a cuff says "irregular" to a sound heart in one or two of a
 * hundred readings, and misses the irregular one as rarely, is after Watanabe 2021 (specificity 0.97 to 0.99).
 */
export type Sitting = {
  /** Somebody else sat down at it. */
  spouse: boolean;
  /** Came up the stairs: how much of it is left, 1 all, 0 nothing. */
  exertion: number;
  /** mmHg that the cuff itself adds to somebody who is not used to it. */
  alarm: number;
};

type Context = { person: Person; body: Physiology; sitting: Sitting };

export function measure(random: Random, panel: PanelName, at: number, context: Context): Measurement {
  return { panel, at, ...instruments[panel]!(random, at, context) };
}

type Shown = Pick<Measurement, 'values' | 'marks' | 'flaw'>;
const instruments: Partial<Record<PanelName, (random: Random, at: number, context: Context) => Shown>> = {
  'blood-pressure': (random, at, { person, body, sitting }) => {
    const { habits } = person;
    const own = body.bloodPressureAt(at);
    if (sitting.spouse && habits.spouse) {
      const systolic = Math.round(habits.spouse.systolic + spread(random, 7));
      const diastolic = Math.round(habits.spouse.diastolic + spread(random, 5));
      const pulse = Math.round(habits.spouse.pulse + spread(random, 4));
      return { values: pressure(systolic, diastolic, pulse), marks: [], flaw: 'somebody-else' };
    }
    let { systolic, diastolic, pulse } = own;
    systolic += sitting.alarm;
    diastolic += sitting.alarm / 2;
    const marks: Mark[] = [];
    let flaw: Measurement['flaw'];
    const wrong = random.next() / habits.carelessness;
    const irregular = random.next();
    if (irregular < (body.isIrregularAt(at) ? 0.95 : 0.012)) marks.push('irregular-pulse');
    if (sitting.exertion > 0.1) {
      flaw = 'exertion';
      systolic += sitting.exertion * (22 + spread(random, 7));
      diastolic += sitting.exertion * (7 + spread(random, 4));
      pulse += sitting.exertion * (30 + spread(random, 8));
    } else if (wrong < 0.018) {
      flaw = 'movement';
      const gross = random.next() < 0.12 ? 55 : 0;
      systolic += gross + 6 + spread(random, 17);
      diastolic += gross / 2 + 3 + spread(random, 11);
      if (random.next() < 0.85) marks.push('body-movement');
    } else if (wrong < 0.03) {
      flaw = 'loose-cuff';
      systolic += 12 + 26 * random.next();
      diastolic += 5 + 11 * random.next();
      if (random.next() < 0.8) marks.push('cuff-too-loose');
    }
    return { values: pressure(systolic, diastolic, pulse), marks, ...(flaw ? { flaw } : {}) };
  },
  'pulse-oximetry': (random, at, { person, body }) => {
    const { oxygenSaturation, pulseRate } = body.pulseOximetryAt(at);
    const cold = random.next() / person.habits.carelessness < 0.04;
    if (!cold)
      return {
        values: [value('oxygen-saturation', oxygenSaturation), value('pulse-rate', pulseRate)],
        marks: [],
      };
    const marks: Mark[] = random.next() < 0.85 ? [random.next() < 0.5 ? 'low-perfusion' : 'poor-signal'] : [];
    const values = [
      value('oxygen-saturation', oxygenSaturation - 2 - 9 * random.next()),
      value('pulse-rate', pulseRate * (0.8 + 0.35 * random.next())),
    ];
    return { values, marks, flaw: 'poor-signal' };
  },
  glucose: (random, at, { person, body }) => {
    const mgPerDl = body.glucoseAt(at);
    const wrong = random.next() / person.habits.carelessness;
    if (wrong < 0.008) {
      const off = 0.55 + 0.3 * random.next();
      const marks: Mark[] = random.next() < 0.7 ? [random.next() < 0.5 ? 'sample-insufficient' : 'strip-error'] : [];
      return { values: [value('glucose', mgPerDl * off)], marks, flaw: 'bad-strip' };
    }
    // fruit on the fingers
    if (wrong < 0.013)
      return { values: [value('glucose', mgPerDl + 40 + 90 * random.next())], marks: [], flaw: 'bad-strip' };
    return { values: [value('glucose', mgPerDl)], marks: [] };
  },
  'blood-ketone': (_, at, { body }) => ({ values: [value('ketone', body.ketoneAt(at))], marks: [] }),
  'body-weight': (random, at, { person, body, sitting }) => {
    const { spouse } = person.habits;
    if (sitting.spouse && spouse)
      return {
        values: [value('body-weight', spouse.weightKg + spread(random, 0.4))],
        marks: [],
        flaw: 'somebody-else',
      };
    const kg = body.weightAt(at);
    if (random.next() / person.habits.carelessness < 0.03)
      return { values: [value('body-weight', kg + 0.6 + 1.6 * random.next())], marks: [], flaw: 'clothes' };
    return { values: [value('body-weight', kg)], marks: [] };
  },
  'body-temperature': (random, at, { body }) => {
    const celsius = body.temperatureAt(at);
    if (random.next() < 0.03)
      return { values: [value('body-temperature', celsius - 0.5 - random.next())], marks: [], flaw: 'poor-signal' };
    return { values: [value('body-temperature', celsius)], marks: [] };
  },
};

/** As a device shows it, and within what a device can show. */
export function value(vital: VitalName, exact: number): Value {
  const { hard, decimals, ucum } = vitals[vital];
  const steps = 10 ** decimals;
  return { vital, value: Math.round(Math.min(hard[1], Math.max(hard[0], exact)) * steps) / steps, unit: ucum };
}

function pressure(systolic: number, diastolic: number, pulse: number): Value[] {
  const low = Math.min(diastolic, systolic - 12);
  return [
    value('systolic', systolic),
    value('diastolic', low),
    value('mean-arterial-pressure', low + (systolic - low) / 3),
    value('pulse-rate', pulse),
  ];
}

/** Bell-shaped, three of these out at most. */
const spread = ({ next }: Random, deviation: number): number => deviation * 2 * (next() + next() + next() - 1.5);
