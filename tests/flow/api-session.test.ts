import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clinician } from '#domain/people.ts';
import type { Problem, SessionView } from '#domain/views.ts';
import { disableClinician } from '#runtime/records/clinicians.ts';
import { hashPassword } from '#runtime/records/passwords.ts';
import { absoluteMs, idleMs, sessionsAtMost } from '#runtime/records/sessions.ts';
import { testApi } from '../support/api.ts';
import { makeClinician, makeTeam, password } from '../support/people.ts';

let t: Awaited<ReturnType<typeof testApi>>;
let team: Awaited<ReturnType<typeof makeTeam>>;
let nurse: Clinician;
beforeAll(async () => {
  t = await testApi();
  team = await makeTeam(t.records);
  nurse = await makeClinician(t.records, { teams: [team] });
});
afterAll(() => t.stop());

const signIn = (email: string, words: string, headers?: Record<string, string>) =>
  t.caller().post<Problem & SessionView>('/api/v1/session', { email, password: words }, headers);
/** From another address, as a proxy on this machine would name it: each test has limits of its own. */
const from = (address: string) => ({ 'x-forwarded-for': address });

describe('signing in', () => {
  it('tells who one is and gives a cookie that no script reads and no other site sends', async () => {
    const answer = await signIn(` ${nurse.email.toUpperCase()} `, password);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      clinician: nurse,
      teams: [{ id: team }],
      neighbourhood: false,
      vitalsStore: 'postgresql',
    });
    const cookie = answer.headers.getSetCookie().join();
    expect(cookie).toMatch(/^hearthbeat_session=[A-Za-z0-9_-]{43};/);
    for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(part);
    expect(cookie).not.toContain('Secure');
    const session = await t.caller(answer.cookie).get<SessionView>('/api/v1/session');
    expect(session.body).toEqual(answer.body);
  });

  it('keeps nothing in the database with which one could sign in', async () => {
    const { cookie } = await signIn(nurse.email, password);
    const token = cookie?.split('=')[1] ?? '';
    const rows = await t.records.selectFrom('session').selectAll().execute();
    expect(token).toHaveLength(43);
    expect(JSON.stringify(rows)).not.toContain(token);
    for (const row of rows)
      expect((await t.caller(`hearthbeat_session=${row.token_hash}`).get('/api/v1/session')).status).toBe(401);
  });

  it('answers an unknown address, a wrong password and a disabled clinician alike, and takes as long', async () => {
    const gone = await makeClinician(t.records, { teams: [team] });
    await disableClinician(t.records, gone.id, new Date().toISOString());
    const tries: [string, string][] = [
      ['nobody@clinic.example', password],
      [nurse.email, 'wrong'],
      [gone.email, password],
      ['no address', 'x'],
      ["' or 1=1 --", 'x'],
    ];
    const problems: Problem[] = [];
    const durations: number[] = [];
    for (const [email, words] of tries) {
      const startedAt = performance.now();
      const answer = await signIn(email, words, from('198.51.100.1'));
      durations.push(performance.now() - startedAt);
      expect(answer.status).toBe(401);
      expect(answer.headers.getSetCookie()).toEqual([]);
      const { instance: _, ...problem } = answer.body;
      problems.push(problem);
    }
    for (const problem of problems) expect(problem).toEqual(problems[0]);
    expect(problems[0]).toMatchObject({ code: 'wrong-credentials' });
    let oneHashMs = Number.POSITIVE_INFINITY;
    for (let n = 0; n < 5; n++) {
      const startedAt = performance.now();
      await hashPassword('x');
      oneHashMs = Math.min(oneHashMs, performance.now() - startedAt);
    }
    // each hashed a password: none came back at once
    expect(Math.min(...durations)).toBeGreaterThan(oneHashMs / 2);
  });

  it('is refused with 429 after too many wrong passwords, right ones included, and from elsewhere goes on', async () => {
    const doctor = await makeClinician(t.records, { teams: [team], role: 'doctor' });
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => signIn(doctor.email, 'guess', from('198.51.100.2'))),
    );
    expect(answers.filter((each) => each.status === 429)).toHaveLength(2);
    const refused = await signIn(doctor.email, password, from('198.51.100.2'));
    expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-attempts' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(200);
    expect((await signIn(doctor.email, password, from('198.51.100.3'))).status).toBe(200);
  });

  it.each([
    [{ email: 'a@b.example', password: 'x', remember: true }, '/remember'],
    [{ email: 'a@b.example' }, '/password'],
    [{ email: 'a@b.example', password: '' }, '/password'],
    [{ email: 'a@b.example', password: 'x'.repeat(257) }, '/password'],
    [{ email: ['a'], password: 'x' }, '/email'],
    [null, ''],
    ['"text"', ''],
  ])('takes no body such as %j', async (body, pointer) => {
    const answer = await t.caller().post('/api/v1/session', body);
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid', errors: [{ pointer }] } });
  });
});

describe('a session', () => {
  it('ends by signing out, and the cookie opens nothing any more', async () => {
    const me = await t.as(nurse);
    const out = await me.delete('/api/v1/session');
    expect(out.status).toBe(204);
    expect(out.headers.getSetCookie().join()).toMatch(/hearthbeat_session=;.*Expires=Thu, 01 Jan 1970/);
    expect(await me.get('/api/v1/session')).toMatchObject({ status: 401, body: { code: 'not-signed-in' } });
    expect((await me.delete('/api/v1/session')).status).toBe(401);
  });

  it('ends at once for a clinician who is disabled', async () => {
    const leaver = await makeClinician(t.records, { teams: [team] });
    const me = await t.as(leaver);
    expect((await me.get('/api/v1/worklist')).status).toBe(200);
    await disableClinician(t.records, leaver.id, new Date().toISOString());
    expect((await me.get('/api/v1/worklist')).status).toBe(401);
  });

  it('ends after thirty minutes without use, and twelve hours after signing in whatever its use', async () => {
    const [idle, busy] = await Promise.all([t.as(nurse), t.as(nurse)]);
    let used = 0;
    for (; used + idleMs < absoluteMs; used += idleMs - 60_000) {
      expect((await busy.get('/api/v1/session')).status).toBe(200);
      t.clock.ahead(idleMs - 60_000);
      if (used === 0) expect((await idle.get('/api/v1/session')).status).toBe(200);
    }
    expect((await idle.get('/api/v1/session')).status).toBe(401);
    const last = await busy.get<SessionView>('/api/v1/session');
    expect(last.status).toBe(200);
    t.clock.ahead(absoluteMs - used);
    expect((await busy.get('/api/v1/session')).status).toBe(401);
    expect(Date.parse(last.body.expiresAt)).toBeLessThanOrEqual(t.clock.now());
  });

  it('is not kept alive by a screen that asks by itself, nor by its stream; what a person does is use', async () => {
    const [left, watched] = await Promise.all([t.as(nurse), t.as(nurse)]);
    const byItself = { 'x-hearthbeat-background': '1' };
    for (let minutes = 0; minutes < 30; minutes += 6) {
      for (const screen of [left, watched]) expect((await screen.get('/api/v1/worklist', byItself)).status).toBe(200);
      const stream = await fetch(`${t.base}/api/v1/changes`, { headers: { cookie: left.cookie ?? '' } });
      expect(stream.status).toBe(200);
      await stream.body?.cancel();
      // whatever it says of itself, a change is made by somebody
      await watched.post(`/api/v1/tasks/${randomUUID()}/complete`, { result: 'reached' }, byItself);
      t.clock.ahead(6 * 60_000);
    }
    expect((await left.get('/api/v1/worklist', byItself)).status).toBe(401);
    expect((await watched.get('/api/v1/worklist', byItself)).status).toBe(200);
  });

  it('of an earlier sign-in on the same screen is closed by the next', async () => {
    const me = await t.as(nurse);
    const again = await me.post('/api/v1/session', { email: nurse.email, password });
    expect(again.status).toBe(200);
    expect((await me.get('/api/v1/session')).status).toBe(401);
    expect((await t.caller(again.cookie).get('/api/v1/session')).status).toBe(200);
  });

  it('gives way when one clinician opens more than the limit', async () => {
    const many = await makeClinician(t.records, { teams: [team] });
    const first = await t.as(many);
    for (let n = 0; n < sessionsAtMost; n++) await t.as(many);
    expect((await first.get('/api/v1/session')).status).toBe(401);
    const kept = await t.records.selectFrom('session').where('clinician_id', '=', many.id).selectAll().execute();
    expect(kept).toHaveLength(sessionsAtMost);
  });

  it('that is over leaves the database', async () => {
    t.clock.ahead(absoluteMs);
    await t.as(nurse);
    expect(await t.records.selectFrom('session').selectAll().execute()).toHaveLength(1);
  });
});

it('the cookie travels over TLS only where people reach the console by https', async () => {
  const secure = await testApi({ config: { publicUrl: 'https://hearthbeat.example' } });
  try {
    const someTeam = await makeTeam(secure.records);
    const doctor = await makeClinician(secure.records, { teams: [someTeam] });
    const answer = await secure.caller().post('/api/v1/session', { email: doctor.email, password });
    expect(answer.headers.getSetCookie().join()).toContain('Secure');
    expect(answer.headers.get('strict-transport-security')).toContain('max-age=');
  } finally {
    await secure.stop();
  }
});
