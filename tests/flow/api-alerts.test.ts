import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TeamId } from '#domain/ids.ts';
import type { Clinician, Patient } from '#domain/people.ts';
import type { ResponseTimes } from '#domain/response-times.ts';
import type { AlertDetail, AlertView, Problem } from '#domain/views.ts';
import { changeAlert } from '#runtime/records/alerts.ts';
import type { Records } from '#runtime/records/connect.ts';
import { escalation } from '../support/alerts.ts';
import { type Caller, testApi } from '../support/api.ts';
import { makeAlert, makePage, makeTask } from '../support/episodes.ts';
import { makeClinician, makePatient, makeTeam } from '../support/people.ts';
import { until } from '../support/until.ts';

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
type Detail = AlertDetail & Problem;

/** How many statements on this database wait for a row that another transaction holds. */
async function waiting(records: Records): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`.execute(records);
  return rows[0]?.n ?? 0;
}

describe('an alert', () => {
  it('is shown with evidence, history, pages, tasks and its way from the measurement to the acknowledgement', async () => {
    const alert = await makeAlert(t.records, patient, {
      takenAt: ago(60_000),
      heardAt: ago(58_000),
      openedAt: ago(57_000),
    });
    const sentAt = ago(55_000);
    await makePage(t.records, alert, doctor, { sentAt });
    await makePage(t.records, alert, nurse, { step: 1 });
    const task = await makeTask(t.records, patient, { alert: alert.id });
    const { body } = await asNurse.get<Detail>(`/api/v1/alerts/${alert.id}`);
    expect(body.alert).toMatchObject({ ...alert, patientName: patient.name, acknowledgedByName: null });
    expect(body.pages).toMatchObject([
      { step: 0, state: 'sent', recipient: { id: doctor.id, name: doctor.name }, sentAt, attempts: 1 },
      { step: 1, state: 'due', recipient: { id: nurse.id }, sentAt: null },
    ]);
    expect(body.tasks).toMatchObject([{ ...task, patientName: patient.name, ownerName: null, overdue: false }]);
    expect(body.events.map(({ kind, actor }) => [kind, actor?.id])).toEqual([
      ['opened', undefined],
      ['seen', nurse.id],
    ]);
    expect(body.clock).toEqual({
      measured: alert.evidence[0]?.takenAt,
      heard: alert.evidence[0]?.heardAt,
      stored: null,
      opened: alert.openedAt,
      paged: sentAt,
      seen: body.events[1]?.at,
      acknowledged: null,
      // it calls nobody
      budget: null,
    });
  });

  it('that a thousand readings joined tells what people did, and the latest of what joined', async () => {
    const alert = await makeAlert(t.records, patient);
    await t.records
      .insertInto('alert_event')
      .values(Array.from({ length: 1_000 }, () => ({ alert_id: alert.id, at: ago(0), kind: 'joined' })))
      .execute();
    await asDoctor.post(`/api/v1/alerts/${alert.id}/acknowledge`, { note: 'calling her' });
    const { events } = (await asDoctor.get<Detail>(`/api/v1/alerts/${alert.id}`)).body;
    expect(events.length).toBeLessThanOrEqual(110);
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(['opened', 'joined', 'acknowledged', 'seen']));
    expect(events[0]?.kind).toBe('opened');
  });

  it('is seen once by each clinician, however often and on however many screens they look', async () => {
    const alert = await makeAlert(t.records, patient);
    const path = `/api/v1/alerts/${alert.id}`;
    await Promise.all(Array.from({ length: 8 }, () => asNurse.get(path)));
    const first = (await asNurse.get<Detail>(path)).body.clock.seen;
    const { body } = await asDoctor.get<Detail>(path);
    expect(body.events.filter((event) => event.kind === 'seen').map((event) => event.actor?.id)).toEqual([
      nurse.id,
      doctor.id,
    ]);
    expect(body.clock.seen).toBe(first);
  });

  it('is acknowledged by one; whoever comes second is told who was first, and when', async () => {
    const alert = await makeAlert(t.records, patient);
    const path = `/api/v1/alerts/${alert.id}/acknowledge`;
    const done = await asNurse.post<Detail>(path, { note: '  I am calling.  ' });
    expect(done.status).toBe(200);
    expect(done.body.alert).toMatchObject({
      state: 'acknowledged',
      acknowledgedBy: nurse.id,
      acknowledgedByName: nurse.name,
      note: 'I am calling.',
    });
    expect(done.body.clock.acknowledged).toBe(done.body.alert.acknowledgedAt);
    expect(done.body.events.at(-1)).toMatchObject({ kind: 'acknowledged', actor: { id: nurse.id } });
    const second = await asDoctor.post(path);
    expect(second).toMatchObject({
      status: 409,
      body: {
        code: 'already-acknowledged',
        by: { id: nurse.id, name: nurse.name },
        at: done.body.alert.acknowledgedAt,
      },
    });
    expect(second.headers.get('content-type')).toMatch('application/problem+json');
  });

  it('that a hundred hands reach for at once is acknowledged by exactly one', async () => {
    const alert = await makeAlert(t.records, patient);
    const hands = Array.from({ length: 20 }, (_, n) =>
      (n % 2 ? asNurse : asDoctor).post(`/api/v1/alerts/${alert.id}/acknowledge`),
    );
    const statuses = (await Promise.all(hands)).map((answer) => answer.status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(19);
  });

  it('is resolved with its outcome, acknowledged before or not, and then stays so', async () => {
    const alert = await makeAlert(t.records, patient);
    const path = `/api/v1/alerts/${alert.id}`;
    const done = await asDoctor.post<Detail>(`${path}/resolve`, {
      outcome: 'medication-changed',
      note: 'Dose raised.',
    });
    expect(done.body.alert).toMatchObject({
      state: 'resolved',
      outcome: 'medication-changed',
      resolvedBy: doctor.id,
      resolvedByName: doctor.name,
      note: 'Dose raised.',
    });
    for (const again of [asNurse.post(`${path}/resolve`, { outcome: 'other' }), asNurse.post(`${path}/acknowledge`)])
      expect(await again).toMatchObject({
        status: 409,
        body: { code: 'already-resolved', by: { id: doctor.id }, at: done.body.alert.resolvedAt },
      });
  });

  it.each([
    ['resolve', {}, '/outcome'],
    ['resolve', { outcome: 'fine' }, '/outcome'],
    ['resolve', { outcome: 'other', note: 'x'.repeat(2001) }, '/note'],
    ['resolve', { outcome: 'other', state: 'open' }, '/state'],
    ['acknowledge', { by: '00000000-0000-4000-8000-000000000000' }, '/by'],
    ['acknowledge', [], ''],
  ])('is not changed by %s with %j', async (verb, body, pointer) => {
    const alert = await makeAlert(t.records, patient);
    const answer = await asDoctor.post(`/api/v1/alerts/${alert.id}/${verb}`, body);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
    expect((await asDoctor.get<Detail>(`/api/v1/alerts/${alert.id}`)).body.alert.state).toBe('open');
  });

  const worsened = {
    voice: { rule: 'worse', ruleVersion: 1, parameters: {}, title: { en: 'Worse', zh: '加重' } },
    kind: 'worsen' as const,
    severity: 'critical' as const,
    explanation: { en: 'Worse', zh: '加重' },
    evidence: [],
    escalation,
  };
  const answers = [
    ['acknowledge', {}],
    ['snooze', { minutes: 5 }],
    ['resolve', { outcome: 'treated' }],
  ] as const;

  it.each(answers)('is not taken off the hands of the judge by a %s while it becomes graver', async (verb, body) => {
    const alert = await makeAlert(t.records, patient, { severity: 'urgent', openedAt: ago(60_000) });
    const path = `/api/v1/alerts/${alert.id}`;
    let answer: Promise<{ status: number }> | undefined;
    await t.records.transaction().execute(async (db) => {
      await changeAlert(db, alert.id, { ...worsened, at: ago(0) });
      answer = asDoctor.post(`${path}/${verb}`, body);
      await until(async () => (await waiting(t.records)) > 0);
    });
    expect(await answer).toMatchObject({ status: 409, body: { code: 'called-anew' } });
    expect((await asDoctor.get<Detail>(path)).body.alert).toMatchObject({ state: 'open', severity: 'critical' });
  });

  it.each(answers)('is not answered by a %s from a screen that showed an earlier call', async (verb, body) => {
    const alert = await makeAlert(t.records, patient, { severity: 'urgent', openedAt: ago(60_000) });
    const path = `/api/v1/alerts/${alert.id}`;
    await changeAlert(t.records, alert.id, { ...worsened, at: ago(0) });
    const seen = async (raisedAt: string) => (await asDoctor.post(`${path}/${verb}`, { ...body, raisedAt })).status;
    expect(await seen(alert.raisedAt)).toBe(409);
    expect(await seen((await asDoctor.get<Detail>(path)).body.alert.raisedAt)).toBe(200);
  });

  it('takes a note that no database would take as it is', async () => {
    const alert = await makeAlert(t.records, patient);
    const answer = await asDoctor.post<Detail>(`/api/v1/alerts/${alert.id}/acknowledge`, { note: 'a\0b \ud800 你好' });
    expect(answer).toMatchObject({ status: 200, body: { alert: { note: 'a\ufffdb \ufffd 你好' } } });
  });
});

describe('an alert in hand', () => {
  const acknowledged = async (wish: Parameters<typeof makeAlert>[2] = {}) => {
    const alert = await makeAlert(t.records, patient, wish);
    const path = `/api/v1/alerts/${alert.id}`;
    expect((await asNurse.post(`${path}/acknowledge`)).status).toBe(200);
    return path;
  };

  it('is handed over to a colleague of the team, or taken over, and to nobody else', async () => {
    const path = await acknowledged();
    const given = await asNurse.post<Detail>(`${path}/hand-over`, { to: doctor.id, note: 'My shift is over.' });
    expect(given.body.alert).toMatchObject({
      state: 'acknowledged',
      acknowledgedBy: doctor.id,
      handedOverByName: nurse.name,
      note: 'My shift is over.',
    });
    expect(given.body.events.at(-1)).toMatchObject({
      ...{ kind: 'handed-over', actor: { id: nurse.id }, to: { id: doctor.id, name: doctor.name } },
    });
    const taken = await asNurse.post<Detail>(`${path}/hand-over`, { to: nurse.id });
    // whoever takes it was given it by nobody
    expect(taken.body.alert).toMatchObject({ acknowledgedBy: nurse.id, handedOverByName: null });
    expect(await asNurse.post(`${path}/hand-over`, { to: nurse.id })).toMatchObject({
      ...{ status: 409, body: { code: 'already-theirs', by: { id: nurse.id } } },
    });
    const stranger = await makeClinician(t.records, { teams: [await makeTeam(t.records)] });
    const administrator = await makeClinician(t.records, { teams: [team], role: 'administrator' });
    for (const to of [stranger.id, administrator.id, crypto.randomUUID()])
      expect(await asNurse.post(`${path}/hand-over`, { to })).toMatchObject({
        ...{ status: 422, body: { errors: [{ pointer: '/to' }] } },
      });
    const open = await makeAlert(t.records, patient);
    expect(await asNurse.post(`/api/v1/alerts/${open.id}/hand-over`, { to: nurse.id })).toMatchObject({
      ...{ status: 409, body: { code: 'not-acknowledged' } },
    });
  });

  it.each([
    ['critical', 60],
    ['urgent', 12 * 60],
    ['routine', 7 * 24 * 60],
  ] as const)('that is %s is snoozed for %i minutes at most, and that can be undone', async (severity, most) => {
    const alert = await makeAlert(t.records, patient, { severity });
    const path = `/api/v1/alerts/${alert.id}`;
    for (const minutes of [0, 4, most + 1, 5.5])
      expect(await asNurse.post(`${path}/snooze`, { minutes })).toMatchObject({
        ...{ status: 422, body: { errors: [{ pointer: '/minutes' }] } },
      });
    const { alert: snoozed, events } = (
      await asNurse.post<Detail>(`${path}/snooze`, { minutes: most, note: 'I know.' })
    ).body;
    expect(snoozed).toMatchObject({ state: 'acknowledged', acknowledgedBy: nurse.id, note: 'I know.' });
    expect(events.at(-1)).toMatchObject({ kind: 'snoozed', until: snoozed.snooze?.until });
    expect(Date.parse(snoozed.snooze?.until ?? '') - Date.parse(snoozed.snooze?.at ?? '')).toBe(most * 60_000);
    const agenda = await t.records.selectFrom('agenda').selectAll().where('subject', '=', alert.id).execute();
    expect(agenda).toMatchObject([{ kind: 'snooze-over', done_at: null }]);
    const undone = (await asDoctor.post<Detail>(`${path}/unsnooze`)).body.alert;
    expect(undone).toMatchObject({ state: 'open', snooze: null, acknowledgedBy: null });
    expect(await asDoctor.post(`${path}/unsnooze`)).toMatchObject({ status: 409, body: { code: 'not-snoozed' } });
  });

  it('tells by its clock whether somebody answered within five minutes of the measurement, and so does the report', async () => {
    const other = await makeTeam(t.records);
    const who = await makePatient(t.records, { team: other });
    const asOther = await t.as(await makeClinician(t.records, { teams: [other] }));
    for (const minutes of [1, 3, 9]) {
      const openedAt = ago(minutes * 60_000);
      const alert = await makeAlert(t.records, who, { openedAt, escalation });
      const { clock } = (await asOther.post<Detail>(`/api/v1/alerts/${alert.id}/acknowledge`)).body;
      expect(clock.budget).toEqual({
        endsAt: new Date(Date.parse(openedAt) + 300_000).toISOString(),
        kept: minutes < 5,
      });
    }
    const waiting = await makeAlert(t.records, who, { openedAt: ago(20 * 60_000), escalation });
    expect((await asOther.get<Detail>(`/api/v1/alerts/${waiting.id}`)).body.clock.budget?.kept).toBe(false);
    // what was critical counts, also when it came back less grave
    const [back] = (await asOther.get<{ alerts: AlertView[] }>('/api/v1/alerts?state=acknowledged')).body.alerts;
    await asOther.post(`/api/v1/alerts/${back!.id}/resolve`, { outcome: 'treated' });
    const { rule, ruleVersion, parameters, title, explanation, evidence } = back!;
    const voice = { rule, ruleVersion, parameters, title };
    const found = { voice, severity: 'routine', explanation, evidence, escalation: null } as const;
    await changeAlert(t.records, back!.id, { kind: 'reopen', ...found, at: ago(0) });
    const report = async (query = '') => (await asOther.get<ResponseTimes>(`/api/v1/response-times${query}`)).body;
    const { teams, budgetMs, complete } = await report();
    expect([budgetMs, complete]).toEqual([300_000, true]);
    expect(teams).toMatchObject([{ team: { id: other }, calls: 4, answered: 3, within: 2, share: 0.5 }]);
    const seconds = [teams[0]?.medianMs, teams[0]?.p90Ms, teams[0]?.worstMs].map((ms) =>
      Math.floor((ms ?? 0) / 60_000),
    );
    expect(seconds).toEqual([3, 20, 20]);
    expect((await report(`?from=${ago(4 * 60_000)}&to=${ago(0)}`)).teams).toMatchObject([
      { calls: 2, within: 2, share: 1 },
    ]);
    for (const query of ['?from=then', `?from=${ago(0)}&to=${ago(1)}`, `?from=${ago(500 * 86_400_000)}`])
      expect((await asOther.get(`/api/v1/response-times${query}`)).status).toBe(422);
    expect(await t.deps.metrics.registry.metrics()).toMatch(/hearthbeat_alert_acknowledged_seconds_count 3/);
  });
});

describe('the list of alerts', () => {
  it('is newest first, by state, by patient and page by page', async () => {
    const other = await makePatient(t.records, { team });
    const alerts = [];
    for (const minutes of [3, 2, 1])
      alerts.unshift(await makeAlert(t.records, other, { openedAt: ago(minutes * 60_000) }));
    await asNurse.post(`/api/v1/alerts/${alerts[0]?.id}/acknowledge`);
    await asNurse.post(`/api/v1/alerts/${alerts[2]?.id}/resolve`, { outcome: 'recovered' });
    const list = async (query: string) =>
      (await asNurse.get<{ alerts: AlertView[] }>(`/api/v1/alerts?patient=${other.id}${query}`)).body.alerts.map(
        (alert) => alert.id,
      );
    const [a, b, c] = alerts.map((alert) => alert.id);
    expect(await list('')).toEqual([a, b, c]);
    expect(await list('&state=open,acknowledged')).toEqual([a, b]);
    expect(await list('&state=resolved')).toEqual([c]);
    expect(await list('&limit=1')).toEqual([a]);
    expect(await list(`&limit=5&before=${alerts[0]?.openedAt}`)).toEqual([b, c]);
  });

  it.each(['state=', 'state=open,', 'state=closed', 'limit=201', 'before=then', 'patient=me', 'team=any'])(
    'does not understand %s',
    async (query) => {
      expect((await asNurse.get(`/api/v1/alerts?${query}`)).status).toBe(422);
    },
  );
});
