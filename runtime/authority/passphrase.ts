import { readFileSync } from 'node:fs';
import { SetupFault } from '#domain/errors.ts';

/**
 * What opens the authority's key: said in the environment, read from a file of one's own (a mounted secret), or else made at the first start. And
 * what may have opened it before.
 */
export function passphraseFrom(
  config: {
    AUTHORITY_PASSPHRASE?: string | undefined;
    AUTHORITY_PASSPHRASE_FILE?: string | undefined;
    AUTHORITY_FORMER_PASSPHRASE_FILE?: string | undefined;
  },
  made: string,
): { passphrase: string; formerPassphrase: string } {
  const { AUTHORITY_PASSPHRASE: said, AUTHORITY_PASSPHRASE_FILE: file } = config;
  if (said !== undefined && file !== undefined)
    throw new SetupFault('AUTHORITY_PASSPHRASE and AUTHORITY_PASSPHRASE_FILE are both set: keep one of them.');
  const { AUTHORITY_FORMER_PASSPHRASE_FILE: former } = config;
  const passphrase = said ?? (file === undefined ? made : inFile('AUTHORITY_PASSPHRASE_FILE', file));
  return {
    passphrase,
    formerPassphrase: former === undefined ? made : inFile('AUTHORITY_FORMER_PASSPHRASE_FILE', former),
  };
}

function inFile(name: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (fault) {
    throw new SetupFault(`${name}: ${file} cannot be read (${(fault as NodeJS.ErrnoException).code}).`);
  }
  if (text.length < 16) throw new SetupFault(`${name}: ${file} holds less than 16 characters.`);
  return text;
}
