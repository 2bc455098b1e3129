import { sql } from 'kysely';
import type { Within } from './connect.ts';

/**
 * Whose facts have changed: patients and care teams by id. `all`: nobody can tell, because nobody has looked before.
 */
export type JudgedChanges = 'all' | ReadonlySet<string>;

/**
 * Asks PostgreSQL what has changed since the last look, with one small statement however many patients there are. What is read after a look holds
 * all it did not tell of. A change is told of again while a transaction that began before it is still under way, unless it was told of by the look
 * before.
 */
export function createJudgedChanges(): {
  look(db: Within): Promise<JudgedChanges>;
  /** The next look knows nothing: after a fault, for a PostgreSQL that crashed may give a transaction's number to another one. */
  forget(): void;
} {
  let since: string | undefined;
  let told = new Map<string, string>();

  return {
    async look(db) {
      const { rows } = await sql<{ horizon: string; changed: string[] }>`
        select pg_snapshot_xmin(pg_current_snapshot())::text as horizon,
          array(select subject::text || ' ' || changed_in::text from judged_change
            where changed_in >= ${since ?? null}::xid8) as changed`.execute(db);
      const { horizon, changed } = rows[0]!;
      const first = since === undefined;
      since = horizon;
      const toldNow = new Map(changed.map((row) => row.split(' ') as [string, string]));
      const fresh = new Set([...toldNow].filter(([subject, number]) => told.get(subject) !== number).map(([s]) => s));
      told = toldNow;
      return first ? 'all' : fresh;
    },
    forget() {
      since = undefined;
      told = new Map();
    },
  };
}
