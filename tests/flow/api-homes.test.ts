import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CodeGiven, SourceDetail, TokenGiven } from '#domain/homes.ts';
import type { PatientId, TeamId } from '#domain/ids.ts';
import { DeviceId, SourceId } from '#domain/ids.ts';
import type { Problem } from '#domain/views.ts';
import { listAudit, verifyAudit } from '#runtime/records/audit.ts';
import { addCertificate } from '#runtime/records/certificates.ts';
import { quarantine } from '#runtime/records/quarantine.ts';
import { findCredentials, hashToken } from '#runtime/records/sources.ts';
import { type Caller, testApi } from '../support/api.ts';
import { makeClinician, makePatient, makeSource, makeTeam } from '../support/people.ts';
import { cuffReading } from '../support/readings.ts';

/** Homes, devices, quarantine and erasure through the API, as an administrator of one care team does it. */

let t: Awaited<ReturnType<typeof testApi>>;
let mine: TeamId;
let administrator: Caller;
let patient: PatientId;
let stranger: PatientId;
beforeAll(async () => {
  t = await testApi({ config: { boxesPin: () => '01234567-89abcdef-01234567-89abcdef' } });
  mine = await makeTeam(t.records);
  administrator = await t.as(await makeClinician(t.records, { teams: [mine], role: 'administrator' }));
  patient = (await makePatient(t.records, { team: mine, name: 'Wang Guilan' })).id;
  stranger = (await makePatient(t.records, { team: await makeTeam(t.records), name: 'Somebody Else' })).id;
});
afterAll(() => t.stop());

const register = async (kind: 'gateway' | 'device') => {
  const { body } = await administrator.post<SourceDetail>('/api/v1/sources', { kind });
  return body.source.id;
};
const detailOf = async (source: string) => (await administrator.get<SourceDetail>(`/api/v1/sources/${source}`)).body;
const anyDevice = () => DeviceId.parse(`device-${randomBytes(4).toString('hex')}`);
const give = (wish: object) => administrator.post<Problem & { id: string }>('/api/v1/assignments', wish);

describe('sources', () => {
  it('are registered under a name that can be read out, get a code, and the platform’s fingerprint beside it', async () => {
    const source = await register('gateway');
    expect(source).toMatch(/^gw-[0-9a-hjkmnp-tv-z]{6}$/);
    const { status, body } = await administrator.post<CodeGiven>(`/api/v1/sources/${source}/codes`, {});
    expect(status).toBe(200);
    expect(body).toMatchObject({
      code: expect.stringMatching(/^\w{4}-\w{4}$/),
      authority: '01234567-89abcdef-01234567-89abcdef',
    });
    expect((await detailOf(source)).source.codeUntil).toBe(body.expiresAt);
    const again = await administrator.post('/api/v1/sources', { kind: 'gateway', id: source });
    expect(again).toMatchObject({ status: 409, body: { code: 'source-taken' } });
  });

  it('that are direct devices get a token that opens the door; a gateway gets none', async () => {
    const source = SourceId.parse(await register('device'));
    const { body } = await administrator.post<TokenGiven>(`/api/v1/sources/${source}/tokens`, {});
    const known = (await findCredentials(t.records, [source])).get(source);
    expect(known?.secretHash).toBe(hashToken(body.token));
    // the ward of these tests has no authority of its own
    expect(body.authority).toBeNull();
    const gateway = await register('gateway');
    expect(await administrator.post(`/api/v1/sources/${gateway}/tokens`, {})).toMatchObject({
      status: 409,
      body: { code: 'wants-code' },
    });
  });

  it('are shut out with a reason, for ever; one certificate alone leaves the source', async () => {
    const source = SourceId.parse(await register('gateway'));
    const fingerprint = randomBytes(32).toString('hex');
    await addCertificate(t.records, source, {
      ...{ certificate: '', serial: fingerprint.slice(0, 30), fingerprint, keyFingerprint: fingerprint },
      ...{ issuedAt: new Date().toISOString(), notAfter: new Date(Date.now() + 86_400_000).toISOString() },
    });
    expect((await detailOf(source)).source.credential).toBe('certificate');
    const path = `/api/v1/sources/${source}/certificates/${fingerprint}/revoke`;
    expect((await administrator.post(path, {})).status).toBe(422);
    expect((await administrator.post(path, { reason: 'returned' })).status).toBe(200);
    expect((await administrator.post(path, { reason: 'returned' })).status).toBe(404);
    expect((await detailOf(source)).source).toMatchObject({ credential: null, revokedAt: null });
    const revoke = () => administrator.post(`/api/v1/sources/${source}/revoke`, { reason: 'replaced' });
    expect((await revoke()).status).toBe(200);
    for (const answer of [
      await revoke(),
      await administrator.post(`/api/v1/sources/${source}/codes`, {}),
      await administrator.put(`/api/v1/sources/${source}/devices/${anyDevice()}`, {}),
    ])
      expect(answer).toMatchObject({ status: 409, body: { code: 'source-revoked' } });
    const told = await listAudit(t.records, { limit: 2, source });
    expect(told.map((row) => [row.action, row.detail.reason])).toEqual([
      ['source-revoked', 'replaced'],
      ['certificate-revoked', 'returned'],
    ]);
    expect((await verifyAudit(t.records)).broken).toBeNull();
  });
});

describe('devices', () => {
  it('go to patients of one’s own team only; another team’s holder is there without a name and cannot be touched', async () => {
    const source = SourceId.parse(await register('gateway'));
    const device = anyDevice();
    await administrator.put(`/api/v1/sources/${source}/devices/${device}`, { model: 'UA-651BLE' });
    expect((await give({ device, patient: stranger })).status).toBe(404);
    await t.records
      .insertInto('assignment')
      .values({
        ...{ id: randomUUID(), device_id: device, user_slot: 1, patient_id: stranger },
        ...{ from_at: '2026-01-01T00:00:00Z', created_by: null },
      })
      .execute();
    const answer = await administrator.get<SourceDetail>(`/api/v1/sources/${source}`);
    const [holding] = answer.body.devices[0]?.holdings ?? [];
    expect(holding).toMatchObject({ userSlot: 1, patient: null, undoable: false });
    for (const trace of [stranger, 'Somebody Else']) expect(answer.text).not.toContain(trace);
    for (const how of ['end', 'undo'])
      expect((await administrator.post(`/api/v1/assignments/${holding?.id}/${how}`, {})).status).toBe(404);
    expect(await give({ device, patient })).toMatchObject({ status: 409, body: { code: 'device-taken' } });
    expect((await give({ device, patient, userSlot: 2 })).status).toBe(200);
    expect((await administrator.get('/api/v1/patients?search=Somebody')).body).toEqual({ patients: [], more: false });
    expect((await administrator.get('/api/v1/sources?search=Somebody')).body).toMatchObject({ sources: [] });
  });

  it('are given, taken back and given again with a history; a slip is undone as if it had never been, for a quarter of an hour', async () => {
    const source = await register('gateway');
    const device = anyDevice();
    await administrator.put(`/api/v1/sources/${source}/devices/${device}`, {});
    const holdings = async () => (await detailOf(source)).devices[0]?.holdings ?? [];
    const slip = (await give({ device, patient })).body.id;
    expect((await administrator.post(`/api/v1/assignments/${slip}/undo`, {})).status).toBe(204);
    expect(await holdings()).toEqual([]);
    const [from, to] = ['2026-03-01T08:00:00.000Z', '2026-03-09T08:00:00.000Z'];
    await give({ device, patient, from, to });
    expect(await give({ device, patient, from: to, to: from })).toMatchObject({ status: 422 });
    const second = (await give({ device, patient, from: to })).body.id;
    t.clock.ahead(16 * 60_000);
    expect(await administrator.post(`/api/v1/assignments/${second}/undo`, {})).toMatchObject({
      status: 409,
      body: { code: 'too-late-to-undo' },
    });
    expect((await administrator.post(`/api/v1/assignments/${second}/end`, {})).status).toBe(204);
    expect((await administrator.post(`/api/v1/assignments/${second}/end`, {})).status).toBe(409);
    expect((await holdings()).map((one) => [one.from, one.to !== null])).toEqual([
      [to, true],
      [from, true],
    ]);
  });

  it('move to another gateway only when that is said', async () => {
    const [one, other] = [await register('gateway'), await register('gateway')];
    const device = anyDevice();
    await administrator.put(`/api/v1/sources/${one}/devices/${device}`, {});
    const put = (body: object) => administrator.put(`/api/v1/sources/${other}/devices/${device}`, body);
    expect(await put({})).toMatchObject({ status: 409, body: { code: 'device-elsewhere' } });
    expect((await put({ move: true })).status).toBe(200);
    expect((await detailOf(one)).devices).toEqual([]);
    // nor on the side, with an assignment
    expect(await give({ device, source: one, patient })).toMatchObject({
      status: 409,
      body: { code: 'device-elsewhere' },
    });
    expect((await detailOf(other)).devices).toMatchObject([{ device, holdings: [] }]);
  });

  it('come through no source that is not there or was shut out', async () => {
    const device = anyDevice();
    expect((await give({ device, source: 'gw-nowhere', patient })).status).toBe(404);
    const source = await register('gateway');
    await administrator.post(`/api/v1/sources/${source}/revoke`, { reason: 'returned' });
    expect(await give({ device, source, patient })).toMatchObject({ status: 409, body: { code: 'source-revoked' } });
  });

  it('are taken back from a time after they were given: what was is not unsaid by the back door', async () => {
    const source = await register('gateway');
    const device = anyDevice();
    const from = '2026-03-01T08:00:00.000Z';
    const { id } = (await give({ device, source, patient, from })).body;
    const end = (at: string) => administrator.post(`/api/v1/assignments/${id}/end`, { at });
    for (const at of [from, '2026-01-01T00:00:00.000Z']) expect((await end(at)).status).toBe(422);
    expect((await end('2026-03-02T08:00:00.000Z')).status).toBe(204);
    expect((await detailOf(source)).devices[0]?.holdings).toHaveLength(1);
  });
});

describe('quarantine', () => {
  it('is listed without a value, is looked into under audit, and lets in what a correction has put right', async () => {
    const { source } = await makeSource(t.records);
    const device = anyDevice();
    const reading = cuffReading({ device, systolic: 177, takenAt: '2026-07-30T08:00:00.000Z' });
    await t.records.transaction().execute((db) =>
      quarantine(db, [
        {
          ...{ source, receivedAt: Date.now(), reason: 'unknown-device' as const, detail: 'not registered' },
          ...{ ref: undefined, payload: Buffer.from(JSON.stringify(reading)) },
          about: { device, panel: 'blood-pressure' as const, takenAt: Date.parse(reading.takenAt), readings: 1 },
        },
      ]),
    );
    type Listed = { items: { key: string; state: string }[]; waiting: { readings: number } };
    const list = () => administrator.get<Listed>(`/api/v1/quarantine?source=${source}`);
    const listed = await list();
    expect(listed.body.waiting.readings).toBe(1);
    expect(listed.text).not.toContain('177');
    const key = listed.body.items[0]?.key;
    const looked = await administrator.get<{ reading: { values: object[] } }>(`/api/v1/quarantine/${key}`);
    expect(looked.body.reading.values[0]).toMatchObject({ vital: 'systolic', value: 177 });
    expect((await listAudit(t.records, { limit: 1 }))[0]).toMatchObject({ action: 'quarantine-viewed', device });

    const release = () => administrator.post('/api/v1/quarantine/release', { source });
    expect((await release()).body).toMatchObject({ released: 0, refused: [{ reason: 'unknown-device', readings: 1 }] });
    await give({ device, source, patient, from: '2026-07-30T07:00:00.000Z' });
    expect((await release()).body).toEqual({ released: 1, others: 0, refused: [], more: false });
    expect((await list()).body).toMatchObject({ items: [{ key, state: 'released' }], waiting: { readings: 0 } });
  });
});

describe('erasure', () => {
  it('asks for the id twice, for patients of one’s own team only, and is reported without a name', async () => {
    const leaving = (await makePatient(t.records, { team: mine, name: 'Leaving Soon' })).id;
    const ask = (body: object) => administrator.post('/api/v1/erasures', { reason: 'asked-by-patient', ...body });
    expect((await ask({ patient: leaving, confirm: patient })).status).toBe(422);
    expect((await ask({ patient: stranger, confirm: stranger })).status).toBe(404);
    expect((await ask({ patient: leaving, confirm: leaving })).status).toBe(200);
    const reported = await administrator.get('/api/v1/erasures');
    expect(reported.text).toContain(leaving);
    expect(reported.text).not.toContain('Leaving Soon');
    expect((await administrator.get('/api/v1/patients?search=Leaving')).body).toMatchObject({ patients: [] });
    const elsewhere = await makeClinician(t.records, { teams: [await makeTeam(t.records)], role: 'administrator' });
    expect((await (await t.as(elsewhere)).get('/api/v1/erasures')).body).toEqual({ erasures: [] });
  });
});
