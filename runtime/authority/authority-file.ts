import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { SetupFault } from '#domain/errors.ts';
import { instant } from '../clock.ts';
import { endOf, makeAuthority, openKey, pkcs8, type Signer } from './certificates.ts';

/**
 * `authority.json` in DATA_DIR: the platform's authority, and its predecessor while certificates of that are still about. For its owner's eyes
 * only, and the keys are encrypted besides (PKCS #8, PBES2).
 */
const Kept = z.object({
  /** PEM. */
  certificate: z.string().max(8_192),
  /** PKCS #8, encrypted, PEM. */
  key: z.string().max(8_192),
  /** Null for the one that signs now; for its predecessors, when the last certificate they signed has ended. */
  trustedUntil: z.iso.datetime().nullable(),
});
const AuthorityFile = z.object({ v: z.literal(1), authorities: z.array(Kept).min(1).max(8) });
export type Kept = z.infer<typeof Kept>;

/** Boxes are told no more at once (`SourceCredential`), and would refuse every certificate that came with more. */
const trustedAtMost = 4;

export const authorityFile = (folder: string): string => join(folder, 'authority.json');

/** The eldest first, the one that signs last. @returns undefined where there is none yet. @throws SetupFault when the file is damaged. */
export function readAuthorities(folder: string): Kept[] | undefined {
  const file = authorityFile(folder);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new SetupFault(`${file} cannot be read (${code}): start as the account that owns it.`);
  }
  try {
    return AuthorityFile.parse(JSON.parse(text)).authorities;
  } catch {
    throw new SetupFault(`${file} is damaged: put back your copy of it; without one every box must be enrolled anew.`);
  }
}

/** Those whose certificates are still taken, the eldest first. @param now ms since 1970 */
export const trustedOf = (kept: readonly Kept[], now: number): Kept[] =>
  kept.filter(
    ({ certificate, trustedUntil }) =>
      trustedUntil === null || (Date.parse(trustedUntil) > now && endOf(certificate) > now),
  );

/** The first one, where there is none. Of two processes that find none at once, one makes it and the other takes that. */
export async function ensureAuthority(folder: string, passphrase: string, now: number): Promise<Kept[]> {
  const known = readAuthorities(folder);
  if (known) return known;
  write(authorityFile(folder), [sealed(await makeAuthority(now), passphrase)], { first: true });
  return readAuthorities(folder) ?? [];
}

/**
 * Another authority signs from now on. The former one is trusted until the last certificate that it may have signed has ended, or, where
 * its key was stolen, not a moment longer (`atOnce`).
 * @throws SetupFault where so many are trusted that boxes could not be told of another.
 */
export async function succeedAuthority(
  folder: string,
  passphrase: string,
  wish: { now: number; clientDays: number; atOnce: boolean },
): Promise<void> {
  const { now, clientDays, atOnce } = wish;
  const kept = await ensureAuthority(folder, passphrase, now);
  signerOf(folder, kept, passphrase);
  const until = atOnce ? now : now + (clientDays + 1) * 86_400_000;
  const trusted = trustedOf(kept, now);
  if (!atOnce && trusted.length >= trustedAtMost)
    throw new SetupFault(
      `${trustedAtMost} authorities are trusted already: another may take over when the eldest has ended ("npm run home -- authority" says when).`,
    );
  const former = trusted.map((one) => ({
    ...one,
    trustedUntil: instant(Math.min(until, one.trustedUntil === null ? until : Date.parse(one.trustedUntil))),
  }));
  const authorities = [...former, sealed(await makeAuthority(now), passphrase)];
  write(authorityFile(folder), authorities, { first: false });
}

/** With the keys under another passphrase. */
export function resealAuthorities(folder: string, kept: readonly Kept[], from: string, to: string): Kept[] {
  const authorities = kept.map((one) => ({ ...one, key: pkcs8(opened(folder, one, from).key, to) }));
  write(authorityFile(folder), authorities, { first: false });
  return authorities;
}

/** The one that signs. @throws SetupFault where the passphrase is another. */
export function signerOf(folder: string, kept: readonly Kept[], passphrase: string): Signer {
  const newest = kept.at(-1);
  if (!newest) throw new Error('a file of authorities holds none');
  return opened(folder, newest, passphrase);
}

export function opened(folder: string, { certificate, key }: Kept, passphrase: string): Signer {
  const open = openKey(key, passphrase);
  if (!open)
    throw new SetupFault(
      `${authorityFile(folder)} does not open: set AUTHORITY_PASSPHRASE to the passphrase with which it was made.`,
    );
  return { certificate, key: open };
}

const sealed = ({ certificate, key }: Signer, passphrase: string): Kept => ({
  certificate,
  key: pkcs8(key, passphrase),
  trustedUntil: null,
});

/** Whole or not at all, and on disk. `first`: never over another's. */
function write(file: string, authorities: readonly Kept[], { first }: { first: boolean }): void {
  // several processes of the platform may write at once
  const beside = `${file}.${process.pid}`;
  try {
    rmSync(beside, { force: true });
    const handle = openSync(beside, 'wx', 0o600);
    try {
      writeSync(handle, `${JSON.stringify({ v: 1, authorities }, null, 2)}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    if (first) linkSync(beside, file);
    else renameSync(beside, file);
    const folder = openSync(dirname(file), 'r');
    fsyncSync(folder);
    closeSync(folder);
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    if (!first || code !== 'EEXIST') throw new SetupFault(`${file} cannot be written (${code}).`);
  } finally {
    rmSync(beside, { force: true });
  }
}
