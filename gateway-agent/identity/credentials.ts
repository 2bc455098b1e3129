import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { EnrolmentAnswer, SourceCredential } from '#domain/enrolment.ts';
import { SetupFault } from '#domain/errors.ts';
import { writeSafely } from '#runtime/secrets.ts';

const Key = z.string().max(8_192);

/**
 * Who this box is to the platform: `credentials.json` in the data folder, its owner's alone, written whole or not at all. The key was made here and
 * leaves it never; it is kept in the same file, so that key and certificate cannot come apart.
 */
export const Credentials = EnrolmentAnswer.extend({
  /** Where it was enrolled. */
  url: z.url(),
  enrolledAt: z.iso.datetime(),
  /** Of the last renewal. */
  renewedAt: z.iso.datetime().optional(),
  /** PKCS #8, PEM. */
  key: Key,
  /** PEM: who vouches for `url` and nobody else; known by its fingerprint since the enrolment. Not given: whom this system trusts. */
  trusted: z.string().max(16_384).optional(),
  /** With what it signed in before the last renewal, until the broker has taken the new. */
  former: z.object({ key: Key, credential: SourceCredential }).optional(),
});
export type Credentials = z.infer<typeof Credentials>;

export const credentialsFile = (dataDir: string): string => join(dataDir, 'credentials.json');
const keyFile = (dataDir: string): string => join(dataDir, 'enrolment-key.json');

/** @returns undefined when the box was not enrolled. @throws SetupFault when the file is damaged or not ours to read. */
export function readCredentials(dataDir: string): Credentials | undefined {
  const file = credentialsFile(dataDir);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new SetupFault(`${file} cannot be read (${code}): say this again with sudo, or as the account that owns it.`);
  }
  try {
    return Credentials.parse(JSON.parse(text));
  } catch {
    throw new SetupFault(
      `${file} is damaged: ask the platform for a new code and say "hearthbeat-gateway enroll <url> <code> --again".`,
    );
  }
}

/** Only then is the key of the enrolment forgotten, which the file now holds. */
export function keepCredentials(dataDir: string, credentials: Credentials): void {
  write(dataDir, credentialsFile(dataDir), credentials);
  rmSync(keyFile(dataDir), { force: true });
}

const EnrolmentKey = z.object({ key: Key });

/** The key of an enrolment that was begun and whose answer has not come: it must be asked for again with the same. PKCS #8, PEM. */
export function readEnrolmentKey(dataDir: string): string | undefined {
  const file = keyFile(dataDir);
  if (!existsSync(file)) return undefined;
  try {
    return EnrolmentKey.parse(JSON.parse(readFileSync(file, 'utf8'))).key;
  } catch {
    return undefined;
  }
}

export function keepEnrolmentKey(dataDir: string, key: string): void {
  write(dataDir, keyFile(dataDir), { key });
}

function write(dataDir: string, file: string, content: object): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (fault) {
    throw new SetupFault(`The folder ${dataDir} cannot be made (${(fault as NodeJS.ErrnoException).code}).`);
  }
  // root enrols, the service reads: what lies in its folder is its own
  writeSafely(file, content, process.getuid?.() === 0 ? statSync(dataDir) : undefined);
}
