import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupFault } from '#domain/errors.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Service } from '../service.ts';
import { type Account, serverAccount } from './account.ts';
import { createChild } from './child.ts';

export type InfluxSettings = {
  /** Path of influxd 1.x, see `findInfluxd`. */
  influxd: string;
  /** Its own: data and log. The account of `serverAccount` must reach it. */
  folder: string;
  port: number;
  user: string;
  password: string;
  /** Made at every start where missing. */
  databases: string[];
};

const answerMs = 5_000;

/** An InfluxDB 1.x of our own on loopback, with a password. */
export function createInflux(
  deps: { clock: Clock; log: Log },
  settings: InfluxSettings,
): Service & { readonly url: string } {
  const account = serverAccount();
  const { folder, port } = settings;
  const dataFolder = join(folder, 'data');
  const url = `http://127.0.0.1:${port}`;
  const configFile = join(folder, 'influxdb.conf');
  const ask = asker(deps.clock, url);

  const child = createChild(deps, {
    name: 'InfluxDB',
    command: [settings.influxd, '-config', configFile],
    folder: dataFolder,
    logFile: join(folder, 'influxdb.log'),
    port,
    portVariable: 'INFLUX_PORT',
    stopSignal: 'SIGTERM',
    account,
    prepare: () => beginWalSegments(join(dataFolder, 'wal'), account),
    serves: () => serves(ask, settings, folder),
  });

  return {
    name: 'influxdb',
    url,
    health: child.health,
    stop: child.stop,
    async start() {
      mkdirSync(folder, { recursive: true, mode: account ? 0o711 : 0o700 });
      mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
      if (account) chownSync(dataFolder, account.uid, account.gid);
      writeFileSync(configFile, configuration(dataFolder, port), { mode: 0o644 });
      chmodSync(configFile, 0o644);
      await child.start();
      for (const database of settings.databases) {
        const answer = await ask(`create database "${database}"`, settings);
        if (!answer.ok)
          throw new SetupFault(`InfluxDB did not make the database ${database} (status ${answer.status}).`);
      }
    },
  };
}

/** TOML of InfluxDB 1.x. A write is acknowledged when its WAL is on disk: `wal-fsync-delay = "0s"`. */
const configuration = (folder: string, port: number) => `# Written by Hearthbeat at every start.
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "${folder}/meta"
  logging-enabled = false
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  index-version = "tsi1"
  wal-fsync-delay = "0s"
  cache-max-memory-size = 536870912
  max-series-per-database = 0
  query-log-enabled = false
[coordinator]
  query-timeout = "60s"
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  auth-enabled = true
  log-enabled = false
  pprof-enabled = false
[logging]
  format = "logfmt"
  level = "error"
  suppress-logo = true
`;

/**
 * A torn end of a write-ahead log, as power loss leaves it, hides whatever is appended behind it from the next start: with
 * 1.6.7 that lost 2,000 acknowledged points. So no start appends to an old segment: each shard gets a new one.
 */
function beginWalSegments(walFolder: string, account: Account | undefined): void {
  for (const database of entriesOf(walFolder)) {
    for (const policy of entriesOf(join(walFolder, database))) {
      for (const shard of entriesOf(join(walFolder, database, policy))) {
        const folder = join(walFolder, database, policy, shard);
        const segments = entriesOf(folder).map((file) => Number(/^_(\d+)\.wal$/.exec(file)?.[1] ?? 0));
        const last = Math.max(0, ...segments);
        if (last === 0) continue;
        const file = join(folder, `_${String(last + 1).padStart(5, '0')}.wal`);
        closeSync(openSync(file, 'wx', 0o644));
        if (account) chownSync(file, account.uid, account.gid);
      }
    }
  }
}

const entriesOf = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

/** Serves once our user may sign in; the very first start has no user yet and lets anybody make the administrator. */
async function serves(ask: Ask, settings: InfluxSettings, folder: string): Promise<boolean> {
  try {
    const answer = await ask('show databases', settings);
    if (answer.ok) return true;
    if (answer.status === 403) {
      const { user, password } = settings;
      return (await ask(`create user "${user}" with password '${password}' with all privileges`)).ok;
    }
    if (answer.status !== 401) return false;
  } catch {
    return false;
  }
  throw new SetupFault(
    `The InfluxDB in ${folder} was made with other secrets: put the secrets.json that belongs to it back into DATA_DIR, or move that folder away to begin anew.`,
  );
}

type Ask = (influxql: string, as?: { user: string; password: string }) => Promise<{ ok: boolean; status: number }>;

function asker(clock: Clock, url: string): Ask {
  return async (influxql, as) => {
    const authorization = as && {
      authorization: `Basic ${Buffer.from(`${as.user}:${as.password}`).toString('base64')}`,
    };
    const deadline = new AbortController();
    const cancel = clock.after(answerMs, () => deadline.abort());
    try {
      const response = await fetch(`${url}/query`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...authorization },
        body: new URLSearchParams({ q: influxql }),
        signal: deadline.signal,
      });
      const { error, results } = (await response.json()) as { error?: string; results?: { error?: string }[] };
      return { ok: response.ok && !error && !results?.some((result) => result.error), status: response.status };
    } finally {
      cancel();
    }
  };
}
