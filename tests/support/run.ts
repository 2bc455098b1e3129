import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { connect, migrate } from '#runtime/records/connect.ts';
import { createInflux } from '#runtime/servers/influx.ts';
import { createPostgres } from '#runtime/servers/postgres.ts';
import { findInfluxd } from '#runtime/servers/programs.ts';

/** The servers of one test run, as the test files get them by vitest's `inject`. */
export type Run = {
  /** `template`: the migrated database that every `testDatabase()` is a copy of. */
  postgres: { url: string; administratorUrl: string; template: string };
  influx: { url: string; user: string; password: string } | { missing: string };
};

declare module 'vitest' {
  export interface ProvidedContext {
    run: Run;
  }
}

const template = 'hearthbeat';

/** One PostgreSQL and one InfluxDB for the whole run, in a temporary folder that goes with it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-test-'));
  // as root the servers run under another account, which must be able to pass
  chmodSync(folder, 0o711);
  const dismiss = removeAfterDeath(folder);

  const secret = () => randomBytes(16).toString('hex');
  const postgres = createPostgres(
    { clock, log },
    {
      folder: join(folder, 'postgres'),
      port: await freePort(),
      passwords: { administrator: secret(), platform: secret() },
      // a test kills processes, never the machine
      options: { fsync: 'off', max_connections: '300' },
    },
  );
  const found = findInfluxd(process.env.PATH);
  const credentials = { user: 'hearthbeat', password: secret() };
  const influx =
    'influxd' in found
      ? createInflux(
          { clock, log },
          { ...found, ...credentials, folder: join(folder, 'influx'), port: await freePort(), databases: [] },
        )
      : undefined;

  await Promise.all([postgres.start(), influx?.start()]);
  await migrateTemplate(postgres.url(template));
  project.provide('run', {
    postgres: { url: postgres.url(), administratorUrl: postgres.administratorUrl(), template },
    influx: influx ? { url: influx.url, ...credentials } : (found as { missing: string }),
  });

  return async () => {
    await Promise.all([postgres.stop(), influx?.stop()]);
    rmSync(folder, { recursive: true, force: true });
    dismiss();
  };
}

async function migrateTemplate(url: string): Promise<void> {
  const records = connect(url, { connections: 1, onFault: () => {} });
  await migrate(records);
  await records.destroy();
}

/**
 * The servers die with us by themselves; the folder goes by this shell, which outlives us and sees its input end, however
 * we end.
 */
function removeAfterDeath(folder: string): () => void {
  const script = 'read _ && exit; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1; rm -rf "$0" && exit; done';
  const shell = spawn('/bin/sh', ['-c', script, folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  return () => shell.stdin?.end('done\n');
}

/** Outside the ephemeral range, from which the kernel may take a port at any moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + (randomBytes(2).readUInt16BE() % 10_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (free) return new Promise((resolve) => server.close(() => resolve(port)));
  }
}
