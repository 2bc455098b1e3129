import { readFileSync } from 'node:fs';
import { SetupFault } from '#domain/errors.ts';

/** What opens the authority's key: said in the environment, read from a file of one's own (a mounted secret), or else made at the first start. */
export function passphraseFrom(
  config: { AUTHORITY_PASSPHRASE?: string | undefined; AUTHORITY_PASSPHRASE_FILE?: string | undefined },
  made: string,
): { passphrase: string; formerPassphrase?: string } {
  const { AUTHORITY_PASSPHRASE: said, AUTHORITY_PASSPHRASE_FILE: file } = config;
  if (said !== undefined && file !== undefined)
    throw new SetupFault('AUTHORITY_PASSPHRASE and AUTHORITY_PASSPHRASE_FILE are both set: keep one of them.');
  if (said !== undefined) return { passphrase: said, formerPassphrase: made };
  if (file !== undefined) return { passphrase: inFile(file), formerPassphrase: made };
  return { passphrase: made };
}

function inFile(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (fault) {
    throw new SetupFault(
      `AUTHORITY_PASSPHRASE_FILE: ${file} cannot be read (${(fault as NodeJS.ErrnoException).code}).`,
    );
  }
  if (text.length < 16) throw new SetupFault(`AUTHORITY_PASSPHRASE_FILE: ${file} holds less than 16 characters.`);
  return text;
}
