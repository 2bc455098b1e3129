import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { SetupFault } from '#domain/errors.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Service } from '../service.ts';
import { serverAccount } from './account.ts';
import { createChild } from './child.ts';
import { leftOver } from './processes.ts';
import { findPostgres } from './programs.ts';

export type PostgresSettings = {
  /** Its own: data, log and, where needed, a copy of the programs. The account of `serverAccount` must reach it. */
  folder: string;
  port: number;
  /** Of `postgres`, who administers, and of `hearthbeat`, who owns the database `hearthbeat` and nothing else. */
  passwords: { administrator: string; platform: string };
  /** On top of ours, e.g. `fsync` for tests. */
  options?: Record<string, string>;
};

/** Small machines: a Raspberry Pi of a ward runs this beside everything else. */
const options = (major: number): Record<string, string> => ({
  listen_addresses: '127.0.0.1',
  // nobody needs the socket file, and its path may be at most 107 bytes long
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '64MB',
  max_wal_size: '512MB',
  max_parallel_workers_per_gather: '0',
  huge_pages: 'off',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  password_encryption: 'scram-sha-256',
  // no statement and no DETAIL line in the log: they can hold names and values
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  ...(major >= 18 ? { io_method: 'sync' } : {}),
});

/** A PostgreSQL of our own on loopback, never as root, with passwords (SCRAM) and data checksums. */
export function createPostgres(
  deps: { clock: Clock; log: Log },
  settings: PostgresSettings,
): Service & { url(database?: string): string; administratorUrl(database?: string): string } {
  const account = serverAccount();
  const { folder, port, passwords } = settings;
  const dataFolder = join(folder, 'data');
  const urlAs = (user: string, password: string, database: string) =>
    `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  const administratorUrl = (database = 'postgres') => urlAs('postgres', passwords.administrator, database);
  let child: Service | undefined;

  return {
    name: 'postgresql',
    url: (database = 'hearthbeat') => urlAs('hearthbeat', passwords.platform, database),
    administratorUrl,
    health: () => child?.health() ?? { state: 'down', trouble: 'not-running', detail: 'not started' },
    async start() {
      mkdirSync(folder, { recursive: true, mode: account ? 0o711 : 0o700 });
      const { bin, major } = findPostgres(account, folder, majorOf(dataFolder));
      if (!existsSync(dataFolder)) createCluster(bin, dataFolder, settings, account);
      const all = { ...options(major), ...settings.options, port: String(port) };
      child = createChild(deps, {
        name: 'PostgreSQL',
        command: [
          join(bin, 'postgres'),
          '-D',
          dataFolder,
          ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ],
        folder: dataFolder,
        logFile: join(folder, 'postgresql.log'),
        port,
        portVariable: 'POSTGRES_PORT',
        // "fast shutdown": open transactions are rolled back and clients sent away
        stopSignal: 'SIGINT',
        account,
        prepare: () => forgetDeadPostmaster(dataFolder),
        serves: () => serves(administratorUrl(), folder),
      });
      await child.start();
      await createDatabase(administratorUrl(), passwords.platform);
    },
    stop: async () => child?.stop(),
  };
}

function majorOf(dataFolder: string): number | undefined {
  const file = join(dataFolder, 'PG_VERSION');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
}

/** Complete or not at all: a start that is killed here begins anew. */
function createCluster(
  bin: string,
  dataFolder: string,
  { passwords, options }: PostgresSettings,
  account: ReturnType<typeof serverAccount>,
): void {
  const unfinished = `${dataFolder}.unfinished`;
  const passwordFile = `${dataFolder}.password`;
  for (const path of [unfinished, passwordFile]) rmSync(path, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, passwords.administrator, { mode: 0o600 });
  if (account) for (const path of [unfinished, passwordFile]) chownSync(path, account.uid, account.gid);
  try {
    execFileSync(
      join(bin, 'initdb'),
      [
        ...['--pgdata', unfinished, '--username', 'postgres', '--pwfile', passwordFile],
        ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C.UTF-8', '--data-checksums'],
        // a server that does not write through needs no cluster that was
        ...(options?.fsync === 'off' ? ['--no-sync'] : []),
      ],
      {
        cwd: unfinished,
        env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC' },
        stdio: ['ignore', 'ignore', 'pipe'],
        ...(account && { uid: account.uid, gid: account.gid }),
      },
    );
  } catch (fault) {
    const words = String((fault as { stderr?: Buffer }).stderr ?? '')
      .trim()
      .split('\n')
      .at(-1);
    throw new SetupFault(`PostgreSQL could not make its data folder ${dataFolder} (${words}).`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  chmodSync(unfinished, 0o700);
  renameSync(unfinished, dataFolder);
}

/**
 * PostgreSQL does not start while the process named in postmaster.pid lives, even when that number meanwhile belongs to
 * somebody else, as after a restart of the machine or the container. Where any PostgreSQL still works on this folder the
 * file stays.
 */
function forgetDeadPostmaster(dataFolder: string): void {
  if (leftOver('postgres', dataFolder).length === 0) rmSync(join(dataFolder, 'postmaster.pid'), { force: true });
}

async function serves(url: string, folder: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch (fault) {
    if ((fault as { code?: string }).code !== '28P01') return false;
    throw new SetupFault(
      `The database in ${folder} was made with other secrets: put the secrets.json that belongs to it back into DATA_DIR, or move that folder away to begin anew.`,
    );
  } finally {
    await client.end().catch(() => {});
  }
}

async function createDatabase(administratorUrl: string, password: string): Promise<void> {
  const client = new pg.Client({ connectionString: administratorUrl });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows: roles } = await client.query(`select from pg_roles where rolname = 'hearthbeat'`);
    if (roles.length === 0)
      await client.query(`create role hearthbeat login password ${client.escapeLiteral(password)}`);
    const { rows: databases } = await client.query(`select from pg_database where datname = 'hearthbeat'`);
    if (databases.length === 0) await client.query('create database hearthbeat owner hearthbeat');
  } finally {
    await client.end();
  }
}
