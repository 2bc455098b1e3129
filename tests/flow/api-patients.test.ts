import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TeamId } from '#domain/ids.ts';
import type { Patient } from '#domain/people.ts';
import type { PatientView, Problem, ReadingsView, Worklist } from '#domain/views.ts';
import { silentLog } from '#runtime/log.ts';
import { connect } from '#runtime/records/connect.ts';
import { keepLatestValues } from '#runtime/records/latest-values.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { type Caller, shiftedClock, testApi } from '../support/api.ts';
import { makeAlert, makeRule, makeTask } from '../support/episodes.ts';
import { makeClinician, makeDevice, makePatient, makeSource, makeTeam } from '../support/people.ts';
import { storedReading } from '../support/readings.ts';

let t: Awaited<ReturnType<typeof testApi>>;
let team: TeamId;
let doctor: Caller;
const minute = 60_000;
const day = 86_400_000;

beforeAll(async () => {
  t = await testApi();
  team = await makeTeam(t.records);
  doctor = await t.as(await makeClinician(t.records, { teams: [team], role: 'doctor' }));
  await makeRule(t.records, 'severe-hypertension');
  await makeRule(t.records, 'another-rule');
});
afterAll(() => t.stop());

const ago = (ms: number) => new Date(t.clock.now() - ms).toISOString();

/** Stored as ingest does it: the series, and the latest values. */
async function measured(patient: Patient, takenAgo: number[], systolic = 142) {
  const readings = takenAgo.map((ms) =>
    storedReading(patient.id, { systolic, takenAt: ago(ms), heardAt: ago(ms - 1000) }),
  );
  await t.store.write(readings);
  await keepLatestValues(t.records, readings);
  return readings;
}

describe('a patient', () => {
  it('is shown with age, latest values, devices, care plan and the limits in force', async () => {
    const patient = await makePatient(t.records, { team, birthDate: '1950-06-15' });
    const { source } = await makeSource(t.records);
    const device = await makeDevice(t.records, { source, patient: patient.id, model: 'UA-651BLE' });
    await makeDevice(t.records, { source, patient: patient.id, to: '2021-01-01T00:00:00Z' });
    await t.records
      .updateTable('source')
      .set({ status: JSON.stringify({ v: 1, state: 'online' }), status_at: ago(5 * minute) })
      .where('id', '=', source)
      .execute();
    const [reading] = await measured(patient, [10 * minute]);
    const { status, body } = await doctor.get<PatientView>(`/api/v1/patients/${patient.id}`);
    expect(status).toBe(200);
    const years = new Date(t.clock.now()).toISOString().slice(5) < '06-15' ? 1951 : 1950;
    expect(body.patient).toEqual({ ...patient, age: new Date(t.clock.now()).getUTCFullYear() - years });
    expect(body.carePlan).toEqual({
      ...{ patient: patient.id, programmes: [], overrides: {}, expected: [], followUp: [], pause: null },
      silentAfterMinutes: 1800,
    });
    expect(body.latest.map(({ vital, value }) => [vital, value])).toEqual([
      ['systolic', 142],
      ['diastolic', 88],
    ]);
    expect(body).toMatchObject({ lastTakenAt: reading?.takenAt, silent: false });
    expect(body.devices).toMatchObject([
      { device, model: 'UA-651BLE', source, sourceState: 'online', sourceStateAt: expect.any(String) },
    ]);
    expect(body.rules.find((rule) => rule.rule === 'severe-hypertension')?.inForce).toEqual({
      systolic: 180,
      minutes: 5,
    });
  });

  it('is shown with the digits that the device gave, among the latest values and in the series', async () => {
    const patient = await makePatient(t.records, { team });
    const plain = storedReading(patient.id, { takenAt: ago(10 * minute), heardAt: ago(10 * minute) });
    const [systolic, diastolic] = plain.values;
    const reading = { ...plain, values: [{ ...systolic!, decimals: 1 }, diastolic!] };
    await t.store.write([reading]);
    await keepLatestValues(t.records, [reading]);
    const { latest } = (await doctor.get<PatientView>(`/api/v1/patients/${patient.id}`)).body;
    expect(latest.map(({ vital, decimals }) => [vital, decimals])).toEqual([
      ['systolic', 1],
      ['diastolic', undefined],
    ]);
    const span = `from=${ago(20 * minute)}&to=${ago(0)}`;
    const view = await doctor.get<ReadingsView>(`/api/v1/patients/${patient.id}/readings?panel=blood-pressure&${span}`);
    expect(view.body).toMatchObject({ resolution: 'raw', readings: [{ id: reading.id, values: reading.values }] });
  });

  it('shows as silent when nothing came for as long as the care plan allows', async () => {
    const patient = await makePatient(t.records, { team, silentAfterMinutes: 60 });
    await measured(patient, [61 * minute]);
    expect((await doctor.get<PatientView>(`/api/v1/patients/${patient.id}`)).body.silent).toBe(true);
    const { body } = await doctor.get<Worklist>('/api/v1/worklist');
    const entry = body.entries.find((each) => each.patient.id === patient.id);
    expect(entry).toMatchObject({ silent: true, reasons: [{ kind: 'silent', title: { en: 'No reading for 1 h' } }] });
  });
});

describe('the worklist', () => {
  it('has every patient of the teams, those who need somebody most first, each with the reasons', async () => {
    const ward = await makeTeam(t.records);
    const nurse = await t.as(await makeClinician(t.records, { teams: [ward] }));
    const [calm, critical, overdue, unmeasured] = [
      await makePatient(t.records, { team: ward, name: 'Calm' }),
      await makePatient(t.records, { team: ward, name: 'Critical' }),
      await makePatient(t.records, { team: ward, name: 'Overdue' }),
      await makePatient(t.records, { team: ward, name: 'Unmeasured' }),
    ];
    for (const patient of [calm, critical, overdue]) await measured(patient, [minute]);
    const alert = await makeAlert(t.records, critical);
    const task = await makeTask(t.records, overdue, { dueAt: ago(minute) });
    const { body } = await nurse.get<Worklist>('/api/v1/worklist');
    expect(body.entries.map((entry) => entry.patient.id)).toEqual([critical.id, overdue.id, unmeasured.id, calm.id]);
    expect(body.entries.map((entry) => entry.reasons)).toMatchObject([
      [{ kind: 'alert', severity: 'critical', alert: alert.id, acknowledged: false, title: alert.title }],
      [{ kind: 'task-overdue', task: task.id }],
      [{ kind: 'never-measured' }],
      [],
    ]);
    await nurse.post(`/api/v1/alerts/${alert.id}/resolve`, { outcome: 'recovered' });
    await nurse.post(`/api/v1/tasks/${task.id}/complete`, { outcome: 'reached', result: 'Done.' });
    const after = (await nurse.get<Worklist>('/api/v1/worklist')).body;
    expect(after.entries.map((entry) => entry.patient.id)).toEqual([unmeasured.id, calm.id, critical.id, overdue.id]);
  });
});

describe('readings', () => {
  const read = (patient: Patient, query: string) =>
    doctor.get<ReadingsView & Problem>(`/api/v1/patients/${patient.id}/readings?panel=blood-pressure${query}`);

  it('come as they were stored while there are few, newest first', async () => {
    const patient = await makePatient(t.records, { team });
    const readings = await measured(patient, [3 * day, day, 2 * day]);
    const { body } = await read(patient, '');
    expect(body).toEqual({
      resolution: 'raw',
      panel: 'blood-pressure',
      readings: readings.toSorted((a, b) => (a.takenAt < b.takenAt ? 1 : -1)),
      more: false,
    });
  });

  it('come in windows where there are many, and the windows hold every one of them', async () => {
    const patient = await makePatient(t.records, { team });
    await measured(
      patient,
      Array.from({ length: 60 }, (_, n) => n * 8 * 3_600_000 + minute),
    );
    const { body } = await read(patient, `&from=${ago(30 * day)}&limit=20`);
    if (body.resolution !== 'windows') throw new Error('not windows');
    expect(body.windows.length).toBeLessThanOrEqual(500);
    expect(body.windowMs % minute).toBe(0);
    for (const window of body.windows) expect(Date.parse(window.from) % body.windowMs).toBe(0);
    const counted = body.windows.reduce((sum, window) => sum + (window.values.systolic?.count ?? 0), 0);
    expect(counted).toBe(60);
    expect(body.windows[0]?.values.systolic).toMatchObject({ mean: 142, min: 142, max: 142 });

    const raw = await read(patient, `&from=${ago(30 * day)}&limit=20&resolution=raw`);
    expect(raw.body).toMatchObject({ resolution: 'raw', more: true });
    expect((raw.body as { readings: unknown[] }).readings).toHaveLength(20);
  });

  it('of a device whose clock runs a little ahead are not missed', async () => {
    const patient = await makePatient(t.records, { team });
    await measured(patient, [-5 * minute]);
    expect((await read(patient, '')).body).toMatchObject({ readings: [{}] });
  });

  it.each([
    ['&resolution=fine', '/resolution'],
    ['&limit=0', '/limit'],
    ['&limit=2001', '/limit'],
    ['&limit=', '/limit'],
    ['&from=yesterday', '/from'],
    ['&from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z', '/from'],
    ['&from=2020-03-02T00:00:00Z&to=2026-03-01T00:00:00Z', '/from'],
    ['&patient=other', '/patient'],
    ['&panel=blood-pressure', '/panel'],
  ])('are not looked for with %s', async (query, pointer) => {
    const patient = await makePatient(t.records, { team });
    expect(await read(patient, query)).toMatchObject({ status: 422, body: { code: 'invalid', errors: [{ pointer }] } });
  });

  it('are an outage of their own when their store is away: the rest of the page still works', async () => {
    const nowhere = connect('postgres://nobody@127.0.0.1:1/none', { connections: 1, onFault: () => {} });
    const store = await createPostgresStore({ records: nowhere, clock: shiftedClock(), log: silentLog });
    const half = await testApi({ deps: { store } });
    try {
      const ward = await makeTeam(half.records);
      const nurse = await half.as(await makeClinician(half.records, { teams: [ward] }));
      const patient = await makePatient(half.records, { team: ward });
      const answer = await nurse.get(`/api/v1/patients/${patient.id}/readings?panel=blood-pressure`);
      expect(answer).toMatchObject({ status: 503, body: { code: 'vitals-store-away' } });
      expect(answer.headers.get('retry-after')).toBe('5');
      for (const path of [`patients/${patient.id}`, 'worklist', 'alerts', 'tasks'])
        expect((await nurse.get(`/api/v1/${path}`)).status).toBe(200);
    } finally {
      await half.stop();
      await nowhere.destroy();
    }
  });
});

describe('a care plan', () => {
  const put = (patient: Patient, rule: string, body: unknown) =>
    doctor.put<PatientView & Problem>(`/api/v1/patients/${patient.id}/care-plan/overrides/${rule}`, body);

  it("takes a rule's parameters within the rule's bounds, and gives the defaults back", async () => {
    const patient = await makePatient(t.records, { team, silentAfterMinutes: 600 });
    const inForce = (view: PatientView, rule = 'severe-hypertension') =>
      view.rules.find((each) => each.rule === rule)?.inForce;
    const set = await put(patient, 'severe-hypertension', { parameters: { systolic: 195 } });
    expect(set.status).toBe(200);
    expect(inForce(set.body)).toEqual({ systolic: 195, minutes: 5 });
    expect(set.body.carePlan).toEqual({
      patient: patient.id,
      ...{ programmes: [], expected: [], followUp: [], pause: null },
      overrides: { 'severe-hypertension': { systolic: 195 } },
      silentAfterMinutes: 600,
    });
    await put(patient, 'another-rule', { parameters: { minutes: 7 } });
    const replaced = await put(patient, 'severe-hypertension', { parameters: { minutes: 9 } });
    expect(inForce(replaced.body)).toEqual({ systolic: 180, minutes: 9 });
    expect(inForce(replaced.body, 'another-rule')).toEqual({ systolic: 180, minutes: 7 });
    const back = await put(patient, 'severe-hypertension', { parameters: {} });
    expect(back.body.carePlan.overrides).toEqual({ 'another-rule': { minutes: 7 } });
  });

  it('that two doctors change at once keeps what both set', async () => {
    const patient = await makePatient(t.records, { team });
    const rules = ['severe-hypertension', 'another-rule'];
    await Promise.all(rules.map((rule) => put(patient, rule, { parameters: { minutes: 8 } })));
    const { body } = await doctor.get<PatientView>(`/api/v1/patients/${patient.id}`);
    expect(body.carePlan.overrides).toEqual(Object.fromEntries(rules.map((rule) => [rule, { minutes: 8 }])));
  });

  it.each([
    [{ parameters: { systolic: 139 } }, '/parameters/systolic'],
    [{ parameters: { systolic: 220.5 } }, '/parameters/systolic'],
    [{ parameters: { systolic: '190' } }, '/parameters/systolic'],
    [{ parameters: { systolic: null } }, '/parameters/systolic'],
    ['{"parameters":{"systolic":1e999}}', '/parameters/systolic'],
    [{ parameters: { 'dia/stolic': 90 } }, '/parameters/dia~1stolic'],
    [{ parameters: { systolic: 190 }, silentAfterMinutes: 1 }, '/silentAfterMinutes'],
    [{}, '/parameters'],
  ])('refuses %j and names the place', async (body, pointer) => {
    const patient = await makePatient(t.records, { team });
    expect(await put(patient, 'severe-hypertension', body)).toMatchObject({
      status: 422,
      body: { code: 'invalid', errors: [{ pointer }] },
    });
    const after = await doctor.get<PatientView>(`/api/v1/patients/${patient.id}`);
    expect(after.body.carePlan.overrides).toEqual({});
  });

  it('knows no rule that is not in the book', async () => {
    const patient = await makePatient(t.records, { team });
    for (const rule of ['no-such-rule', 'Bad!', 'x'.repeat(90)])
      expect((await put(patient, rule, { parameters: {} })).status).toBe(404);
  });
});
