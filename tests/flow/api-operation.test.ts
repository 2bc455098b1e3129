import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SetupFault } from '#domain/errors.ts';
import type { TeamId } from '#domain/ids.ts';
import type { Mail } from '#domain/views.ts';
import type { Health } from '#runtime/service.ts';
import { createApi } from '../../clinician-api/api.ts';
import { createCaller, testApi } from '../support/api.ts';
import { listenTo } from '../support/events.ts';
import { makeClinician, makePatient, makeTeam } from '../support/people.ts';
import { until } from '../support/until.ts';

const health: Record<string, Health> = {};
let folder: string;
let t: Awaited<ReturnType<typeof testApi>>;
let team: TeamId;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearthbeat-operation-'));
  const consoleDir = join(folder, 'console');
  await mkdir(join(consoleDir, 'assets'), { recursive: true });
  await writeFile(join(consoleDir, 'index.html'), '<!doctype html><div id="root"></div>');
  await writeFile(join(consoleDir, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(consoleDir, 'assets', 'index-abc123.js'), 'export {};');
  await writeFile(join(consoleDir, '.env'), 'SECRET=1');
  await mkdir(join(folder, 'mailbox'));
  t = await testApi({ health, config: { consoleDir, mailboxDir: join(folder, 'mailbox') } });
  team = await makeTeam(t.records);
});
afterAll(async () => {
  await t.stop();
  await rm(folder, { recursive: true });
});

describe('health', () => {
  it('is ready while no component is down, degraded or not, and names each', async () => {
    Object.assign(health, { broker: { state: 'ok' }, 'vitals-store': { state: 'degraded', detail: 'catching up' } });
    expect(await t.caller().get('/health/ready')).toMatchObject({
      status: 200,
      body: { state: 'degraded', components: { 'vitals-store': { state: 'degraded', detail: 'catching up' } } },
    });
  });

  it('is 503 as soon as one is down, and alive all the same', async () => {
    health.broker = { state: 'down', detail: 'not listening' };
    expect(await t.caller().get('/health/ready')).toMatchObject({
      status: 503,
      body: { state: 'down', components: { broker: { state: 'down', detail: 'not listening' } } },
    });
    expect(await t.caller().get('/health/live')).toMatchObject({ status: 200, body: { state: 'ok' } });
    health.broker = { state: 'ok' };
  });
});

describe('metrics', () => {
  it('are Prometheus text with routes as labels, and no id', async () => {
    const nurse = await t.as(await makeClinician(t.records, { teams: [team] }));
    const patient = await makePatient(t.records, { team });
    await nurse.get(`/api/v1/patients/${patient.id}`);
    const { headers, text } = await t.caller().get('/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(text).toContain('hearthbeat_http_seconds_count{route="GET /api/v1/patients/:id",status="200"} 1');
    expect(text).not.toContain(patient.id);
  });

  it('are for callers on this machine only: who comes through a proxy, or by another name, finds nothing', async () => {
    const strangers: Record<string, string>[] = [
      { 'x-forwarded-for': '203.0.113.9' },
      { 'x-forwarded-host': 'hearthbeat.example' },
      // a proxy that passes on what a stranger claims
      { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'localhost' },
      { 'x-forwarded-host': 'localhost' },
    ];
    for (const headers of strangers) expect((await t.caller().get('/metrics', headers)).status).toBe(404);
  });
});

describe('the console', () => {
  it('is asked for every time, what its build named by content is kept for ever, and places inside it are its own', async () => {
    const cases: [path: string, status: number, cache: string | null][] = [
      ['/', 200, 'no-cache'],
      ['/index.html', 200, 'no-cache'],
      ['/patients/0c6e03e6-7c5a-4ca2-aa2c-a9097d510449?range=7d', 200, 'no-cache'],
      ['/favicon.svg', 200, 'no-cache'],
      ['/assets/index-abc123.js', 200, 'public, max-age=31536000, immutable'],
      ['/assets/index-old.js', 404, 'no-store'],
      ['/.env', 404, 'no-store'],
      ['/..%2f..%2fetc%2fpasswd', 404, 'no-store'],
      ['/api', 404, 'no-store'],
      ['/api/v1/nothing', 404, 'no-store'],
      ['/health', 404, 'no-store'],
    ];
    for (const [path, status, cache] of cases) {
      const answer = await t.caller().get(path);
      expect([answer.status, answer.headers.get('cache-control')], path).toEqual([status, cache]);
      if (status === 404) expect(answer.headers.get('content-type')).toContain('problem+json');
      expect(answer.text).not.toContain('SECRET');
    }
  });

  it('runs no script but its own, is framed by nobody and sends its address nowhere', async () => {
    const { headers } = await t.caller().get('/');
    const policy = headers.get('content-security-policy') ?? '';
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy.split(';')).toContain(part);
    expect(policy.replace("style-src 'self' 'unsafe-inline'", '')).not.toContain('unsafe');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    // over plain HTTP a browser must not be told to come back by HTTPS
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(policy).not.toContain('upgrade-insecure-requests');
  });

  it('that is not built says what to do', async () => {
    const bare = await testApi();
    try {
      expect(await bare.caller().get('/')).toMatchObject({
        status: 404,
        body: { code: 'console-not-built', detail: expect.stringContaining('npm start') },
      });
    } finally {
      await bare.stop();
    }
  });
});

describe('the mailbox', () => {
  const mail = (id: string, at: string): Mail => ({
    id,
    at,
    from: 'hearthbeat@localhost',
    to: ['doctor@clinic.example'],
    subject: 'Critical alert',
    text: 'Please look.',
  });

  it('shows the newest mails first and passes over a file that is being written', async () => {
    const put = (name: string, text: string) => writeFile(join(folder, 'mailbox', name), text);
    for (let n = 0; n < 105; n++)
      await put(`m${n}.json`, JSON.stringify(mail(`m${n}`, new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString())));
    await put('half.json', '{"id":"half","at":"2026-01-0');
    await put('empty.json', '');
    await put('other.json', '[]');
    await put('m1.json.tmp', '{}');
    await mkdir(join(folder, 'mailbox', 'folder.json'));
    const nurse = await t.as(await makeClinician(t.records, { teams: [team] }));
    const { body } = await nurse.get<{ mails: Mail[] }>('/api/v1/mailbox');
    expect(body.mails.length).toBeGreaterThan(90);
    expect(body.mails.length).toBeLessThanOrEqual(100);
    expect(body.mails[0]).toEqual(mail('m104', '2026-01-01T01:44:00.000Z'));
    expect(body.mails.map(({ at }) => at)).toEqual(
      body.mails
        .map(({ at }) => at)
        .toSorted()
        .reverse(),
    );
  });

  it('is absent where no neighbourhood is attached', async () => {
    const hospital = await testApi();
    try {
      const someone = await makeClinician(hospital.records, { teams: [await makeTeam(hospital.records)] });
      const nurse = await hospital.as(someone);
      expect((await nurse.get('/api/v1/mailbox')).status).toBe(404);
    } finally {
      await hospital.stop();
    }
  });
});

describe('starting and stopping', () => {
  it('names the port that is taken in one sentence', async () => {
    const second = createApi(t.deps, { ...t.config, port: t.api.port() });
    await expect(second.start()).rejects.toThrow(
      new SetupFault(`Port ${t.api.port()} is taken by another program: stop it, or set HTTP_PORT to a free port.`),
    );
    expect(second.health().state).toBe('down');
    await second.stop();
  });

  it('leaves nothing listening and hangs up on everybody', async () => {
    const short = await testApi();
    const nurse = await short.as(await makeClinician(short.records, { teams: [await makeTeam(short.records)] }));
    const ear = await listenTo(`${short.base}/api/v1/changes`, nurse.cookie);
    await short.stop();
    await until(ear.ended);
    await expect(createCaller(short.base).get('/health/live')).rejects.toThrow();
    expect(short.api.health().state).toBe('down');
  });
});
