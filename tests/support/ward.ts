import { randomUUID } from 'node:crypto';
import { type Alert, newAlert } from '#domain/alert.ts';
import type { StatusMessage } from '#domain/downward.ts';
import { AlertId, type DeviceId, PatientId, type TeamId } from '#domain/ids.ts';
import type { Clinician, Patient } from '#domain/people.ts';
import type { StoredReading } from '#domain/reading.ts';
import type { Words } from '#domain/words.ts';
import { changeAlert, openAlert } from '#runtime/records/alerts.ts';
import type { Records } from '#runtime/records/connect.ts';
import { keepLatestValues } from '#runtime/records/latest-values.ts';
import { addPatient } from '#runtime/records/patients.ts';
import { writeRuleBook } from '#runtime/records/rule-book.ts';
import { recordStatus } from '#runtime/records/sources.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { book } from '../../rules/book/index.ts';
import { makePage, makeTask } from './episodes.ts';
import { makeClinician, makeDevice, makeRota, makeSource, makeTeam } from './people.ts';
import {
  ago,
  glucoseReadings,
  month,
  type Pressure,
  pressureReading,
  type Resident,
  wornReadings,
} from './ward-readings.ts';

/** A ward as a nurse finds it in the morning: one of each kind of trouble, and people who are well. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export type Ward = Awaited<ReturnType<typeof settleWard>>;

export async function settleWard({ records, store }: { records: Records; store: VitalsStore }) {
  const team = await makeTeam(records, { name: 'Riverside', timeZone: 'Asia/Shanghai' });
  const nurse = await makeClinician(records, {
    teams: [team],
    role: 'nurse',
    name: 'Li Na',
    email: 'nurse@clinic.example',
  });
  const doctor = await makeClinician(records, {
    teams: [team],
    role: 'doctor',
    name: 'Chen Wei',
    email: 'doctor@clinic.example',
  });
  await makeRota(records, team, [doctor, nurse]);
  await writeRuleBook(
    records,
    book.map(({ rule, problem, programmes, version, title, severity, parameters }) => ({
      ...{ rule, problem, programmes, version, title, severity, parameters },
    })),
  );

  const people: Record<string, Resident> = {};
  for (const [key, person] of Object.entries(residents)) people[key] = await settle(records, team, person);
  const { crisis, low, overdue, silent, attended, artefact, watch, unmeasured, ...well } = people as Record<
    keyof typeof residents,
    Resident
  >;

  const pressures = async (who: Resident, list: Pressure[]) =>
    keep(
      records,
      store,
      list.map((one) => pressureReading(who, one)),
    );
  for (const [i, who] of [crisis, low, overdue, attended, artefact, ...Object.values(well)].entries())
    await pressures(who, month(134 - 4 * (i % 4), 82 - 3 * (i % 3), 2 * hourMs + i * 11 * minuteMs));
  await pressures(silent, month(126, 77, 3 * dayMs));
  const high: Pressure[] = [
    { systolic: 189, diastolic: 118, pulse: 92, takenAt: ago(7 * minuteMs) },
    { systolic: 192, diastolic: 121, pulse: 95, takenAt: ago(4 * minuteMs) },
  ];
  await pressures(crisis, high);
  const faint: Pressure = { systolic: 84, diastolic: 52, pulse: 88, takenAt: ago(55 * minuteMs) };
  await pressures(low, [faint]);
  await pressures(attended, [{ systolic: 184, diastolic: 116, pulse: 81, takenAt: ago(100 * minuteMs) }]);
  await pressures(artefact, [
    {
      systolic: 171,
      diastolic: 108,
      pulse: 80,
      takenAt: ago(20 * minuteMs),
      marks: ['body-movement', 'cuff-too-loose'],
    },
  ]);
  await keep(records, store, wornReadings(watch));
  const further = (model: string) => makeDevice(records, { source: watch.source, model, patient: watch.patient.id });
  const [meter, sensor] = [await further('GM-1'), await further('CGM-1')];
  await keep(records, store, glucoseReadings(watch, { meter, sensor }));

  const alerts = {
    crisis: await alertOf(records, crisis, doctor, nurse, high, severe),
    low: await alertOf(records, low, doctor, nurse, [faint], tooLow),
    attended: await alertOf(
      records,
      attended,
      doctor,
      nurse,
      [{ systolic: 184, diastolic: 116, takenAt: ago(100 * minuteMs) }],
      severe,
    ),
  };
  await records
    .insertInto('agenda')
    .values({
      key: `page-step-${alerts.crisis.id}-0-1`,
      kind: 'page-step',
      subject: `${alerts.crisis.id}/0`,
      step: 1,
      // far enough ahead for a machine on which all pages take their time
      due_at: ago(-40 * minuteMs),
    })
    .execute();
  await makePage(records, alerts.crisis, doctor, { sentAt: ago(3.9 * minuteMs) });
  await makePage(records, alerts.attended, doctor, { sentAt: ago(99 * minuteMs) });
  await changeAlert(records, alerts.attended.id, {
    kind: 'acknowledge',
    by: doctor.id,
    note: 'Talked to her, takes her tablet now',
    at: ago(96 * minuteMs),
  });
  const tasks = {
    crisis: await makeTask(records, crisis.patient, { alert: alerts.crisis.id, dueAt: ago(-26 * minuteMs) }),
    overdue: await makeTask(records, overdue.patient, { dueAt: ago(3 * hourMs) }),
  };
  return {
    team,
    nurse,
    doctor,
    people: { crisis, low, overdue, silent, attended, artefact, watch, unmeasured, ...well },
    alerts,
    tasks,
    high,
  };
}

const hypertension: Words = { en: 'Hypertension', zh: '高血压' };
const diabetes: Words = { en: 'Type 2 diabetes', zh: '2型糖尿病' };
const failure: Words = { en: 'Heart failure', zh: '心力衰竭' };

type Person = { name: Words; birthDate: string; sex: Patient['sex']; conditions: Words[] };

const residents = {
  crisis: {
    name: { en: 'Wang Guilan', zh: '王桂兰' },
    birthDate: '1948-03-02',
    sex: 'female',
    conditions: [hypertension, diabetes],
  },
  low: {
    name: { en: 'Chen Yongfu', zh: '陈永福' },
    birthDate: '1939-12-25',
    sex: 'male',
    conditions: [failure, hypertension],
  },
  overdue: {
    name: { en: 'Zhao Mingde', zh: '赵明德' },
    birthDate: '1946-02-14',
    sex: 'male',
    conditions: [hypertension],
  },
  silent: {
    name: { en: 'Huang Yulan', zh: '黄玉兰' },
    birthDate: '1950-09-30',
    sex: 'female',
    conditions: [hypertension],
  },
  attended: {
    name: { en: 'Yang Xiuying', zh: '杨秀英' },
    birthDate: '1953-05-08',
    sex: 'female',
    conditions: [hypertension],
  },
  unmeasured: {
    name: { en: 'Sun Haitao', zh: '孙海涛' },
    birthDate: '1958-08-17',
    sex: 'male',
    conditions: [diabetes],
  },
  artefact: {
    name: { en: 'Zhou Shulin', zh: '周树林' },
    birthDate: '1942-11-11',
    sex: 'male',
    conditions: [hypertension],
  },
  watch: { name: { en: 'Wu Guizhen', zh: '吴桂珍' }, birthDate: '1955-01-23', sex: 'female', conditions: [failure] },
  well1: {
    name: { en: 'Xu Changqing', zh: '徐长青' },
    birthDate: '1947-06-05',
    sex: 'male',
    conditions: [hypertension],
  },
  well2: {
    name: { en: 'Margaret Featherstonehaugh-Whitcombe', zh: '玛格丽特·费瑟斯通豪-惠特科姆' },
    birthDate: '1941-04-04',
    sex: 'female',
    conditions: [hypertension, diabetes, failure],
  },
  well3: {
    name: { en: 'Liu Shufen', zh: '刘淑芬' },
    birthDate: '1944-07-19',
    sex: 'female',
    conditions: [hypertension],
  },
} as const satisfies Record<string, Person>;

async function settle(
  records: Records,
  team: TeamId,
  person: { name: Words; birthDate: string; sex: Patient['sex']; conditions: readonly Words[] },
): Promise<Resident> {
  const patient: Patient = { ...person, conditions: [...person.conditions], id: PatientId.parse(randomUUID()), team };
  await addPatient(records, patient);
  const { source } = await makeSource(records);
  const device = await makeDevice(records, { source, model: 'UA-651BLE', patient: patient.id });
  await recordStatus(records, source, statusOf(person, device), Date.parse(ago(3 * dayMs)));
  return { patient, device, source };
}

/** One home is away, one has nearly everything wrong with it that can be, the others are well. */
function statusOf(person: { birthDate: string }, device: DeviceId): StatusMessage {
  const known = { device, heardAt: ago(7 * minuteMs), battery: 83, rssi: -64, clockOffsetMs: 1_400 };
  const status = { v: 1, at: ago(minuteMs), waiting: 0, clockOffsetMs: 120 } as const;
  if (person.birthDate === residents.silent.birthDate)
    return { ...status, state: 'offline', devices: [{ ...known, heardAt: ago(3 * dayMs) }] };
  if (person.birthDate !== residents.artefact.birthDate) return { ...status, state: 'online', devices: [known] };
  const trouble = { battery: 9, rssi: -95, clockOffsetMs: -3_720_000, trouble: 'pairing-refused' };
  return { ...status, state: 'online', clockOffsetMs: 190_000, devices: [{ ...known, ...trouble }] };
}

async function keep(records: Records, store: VitalsStore, readings: StoredReading[]): Promise<void> {
  await store.write(readings);
  await keepLatestValues(records, readings);
}

type Trouble = { rule: string; severity: Alert['severity']; title: Words; limit: Words };
const severe: Trouble = {
  rule: 'blood-pressure-severe',
  severity: 'critical',
  title: { en: 'Severely high blood pressure', zh: '血压重度升高' },
  limit: { en: 'at least 180 or 120 mmHg', zh: '收缩压不低于 180 或舒张压不低于 120 mmHg' },
};
const tooLow: Trouble = {
  rule: 'blood-pressure-low',
  severity: 'urgent',
  title: { en: 'Low blood pressure', zh: '血压过低' },
  limit: { en: 'below 90 mmHg', zh: '收缩压低于 90 mmHg' },
};

async function alertOf(
  records: Records,
  who: Resident,
  first: Clinician,
  second: Clinician,
  list: Pressure[],
  trouble: Trouble,
): Promise<Alert> {
  const readings = list.map((one) => pressureReading(who, one));
  const last = readings.at(-1);
  if (!last) throw new Error('an alert has evidence');
  const alert = newAlert({
    id: AlertId.parse(randomUUID()),
    patient: who.patient.id,
    team: who.patient.team,
    rule: trouble.rule,
    problem: trouble.rule,
    ruleVersion: 1,
    parameters: { 'systolic-at-least': 180, 'diastolic-at-least': 120 },
    severity: trouble.severity,
    title: trouble.title,
    explanation: {
      en: `Confirmed by a second measurement. ${list.length} readings within 3 min. Limit: ${trouble.limit.en}.`,
      zh: `经复测证实。3 分钟内 ${list.length} 次测量。限值：${trouble.limit.zh}。`,
    },
    evidence: readings.map(({ id, panel, takenAt, heardAt, storedAt, values, marks }) => ({
      reading: id,
      panel,
      takenAt,
      heardAt,
      storedAt,
      values,
      marks,
    })),
    escalation: {
      steps: [
        { afterSeconds: 0, targets: [{ kind: 'person', clinician: first.id }], channels: null },
        { afterSeconds: 300, targets: [{ kind: 'person', clinician: second.id }], channels: null },
      ],
      repeatAfterSeconds: 900,
      rounds: 3,
      quiet: null,
    },
    openedAt: new Date(Date.parse(last.storedAt) + 400).toISOString(),
  });
  await openAlert(records, alert);
  return alert;
}
