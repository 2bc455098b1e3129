import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TeamId } from '#domain/ids.ts';
import type { Clinician, Patient } from '#domain/people.ts';
import type { TaskDetail } from '#domain/task-views.ts';
import type { Problem, TaskView } from '#domain/views.ts';
import { type Caller, testApi } from '../support/api.ts';
import { makeAlert, makeTask } from '../support/episodes.ts';
import { makeClinician, makePatient, makeTeam } from '../support/people.ts';

let t: Awaited<ReturnType<typeof testApi>>;
let team: TeamId;
let patient: Patient;
let doctor: Clinician;
let nurse: Clinician;
let asDoctor: Caller;
let asNurse: Caller;

beforeAll(async () => {
  t = await testApi();
  team = await makeTeam(t.records);
  patient = await makePatient(t.records, { team });
  doctor = await makeClinician(t.records, { teams: [team], role: 'doctor' });
  nurse = await makeClinician(t.records, { teams: [team] });
  [asDoctor, asNurse] = [await t.as(doctor), await t.as(nurse)];
});
afterAll(() => t.stop());

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const items = [
  { en: 'Dizzy?', zh: '是否头晕？' },
  { en: 'Took the tablets?', zh: '是否服药？' },
];
type Answer = TaskView & Problem;
const reached = { outcome: 'reached', result: ' Reached her, resting. ' };
const list = async (query: string, who: Caller = asNurse) =>
  (await who.get<{ tasks: TaskView[] }>(`/api/v1/tasks?${query}`)).body.tasks;
const idsOf = async (query: string, who: Caller = asNurse) => (await list(query, who)).map((task) => task.id);

describe('a task', () => {
  it('is closed with its result, a word and a note; whoever comes second is told who was first', async () => {
    const task = await makeTask(t.records, patient, { dueAt: ago(60_000) });
    const mine = `patient=${patient.id}&`;
    expect((await list(`${mine}done=false`)).find((each) => each.id === task.id)).toMatchObject({
      ...{ overdue: true, patientName: patient.name, doneByName: null, ownerName: null },
    });
    const path = `/api/v1/tasks/${task.id}/complete`;
    const done = await asNurse.post<TaskView>(path, reached);
    expect(done).toMatchObject({
      status: 200,
      body: { outcome: 'reached', result: 'Reached her, resting.', doneBy: nurse.id, overdue: false },
    });
    expect(await asDoctor.post(path, reached)).toMatchObject({
      status: 409,
      body: { code: 'already-done', by: { id: nurse.id, name: nurse.name }, at: done.body.doneAt },
    });
    expect(await idsOf(`${mine}done=true`)).toContain(task.id);
    expect(await idsOf(`${mine}done=false`)).not.toContain(task.id);
  });

  it('that is due first comes first, and of those done the latest', async () => {
    const other = await makePatient(t.records, { team });
    const late = await makeTask(t.records, other, { dueAt: ago(-7_200_000) });
    const soon = await makeTask(t.records, other, { dueAt: ago(-3_600_000) });
    const ids = (done: boolean) => idsOf(`patient=${other.id}&done=${done}`);
    expect(await ids(false)).toEqual([soon.id, late.id]);
    for (const { id } of [late, soon]) await asNurse.post(`/api/v1/tasks/${id}/complete`, reached);
    expect(await ids(true)).toEqual([soon.id, late.id]);
  });

  it.each([
    {},
    { result: 'Done.' },
    { outcome: 'reached' },
    { outcome: 'visited', result: 'A call is no visit.' },
    { outcome: 'fine', result: 'x' },
    { outcome: 'reached', result: '  \n ' },
    { outcome: 'reached', result: 'x'.repeat(2001) },
    { outcome: 'reached', result: 7 },
    null,
  ])('is not closed by %j', async (body) => {
    const task = await makeTask(t.records, patient);
    expect((await asNurse.post(`/api/v1/tasks/${task.id}/complete`, body)).status).toBe(422);
  });

  it('is taken, handed over and given back, each told to whoever looks at its history', async () => {
    const task = await makeTask(t.records, patient);
    const path = `/api/v1/tasks/${task.id}`;
    expect((await asNurse.post<Answer>(`${path}/take`)).body).toMatchObject({ owner: nurse.id, ownerName: nurse.name });
    expect(await idsOf('owner=me')).toContain(task.id);
    expect(await idsOf('owner=nobody')).not.toContain(task.id);
    expect(await idsOf(`owner=${nurse.id}`, asDoctor)).toContain(task.id);
    expect(await asNurse.post(`${path}/take`)).toMatchObject({ status: 409, body: { code: 'already-theirs' } });
    expect(await asDoctor.post(`${path}/give-back`)).toMatchObject({
      ...{ status: 409, body: { code: 'not-theirs', by: { id: nurse.id } } },
    });
    expect((await asNurse.post<Answer>(`${path}/hand-over`, { to: doctor.id })).body.owner).toBe(doctor.id);
    const stranger = await makeClinician(t.records, { teams: [await makeTeam(t.records)] });
    expect(await asNurse.post(`${path}/hand-over`, { to: stranger.id })).toMatchObject({
      ...{ status: 422, body: { errors: [{ pointer: '/to' }] } },
    });
    expect((await asDoctor.post<Answer>(`${path}/give-back`)).body.owner).toBeNull();
    const { events } = (await asNurse.get<TaskDetail>(path)).body;
    expect(events.map(({ kind, actor, to }) => [kind, actor?.id, to?.id])).toEqual([
      ['created', undefined, undefined],
      ['taken', nurse.id, undefined],
      ['handed-over', nurse.id, doctor.id],
      ['given-back', doctor.id, undefined],
    ]);
  });

  it('is moved with a reason, and to no time that is over', async () => {
    const task = await makeTask(t.records, patient, { dueAt: ago(60_000) });
    const path = `/api/v1/tasks/${task.id}`;
    expect(await idsOf('overdue=true')).toContain(task.id);
    const dueAt = ago(-86_400_000);
    const moved = await asNurse.post<Answer>(`${path}/move`, { dueAt, reason: 'She sleeps until noon.' });
    expect(moved.body).toMatchObject({ dueAt, overdue: false });
    expect(await idsOf('overdue=true')).not.toContain(task.id);
    expect((await asNurse.get<TaskDetail>(path)).body.events.at(-1)).toMatchObject({
      ...{ kind: 'moved', note: 'She sleeps until noon.', actor: { id: nurse.id } },
    });
    for (const [body, pointer] of [
      [{ dueAt: ago(1), reason: 'x' }, '/dueAt'],
      [{ dueAt }, '/reason'],
      [{ dueAt, reason: ' ' }, '/reason'],
    ] as const)
      expect(await asNurse.post(`${path}/move`, body)).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  });

  it('has a list whose items are ticked one by one', async () => {
    const task = await makeTask(t.records, patient, { checklist: items });
    const path = `/api/v1/tasks/${task.id}/checklist`;
    const ticked = (await asNurse.post<Answer>(path, { item: 1, done: true })).body;
    expect(ticked.checklist).toMatchObject([
      { text: items[0], done: null },
      { text: items[1], done: { by: nurse.id } },
    ]);
    expect(await asDoctor.post(path, { item: 1, done: true })).toMatchObject({
      status: 409,
      body: { code: 'already-ticked' },
    });
    expect((await asDoctor.post<Answer>(path, { item: 1, done: false })).body.checklist[1]?.done).toBeNull();
    for (const item of [2, -1, 0.5, 20]) expect((await asNurse.post(path, { item, done: true })).status).toBe(422);
  });

  it('that was closed by a slip is open again, for a quarter of an hour', async () => {
    const task = await makeTask(t.records, patient);
    const path = `/api/v1/tasks/${task.id}`;
    expect(await asNurse.post(`${path}/reopen`)).toMatchObject({ status: 409, body: { code: 'not-done' } });
    await asNurse.post(`${path}/complete`, reached);
    expect((await asDoctor.post<Answer>(`${path}/reopen`)).body).toMatchObject({
      doneAt: null,
      outcome: null,
      result: null,
    });
    const [closed, undone] = (await asNurse.get<TaskDetail>(path)).body.events.slice(-2);
    expect([closed, undone]).toMatchObject([
      { kind: 'closed', note: 'Reached her, resting.', actor: { id: nurse.id } },
      { kind: 'reopened', actor: { id: doctor.id } },
    ]);
    await asNurse.post(`${path}/complete`, reached);
    await t.records
      .updateTable('task')
      .set({ done_at: ago(16 * 60_000) })
      .where('id', '=', task.id)
      .execute();
    expect(await asNurse.post(`${path}/reopen`)).toMatchObject({ status: 409, body: { code: 'too-late' } });
  });

  it('of an alert is not opened again beside a new one of the same kind', async () => {
    const alert = await makeAlert(t.records, patient);
    const first = await makeTask(t.records, patient, { alert: alert.id });
    await asNurse.post(`/api/v1/tasks/${first.id}/complete`, reached);
    await makeTask(t.records, patient, { alert: alert.id });
    expect(await asNurse.post(`/api/v1/tasks/${first.id}/reopen`)).toMatchObject({
      status: 409,
      body: { code: 'too-late' },
    });
  });
});

describe('a task that a person asks for', () => {
  const path = () => `/api/v1/patients/${patient.id}/tasks`;
  const wish = { kind: 'visit', title: 'Look at the cuff', role: 'nurse', dueAt: ago(-3_600_000) };

  it('stands beside those of rules, with who asked for it', async () => {
    const alert = await makeAlert(t.records, patient);
    const body = { ...wish, owner: nurse.id, checklist: ['Battery'], alert: alert.id };
    const made = await asDoctor.post<TaskView>(path(), body);
    expect(made).toMatchObject({
      status: 200,
      body: {
        ...{ kind: 'visit', title: { en: wish.title, zh: wish.title }, owner: nurse.id, createdBy: doctor.id },
        ...{ createdByName: doctor.name, checklist: [{ text: { en: 'Battery' }, done: null }], alert: alert.id },
      },
    });
    // as many as people want
    expect((await asDoctor.post<TaskView>(path(), body)).status).toBe(200);
    expect(await idsOf('owner=me')).toContain(made.body.id);
  });

  it.each([
    [{ dueAt: ago(1) }, '/dueAt'],
    [{ title: ' ' }, '/title'],
    [{ role: 'administrator' }, '/role'],
    [{ kind: 'party' }, '/kind'],
    [{ owner: '00000000-0000-4000-8000-000000000000' }, '/owner'],
    [{ alert: '00000000-0000-4000-8000-000000000000' }, '/alert'],
    [{ checklist: Array.from({ length: 21 }, () => 'x') }, '/checklist'],
    [{ doneAt: ago(0) }, '/doneAt'],
  ])('is not made with %j', async (change, pointer) => {
    expect(await asDoctor.post(path(), { ...wish, ...change })).toMatchObject({
      ...{ status: 422, body: { errors: [{ pointer }] } },
    });
  });

  it('belongs to no alert of another patient, and to no patient of another team', async () => {
    const other = await makePatient(t.records, { team });
    const alert = await makeAlert(t.records, other);
    expect((await asDoctor.post(path(), { ...wish, alert: alert.id })).status).toBe(422);
    const stranger = await makePatient(t.records, { team: await makeTeam(t.records) });
    expect((await asDoctor.post(`/api/v1/patients/${stranger.id}/tasks`, wish)).status).toBe(404);
  });
});
