import { describe, expect, it } from 'vitest';
import type { Problem } from '#domain/views.ts';
import { createLog } from '#runtime/log.ts';
import { testApi } from '../support/api.ts';
import { makeClinician, makeTeam, password } from '../support/people.ts';
import { privatePostgres } from '../support/private-servers.ts';
import { until } from '../support/until.ts';

describe('hostile requests', () => {
  it('get a problem and nothing else: no stack, no statement, no echo', async () => {
    const t = await testApi();
    const team = await makeTeam(t.records);
    const doctor = await t.as(await makeClinician(t.records, { teams: [team], role: 'doctor' }));
    const marker = 'Zx9-marker';
    const json = { 'content-type': 'application/json' };
    const requests: [string, string, string | undefined, number][] = [
      ['POST', '/api/v1/session', `{"email":"${marker}`, 400],
      ['POST', '/api/v1/session', `{"email":"${marker}","password":"${marker}","__proto__":{"x":1}}`, 400],
      ['POST', '/api/v1/session', JSON.stringify({ email: 'a@b.example', password: marker.repeat(10_000) }), 413],
      ['GET', `/api/v1/alerts?before=${marker}`, undefined, 422],
      ['GET', '/api/v1/patients/%', undefined, 400],
      ['GET', `/api/v1/patients/${marker.repeat(31)}`, undefined, 414],
      ['GET', `/api/v1/patients/%00${marker}`, undefined, 404],
      ['DELETE', '/api/v1/worklist', undefined, 404],
    ];
    for (const [method, path, body, status] of requests) {
      const answer = await doctor.call<Problem>(method, path, body, body === undefined ? {} : json);
      expect(answer.status, `${method} ${path.slice(0, 60)}`).toBe(status);
      expect(answer.headers.get('content-type'), path.slice(0, 60)).toContain('application/problem+json');
      expect(answer.text).not.toMatch(/Zx9-marker|node_modules|\bat .*:\d+|select |zod/i);
      expect(
        Object.keys(answer.body).every((key) =>
          ['type', 'title', 'status', 'code', 'detail', 'instance', 'errors'].includes(key),
        ),
      ).toBe(true);
    }
    await t.stop();
  });
});

describe('an outage of the database', () => {
  it('is a 503 that says so, the process stays alive, nothing personal is logged, and the way back needs nobody', async () => {
    const postgres = await privatePostgres();
    const lines: string[] = [];
    const log = createLog('debug', { write: (line: string) => void lines.push(line) });
    const away = await testApi({ database: postgres, deps: { log } });
    try {
      const someone = await makeClinician(away.records, { teams: [await makeTeam(away.records)], name: 'Florence' });
      const nurse = await away.as(someone);
      await postgres.end();
      const answers = [
        await nurse.get('/api/v1/worklist'),
        await nurse.get('/api/v1/session'),
        await away.caller().post('/api/v1/session', { email: someone.email, password }),
      ];
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 503, body: { code: 'records-away' } });
        expect(answer.text).not.toMatch(/ECONN|127\.0\.0\.1|postgres/);
      }
      expect((await nurse.get('/health/live')).status).toBe(200);
      await until(() => away.api.health().state === 'degraded');
      await postgres.begin();
      await until(async () => (await nurse.get('/api/v1/worklist')).status === 200);
      await until(() => away.api.health().state === 'ok');
      expect(lines.length).toBeGreaterThan(0);
      for (const secret of ['Florence', someone.email, password, nurse.cookie?.split('=')[1]])
        expect(lines.join()).not.toContain(secret);
    } finally {
      await away.stop();
      await postgres.stop();
    }
  });
});
