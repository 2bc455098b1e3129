import { sql } from 'kysely';
import type { Within } from './connect.ts';

/**
 * Whose facts have changed: patients and care teams by id. `all`: nobody can tell, because nobody has looked before.
 */
export type JudgedChanges = 'all' | ReadonlySet<string>;

/** A session of PostgreSQL, by its process and since when. */
type Session = { pid: number; began: string };

/**
 * Asks PostgreSQL what has changed since the last look, with one small statement however many patients there are. What is read after a look holds
 * all it did not tell of. A change is told of again while a transaction that began before it is still under way, unless it was told of by the look
 * before.
 *
 * A PostgreSQL that crashed may give the numbers of transactions that failed to others, and one that took over from another may lack the latest. No
 * session outlives that: while the one of the last look is there, the numbers hold; else nobody can tell, which costs a few queries more.
 */
export function createJudgedChanges(): {
  look(db: Within): Promise<JudgedChanges>;
  /** The next look knows nothing: after a fault. */
  forget(): void;
} {
  let since: string | undefined;
  let told = new Map<string, string>();
  let session: Session | undefined;

  return {
    async look(db) {
      const { rows } = await sql<{ horizon: string; changed: string[]; lasts: boolean | null } & Session>`
        select pg_snapshot_xmin(pg_current_snapshot())::text as horizon,
          array(select subject::text || ' ' || changed_in::text from judged_change
            where changed_in >= ${since ?? null}::xid8) as changed,
          pg_backend_pid() as pid,
          (select backend_start::text from pg_stat_get_activity(pg_backend_pid())) as began,
          (select backend_start = ${session?.began ?? null}::timestamptz
            from pg_stat_get_activity(${session?.pid ?? 0}::integer)) as lasts`.execute(db);
      const { horizon, changed, pid, began, lasts } = rows[0]!;
      since = horizon;
      session = { pid, began };
      const toldNow = new Map(changed.map((row) => row.split(' ') as [string, string]));
      const fresh = new Set([...toldNow].filter(([subject, number]) => told.get(subject) !== number).map(([s]) => s));
      told = toldNow;
      return lasts ? fresh : 'all';
    },
    forget() {
      since = undefined;
      session = undefined;
      told = new Map();
    },
  };
}
