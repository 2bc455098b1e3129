import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onCallStep } from '#domain/escalation.ts';
import type { TeamId } from '#domain/ids.ts';
import type { Clinician } from '#domain/people.ts';
import type { OnCallView, PoliciesView, Rehearsal, RotaView } from '#domain/rota-views.ts';
import type { Problem } from '#domain/views.ts';
import { writePageChannels } from '#runtime/records/reachability.ts';
import { type Caller, testApi } from '../support/api.ts';
import { makeClinician, makeTeam } from '../support/people.ts';
import { layerOf, openChannel, rotaOf, usualPolicies } from '../support/rota.ts';

/** A care team sets down who is on call and whom alerts call. */

let t: Awaited<ReturnType<typeof testApi>>;
beforeAll(async () => {
  t = await testApi();
  await openChannel(t.records);
});
afterAll(() => t.stop());

type Room = { team: TeamId; ann: Clinician; ben: Clinician; nurse: Clinician; doctor: Caller; path: string };

async function room(): Promise<Room> {
  const team = await makeTeam(t.records, { timeZone: 'Europe/Berlin', policies: usualPolicies });
  const [ann, ben] = [
    await makeClinician(t.records, { teams: [team], role: 'doctor' }),
    await makeClinician(t.records, { teams: [team], role: 'doctor' }),
  ];
  const nurse = await makeClinician(t.records, { teams: [team], role: 'nurse' });
  return { team, ann, ben, nurse, doctor: await t.as(ann), path: `/api/v1/teams/${team}` };
}

const actionsOf = async (team: TeamId) =>
  (await t.records.selectFrom('audit').select(['action', 'detail']).orderBy('seq').execute())
    .filter(({ detail }) => (detail as { team?: string }).team === team)
    .map(({ action }) => action);

describe('a rota', () => {
  it('is set down as a whole, tells who is on call, warns of its gaps, and remembers who changed it', async () => {
    const { team, ann, ben, doctor, path } = await room();
    const before = (await doctor.get<RotaView>(`${path}/rota`)).body;
    expect(before).toMatchObject({ version: 0, rota: { layers: [], holidays: [] }, places: [0, 1] });
    expect(before.gaps).toHaveLength(2);

    const days = {
      ...layerOf('days', [ann.id], [ben.id]),
      shifts: [{ days: [1, 2, 3, 4, 5], from: '08:00', to: '20:00' }],
    };
    const saved = await doctor.put<RotaView>(`${path}/rota`, {
      version: 0,
      rota: rotaOf(days, layerOf('else', [ben.id])),
    });
    expect(saved.status).toBe(200);
    expect(saved.body).toMatchObject({ version: 1, updatedBy: { id: ann.id }, unreachable: [] });
    expect(saved.body.people.map(({ channels, mayServe }) => [channels, mayServe])).toEqual(
      Array.from({ length: 3 }, () => [['smtp'], true]),
    );
    // the first place is never empty, the second one at night and on weekends
    expect(new Set(saved.body.gaps.map(({ place }) => place))).toEqual(new Set([1]));

    // the week in which Berlin sets its clocks back
    const week = '?from=2026-10-23T22:00:00Z&to=2026-10-26T23:00:00Z';
    const { body } = await doctor.get<OnCallView>(`${path}/on-call${week}`);
    expect(body.watches.map((watch) => [watch.from, watch.duties.map(({ layer }) => layer)])).toEqual([
      ['2026-10-23T22:00:00.000Z', ['else']],
      ['2026-10-26T07:00:00.000Z', ['days', 'days']],
      ['2026-10-26T19:00:00.000Z', ['else']],
    ]);
    expect(body.people.map(({ id }) => id).toSorted()).toEqual([ann.id, ben.id].toSorted());
    expect(await actionsOf(team)).toEqual(['rota-changed']);
  });

  it('is not overwritten by whoever saw an older one', async () => {
    const { ann, ben, doctor, path } = await room();
    await doctor.put(`${path}/rota`, { version: 0, rota: rotaOf(layerOf('one', [ann.id])) });
    const late = await (await t.as(ben)).put(`${path}/rota`, { version: 0, rota: rotaOf() });
    expect(late).toMatchObject({ status: 409, body: { code: 'changed-meanwhile', by: { id: ann.id } } });
    expect((await doctor.get<RotaView>(`${path}/rota`)).body.rota.layers).toHaveLength(1);
  });

  it('holds nobody who cannot be reached, is of another team, or may not sign in', async () => {
    const { ann, ben, doctor, path } = await room();
    const stranger = await makeClinician(t.records, { teams: [], role: 'doctor' });
    const rota = rotaOf(layerOf('one', [ann.id], [ann.id, stranger.id]));
    const refused = await doctor.put(`${path}/rota`, { version: 0, rota });
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'not-in-team', errors: [{ pointer: '/rota/layers/0/places/1/people/1', detail: stranger.id }] },
    });
    try {
      await writePageChannels(t.records, [{ name: 'sms', reaches: 'phone', confidential: false }]);
      const mute = await doctor.put(`${path}/rota`, { version: 0, rota: rotaOf(layerOf('one', [ben.id])) });
      expect(mute).toMatchObject({
        status: 422,
        body: { code: 'unreachable', errors: [{ pointer: '/rota/layers/0/places/0/people/0', detail: ben.id }] },
      });
    } finally {
      await openChannel(t.records);
    }
    const nowhere = rotaOf({ ...layerOf('one', [ann.id]), until: '2025-12-31' });
    expect(await doctor.put(`${path}/rota`, { version: 0, rota: nowhere })).toMatchObject({
      body: { code: 'invalid', errors: [{ pointer: '/rota/layers/0/until' }] },
    });
    const wrongTime = rotaOf({ ...layerOf('one', [ann.id]), shifts: [{ days: [8], from: '8:00', to: '24:00' }] });
    expect((await doctor.put<Problem>(`${path}/rota`, { version: 0, rota: wrongTime })).body.errors).toHaveLength(3);
  });

  it('lets somebody cover, takes that away, and brings it back', async () => {
    const { team, ann, ben, nurse, doctor, path } = await room();
    await doctor.put(`${path}/rota`, { version: 0, rota: rotaOf(layerOf('one', [ann.id])) });
    const now = t.clock.now();
    const [from, to] = [now - 60_000, now + 3_600_000].map((at) => new Date(at).toISOString());
    const cover = { clinician: ben.id, instead: { kind: 'person', person: ann.id }, from, to };
    const onCall = async () =>
      (await doctor.get<OnCallView>(`${path}/on-call`)).body.now.map(({ clinician }) => clinician);
    const caller = await t.as(nurse);
    const { body } = await caller.post<{ id: string }>(`${path}/overrides`, cover);
    expect(await onCall()).toEqual([ben.id]);
    const one = `${path}/overrides/${body.id}`;
    // as often as one likes
    for (let i = 0; i < 2; i++) expect((await caller.delete(one)).status).toBe(200);
    expect(await onCall()).toEqual([ann.id]);
    for (let i = 0; i < 2; i++) expect((await caller.post(`${one}/restore`, {})).status).toBe(200);
    expect(await onCall()).toEqual([ben.id]);
    expect((await doctor.get<RotaView>(`${path}/rota`)).body.overrides).toMatchObject([{ id: body.id, ...cover }]);
    expect(await actionsOf(team)).toEqual([
      ...['rota-changed', 'rota-override-added', 'rota-override-removed', 'rota-override-restored'],
    ]);
    expect(await caller.post(`${path}/overrides`, { ...cover, to: from })).toMatchObject({ status: 422 });
    expect(await caller.post(`${path}/overrides`, { ...cover, clinician: ann.id })).toMatchObject({ status: 422 });
    expect(await caller.delete(`${path}/overrides/${randomUUID()}`)).toMatchObject({ status: 404 });
    const other = await room();
    expect(await other.doctor.delete(`${other.path}/overrides/${body.id}`)).toMatchObject({ status: 404 });
    expect(await other.doctor.delete(one)).toMatchObject({ status: 404 });
  });
});

describe('policies', () => {
  it('are rehearsed before they are set down: who would be called when, at a moment of one’s choice', async () => {
    const { team, ann, ben, nurse, doctor, path } = await room();
    const { rota, version } = { rota: rotaOf(layerOf('one', [ann.id, ben.id], [ben.id, ann.id])), version: 0 };
    await doctor.put(`${path}/rota`, { version, rota });
    const rehearse = async (wish: object) => (await doctor.post<Rehearsal>(`${path}/policies/rehearsal`, wish)).body;
    // a Sunday night: between the two calls the week changes, and with it who is first
    const calls = await rehearse({ at: '2026-01-11T22:58:00Z', severity: 'critical' });
    expect(calls.calls?.slice(0, 3).map(({ at, recipients }) => [at, recipients.map(({ id }) => id)])).toEqual([
      ['2026-01-11T22:58:00.000Z', [ann.id]],
      ['2026-01-11T23:03:00.000Z', [ann.id]],
      ['2026-01-11T23:18:00.000Z', [ben.id]],
    ]);
    expect(calls.calls).toHaveLength(6);
    expect(await rehearse({ at: '2026-01-11T22:58:00Z', severity: 'routine' })).toEqual({
      calls: null,
      quietUntil: null,
    });

    const { body } = await doctor.get<PoliciesView>(`${path}/policies`);
    const routine = {
      steps: [{ afterSeconds: 0, targets: [{ kind: 'role' as const, role: 'nurse' as const }], channels: ['smtp'] }],
      repeatAfterSeconds: 3_600,
      rounds: 1,
    };
    const policies = { ...body.policies, routine };
    const quiet = await rehearse({ at: '2026-01-11T22:58:00Z', severity: 'routine', policies });
    expect(quiet).toMatchObject({
      quietUntil: '2026-01-12T06:00:00.000Z',
      calls: [{ at: '2026-01-12T06:00:00.000Z', recipients: [{ id: nurse.id }], channels: ['smtp'], everybody: false }],
    });
    const saved = await doctor.put<PoliciesView>(`${path}/policies`, { version: body.version, policies });
    expect(saved).toMatchObject({ status: 200, body: { version: 2, policies, channels: ['smtp'] } });
    expect(await doctor.put(`${path}/policies`, { version: 1, policies })).toMatchObject({
      status: 409,
      body: { code: 'changed-meanwhile', by: { id: ann.id } },
    });
    expect(await actionsOf(team)).toEqual(['rota-changed', 'policies-changed']);
  });

  it('name channels that there are, people of the team, and steps in the order of time', async () => {
    const { doctor, path } = await room();
    const stranger = await makeClinician(t.records, { teams: [], role: 'doctor' });
    const put = (steps: object[]) =>
      doctor.put<Problem>(`${path}/policies`, {
        version: 1,
        policies: { ...usualPolicies, critical: { steps, repeatAfterSeconds: 900, rounds: 1 } },
      });
    const steps = [{ ...onCallStep(60, 0), channels: ['pigeon'] }, onCallStep(0, 1)];
    expect((await put(steps)).body.errors?.map(({ pointer }) => pointer)).toEqual([
      '/policies/critical/steps/0/channels',
      '/policies/critical/steps/1/afterSeconds',
    ]);
    const person = { afterSeconds: 0, targets: [{ kind: 'person', clinician: stranger.id }], channels: null };
    expect(await put([person])).toMatchObject({ status: 422, body: { code: 'not-in-team' } });
    expect(await put([])).toMatchObject({ status: 422, body: { code: 'invalid' } });
    expect(await put([{ ...onCallStep(0, 0), targets: [] }])).toMatchObject({ status: 422 });
  });

  it('call everybody of the team where the rota has a gap, and the rehearsal says so', async () => {
    const { ann, ben, nurse, doctor, path } = await room();
    const wish = { at: '2026-11-22T12:00:00Z', severity: 'critical' };
    const { calls } = (await doctor.post<Rehearsal>(`${path}/policies/rehearsal`, wish)).body;
    expect(calls?.map(({ everybody }) => everybody)).toEqual([true, true, true]);
    expect(calls?.[0]?.recipients.map(({ id }) => id).toSorted()).toEqual([ann.id, ben.id, nurse.id].toSorted());
  });
});
