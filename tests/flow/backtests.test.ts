import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backtest } from '#domain/backtest.ts';
import type { TeamId } from '#domain/ids.ts';
import type { Patient } from '#domain/people.ts';
import type { PatientView } from '#domain/views.ts';
import type { PlanChangeList, TeamParameters } from '#domain/views-plans.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { claimBacktest } from '#runtime/records/backtests.ts';
import { eraseFromRecords } from '#runtime/records/erase.ts';
import { writeRuleBook } from '#runtime/records/rule-book.ts';
import type { Service } from '#runtime/service.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { createBacktests } from '../../rules/backtest/backtests.ts';
import { book } from '../../rules/book/index.ts';
import { type Caller, testApi } from '../support/api.ts';
import { makeClinician, makePatient, makeTeam } from '../support/people.ts';
import { storedReading } from '../support/readings.ts';
import { hasInflux, testInflux } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** Backtests and forecasts from the question to the answer: API, records, the service and its thread, readings in PostgreSQL. */

const day = 86_400_000;
const severe = 'blood-pressure-severe';
const lower = { 'systolic-at-least': 165 };

let t: Awaited<ReturnType<typeof testApi>>;
let team: TeamId;
let doctor: Caller;
let service: Service;

const start = async (): Promise<void> => {
  const address = { readings: 'postgresql', databaseUrl: t.databaseUrl } as const;
  service = createBacktests({ records: t.records, clock, log }, { databaseUrl: t.databaseUrl, address });
  await service.start();
};

beforeAll(async () => {
  t = await testApi();
  await writeRuleBook(t.records, book);
  team = await makeTeam(t.records);
  doctor = await t.as(await makeClinician(t.records, { teams: [team], role: 'doctor' }));
  await start();
});
afterAll(async () => {
  await service.stop();
  await t.stop();
});

/** Ten days ago a pair of 170/95, twenty days ago one of 190/110: each confirmed within two minutes. */
async function makeStory(wish: { team?: TeamId } = {}): Promise<Patient> {
  const patient = await makePatient(t.records, { team: wish.team ?? team });
  const noon = Math.floor(clock.now() / day) * day + day / 2;
  const pair = (daysAgo: number, systolic: number, diastolic: number) =>
    [0, 120_000].map((later) => {
      const at = noon - daysAgo * day + later;
      const [takenAt, storedAt] = [new Date(at).toISOString(), new Date(at + 3_000).toISOString()];
      return { ...storedReading(patient.id, { systolic, diastolic, takenAt, heardAt: takenAt }), storedAt };
    });
  await t.store.write([...pair(30, 128, 78), ...pair(20, 190, 110), ...pair(10, 170, 95)]);
  return patient;
}

async function ended(id: string): Promise<Backtest> {
  let found: Backtest | undefined;
  await until(async () => {
    found = (await doctor.get<Backtest>(`/api/v1/backtests/${id}`)).body;
    return !['waiting', 'running'].includes(found.state);
  });
  return found!;
}

const asked = async (path: string, body: object): Promise<Backtest> => {
  const answer = await doctor.post<Backtest>(path, body);
  expect(answer.status).toBe(202);
  return answer.body;
};

describe("a forecast of a patient's parameters", () => {
  it('says which episodes would come and go, in words and as a picture, and its being seen stands in the journal', async () => {
    const patient = await makeStory();
    const path = `/api/v1/patients/${patient.id}/care-plan`;
    const forecast = await asked(`${path}/forecast`, { rule: severe, parameters: lower });
    expect(forecast).toMatchObject({ kind: 'plan-forecast', patient: patient.id, report: null });
    const { state, progress, report } = await ended(forecast.id);
    expect({ state, progress }).toEqual({ state: 'done', progress: 1 });
    expect(report).toMatchObject({ patients: 1, readings: 6, proposal: { [severe]: lower } });
    // of ninety days they have been with us for the last thirty
    expect(Math.round(7 * report!.patientWeeks)).toBeGreaterThanOrEqual(29);
    expect(Math.round(7 * report!.patientWeeks)).toBeLessThanOrEqual(31);
    expect(report!.rules.find(({ rule }) => rule === severe)).toMatchObject({
      today: { alerts: 1, calls: 1 },
      proposed: { alerts: 2, calls: 2 },
    });
    // where a day has 20:00 when it is noon in Greenwich
    expect(report!.all.proposed!.callsByHour.indexOf(2)).toBe(20);
    expect(report!.appeared).toMatchObject({ count: 1, episodes: [{ patient: patient.id, rule: severe, calls: 1 }] });
    expect(report!.vanished.count).toBe(0);
    for (const [language, words] of [
      ['en', 'With the change'],
      ['zh', '拟议修改'],
    ]) {
      const plot = await doctor.get(`/api/v1/backtests/${forecast.id}/plot?language=${language}`);
      expect(plot.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8');
      expect(plot.text).toMatch(/^<svg .*role="img"/);
      expect(plot.text).toContain(words);
      expect(plot.text).not.toContain(patient.name.en);
    }

    const put = (forecast: string, parameters: object) =>
      doctor.put<PatientView>(`${path}/overrides/${severe}`, { parameters, forecast });
    expect((await put(forecast.id, { 'systolic-at-least': 166 })).status).toBe(422);
    const saved = await put(forecast.id, lower);
    expect(saved.body.rules.find(({ rule }) => rule === severe)?.inForce).toMatchObject(lower);
    const { changes } = (await doctor.get<PlanChangeList>(`${path}/changes`)).body;
    expect(changes).toMatchObject([
      { part: 'overrides', rule: severe, before: null, after: lower, forecast: forecast.id },
    ]);
  });

  it('goes when the patient is forgotten', async () => {
    const patient = await makeStory();
    const path = `/api/v1/patients/${patient.id}/care-plan/forecast`;
    const forecast = await asked(path, { rule: severe, parameters: lower });
    await ended(forecast.id);
    const whole = await asked('/api/v1/backtests', { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' });
    await ended(whole.id);
    await eraseFromRecords.judgement(t.records, patient.id);
    for (const { id } of [forecast, whole]) expect((await doctor.get(`/api/v1/backtests/${id}`)).status).toBe(404);
  });
});

describe('what is set for a patient', () => {
  it('is put part by part, and each part can be put back as it was', async () => {
    const patient = await makePatient(t.records, { team });
    const path = `/api/v1/patients/${patient.id}/care-plan`;
    const put = (part: string, body: object) => doctor.put<PatientView>(`${path}/${part}`, body);
    const pause = { from: '2026-03-01T00:00:00Z', until: '2026-03-08T00:00:00Z', reason: 'holiday' };
    const expected = [{ panel: 'blood-pressure', times: 2, everyDays: 1 }];
    await put('programmes', { programmes: ['hypertension', 'copd'] });
    await put('expected', { expected });
    expect((await put('pause', { pause })).body.carePlan).toMatchObject({
      programmes: ['hypertension', 'copd'],
      expected,
      pause,
      overrides: {},
    });
    expect((await put('pause', { pause: null })).body.carePlan.pause).toBeNull();
    // two who looked at the same, one after the other
    for (const [part, body, seen] of [
      ['programmes', { programmes: ['copd'] }, []],
      ['pause', { pause: null }, pause],
      [`overrides/${severe}`, { parameters: {} }, lower],
    ] as const)
      expect(await put(part, { ...body, seen }), part).toMatchObject({
        ...{ status: 409, body: { code: 'changed-meanwhile' } },
      });
    for (const [part, body] of [
      ['pause', { pause: { ...pause, until: pause.from } }],
      ['programmes', { programmes: ['copd', 'copd'] }],
      ['expected', { expected: [...expected, ...expected] }],
      [`overrides/${severe}`, { parameters: { 'systolic-at-least': 60 } }],
    ] as const)
      expect((await put(part, body)).status, part).toBe(422);
    const { changes } = (await doctor.get<PlanChangeList>(`${path}/changes`)).body;
    expect(changes.map(({ part, before, after }) => [part, before, after])).toEqual([
      ['pause', pause, null],
      ['pause', null, pause],
      ['expected', [], expected],
      ['programmes', [], ['hypertension', 'copd']],
    ]);
    const trail = await t.records
      .selectFrom('audit')
      .select('detail')
      .where('patient_id', '=', patient.id)
      .where('action', '=', 'care-plan-changed')
      .execute();
    expect(trail).toHaveLength(4);
  });
});

describe('the limits of a team', () => {
  it('hold for whose own plan says nothing else; a forecast of them replays all patients of the team', async () => {
    const mine = await makeTeam(t.records);
    const colleague = await t.as(await makeClinician(t.records, { teams: [mine, team], role: 'doctor' }));
    const [one, other] = [await makeStory({ team: mine }), await makeStory({ team: mine })];
    const own = `/api/v1/patients/${other.id}/care-plan/overrides/${severe}`;
    await colleague.put(own, { parameters: { 'systolic-at-least': 200, 'diastolic-at-least': 130 } });
    const path = `/api/v1/teams/${mine}/parameters`;
    const forecast = await colleague.post<Backtest>(`${path}/forecast`, { rule: severe, parameters: lower });
    let found = forecast.body;
    await until(async () => {
      found = (await colleague.get<Backtest>(`/api/v1/backtests/${forecast.body.id}`)).body;
      return found.state === 'done';
    });
    expect(found.report).toMatchObject({ patients: 2, appeared: { count: 1, episodes: [{ patient: one.id }] } });
    expect((await doctor.get(`/api/v1/backtests/${found.id}`)).status).toBe(404);

    const saved = await colleague.put<TeamParameters>(`${path}/${severe}`, { parameters: lower, forecast: found.id });
    expect(saved.body.rules.find(({ rule }) => rule === severe)).toMatchObject({ set: lower, inForce: lower });
    const inForce = async ({ id }: Patient) =>
      (await colleague.get<PatientView>(`/api/v1/patients/${id}`)).body.rules.find(({ rule }) => rule === severe)
        ?.inForce;
    expect(await inForce(one)).toMatchObject(lower);
    expect(await inForce(other)).toMatchObject({ 'systolic-at-least': 200 });
    expect((await colleague.put(`${path}/${severe}`, { parameters: {}, seen: {} })).status).toBe(409);
    const undone = await colleague.put<TeamParameters>(`${path}/${severe}`, { parameters: {}, seen: lower });
    expect(undone.body.rules.find(({ rule }) => rule === severe)?.set).toEqual({});
    const { changes } = (await colleague.get<PlanChangeList>(`${path}/changes`)).body;
    expect(changes).toMatchObject([
      { before: lower, after: null, forecast: null },
      { before: null, after: lower, forecast: found.id },
    ]);
  });
});

describe('the command', () => {
  const say = (words: string[], environment: Record<string, string>) =>
    new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      const command = fileURLToPath(new URL('../../rules/backtest/command.ts', import.meta.url));
      const env = { PATH: process.env.PATH, NO_COLOR: '1', DATABASE_URL: t.databaseUrl, ...environment };
      execFile(process.execPath, [command, ...words], { env }, (fault, out, err) =>
        resolve({ code: fault ? Number(fault.code) : 0, out, err }),
      );
    });

  it('answers beside a running platform, from whichever store the readings are in', async () => {
    const patient = await makeStory();
    const [from, to] = [60, 0].map((days) => new Date(clock.now() - days * day).toISOString());
    const span = ['--from', from!, '--to', to!];
    const words = [...span, '--patients', patient.id, '--set', `${severe}.systolic-at-least=165`];
    writeFileSync(join(t.folder, 'vitals-store.json'), '{"readings":"postgresql"}');
    const ofPostgres = await say([...words, '--json'], { DATA_DIR: t.folder });
    expect(ofPostgres).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(ofPostgres.out)).toMatchObject({ patients: 1, appeared: { count: 1 }, vanished: { count: 0 } });
    const { out } = await say([...words, '--language', 'zh'], { DATA_DIR: t.folder });
    expect(out).toMatch(/血压重度升高（危急） +1 /);
    if (!hasInflux()) return;
    const { stop, ...influx } = await testInflux();
    const store = await createInfluxStore({ clock, log, random }, influx);
    const all = { patient: patient.id, panel: 'blood-pressure', from: 0, to: clock.now(), limit: 100 } as const;
    await store.write(await t.store.read(all));
    await store.close();
    const environment = {
      DATA_DIR: join(t.folder, 'none'),
      INFLUX_URL: influx.url,
      INFLUX_USER: influx.user,
      INFLUX_PASSWORD: influx.password,
      INFLUX_DATABASE: influx.database,
    };
    const ofInflux = await say([...words, '--json'], environment);
    await stop();
    expect(ofInflux.out).toBe(ofPostgres.out);
  });

  it('says in a sentence what is missing', async () => {
    const { code, err } = await say([], { DATA_DIR: join(t.folder, 'none') });
    expect(code).toBe(1);
    expect(err).toContain('No readings are kept in');
    const folder = join(t.folder, 'nowhere');
    expect((await say([], { DATABASE_URL: '', DATA_DIR: folder })).err).toContain(`There is no platform in ${folder}`);
    const stranger = '00000000-0000-4000-8000-000000000009';
    const known = (await makePatient(t.records, { team })).id;
    expect((await say(['--patients', `${known},${stranger}`], { DATA_DIR: t.folder })).err).toContain(
      `There is no patient ${stranger}:`,
    );
    const svg = join(t.folder, 'no', 'plot.svg');
    expect((await say(['--svg', svg], { DATA_DIR: t.folder })).err).toContain(`${svg} cannot be written (ENOENT)`);
  });
});

describe('a backtest', () => {
  it('looks at nothing that has not been yet', async () => {
    const at = (days: number) => new Date(clock.now() + days * day).toISOString();
    const { id, wish } = await asked('/api/v1/backtests', { from: at(-1), to: at(30) });
    expect(Date.parse(wish.to)).toBeLessThanOrEqual(clock.now());
    await doctor.post(`/api/v1/backtests/${id}/cancel`);
    expect(await doctor.post('/api/v1/backtests', { from: at(1), to: at(30) })).toMatchObject({
      ...{ status: 422, body: { errors: [{ pointer: '/from' }] } },
    });
  });

  it('names every rule, parameter and patient there is no such thing of', async () => {
    const stranger = await makePatient(t.records, { team: await makeTeam(t.records) });
    const { status, body } = await doctor.post('/api/v1/backtests', {
      from: '2026-01-01T00:00:00Z',
      to: '2026-02-01T00:00:00Z',
      rules: [severe, 'no-such-rule'],
      patients: [stranger.id],
      set: { [severe]: { 'systolic-at-least': 20, colour: 1 } },
    });
    expect(status).toBe(422);
    expect(body.errors?.map(({ pointer }) => pointer)).toEqual([
      '/rules/1',
      '/patients/0',
      `/set/${severe}/systolic-at-least`,
      `/set/${severe}/colour`,
    ]);
  });

  it('waits for its turn, can be cancelled, and is taken over from a service that died with it', async () => {
    await service.stop();
    const story = await makeStory();
    const span = { from: new Date(clock.now() - 60 * day).toISOString(), to: new Date(clock.now()).toISOString() };
    const wish = { ...span, patients: [story.id] };
    const [first, second, third] = [
      await asked('/api/v1/backtests', wish),
      await asked('/api/v1/backtests', wish),
      await asked('/api/v1/backtests', wish),
    ];
    // somebody takes the first in hand, and is never heard of again
    expect((await claimBacktest(t.records, clock.now(), clock.now() + 60_000))?.id).toBe(first.id);
    expect(await claimBacktest(t.records, clock.now(), clock.now() + 60_000)).toBeUndefined();
    const cancelled = await doctor.post<Backtest>(`/api/v1/backtests/${second.id}/cancel`);
    expect(cancelled.body.state).toBe('cancelled');
    for (let more = 0; more < 3; more++) await asked('/api/v1/backtests', wish);
    expect(await doctor.post('/api/v1/backtests', wish)).toMatchObject({
      status: 429,
      body: { code: 'too-many-backtests' },
    });
    await t.records
      .updateTable('backtest')
      .set({ held_until: new Date(clock.now() - 1) })
      .where('id', '=', first.id)
      .execute();
    await start();
    for (const { id } of [first, third]) {
      const { state, report } = await ended(id);
      expect(state).toBe('done');
      expect(report!.all.today).toMatchObject({ alerts: 1, calls: 1 });
    }
    expect((await ended(second.id)).state).toBe('cancelled');
  });
});
