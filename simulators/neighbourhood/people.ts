import { ClinicianId, DeviceId, PatientId, SourceId, TeamId } from '#domain/ids.ts';
import type { Clinician, Patient, Role } from '#domain/people.ts';
import type { Words } from '#domain/words.ts';
import { type FurtherKind, furtherDevices } from './further-devices.ts';

/** Who lives in the simulated neighbourhood, and who cares for them. All of them are invented. */

export type Resident = {
  patient: Omit<Patient, 'birthDate'> & { birthDate: string };
  /** Where the numbers of this person lie: mmHg, resting heart rate per minute, mg/dL between meals, kg. */
  usual: { systolic: number; diastolic: number; pulse: number; glucose?: number; weightKg?: number };
  /** mmHg systolic that the last seven days lie above the weeks before. */
  rising?: number;
  home: {
    source: SourceId;
    device: DeviceId;
    model: string;
    kind: 'cuff' | 'wearable';
    /** It can do no certificate. */
    token?: true;
    /** What fits the condition stands beside the cuff. */
    further?: { kind: FurtherKind; device: DeviceId; model: string };
  };
  silentAfterMinutes: number;
  /** Days since the last reading at the very first start; the patient has gone silent. */
  silentSinceDays?: number;
};

const id = (group: number, number: number) =>
  `4ea47b00-${String(group).padStart(4, '0')}-4000-8000-${String(number).padStart(12, '0')}`;

export const teams: { id: TeamId; name: Words; timeZone: string }[] = [
  {
    id: TeamId.parse(id(1, 1)),
    name: { en: 'Riverside community clinic', zh: '滨河社区卫生服务中心' },
    timeZone: 'Asia/Shanghai',
  },
];

type Staff = Pick<Clinician, 'id' | 'email' | 'name' | 'role' | 'language'>;
const staff = (number: number, email: string, name: Words, role: Role, language: 'en' | 'zh'): Staff => ({
  id: ClinicianId.parse(id(2, number)),
  email: `${email}@hearthbeat.example`,
  name,
  role,
  language,
});

export const clinicians: Staff[] = [
  staff(1, 'li.na', { en: 'Li Na', zh: '李娜' }, 'nurse', 'zh'),
  staff(2, 'chen.wei', { en: 'Dr Chen Wei', zh: '陈伟医生' }, 'doctor', 'zh'),
  staff(3, 'emily.hart', { en: 'Dr Emily Hart', zh: '艾米丽·哈特医生' }, 'doctor', 'en'),
  staff(5, 'sun.hao', { en: 'Dr Sun Hao', zh: '孙浩医生' }, 'doctor', 'zh'),
  staff(4, 'zhang.yi', { en: 'Zhang Yi', zh: '张毅' }, 'administrator', 'zh'),
];

const hypertension: Words = { en: 'Hypertension', zh: '高血压' };
const diabetes: Words = { en: 'Type 2 diabetes', zh: '2型糖尿病' };
const heartFailure: Words = { en: 'Heart failure', zh: '心力衰竭' };
const kidney: Words = { en: 'Chronic kidney disease', zh: '慢性肾脏病' };
const copd: Words = { en: 'COPD', zh: '慢性阻塞性肺疾病' };
const stroke: Words = { en: 'Stroke in the past', zh: '脑卒中病史' };
const fibrillation: Words = { en: 'Atrial fibrillation', zh: '心房颤动' };

function resident(
  number: number,
  name: Words,
  birthDate: string,
  sex: 'female' | 'male',
  conditions: Words[],
  usual: Resident['usual'],
  more: Partial<Pick<Resident, 'rising' | 'silentSinceDays'>> & { further?: FurtherKind; token?: true } = {},
  kind: 'cuff' | 'wearable' = 'cuff',
): Resident {
  const two = String(number).padStart(2, '0');
  const { further, token, ...rest } = more;
  return {
    patient: { id: PatientId.parse(id(3, number)), team: teams[0]!.id, name, birthDate, sex, conditions },
    usual,
    home: {
      source: SourceId.parse(kind === 'cuff' ? `home-${two}` : `watch-${two}`),
      device: DeviceId.parse(kind === 'cuff' ? `C0:FF:EE:00:00:${two}` : `watch-${two}`),
      model: kind === 'cuff' ? 'SIM-BP2' : 'SIM-WATCH',
      kind,
      ...(token ? { token } : {}),
      ...(further
        ? {
            further: {
              kind: further,
              device: DeviceId.parse(`C0:FF:EE:00:01:${two}`),
              model: furtherDevices[further].model,
            },
          }
        : {}),
    },
    // cuffs are used every morning and evening; a watch speaks every ten seconds
    silentAfterMinutes: kind === 'cuff' ? 30 * 60 : 1,
    ...rest,
  };
}

export const residents: Resident[] = [
  resident(
    1,
    { en: 'Wang Guilan', zh: '王桂兰' },
    '1948-03-02',
    'female',
    [hypertension, diabetes],
    {
      systolic: 146,
      diastolic: 86,
      pulse: 74,
      glucose: 118,
    },
    { further: 'glucose-meter' },
  ),
  resident(2, { en: 'Zhang Jianguo', zh: '张建国' }, '1951-10-01', 'male', [hypertension, stroke], {
    systolic: 138,
    diastolic: 82,
    pulse: 68,
  }),
  resident(
    3,
    { en: 'Liu Shufen', zh: '刘淑芬' },
    '1944-07-19',
    'female',
    [hypertension, kidney],
    {
      systolic: 133,
      diastolic: 76,
      pulse: 71,
    },
    { further: 'thermometer' },
  ),
  resident(
    4,
    { en: 'Chen Yongfu', zh: '陈永福' },
    '1939-12-25',
    'male',
    [heartFailure, hypertension],
    {
      systolic: 118,
      diastolic: 70,
      pulse: 66,
      weightKg: 74.5,
    },
    { further: 'scale' },
  ),
  resident(
    5,
    { en: 'Yang Xiuying', zh: '杨秀英' },
    '1953-05-08',
    'female',
    [hypertension],
    { systolic: 132, diastolic: 82, pulse: 76 },
    { rising: 12 },
  ),
  resident(
    6,
    { en: 'Zhao Mingde', zh: '赵明德' },
    '1946-02-14',
    'male',
    [hypertension, diabetes],
    {
      systolic: 136,
      diastolic: 78,
      pulse: 72,
      glucose: 124,
    },
    { further: 'glucose-sensor' },
  ),
  resident(
    7,
    { en: 'Huang Yulan', zh: '黄玉兰' },
    '1950-09-30',
    'female',
    [hypertension],
    { systolic: 126, diastolic: 77, pulse: 69 },
    { silentSinceDays: 3 },
  ),
  resident(8, { en: 'Zhou Shulin', zh: '周树林' }, '1942-11-11', 'male', [hypertension, fibrillation], {
    systolic: 129,
    diastolic: 74,
    pulse: 80,
  }),
  resident(9, { en: 'Wu Guizhen', zh: '吴桂珍' }, '1955-01-23', 'female', [hypertension, diabetes], {
    systolic: 131,
    diastolic: 81,
    pulse: 73,
  }),
  resident(
    10,
    { en: 'Xu Changqing', zh: '徐长青' },
    '1947-06-05',
    'male',
    [hypertension, copd],
    {
      systolic: 124,
      diastolic: 75,
      pulse: 64,
    },
    { further: 'oximeter' },
  ),
  resident(
    11,
    { en: 'Sun Fengying', zh: '孙凤英' },
    '1949-04-17',
    'female',
    [copd],
    { systolic: 128, diastolic: 76, pulse: 82 },
    {},
    'wearable',
  ),
  resident(
    12,
    { en: 'Ma Zhiyuan', zh: '马志远' },
    '1952-08-29',
    'male',
    [fibrillation, heartFailure],
    { systolic: 122, diastolic: 72, pulse: 70 },
    { token: true },
    'wearable',
  ),
];
