import { usualSilentAfterMinutes } from '#domain/care-plan.ts';
import type { CohortDevice, CohortPerson } from '#domain/cohort-file.ts';
import { DeviceId, PatientId, SourceId } from '#domain/ids.ts';
import type { PanelName } from '#domain/vitals.ts';
import { instant } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { chanceOf, seedFor } from '../physiology/noise.ts';
import type { PhysiologyProfile } from '../physiology/physiology.ts';
import { type Fate, fateOf } from './fate.ts';
import { type Habits, habitsOf } from './habits.ts';
import { type Kind, kinds, type Routine, type Spread } from './kinds.ts';

/** Somebody of a cohort, with what nobody but the simulation knows of them. All of them are invented. */
export type Person = {
  told: CohortPerson;
  kind: Kind;
  seed: number;
  body: PhysiologyProfile;
  routines: readonly Routine[];
  habits: Habits;
  fate: Fate;
  birthDate: string;
  sex: 'female' | 'male';
};

const places = [
  { zone: 'Asia/Shanghai', share: 0.7, utcOffsetMinutes: 480 },
  { zone: 'Europe/Berlin', share: 0.2, utcOffsetMinutes: 60 },
  { zone: 'America/New_York', share: 0.1, utcOffsetMinutes: -300 },
] as const;

/** @param nth number in the cohort; the same person however large the cohort is. */
export function personOf(seed: number, nth: number, span: { from: number; to: number }): Person {
  const own = seedFor(seed, nth);
  const random = chanceOf(own, 1);
  const id = PatientId.parse(random.uuid());
  const kind = pick(random, kinds);
  const place = pick(random, places);
  const { name, sex } = nameOf(random);
  const birthDate = `${1936 + Math.floor(random.next() * 40)}-0${1 + Math.floor(random.next() * 9)}-11`;
  const thermometer = random.next();
  const routines = [...kind.routines];
  if (thermometer < kind.thermometer.owned)
    routines.push({
      panel: 'body-temperature',
      hours: thermometer < kind.thermometer.daily ? [18] : [],
      times: 1,
      everyDays: 1,
    });
  const unaware = random.next() < (kind.unaware ?? 0);
  const body = bodyOf(random, kind, place.utcOffsetMinutes);
  const habits = habitsOf(seedFor(own, 2), span);
  const fate = fateOf(seedFor(own, 3), kind, span);
  const paused = habits.holidays.find(({ told }) => told);
  return {
    told: {
      id,
      name,
      conditions: [...kind.conditions],
      timeZone: place.zone,
      plan: {
        programmes: [...kind.programmes, ...(unaware ? (['hypoglycaemia-unaware'] as const) : [])],
        overrides: {},
        expected: routines.flatMap(expectationOf),
        followUp: [],
        pause: paused ? { from: instant(paused.from), until: instant(paused.to), reason: 'holiday' } : null,
        silentAfterMinutes: usualSilentAfterMinutes,
      },
      devices: routines.map(({ panel }) => deviceFor(seed, nth, panel)),
    },
    kind,
    seed: own,
    body: { ...body, ...fate },
    routines,
    habits,
    fate,
    birthDate,
    sex,
  };
}

const expectationOf = ({ panel, hours, everyDays }: Routine): CohortPerson['plan']['expected'] =>
  hours.length === 0 ? [] : [{ panel, times: hours.length, everyDays: everyDays === 'block' ? 4 : everyDays }];

const models: Partial<Record<PanelName, string>> = {
  'blood-pressure': 'SIM-BP1',
  'body-weight': 'SIM-WS1',
  'pulse-oximetry': 'SIM-OX1',
  glucose: 'SIM-GM1',
  'continuous-glucose': 'SIM-CGM1',
  'blood-ketone': 'SIM-KM1',
  'body-temperature': 'SIM-TH1',
};

const deviceFor = (seed: number, nth: number, panel: PanelName): CohortDevice => ({
  device: DeviceId.parse(`cohort-${seed}-${nth}-${panel}`),
  source: SourceId.parse(`cohort-${seed}-${nth}`),
  panel,
  model: models[panel]!,
});

function bodyOf(random: Random, kind: Kind, utcOffsetMinutes: number): PhysiologyProfile {
  const pressure = normal(random);
  return {
    systolic: drawn(kind.systolic, pressure),
    // who has a high systolic pressure mostly has a high diastolic one
    diastolic: drawn(kind.diastolic, 0.6 * pressure + 0.8 * normal(random)),
    pulse: drawn(kind.pulse, normal(random)),
    oxygenSaturation: drawn(kind.saturation, normal(random)),
    weightKg: drawn(kind.weight, normal(random)),
    utcOffsetMinutes,
    circadian: circadianOf(random),
    ...(kind.glucose ? { glucose: { ...kind.glucose, usual: kind.glucose.usual + 9 * normal(random) } } : {}),
  };
}

/** Dippers and non-dippers: on average the cosinor of the literature, 4.1 to 4.7 mmHg around 13 h (doi 10.3389/fphys.2020.536146). */
function circadianOf(random: Random): { amplitudeMmHg: number; acrophaseHour: number } {
  const dips = random.next() < 0.65;
  return { amplitudeMmHg: (dips ? 5.6 : 2.2) + 0.6 * normal(random), acrophaseHour: 13 + 0.8 * normal(random) };
}

const surnames = [
  ['Li', '李'],
  ['Wang', '王'],
  ['Zhang', '张'],
  ['Chen', '陈'],
  ['Liu', '刘'],
  ['Yang', '杨'],
  ['Zhao', '赵'],
  ['Huang', '黄'],
  ['Zhou', '周'],
  ['Wu', '吴'],
  ['Xu', '徐'],
  ['Sun', '孙'],
] as const;
const givenNames: readonly (readonly (readonly [string, string])[])[] = [
  [
    ['Fang', '芳'],
    ['Xiuying', '秀英'],
    ['Min', '敏'],
    ['Jing', '静'],
    ['Lihua', '丽华'],
    ['Guilan', '桂兰'],
    ['Yulan', '玉兰'],
    ['Hong', '红'],
  ],
  [
    ['Wei', '伟'],
    ['Qiang', '强'],
    ['Jianguo', '建国'],
    ['Zhiming', '志明'],
    ['Yong', '勇'],
    ['Guohua', '国华'],
    ['Jun', '军'],
    ['Haitao', '海涛'],
  ],
];

function nameOf(random: Random): { name: CohortPerson['name']; sex: Person['sex'] } {
  const female = random.next() < 0.5;
  const surname = oneOf(random, surnames);
  const given = oneOf(random, givenNames[female ? 0 : 1]!);
  return {
    name: { en: `${surname[0]} ${given[0]}`, zh: `${surname[1]}${given[1]}` },
    sex: female ? 'female' : 'male',
  };
}

const oneOf = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;

function pick<T extends { share: number }>(random: Random, among: readonly T[]): T {
  const total = among.reduce((sum, { share }) => sum + share, 0);
  let rest = random.next() * total;
  for (const one of among) {
    rest -= one.share;
    if (rest < 0) return one;
  }
  return among.at(-1)!;
}

const drawn = ([mean, spread, low, high]: Spread, deviation: number): number =>
  Math.round(Math.max(low, Math.min(high, mean + spread * deviation)) * 10) / 10;

/** Twelve uniform deviates less six: normal enough, and never further than six out. */
const normal = ({ next }: Random): number => Array.from({ length: 12 }, next).reduce((sum, one) => sum + one, -6);
