import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SetupFault } from '#domain/errors.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createChild } from '#runtime/servers/child.ts';
import { createInflux } from '#runtime/servers/influx.ts';
import { createPostgres } from '#runtime/servers/postgres.ts';
import { endLeftOver, leftOver } from '#runtime/servers/processes.ts';
import { findInfluxd } from '#runtime/servers/programs.ts';
import { fastClock } from '../support/fast-clock.ts';
import { freePort } from '../support/run.ts';
import { until } from '../support/until.ts';

/** The servers that Hearthbeat starts itself: what becomes of them and of their data when somebody dies. */

const isRoot = process.getuid?.() === 0;
const passwords = { administrator: 'a'.repeat(32), platform: 'b'.repeat(32) };

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-servers-'));
  chmodSync(folder, 0o711);
  return folder;
}

/** Effective user ids of processes. */
const userIds = (pids: number[]) =>
  pids.map((pid) => Number(/^Uid:\s+\d+\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]));

describe('PostgreSQL as a child', () => {
  let folder: string;
  let server: ReturnType<typeof createPostgres>;
  const data = () => join(folder, 'data');
  const postmaster = () => Number(readFileSync(join(data(), 'postmaster.pid'), 'utf8').split('\n')[0]);

  async function query(text: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: server.url() });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }

  beforeAll(async () => {
    folder = temporaryFolder();
    server = createPostgres({ clock, log }, { folder, port: await freePort(), passwords });
    await server.start();
    await query('create table kept (n int)');
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('is restarted after kill -9, says so meanwhile, and has kept what was committed', async () => {
    await query('insert into kept values (1)');
    const killed = postmaster();
    process.kill(killed, 'SIGKILL');
    await until(() => server.health().state === 'down');
    await until(() => server.health().state === 'ok');
    expect(postmaster()).not.toBe(killed);
    expect(await query('select n from kept')).toEqual([{ n: 1 }]);
  });

  it('never runs as root, checks its pages, and listens on loopback only', async () => {
    const ids = userIds(leftOver('postgres', data()));
    expect(ids.length).toBeGreaterThan(0);
    if (isRoot) expect(ids).not.toContain(0);
    expect(statSync(data()).mode & 0o777).toBe(0o700);
    expect(await query('show data_checksums')).toEqual([{ data_checksums: 'on' }]);
    expect(await query('show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  });

  it('lets nobody in without the password, and the platform is no administrator', async () => {
    const url = new URL(server.url());
    url.password = 'wrong';
    await expect(new pg.Client({ connectionString: url.href }).connect()).rejects.toMatchObject({ code: '28P01' });
    expect(await query('select rolsuper, rolcreatedb from pg_roles where rolname = current_user')).toEqual([
      { rolsuper: false, rolcreatedb: false },
    ]);
  });

  it('writes no statement and no value into its log', async () => {
    await query('create table secretive (name text unique)');
    await query(`insert into secretive values ('Mrs Sommer')`);
    await expect(query(`insert into secretive values ('Mrs Sommer')`)).rejects.toMatchObject({ code: '23505' });
    const written = readFileSync(join(folder, 'postgresql.log'), 'utf8');
    expect(written).toContain('duplicate key');
    expect(written).not.toContain('Sommer');
  });

  it('keeps its data over an orderly stop, which leaves nothing running', async () => {
    await server.stop();
    expect(leftOver('postgres', data())).toEqual([]);
    server = createPostgres({ clock, log }, { folder, port: await freePort(), passwords });
    await server.start();
    expect(await query('select n from kept')).toEqual([{ n: 1 }]);
  });

  it('starts although its pid file names a living stranger, as after a reboot', async () => {
    const pidFile = join(data(), 'postmaster.pid');
    const copy = join(folder, 'pid-copy');
    copyFileSync(pidFile, copy);
    process.kill(postmaster(), 'SIGKILL');
    await server.stop();
    await until(() => leftOver('postgres', data()).length === 0);
    writeFileSync(pidFile, readFileSync(copy, 'utf8').replace(/^\d+/, String(process.pid)));
    server = createPostgres({ clock, log }, { folder, port: await freePort(), passwords });
    await server.start();
    expect(await query('select n from kept')).toEqual([{ n: 1 }]);
  });

  it('says in one sentence that the secrets are not those of its data', async () => {
    await server.stop();
    const other = { administrator: 'c'.repeat(32), platform: 'd'.repeat(32) };
    const stranger = createPostgres({ clock, log }, { folder, port: await freePort(), passwords: other });
    await expect(stranger.start()).rejects.toThrow(/was made with other secrets: put the secrets.json/);
    expect(leftOver('postgres', data())).toEqual([]);
    await server.start();
  });

  it('says in one sentence that its port is taken, and by which variable to change it', async () => {
    const occupant = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => occupant.listen(port, '127.0.0.1', resolve));
    const late = createPostgres({ clock, log }, { folder: join(folder, 'late'), port, passwords });
    await expect(late.start()).rejects.toThrow(
      new SetupFault(`POSTGRES_PORT: port ${port} is taken by another program; set POSTGRES_PORT to a free one.`),
    );
    occupant.close();
  });
});

const influxd = findInfluxd(process.env.PATH);
// on a machine without influxd there is no such child to test: readings are in PostgreSQL there
if ('influxd' in influxd)
  describe('InfluxDB as a child', () => {
    let folder: string;
    let server: ReturnType<typeof createInflux>;
    const credentials = { user: 'hearthbeat', password: 'e'.repeat(32) };
    const data = () => join(folder, 'data');
    const headers = { authorization: `Basic ${Buffer.from(`hearthbeat:${credentials.password}`).toString('base64')}` };

    const create = async () =>
      createInflux(
        { clock, log },
        { ...influxd, ...credentials, folder, port: await freePort(), databases: ['vitals'] },
      );
    const kill = async () => {
      for (const pid of leftOver('influxd', data())) process.kill(pid, 'SIGKILL');
      await until(() => server.health().state === 'down');
      await until(() => server.health().state === 'ok');
    };
    async function write(from: number, count: number): Promise<void> {
      const body = Array.from({ length: count }, (_, i) => `kept n=${from + i} ${(from + i) * 1_000_000}`).join('\n');
      const answer = await fetch(`${server.url}/write?db=vitals`, { method: 'POST', headers, body });
      expect(answer.status).toBe(204);
    }
    async function count(): Promise<number> {
      const answer = await fetch(`${server.url}/query?db=vitals&q=${encodeURIComponent('select count(n) from kept')}`, {
        headers,
      });
      const { results } = (await answer.json()) as { results: { series?: { values: number[][] }[] }[] };
      return results[0]?.series?.[0]?.values[0]?.[1] ?? 0;
    }

    beforeAll(async () => {
      folder = temporaryFolder();
      server = await create();
      await server.start();
    });
    afterAll(async () => {
      await server.stop();
      rmSync(folder, { recursive: true });
    });

    it('is restarted after kill -9, says so meanwhile, and has kept what it acknowledged', async () => {
      await write(1, 500);
      await kill();
      expect(await count()).toBe(500);
    });

    it('keeps what it acknowledged behind a torn end of its log, over another crash', async () => {
      const before = await count();
      await write(10_001, 500);
      await server.stop();
      tearLastSegment(join(data(), 'wal/vitals/autogen'));
      server = await create();
      await server.start();
      const afterTear = await count();
      await write(20_001, 500);
      await kill();
      expect(afterTear).toBeGreaterThanOrEqual(before);
      expect(await count()).toBe(afterTear + 500);
    });

    it('lets nobody in without the password and does not run as root', async () => {
      const answer = await fetch(`${server.url}/query?q=${encodeURIComponent('show databases')}`);
      expect(answer.status).toBe(401);
      const ids = userIds(leftOver('influxd', data()));
      expect(ids).toHaveLength(1);
      if (isRoot) expect(ids).not.toContain(0);
      expect(statSync(data()).mode & 0o777).toBe(0o700);
    });
  });

/** As power loss does: half an entry at the end. */
function tearLastSegment(policyFolder: string): void {
  for (const shard of readdirSync(policyFolder)) {
    const segments = readdirSync(join(policyFolder, shard)).sort();
    const torn = segments.map((file) => join(policyFolder, shard, file)).findLast((file) => statSync(file).size > 0);
    if (torn) truncateSync(torn, statSync(torn).size - 3);
  }
}

describe('a server that takes long to come back', () => {
  it('is waited for as long as it lives: nobody starts another beside it, and it is ended at the end', async () => {
    const folder = temporaryFolder();
    let answers = true;
    let launches = 0;
    let asked = 0;
    const child = createChild(
      // two minutes are sixty milliseconds
      { clock: fastClock(2_000), log },
      {
        name: 'Sleeper',
        command: ['/bin/sleep', '600'],
        folder,
        logFile: join(folder, 'sleeper.log'),
        port: await freePort(),
        portVariable: 'SLEEPER_PORT',
        stopSignal: 'SIGTERM',
        account: undefined,
        prepare: () => {
          launches += 1;
        },
        serves: async () => {
          asked += 1;
          return answers;
        },
      },
    );
    try {
      await child.start();
      await until(() => leftOver('sleep', folder).length === 1);
      answers = false;
      process.kill(leftOver('sleep', folder)[0]!, 'SIGKILL');
      await until(() => launches === 2);
      const since = clock.now();
      asked = 0;
      await until(() => clock.now() - since > 300 && asked > 10);
      expect(child.health().state).toBe('down');
      expect(launches).toBe(2);
      answers = true;
      await until(() => child.health().state === 'ok');
      expect(launches).toBe(2);
    } finally {
      await child.stop();
    }
    expect(leftOver('sleep', folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

describe('what a killed parent leaves', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });
  const orphan = (folder: string) => {
    const child = spawn('/bin/sleep', ['600'], { cwd: folder, detached: true, stdio: 'ignore' });
    child.unref();
    return child.pid!;
  };

  it('is ended before a new start, and nobody else is', async () => {
    const [ours, others] = [temporaryFolder(), temporaryFolder()];
    folders.push(ours, others);
    const [left, stranger] = [orphan(ours), orphan(others)];
    await until(() => leftOver('sleep', ours).length === 1 && leftOver('sleep', others).length === 1);
    expect(await endLeftOver(clock, 'sleep', ours, 'SIGTERM')).toBe(true);
    expect(existsSync(`/proc/${left}/cwd`) && leftOver('sleep', ours)).not.toContain(left);
    expect(leftOver('sleep', others)).toEqual([stranger]);
    process.kill(stranger, 'SIGKILL');
  });

  it('is found through a link as well: two servers on one folder would destroy it', async () => {
    const real = temporaryFolder();
    const link = `${real}.link`;
    symlinkSync(real, link);
    folders.push(real, link);
    mkdirSync(join(real, 'data'));
    const left = orphan(join(link, 'data'));
    await until(() => leftOver('sleep', join(real, 'data')).length === 1);
    expect(leftOver('sleep', join(link, 'data'))).toEqual([left]);
    expect(await endLeftOver(clock, 'sleep', join(link, 'data'), 'SIGTERM')).toBe(true);
    expect(leftOver('sleep', join(real, 'data'))).toEqual([]);
  });

  it('ends by itself, and the next start finds its data', async () => {
    const folder = temporaryFolder();
    folders.push(folder);
    const port = await freePort();
    const parent = spawn(
      process.execPath,
      [join(import.meta.dirname, '../support/lone-postgres.ts'), folder, `${port}`],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    await new Promise((resolve) => parent.stdout.once('data', resolve));
    parent.kill('SIGKILL');
    const next = createPostgres({ clock, log }, { folder, port, passwords });
    await until(() => leftOver('postgres', join(folder, 'data')).length === 0);
    await next.start();
    await next.stop();
  });
});
