import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Agenda, createAgenda } from '#runtime/agenda.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { freePort } from '../support/run.ts';
import { testDatabase } from '../support/servers.ts';

/** What every backend of the agenda promises. */

type Database = Awaited<ReturnType<typeof testDatabase>>;
let database: Database;
let open: Agenda[] = [];
beforeAll(async () => {
  database = await testDatabase();
});
afterEach(async () => {
  await Promise.all(open.map((agenda) => agenda.stop()));
  open = [];
});
afterAll(() => database.stop());

let nth = 0;
/** Shorter than a sweep, so that what only a sweep would find is missed. */
const patiently = { timeout: 20_000 };
const freshKind = () => `kind-${nth++}`;

function agendaOn(redisUrl: string | undefined, sweepMs?: number): Agenda {
  const agenda = createAgenda(
    { records: database.records, clock, log },
    { databaseUrl: database.url, redisUrl, ...(sweepMs ? { sweepMs } : {}) },
  );
  open.push(agenda);
  return agenda;
}

const rowOf = (key: string) =>
  database.records.selectFrom('agenda').selectAll().where('key', '=', key).executeTakeFirst();

function contract(redisUrl: () => string | undefined) {
  it('runs an entry when it is due, once, and remembers that it is done', async () => {
    const agenda = agendaOn(redisUrl());
    const kind = freshKind();
    const ran: { key: string; late: number }[] = [];
    agenda.handle(kind, async ({ key, dueAt: _, subject, step }) => {
      ran.push({ key, late: clock.now() - Number(subject) - step });
    });
    await agenda.start();
    const base = clock.now();
    for (const delay of [0, 300, 900])
      await agenda.put(database.records, {
        key: `${kind}:${delay}`,
        kind,
        subject: String(base),
        step: delay,
        dueAt: base + delay,
      });
    agenda.nudge();
    await vi.waitFor(() => expect(ran).toHaveLength(3), patiently);
    expect(ran.map((r) => r.key)).toEqual([`${kind}:0`, `${kind}:300`, `${kind}:900`]);
    for (const { late } of ran) {
      expect(late).toBeGreaterThanOrEqual(-100);
      expect(late).toBeLessThan(10_000);
    }
    await vi.waitFor(async () => expect((await rowOf(`${kind}:900`))?.done_at).toBeInstanceOf(Date), patiently);
    agenda.nudge();
    await clock.sleep(200);
    expect(ran).toHaveLength(3);
  });

  it('does not run an entry whose transaction was rolled back, nor the same key twice', async () => {
    const agenda = agendaOn(redisUrl());
    const kind = freshKind();
    const ran: string[] = [];
    agenda.handle(kind, async ({ subject }) => void ran.push(subject));
    await agenda.start();
    const entry = { kind, step: 0, dueAt: clock.now() };
    await database.records
      .transaction()
      .execute(async (db) => {
        await agenda.put(db, { ...entry, key: `${kind}-lost`, subject: 'lost' });
        throw new Error('rolled back');
      })
      .catch(() => {});
    await agenda.put(database.records, { ...entry, key: `${kind}-a`, subject: 'first' });
    await agenda.put(database.records, { ...entry, key: `${kind}-a`, subject: 'second' });
    agenda.nudge();
    await vi.waitFor(() => expect(ran).toEqual(['first']), patiently);
    await agenda.put(database.records, { ...entry, key: `${kind}-a`, subject: 'third' });
    agenda.nudge();
    await clock.sleep(300);
    expect(ran).toEqual(['first']);
  });

  it('tries again when a handler fails, later each time, and keeps the fault without its text', async () => {
    const agenda = agendaOn(redisUrl());
    const kind = freshKind();
    const at: number[] = [];
    agenda.handle(kind, async () => {
      at.push(clock.now());
      if (at.length < 3) throw Object.assign(new Error('192/121 of somebody'), { code: 'EXAMPLE' });
    });
    await agenda.start();
    const key = `${kind}-retry`;
    await agenda.put(database.records, { key, kind, subject: 's', step: 0, dueAt: clock.now() });
    agenda.nudge();
    await vi.waitFor(() => expect(at).toHaveLength(1), patiently);
    await vi.waitFor(async () => expect((await rowOf(key))?.fault).toBe('Error EXAMPLE'), patiently);
    await vi.waitFor(() => expect(at).toHaveLength(3), patiently);
    expect(at[2]! - at[1]!).toBeGreaterThan(at[1]! - at[0]!);
    await vi.waitFor(async () => expect((await rowOf(key))?.done_at).toBeInstanceOf(Date), patiently);
    expect((await rowOf(key))?.attempts).toBe(3);
  });

  it('runs after a restart what fell due while nobody was there, without waiting for a sweep', async () => {
    const kind = freshKind();
    const key = `${kind}-old`;
    await database.records
      .insertInto('agenda')
      .values({ key, kind, subject: 's', step: 0, due_at: new Date(clock.now() - 60_000) })
      .execute();
    const agenda = agendaOn(redisUrl());
    const ran: string[] = [];
    agenda.handle(kind, async (entry) => void ran.push(entry.key));
    await agenda.start();
    await vi.waitFor(() => expect(ran).toEqual([key]), patiently);
  });

  it('gives each entry to one of two processes that share the work', async () => {
    const kind = freshKind();
    const ran: string[] = [];
    const agendas = [agendaOn(redisUrl()), agendaOn(redisUrl())];
    for (const agenda of agendas) {
      agenda.handle(kind, async ({ key }) => void ran.push(key));
      await agenda.start();
    }
    const dueAt = clock.now() + 500;
    const keys = Array.from({ length: 20 }, (_, i) => `${kind}-${i}`);
    for (const key of keys) await agendas[0]!.put(database.records, { key, kind, subject: 's', step: 0, dueAt });
    for (const agenda of agendas) agenda.nudge();
    await vi.waitFor(() => expect(ran.length).toBeGreaterThanOrEqual(20), patiently);
    await clock.sleep(200);
    expect(ran.sort()).toEqual(keys.sort());
  });

  it('leaves entries alone that belong to another kind of work', async () => {
    const kind = freshKind();
    const agenda = agendaOn(redisUrl());
    agenda.handle(freshKind(), async () => {});
    await agenda.start();
    await agenda.put(database.records, { key: `${kind}-other`, kind, subject: 's', step: 0, dueAt: clock.now() });
    agenda.nudge();
    await clock.sleep(300);
    expect(await rowOf(`${kind}-other`)).toMatchObject({ attempts: 0, done_at: null });
  });
}

describe('the agenda on PostgreSQL', () => {
  contract(() => undefined);

  it('says what is overdue and what was given up', async () => {
    const kind = freshKind();
    const row = { kind, subject: 's', step: 0, due_at: new Date(clock.now() - 3_600_000) };
    await database.records
      .insertInto('agenda')
      .values({ ...row, key: `${kind}-dead`, attempts: 25, fault: 'Error' })
      .execute();
    const agenda = agendaOn(undefined);
    agenda.handle(kind, async () => {});
    expect(agenda.health().state).toBe('down');
    await agenda.start();
    expect(agenda.health()).toMatchObject({ state: 'degraded', detail: '1 entries given up' });
    await database.records.deleteFrom('agenda').where('key', '=', `${kind}-dead`).execute();
  });
});

const hasRedis = (() => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

// the set-up of the tests installs redis-server where it may; REDIS_URL is an option of the platform, not a part of it
if (hasRedis)
  describe('the agenda on Redis', () => {
    let redis: ChildProcess;
    let folder: string;
    let port: number;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'hearthbeat-redis-'));
      port = await freePort();
      redis = await startRedis(folder, port);
    });
    afterAll(() => {
      redis.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    contract(() => `redis://127.0.0.1:${port}`);

    it('runs entries from its own timers while Redis is away, and says so', async () => {
      const kind = freshKind();
      const agenda = agendaOn(`redis://127.0.0.1:${port}`, 1_000);
      const ran: string[] = [];
      agenda.handle(kind, async ({ key }) => void ran.push(key));
      await agenda.start();
      redis.kill('SIGKILL');
      await new Promise((resolve) => redis.once('exit', resolve));
      await agenda.put(database.records, {
        key: `${kind}-away`,
        kind,
        subject: 's',
        step: 0,
        dueAt: clock.now() + 500,
      });
      agenda.nudge();
      await vi.waitFor(() => expect(ran).toEqual([`${kind}-away`]), patiently);
      expect(agenda.health()).toMatchObject({ state: 'degraded' });
      redis = await startRedis(folder, port);
    });
  });

async function startRedis(folder: string, port: number): Promise<ChildProcess> {
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  );
  await vi.waitFor(
    () =>
      new Promise<void>((resolve, reject) => {
        const socket = createConnection(port, '127.0.0.1', () => {
          socket.destroy();
          resolve();
        });
        socket.on('error', reject);
      }),
    patiently,
  );
  return child;
}
