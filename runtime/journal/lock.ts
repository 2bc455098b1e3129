import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SetupFault } from '#domain/errors.ts';

/**
 * Holds a folder for this process alone, until `release` or until the process dies, however it dies. Node has no file locks;
 * SQLite has good ones, which the operating system drops with the process and which also hold between containers that share
 * a folder. The database stays empty.
 */
export function lockFolder(folder: string): { release(): void } {
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
  try {
    database.exec('begin exclusive');
  } catch (fault) {
    database.close();
    const busy = (fault as { errcode?: number }).errcode === 5;
    throw busy
      ? new SetupFault(
          `The journal in ${folder} is open in another process: stop that one first, or set another DATA_DIR.`,
        )
      : fault;
  }
  return { release: () => database.close() };
}
