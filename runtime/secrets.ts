import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { SetupFault } from '#domain/errors.ts';

/**
 * Secrets that nobody has to think of: made at the first start, kept in DATA_DIR/secrets.json for its owner alone. Losing
 * the file means losing the way into the databases it opens.
 */
const secret = z.string().min(32).max(200);
const Secrets = z.object({
  /** Of PostgreSQL's `postgres`, who administers. */
  postgresAdministratorPassword: secret,
  /** Of PostgreSQL's `hearthbeat`, as whom the platform works. */
  postgresPassword: secret,
  influxPassword: secret,
  /** HMAC key of webhook bodies where WEBHOOK_SECRET is not set. */
  webhookSecret: secret,
  /** HMAC key of the links that acknowledge, see links.ts. */
  linkKey: secret,
  /** Signs what goes to push services of browsers (VAPID): a number on P-256, which any 32 bytes are but for one chance in 2^32. */
  webPushKey: secret,
  /** Opens the key in authority.json where AUTHORITY_PASSPHRASE is not set. */
  authorityPassphrase: secret,
  /** By which the auditor's canary signs in to the broker. */
  canaryToken: secret,
});
export type Secrets = Readonly<z.infer<typeof Secrets>>;

/** 256 bits, in letters and digits that need no quoting anywhere. */
const newSecret = () => randomBytes(32).toString('base64url');

/** Reads them, makes those that are missing. @throws SetupFault when the file cannot be read or written, or is damaged. */
export function readSecrets(dataDir: string): Secrets {
  const file = join(dataDir, 'secrets.json');
  const known = existsSync(file) ? readJson(file) : {};
  const made = Object.fromEntries(Object.keys(Secrets.shape).map((name) => [name, known[name] ?? newSecret()]));
  const parsed = Secrets.safeParse(made);
  if (!parsed.success) throw damaged(file);
  if (Object.keys(made).some((name) => known[name] === undefined)) writeSafely(file, { ...known, ...made });
  return parsed.data;
}

function readJson(file: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw damaged(file);
  }
}

const damaged = (file: string) =>
  new SetupFault(
    `${file} is damaged or cannot be read: put back your copy of it, or move its folder away to begin anew.`,
  );

/**
 * Whole or not at all, also when the power fails: written beside, on disk, then renamed. For the owner's eyes only.
 * @param owner whose it becomes; else whoever writes. Before it has its name: in a folder of theirs a name may be made to lead elsewhere.
 */
export function writeSafely(file: string, content: object, owner?: { uid: number; gid: number }): void {
  const beside = `${file}.new`;
  try {
    rmSync(beside, { force: true });
    const handle = openSync(beside, 'wx', 0o600);
    try {
      writeSync(handle, `${JSON.stringify(content, null, 2)}\n`);
      if (owner) fchownSync(handle, owner.uid, owner.gid);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(beside, file);
    const folder = openSync(dirname(file), 'r');
    fsyncSync(folder);
    closeSync(folder);
  } catch (fault) {
    throw new SetupFault(`${file} cannot be written (${(fault as NodeJS.ErrnoException).code}).`);
  }
}
