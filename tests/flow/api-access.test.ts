import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeviceId, type TeamId } from '#domain/ids.ts';
import { type Clinician, type Patient, type Role, roles } from '#domain/people.ts';
import { systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { systemRandom } from '#runtime/random.ts';
import { accessTable } from '../../clinician-api/access.ts';
import { createApp } from '../../clinician-api/app.ts';
import { createLive } from '../../clinician-api/live.ts';
import { type Caller, testApi } from '../support/api.ts';
import { alertForRoute, episodeBodies, taskForRoute } from '../support/episode-routes.ts';
import { makeAlert, makeRule, makeTask } from '../support/episodes.ts';
import { makeClinician, makeDevice, makePatient, makeSource, makeTeam } from '../support/people.ts';
import { makeBacktest, planBodies } from '../support/plans.ts';
import { forgetRota, makeOverride, openChannel, overrideId, rotaBodies } from '../support/rota.ts';

/**
 * Every route the application registers, and who must get through: written a second time, by hand, so that a change of the
 * access table is a change of this list too. A route that is missing here fails the first test.
 */
const expected: Record<string, 'anyone' | 'loopback' | Role[]> = {
  'POST /api/v1/session': 'anyone',
  'GET /api/v1/session': ['nurse', 'doctor', 'administrator'],
  'DELETE /api/v1/session': ['nurse', 'doctor', 'administrator'],
  'GET /api/v1/worklist': ['nurse', 'doctor', 'administrator'],
  'GET /api/v1/patients/:id': ['nurse', 'doctor', 'administrator'],
  'GET /api/v1/patients/:id/readings': ['nurse', 'doctor', 'administrator'],
  'POST /api/v1/patients/:id/commands': ['nurse', 'doctor'],
  'PUT /api/v1/patients/:id/care-plan/overrides/:rule': ['doctor'],
  'PUT /api/v1/patients/:id/care-plan/programmes': ['doctor'],
  'PUT /api/v1/patients/:id/care-plan/expected': ['nurse', 'doctor'],
  'PUT /api/v1/patients/:id/care-plan/follow-up': ['nurse', 'doctor'],
  'PUT /api/v1/patients/:id/care-plan/pause': ['nurse', 'doctor'],
  'GET /api/v1/patients/:id/care-plan/changes': ['nurse', 'doctor', 'administrator'],
  'POST /api/v1/patients/:id/care-plan/forecast': ['doctor'],
  'GET /api/v1/teams/:id/rota': ['nurse', 'doctor', 'administrator'],
  'PUT /api/v1/teams/:id/rota': ['doctor', 'administrator'],
  'GET /api/v1/teams/:id/on-call': ['nurse', 'doctor', 'administrator'],
  'POST /api/v1/teams/:id/overrides': ['nurse', 'doctor', 'administrator'],
  'DELETE /api/v1/teams/:id/overrides/:override': ['nurse', 'doctor', 'administrator'],
  'POST /api/v1/teams/:id/overrides/:override/restore': ['nurse', 'doctor', 'administrator'],
  'GET /api/v1/teams/:id/policies': ['nurse', 'doctor', 'administrator'],
  'PUT /api/v1/teams/:id/policies': ['doctor', 'administrator'],
  'POST /api/v1/teams/:id/policies/rehearsal': ['nurse', 'doctor', 'administrator'],
  'GET /api/v1/teams/:id/parameters': ['nurse', 'doctor', 'administrator'],
  'PUT /api/v1/teams/:id/parameters/:rule': ['doctor'],
  'GET /api/v1/teams/:id/parameters/changes': ['nurse', 'doctor', 'administrator'],
  'POST /api/v1/teams/:id/parameters/forecast': ['doctor'],
  'GET /api/v1/backtests': ['doctor', 'administrator'],
  'POST /api/v1/backtests': ['doctor', 'administrator'],
  'GET /api/v1/backtests/:id': ['doctor', 'administrator'],
  'GET /api/v1/backtests/:id/plot': ['doctor', 'administrator'],
  'POST /api/v1/backtests/:id/cancel': ['doctor', 'administrator'],
  'GET /api/v1/alerts': ['nurse', 'doctor', 'administrator'],
  'GET /api/v1/alerts/:id': ['nurse', 'doctor', 'administrator'],
  'POST /api/v1/alerts/:id/acknowledge': ['nurse', 'doctor'],
  'POST /api/v1/alerts/:id/hand-over': ['nurse', 'doctor'],
  'POST /api/v1/alerts/:id/snooze': ['nurse', 'doctor'],
  'POST /api/v1/alerts/:id/unsnooze': ['nurse', 'doctor'],
  'POST /api/v1/alerts/:id/resolve': ['nurse', 'doctor'],
  'GET /api/v1/response-times': ['nurse', 'doctor', 'administrator'],
  'GET /api/v1/tasks': ['nurse', 'doctor', 'administrator'],
  'GET /api/v1/tasks/:id': ['nurse', 'doctor', 'administrator'],
  'POST /api/v1/patients/:id/tasks': ['nurse', 'doctor'],
  'POST /api/v1/tasks/:id/take': ['nurse', 'doctor'],
  'POST /api/v1/tasks/:id/give-back': ['nurse', 'doctor'],
  'POST /api/v1/tasks/:id/hand-over': ['nurse', 'doctor'],
  'POST /api/v1/tasks/:id/move': ['nurse', 'doctor'],
  'POST /api/v1/tasks/:id/checklist': ['nurse', 'doctor'],
  'POST /api/v1/tasks/:id/complete': ['nurse', 'doctor'],
  'POST /api/v1/tasks/:id/reopen': ['nurse', 'doctor'],
  'GET /api/v1/contact': ['nurse', 'doctor'],
  'POST /api/v1/contact-points': ['nurse', 'doctor'],
  'PUT /api/v1/contact-points/:point': ['nurse', 'doctor'],
  'DELETE /api/v1/contact-points/:point': ['nurse', 'doctor'],
  'POST /api/v1/contact-points/:point/verify': ['nurse', 'doctor'],
  'POST /api/v1/contact-points/:point/code': ['nurse', 'doctor'],
  'POST /api/v1/contact-points/:point/test': ['nurse', 'doctor'],
  'POST /api/v1/contact-points/:point/restore': ['nurse', 'doctor'],
  'GET /api/v1/reachability': ['administrator'],
  'GET /a/:token': 'anyone',
  'POST /a/:token': 'anyone',
  'GET /api/v1/changes': ['nurse', 'doctor', 'administrator'],
  'GET /api/v1/mailbox': ['nurse', 'doctor', 'administrator'],
  'GET /api/v1/sources': ['administrator'],
  'POST /api/v1/sources': ['administrator'],
  'GET /api/v1/sources/:source': ['administrator'],
  'POST /api/v1/sources/:source/codes': ['administrator'],
  'POST /api/v1/sources/:source/tokens': ['administrator'],
  'POST /api/v1/sources/:source/revoke': ['administrator'],
  'POST /api/v1/sources/:source/certificates/:fingerprint/revoke': ['administrator'],
  'PUT /api/v1/sources/:source/devices/:device': ['administrator'],
  'GET /api/v1/patients': ['administrator'],
  'POST /api/v1/assignments': ['administrator'],
  'POST /api/v1/assignments/:assignment/end': ['administrator'],
  'POST /api/v1/assignments/:assignment/undo': ['administrator'],
  'GET /api/v1/quarantine': ['administrator'],
  'GET /api/v1/quarantine/:key': ['administrator'],
  'POST /api/v1/quarantine/release': ['administrator'],
  'GET /api/v1/audit': ['administrator'],
  'GET /api/v1/audit/verification': ['administrator'],
  'GET /api/v1/erasures': ['administrator'],
  'POST /api/v1/erasures': ['administrator'],
  'GET /api/v1/platform': ['administrator'],
  'GET /api/v1/platform-alerts': ['administrator'],
  'POST /api/v1/enrolments': 'anyone',
  'POST /api/v1/renewals': 'anyone',
  'GET /api/openapi.json': 'anyone',
  'GET /health/live': 'anyone',
  'GET /health/ready': 'anyone',
  'GET /metrics': 'loopback',
};

/** What makes a call to a route right in everything but who calls. */
const bodies: Record<string, unknown> = {
  'PUT /api/v1/patients/:id/care-plan/overrides/:rule': { parameters: { systolic: 190 } },
  ...planBodies,
  ...rotaBodies,
};
const queries: Record<string, string> = { 'GET /api/v1/patients/:id/readings': '?panel=blood-pressure' };

let t: Awaited<ReturnType<typeof testApi>>;
let mine: TeamId;
let routes: string[];
const people = {} as Record<Role, Clinician>;
const rule = 'severe-hypertension';

beforeAll(async () => {
  t = await testApi();
  mine = await makeTeam(t.records);
  for (const role of roles) people[role] = await makeClinician(t.records, { teams: [mine], role });
  Object.assign(bodies, episodeBodies(people.nurse));
  await makeRule(t.records, rule);
  await openChannel(t.records);
  bodies['POST /api/v1/teams/:id/overrides'] = {
    ...rotaBodies['POST /api/v1/teams/:id/overrides'],
    clinician: people.doctor.id,
  };
  routes = await registeredRoutes();
});
afterAll(() => t.stop());

async function registeredRoutes(): Promise<string[]> {
  const deps = {
    records: t.records,
    store: t.store,
    health: () => ({}),
    metrics: createMetrics(),
    links: t.deps.links,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  };
  const config = {
    databaseUrl: t.databaseUrl,
    host: '127.0.0.1',
    port: 0,
    publicUrl: 'http://127.0.0.1:8080',
    mqttUrl: 'mqtt://127.0.0.1:1883',
    consoleDir: t.folder,
  };
  return (await createApp(deps, config, createLive(deps, config))).routes;
}

/** What a route's `:id` stands for, made anew, so that a call may change it. */
async function subjectOf(route: string, patient: Patient): Promise<string> {
  if (route.includes('/alerts/')) return alertForRoute(t.records, route, patient, people.doctor);
  if (route.includes('/tasks/')) return taskForRoute(t.records, route, patient, people.doctor);
  if (route.includes('/commands')) await makeCuff(patient);
  if (route.includes('/backtests/')) return makeBacktest(t.records, patient);
  if (route.endsWith('/forecast')) await t.records.deleteFrom('backtest').execute();
  if (route.startsWith('PUT') && /rota|policies/.test(route)) await forgetRota(t.records, patient.team);
  if (route.includes(':override')) await makeOverride(t.records, patient.team, people.doctor);
  if (route.includes('/teams/')) return patient.team;
  return patient.id;
}

const cuffOf = (id: string) => `cuff-of-${id.slice(0, 36).replaceAll(/[^a-z0-9-]/g, '-')}`;

async function makeCuff({ id }: Patient): Promise<void> {
  const known = await t.records
    .selectFrom('device')
    .select('id')
    .where('id', '=', DeviceId.parse(cuffOf(id)))
    .execute();
  if (known.length > 0) return;
  const { source } = await makeSource(t.records);
  await makeDevice(t.records, { source, id: cuffOf(id), patient: id });
}

function call(caller: Caller, route: string, id: string) {
  const [method = '', pattern = ''] = route.split(' ');
  const path =
    pattern.replace(':id', id).replace(':rule', rule).replace(':override', overrideId) + (queries[route] ?? '');
  const body = route.includes('/commands') ? { command: 'measure-again', device: cuffOf(id) } : bodies[route];
  return caller.call<{ code?: string; instance?: string }>(method, path, body);
}

/** A live stream does not end by itself: its head says enough. */
async function statusOf(caller: Caller, route: string, id: string): Promise<number> {
  if (route !== 'GET /api/v1/changes') return (await call(caller, route, id)).status;
  const abort = new AbortController();
  const headers = caller.cookie ? { cookie: caller.cookie } : undefined;
  const response = await fetch(`${t.base}/api/v1/changes`, { headers, signal: abort.signal });
  abort.abort();
  return response.status;
}

describe('routes', () => {
  it('are those of this file and of the access table, no more and no fewer', () => {
    const files = ['GET /*', 'HEAD /*'];
    expect(routes.toSorted()).toEqual(Object.keys(expected).toSorted());
    expect(Object.keys(accessTable).toSorted()).toEqual([...Object.keys(expected), ...files].toSorted());
  });

  it('that the access table does not know are never registered', async () => {
    await expect(
      (async () => {
        const deps = { records: t.records, links: t.deps.links, clock: systemClock, log: silentLog };
        const { app } = await createApp(
          { ...deps, store: t.store, health: () => ({}), metrics: createMetrics(), random: systemRandom },
          {
            databaseUrl: t.databaseUrl,
            host: '',
            port: 0,
            publicUrl: 'http://a.example',
            mqttUrl: 'mqtt://a.example',
            consoleDir: t.folder,
          },
          createLive(deps, { databaseUrl: t.databaseUrl }),
        );
        app.get('/api/v1/everything', async () => 'open');
      })(),
    ).rejects.toThrow('GET /api/v1/everything stands in no access table');
  });
});

describe('roles', () => {
  it('open exactly the routes that are theirs', async () => {
    const patient = await makePatient(t.records, { team: mine });
    const callers = {} as Record<Role, Caller>;
    for (const role of roles) callers[role] = await t.as(people[role]);
    for (const [route, who] of Object.entries(expected)) {
      for (const role of roles) {
        const status = await statusOf(callers[role], route, await subjectOf(route, patient));
        if (route === 'DELETE /api/v1/session') callers[role] = await t.as(people[role]);
        const open = who === 'anyone' || who === 'loopback' || who.includes(role);
        if (open) expect([401, 403], `${role}: ${route}`).not.toContain(status);
        else expect(status, `${role}: ${route}`).toBe(403);
      }
      const status = await statusOf(t.caller(), route, await subjectOf(route, patient));
      if (Array.isArray(who)) expect(status, `nobody: ${route}`).toBe(401);
      else expect([401, 403], `nobody: ${route}`).not.toContain(status);
    }
  });
});

describe('care teams', () => {
  it("open their own patients; another team's and an absent one's get the same answer on every route", async () => {
    const doctor = await t.as(people.doctor);
    const own = await makePatient(t.records, { team: mine });
    const foreign = await makePatient(t.records, { team: await makeTeam(t.records) });
    const walked = Object.keys(expected).filter((route) => route.includes(':id'));
    expect(walked.length).toBeGreaterThan(8);
    for (const route of walked) {
      expect([200, 202], route).toContain((await call(doctor, route, await subjectOf(route, own))).status);
      const subjects = [await subjectOf(route, foreign), randomUUID(), 'no-id', encodeURIComponent("' or 1=1 --")];
      for (const id of subjects) {
        const { status, body } = await call(doctor, route, id);
        const { instance, ...problem } = body;
        expect(status, `${route} ${id}`).toBe(404);
        expect(problem, route).toEqual({ type: 'about:blank', title: 'Not found', status: 404, code: 'not-found' });
        expect(instance).not.toContain(id);
      }
    }
  });

  it("show nothing of another team in any list, and change nothing of another's", async () => {
    const doctor = await t.as(people.doctor);
    const foreign = await makePatient(t.records, { team: await makeTeam(t.records), name: 'Foreign' });
    const alert = await makeAlert(t.records, foreign);
    const task = await makeTask(t.records, foreign);
    for (const path of ['worklist', 'alerts', `alerts?patient=${foreign.id}`, 'tasks', `tasks?patient=${foreign.id}`]) {
      const { status, text } = await doctor.get(`/api/v1/${path}`);
      expect(status).toBe(200);
      for (const trace of [foreign.id, 'Foreign', alert.id, task.id]) expect(text).not.toContain(trace);
    }
    await call(doctor, 'POST /api/v1/alerts/:id/resolve', alert.id);
    await call(doctor, 'POST /api/v1/tasks/:id/complete', task.id);
    const after = await t.records.selectFrom('alert').where('id', '=', alert.id).selectAll().executeTakeFirstOrThrow();
    const taskAfter = await t.records
      .selectFrom('task')
      .where('id', '=', task.id)
      .selectAll()
      .executeTakeFirstOrThrow();
    expect(after.state).toBe('open');
    expect(taskAfter.done_at).toBeNull();
    const events = await t.records.selectFrom('alert_event').where('alert_id', '=', alert.id).select('kind').execute();
    expect(events).toEqual([{ kind: 'opened' }]);
  });

  it('lose a patient who moves to another team, with the alerts and tasks of before', async () => {
    const patient = await makePatient(t.records, { team: mine });
    const alert = await makeAlert(t.records, patient);
    const task = await makeTask(t.records, patient);
    await t.records
      .updateTable('patient')
      .set({ team_id: await makeTeam(t.records) })
      .where('id', '=', patient.id)
      .execute();
    const doctor = await t.as(people.doctor);
    expect((await call(doctor, 'GET /api/v1/alerts/:id', alert.id)).status).toBe(404);
    expect((await call(doctor, 'POST /api/v1/tasks/:id/complete', task.id)).status).toBe(404);
    for (const path of ['worklist', 'alerts', 'tasks'])
      expect((await doctor.get(`/api/v1/${path}`)).text).not.toContain(patient.id);
  });

  it('stop being somebody’s the moment they leave, and somebody of no team sees nobody', async () => {
    const leaver = await makeClinician(t.records, { teams: [mine], role: 'doctor' });
    const patient = await makePatient(t.records, { team: mine });
    const caller = await t.as(leaver);
    expect((await caller.get(`/api/v1/patients/${patient.id}`)).status).toBe(200);
    await t.records.deleteFrom('team_member').where('clinician_id', '=', leaver.id).execute();
    expect((await caller.get(`/api/v1/patients/${patient.id}`)).status).toBe(404);
    expect((await caller.get('/api/v1/worklist')).body).toMatchObject({ entries: [] });
  });
});

describe('another site', () => {
  it.each<Record<string, string>>([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ])('cannot change anything with a clinician’s cookie: %j', async (headers) => {
    const patient = await makePatient(t.records, { team: mine });
    const alert = await makeAlert(t.records, patient);
    const doctor = await t.as(people.doctor);
    const answers = [
      await doctor.post(`/api/v1/alerts/${alert.id}/acknowledge`, {}, headers),
      await doctor.delete('/api/v1/session', headers),
      await t.caller().post('/api/v1/session', { email: people.doctor.email, password: 'x' }, headers),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 403, body: { code: 'cross-origin' } });
    expect((await doctor.get<{ alert: { state: string } }>(`/api/v1/alerts/${alert.id}`)).body.alert.state).toBe(
      'open',
    );
  });

  it('cannot send a form either: bodies are JSON', async () => {
    const doctor = await t.as(people.doctor);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect(
        await doctor.call('POST', `/api/v1/alerts/${randomUUID()}/resolve`, '{"outcome":"treated"}', {
          'content-type': type,
        }),
      ).toMatchObject({ status: 415, body: { code: 'not-json' } });
  });

  it('is no obstacle to the console itself', async () => {
    const doctor = await t.as(people.doctor);
    const patient = await makePatient(t.records, { team: mine });
    const alert = await makeAlert(t.records, patient);
    const headers = { 'sec-fetch-site': 'same-origin', origin: t.base };
    expect((await doctor.post(`/api/v1/alerts/${alert.id}/acknowledge`, {}, headers)).status).toBe(200);
  });
});
