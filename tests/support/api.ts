import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clinician } from '#domain/people.ts';
import type { Problem } from '#domain/views.ts';
import type { Clock } from '#runtime/clock.ts';
import { systemClock } from '#runtime/clock.ts';
import { createLinks } from '#runtime/links.ts';
import { silentLog } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { systemRandom } from '#runtime/random.ts';
import type { Records } from '#runtime/records/connect.ts';
import type { Health } from '#runtime/service.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { createApi } from '../../clinician-api/api.ts';
import type { ApiConfig, ApiDeps } from '../../clinician-api/web.ts';
import { linkKey } from './link-key.ts';
import { password } from './people.ts';
import { testDatabase } from './servers.ts';

/** A clock that goes with the system's, and can be set ahead. What happens every so often happens `pace` times as often. */
export function shiftedClock(pace = 1): Clock & { ahead(ms: number): void } {
  let shift = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + shift,
    every: (ms, run) => systemClock.every(ms / pace, run),
    ahead: (ms) => {
      shift += ms;
    },
  };
}

/** The API on a port of its own, over a database of its own; readings in PostgreSQL. */
export async function testApi(
  wish: {
    config?: Partial<ApiConfig>;
    deps?: Partial<ApiDeps>;
    health?: Record<string, Health>;
    pace?: number;
    /** A server of the test's own, instead of the run's. */
    database?: { url: string; records: Records };
  } = {},
) {
  const database = wish.database ? { ...wish.database, stop: async () => {} } : await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'hearthbeat-api-'));
  const clock = shiftedClock(wish.pace);
  const store: VitalsStore = await createPostgresStore({ records: database.records, clock, log: silentLog });
  const deps: ApiDeps = {
    records: database.records,
    store,
    health: () => wish.health ?? {},
    metrics: createMetrics(),
    links: createLinks({ key: linkKey, publicUrl: 'http://127.0.0.1:8080' }),
    clock,
    random: systemRandom,
    log: silentLog,
    ...wish.deps,
  };
  const config: ApiConfig = {
    databaseUrl: database.url,
    host: '127.0.0.1',
    port: 0,
    publicUrl: 'http://127.0.0.1:8080',
    mqttUrl: 'mqtt://127.0.0.1:1883',
    consoleDir: join(folder, 'console'),
    ...wish.config,
  };
  const api = createApi(deps, config);
  await api.start();
  const base = `http://127.0.0.1:${api.port()}`;
  return {
    api,
    base,
    folder,
    deps,
    config,
    clock,
    records: database.records,
    store: deps.store,
    databaseUrl: database.url,
    caller: (cookie?: string) => createCaller(base, cookie),
    /** A caller signed in as this clinician. */
    as: async (clinician: Clinician) => {
      const caller = createCaller(base);
      const answer = await caller.post('/api/v1/session', { email: clinician.email, password });
      if (answer.status !== 200) throw new Error(`signing in was answered ${answer.status}`);
      return createCaller(base, answer.cookie);
    },
    stop: async () => {
      await api.stop();
      await store.close();
      await database.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Answer<T = unknown> = { status: number; headers: Headers; body: T; text: string; cookie?: string };
export type Caller = ReturnType<typeof createCaller>;

export function createCaller(base: string, cookie?: string) {
  const call = async <T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${base}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(cookie ? { cookie } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const answer: Answer<T> = {
      status: response.status,
      headers: response.headers,
      body: (/json/.test(response.headers.get('content-type') ?? '') && text ? JSON.parse(text) : undefined) as T,
      text,
      cookie: response.headers.getSetCookie()[0]?.split(';')[0],
    };
    return answer;
  };
  return {
    cookie,
    call,
    get: <T = Problem>(path: string, headers?: Record<string, string>) => call<T>('GET', path, undefined, headers),
    post: <T = Problem>(path: string, body?: unknown, headers?: Record<string, string>) =>
      call<T>('POST', path, body, headers),
    put: <T = Problem>(path: string, body?: unknown, headers?: Record<string, string>) =>
      call<T>('PUT', path, body, headers),
    delete: <T = Problem>(path: string, headers?: Record<string, string>) =>
      call<T>('DELETE', path, undefined, headers),
  };
}
