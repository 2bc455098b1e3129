import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SetupFault } from '#domain/errors.ts';
import { allRoles, isWhole, type Role } from '../roles.ts';
import { type Account, serverAccount } from './account.ts';

/** DATA_DIR, in which each part of the platform is held by one process. */
export type DataFolder = {
  /** Absolute. */
  path: string;
  /** Runs while no other process of the platform does: for what the first one to start makes and all others use. */
  alone<T>(run: () => T): T;
  /** The folder of a server that Hearthbeat starts itself. */
  serverFolder(server: 'postgresql' | 'influxdb'): string;
  release(): void;
};

const rootsFolder = '/var/lib/hearthbeat';

/** @throws SetupFault when it cannot be used, or another process is one of these parts on it. */
export function openDataFolder(dataDir: string, parts: ReadonlySet<Role> = new Set(allRoles)): DataFolder {
  const path = prepareDataFolder(dataDir);
  const held: (() => void)[] = [];
  const release = () => held.splice(0).forEach((end) => void end());
  try {
    for (const part of parts) held.push(hold(path, part, isWhole(parts) ? 'Hearthbeat' : `Hearthbeat's ${part}`));
  } catch (fault) {
    release();
    throw fault;
  }
  return {
    path,
    release,
    alone: (run) => alone(path, run),
    serverFolder: (server) => serverFolder(path, server, serverAccount()),
  };
}

/** Makes it where it is missing, for its owner alone. @returns its absolute path @throws SetupFault */
export function prepareDataFolder(dataDir: string): string {
  const path = resolve(dataDir);
  try {
    makeFolder(path);
    const { uid } = statSync(path);
    if (uid !== process.getuid?.()) {
      throw new SetupFault(
        `${path} belongs to another user (uid ${uid}): start Hearthbeat as that user, or set DATA_DIR to a folder of your own.`,
      );
    }
    chmodSync(path, 0o700);
    return path;
  } catch (fault) {
    if (fault instanceof SetupFault) throw fault;
    const { code } = fault as NodeJS.ErrnoException;
    throw new SetupFault(`${path} cannot be written (${code}): set DATA_DIR to a folder that can.`);
  }
}

/** Step by step, for Node's own recursive one tries for ever where the kernel answers ENOENT, as under /proc (24.21). */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (fault) {
    // another start may have made it meanwhile
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
  }
}

/** A file lock of the kernel, by way of SQLite: no dead process holds it, and no reused process id confuses it. */
function hold(path: string, part: Role, name: string): () => void {
  const holder = join(path, `${part}.pid`);
  const lock = new DatabaseSync(join(path, `${part}.lock`));
  try {
    lock.exec('pragma locking_mode = exclusive; begin exclusive');
  } catch (fault) {
    lock.close();
    if (!/locked/.test((fault as Error).message)) {
      throw new SetupFault(`${path} cannot be locked (${(fault as Error).message}): set DATA_DIR to a local folder.`);
    }
    const pid = existsSync(holder) ? ` (process ${readFileSync(holder, 'utf8').trim()})` : '';
    throw new SetupFault(
      `${name} is already running on ${path}${pid}: stop it first, or set DATA_DIR and the ports to others.`,
    );
  }
  writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 });
  return () => {
    if (!lock.isOpen) return;
    rmSync(holder, { force: true });
    lock.close();
  };
}

const waitForOthersMs = 10_000;

function alone<T>(path: string, run: () => T): T {
  const lock = new DatabaseSync(join(path, 'setup.lock'), { timeout: waitForOthersMs });
  try {
    try {
      lock.exec('begin exclusive');
    } catch (fault) {
      throw new SetupFault(
        `${path} cannot be written (${(fault as Error).message}): make room there, or set DATA_DIR to another folder.`,
      );
    }
    return run();
  } finally {
    lock.close();
  }
}

/**
 * Of an ordinary user: inside DATA_DIR. Root's DATA_DIR is closed to the account the servers run under, so theirs stands
 * under /var/lib/hearthbeat, and DATA_DIR holds a link to it. Whoever removes DATA_DIR means to begin anew, but may be
 * mistaken: the data of the removed one are set aside, not used and not deleted.
 */
function serverFolder(path: string, server: string, account: Account | undefined): string {
  const inside = join(path, server);
  if (!account) {
    mkdirSync(inside, { recursive: true, mode: 0o700 });
    return inside;
  }
  const key = createHash('sha256').update(realpathSync(path)).digest('hex').slice(0, 12);
  const outside = join(rootsFolder, key, server);
  if (!isLink(inside) && existsSync(outside)) renameSync(outside, setAside(outside));
  for (const folder of [rootsFolder, join(rootsFolder, key), outside]) {
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    chmodSync(folder, 0o711);
  }
  if (!isLink(inside)) symlinkSync(outside, inside);
  return outside;
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function setAside(folder: string): string {
  for (let number = 1; ; number++) {
    const aside = `${folder}.removed-${number}`;
    if (!existsSync(aside)) return aside;
  }
}
