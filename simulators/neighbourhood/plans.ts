import type { CarePlan, Expectation, FollowUp, Programme } from '#domain/care-plan.ts';
import type { Role } from '#domain/people.ts';
import type { TaskKind } from '#domain/task.ts';
import type { Words } from '#domain/words.ts';
import { dayIn } from '#domain/zone.ts';
import type { FurtherKind } from './further-devices.ts';
import { type Resident, residents, teams } from './people.ts';

/** What the carers of the neighbourhood have planned for each resident: it follows from the conditions and from the devices in the home. */

const dayMs = 86_400_000;

const programmesBy: Readonly<Record<string, Programme>> = {
  Hypertension: 'hypertension',
  'Type 2 diabetes': 'diabetes',
  'Heart failure': 'heart-failure',
  COPD: 'copd',
  'Atrial fibrillation': 'arrhythmia',
};

/** A sensor and a watch measure by themselves, and a fever is measured when somebody feels it. */
const expectedBy: Readonly<Partial<Record<FurtherKind, Expectation>>> = {
  'glucose-meter': { panel: 'glucose', times: 2, everyDays: 1 },
  oximeter: { panel: 'pulse-oximetry', times: 2, everyDays: 1 },
  scale: { panel: 'body-weight', times: 1, everyDays: 1 },
};

type Again = { kind: TaskKind; role: Role; title: Words; checklist: Words[]; everyDays: number };

const again: Readonly<Partial<Record<Programme, Again>>> = {
  'heart-failure': {
    kind: 'call',
    role: 'nurse',
    title: { en: 'Weekly call: heart failure', zh: '每周电话随访：心力衰竭' },
    checklist: [
      { en: 'Breathlessness, also lying flat', zh: '有无气促，平卧时是否加重' },
      { en: 'Swollen ankles or belly', zh: '脚踝或腹部有无水肿' },
      { en: 'Weighs every morning before breakfast', zh: '是否每日早餐前称体重' },
      { en: 'Takes the diuretic as prescribed', zh: '是否按医嘱服用利尿剂' },
    ],
    everyDays: 7,
  },
  copd: {
    kind: 'call',
    role: 'nurse',
    title: { en: 'Call every two weeks: COPD', zh: '每两周电话随访：慢阻肺' },
    checklist: [
      { en: 'Cough and sputum: more, or another colour', zh: '咳嗽、咳痰有无增多或痰色改变' },
      { en: 'Inhalers: enough of them, and used rightly', zh: '吸入剂是否充足、用法是否正确' },
    ],
    everyDays: 14,
  },
  diabetes: {
    kind: 'call',
    role: 'nurse',
    title: { en: 'Monthly call: diabetes', zh: '每月电话随访：糖尿病' },
    checklist: [
      { en: 'Low glucose since the last call', zh: '上次随访后有无低血糖' },
      { en: 'Feet looked at', zh: '足部检查情况' },
    ],
    everyDays: 28,
  },
  hypertension: {
    kind: 'review-plan',
    role: 'doctor',
    title: { en: 'Review of the blood pressure plan', zh: '复核血压照护计划' },
    checklist: [],
    everyDays: 84,
  },
};

/** @param from ms since 1970: when the history of the neighbourhood begins. Those who need the same are not called on the same day. */
export function planOf(resident: Resident, from: number): Pick<CarePlan, 'programmes' | 'expected' | 'followUp'> {
  const { home, patient } = resident;
  const zone = teams.find(({ id }) => id === patient.team)!.timeZone;
  const programmes = programmesOf(resident);
  const further = home.further && expectedBy[home.further.kind];
  return {
    programmes,
    expected: [
      ...(home.kind === 'cuff' ? [{ panel: 'blood-pressure', times: 2, everyDays: 1 } as const] : []),
      ...(further ? [further] : []),
    ],
    followUp: programmes.flatMap((programme, i): FollowUp[] => {
      const wanted = again[programme];
      if (!wanted) return [];
      const alike = residents.filter((other) => programmesOf(other).includes(programme)).indexOf(resident);
      const firstOn = dayIn(zone, from + (2 + ((alike * 3) % wanted.everyDays)) * dayMs);
      return [{ ...wanted, id: patient.id.replace('4ea47b00', `4ea47b1${i}`), firstOn }];
    }),
  };
}

const programmesOf = ({ patient, home }: Resident): Programme[] => [
  ...patient.conditions.flatMap(({ en }) => programmesBy[en] ?? []),
  ...(home.further?.kind === 'glucose-sensor' ? (['cgm'] as const) : []),
];
