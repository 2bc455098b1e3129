import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { connect, migrate, type Records } from '#runtime/records/connect.ts';
import { createInflux } from '#runtime/servers/influx.ts';
import { createPostgres } from '#runtime/servers/postgres.ts';
import { leftOver } from '#runtime/servers/processes.ts';
import { findInfluxd } from '#runtime/servers/programs.ts';
import type { Service } from '#runtime/service.ts';
import { freePort } from './run.ts';

/**
 * Servers for one test file alone, for tests that end them. Without fsync: a test kills processes, never the machine, and a disk that is
 * slow to write through made these tests take a minute each.
 */
export type PrivateServer = {
  /** SIGKILL. Its supervisor starts it again. */
  kill(): void;
  /** SIGSTOP: it takes connections and never answers, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Ends it until `begin`. */
  end(): Promise<void>;
  begin(): Promise<void>;
  /** Ends it for good and removes its folder. */
  stop(): Promise<void>;
};

export type PrivateInflux = PrivateServer & { url: string; user: string; password: string; database: string };

export async function privateInflux(): Promise<PrivateInflux> {
  const found = findInfluxd(process.env.PATH);
  if ('missing' in found) throw new Error(found.missing);
  const folder = temporaryFolder();
  const credentials = { user: 'hearthbeat', password: 'a password of this test' };
  const settings = { ...found, ...credentials, folder, port: await freePort(), databases: ['vitals'] };
  const server = createInflux({ clock, log }, settings);
  await server.start();
  return {
    ...credentials,
    url: server.url,
    database: 'vitals',
    ...steered(folder, 'influxd', server, () => createInflux({ clock, log }, settings)),
  };
}

export type PrivatePostgres = PrivateServer & { url: string; records: Records };

export async function privatePostgres(): Promise<PrivatePostgres> {
  const folder = temporaryFolder();
  const settings = {
    folder,
    port: await freePort(),
    passwords: { administrator: 'one', platform: 'two' },
    options: { fsync: 'off' },
  };
  const server = createPostgres({ clock, log }, settings);
  await server.start();
  const url = server.url();
  const records = connect(url, { connections: 4, onFault: () => {} });
  await migrate(records);
  const steering = steered(folder, 'postgres', server, () => createPostgres({ clock, log }, settings));
  return {
    url,
    records,
    ...steering,
    stop: async () => {
      await records.destroy();
      await steering.stop();
    },
  };
}

function steered(folder: string, program: string, first: Service, again: () => Service): PrivateServer {
  let server: Service | undefined = first;
  const send = (signal: NodeJS.Signals) => () => {
    for (const pid of leftOver(program, join(folder, 'data')))
      try {
        process.kill(pid, signal);
      } catch {
        // it ended by itself since we looked
      }
  };
  return {
    kill: send('SIGKILL'),
    freeze: send('SIGSTOP'),
    thaw: send('SIGCONT'),
    end: async () => {
      await server?.stop();
      server = undefined;
    },
    begin: async () => {
      server = again();
      await server.start();
    },
    stop: async () => {
      send('SIGCONT')();
      await server?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-private-'));
  // as root the servers run under another account, which must be able to pass
  chmodSync(folder, 0o711);
  return folder;
}
