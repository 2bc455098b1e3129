import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What waits in an outbox, read beside whoever owns it and without changing anything. */
export type OutboxGlance = { waiting: number; oldestAt?: number };

/** Undefined where there is none yet, or none that can be read. */
export function glanceAtOutbox(dataDir: string): OutboxGlance | undefined {
  const path = join(dataDir, 'outbox.sqlite');
  if (!existsSync(path)) return undefined;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
    const { waiting, oldest } = database
      .prepare('SELECT count(*) AS waiting, min(heard_at) AS oldest FROM readings')
      .get() as { waiting: number; oldest: number | null };
    return { waiting, ...(oldest === null ? {} : { oldestAt: oldest }) };
  } catch {
    return undefined;
  } finally {
    database?.close();
  }
}
