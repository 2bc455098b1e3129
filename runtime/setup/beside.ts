import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetupFault } from '#domain/errors.ts';
import { type Config, readConfig } from '../config.ts';
import { connect, type Records } from '../records/connect.ts';
import { readSecrets } from '../secrets.ts';
import { databaseUrlOf } from '../servers/databases.ts';
import { createProgress } from './progress.mjs';

/**
 * For commands that an operator says beside the running platform: the words after the command are read first, then the records
 * are handed to `run`. Whatever goes wrong ends in one sentence and exit code 1.
 */
export async function besidePlatform<Wish>(
  read: (words: string[]) => Wish,
  run: (records: Records, wish: Wish, config: Config) => Promise<void>,
): Promise<void> {
  try {
    const wish = read(process.argv.slice(2));
    const config = readConfig(process.env);
    const records = connect(databaseUrlBeside(config), { connections: 1, onFault: () => {} });
    try {
      await run(records, wish, config);
    } finally {
      await records.destroy();
    }
  } catch (fault) {
    createProgress().fail(faultSentence(fault));
    process.exitCode = 1;
  }
}

/** Where the records of the platform are that runs here. @throws SetupFault where none ever did: no secrets are made for it */
export function databaseUrlBeside(config: Config): string {
  if (config.DATABASE_URL) return config.DATABASE_URL;
  if (!existsSync(join(config.DATA_DIR, 'secrets.json')))
    throw new SetupFault(
      `There is no platform in ${config.DATA_DIR}: start it first ("npm run serve"), or say with DATA_DIR where it is.`,
    );
  return databaseUrlOf(config, readSecrets(config.DATA_DIR));
}

/** What an operator is told of it. @throws a fault that is nobody's to mend */
export function faultSentence(fault: unknown): string {
  if (fault instanceof SetupFault) return fault.message;
  const { code } = fault as { code?: string };
  if (code === 'ECONNREFUSED' || code === '42P01' || code === '42703')
    return 'The database does not answer, or is older than this program: start the platform first ("npm run serve"), then say this again beside it.';
  if (code === '28P01')
    return 'The database refuses its password: DATA_DIR or POSTGRES_PORT are not those of the platform.';
  throw fault;
}
