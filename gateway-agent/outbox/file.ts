import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { Outage } from '#domain/errors.ts';

/**
 * The one SQLite file in which a home keeps what it must not lose: the outbox's frames and readings, and what is known of the devices.
 * What changes together is written together, whoever of the two it belongs to.
 */
export interface OutboxFile {
  /** All of `work` is on disk when this returns, or none of it. Within another `write` it is part of that. Outage `outbox-full`: nothing changed. */
  write<T>(work: () => T): T;
  run(text: string, ...values: SQLInputValue[]): { changes: number; lastInsertRowid: number };
  row(text: string, ...values: SQLInputValue[]): Row | undefined;
  rows(text: string, ...values: SQLInputValue[]): Row[];
  /** The last write did not fit. */
  isFull(): boolean;
  /** What it holds, without what is free within it. */
  usedBytes(): number;
  /** Gives free pages back to the disk, at most so many. */
  compact(pages: number): void;
  close(): void;
}

/** Whoever looks into the file beside us may hold it for a moment: we wait so long for them. */
export const othersMs = 1_000;

export type Row = Record<string, SQLOutputValue>;

/**
 * @param path of the file; its folder is made. @param maxBytes its share of the disk. @param layouts run in this order; each may run again.
 * @param makeRoom takes out what may give way when a write does not fit; false: nothing is left that may. The write is then tried again.
 */
export function openFile(
  path: string,
  maxBytes: number,
  layouts: readonly string[],
  makeRoom: () => boolean = () => false,
): OutboxFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path, { timeout: othersMs });
  for (const layout of layouts) database.exec(layout);
  const { page_size: pageSize } = database.prepare('PRAGMA page_size').get() as { page_size: number };
  database.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / pageSize)}`);

  const statements = new Map<string, StatementSync>();
  const sql = (text: string): StatementSync => {
    let statement = statements.get(text);
    if (!statement) {
      statement = database.prepare(text);
      statements.set(text, statement);
    }
    return statement;
  };
  let full = false;

  /** All or nothing. */
  const attempt = <T>(work: () => T): T => {
    try {
      database.exec('BEGIN IMMEDIATE');
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (fault) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw fault;
    }
  };
  const madeRoom = (): boolean => {
    try {
      return attempt(makeRoom);
    } catch {
      return false;
    }
  };
  const pages = (pragma: 'page_count' | 'freelist_count') => Object.values(sql(`PRAGMA ${pragma}`).get()!)[0] as number;

  return {
    write: (work) => {
      if (database.isTransaction) return work();
      for (;;)
        try {
          const result = attempt(work);
          full = false;
          return result;
        } catch (fault) {
          if (!saysFull(fault)) throw fault;
          if (codeOf(fault) === outOfRoom && madeRoom()) continue;
          full = true;
          throw new Outage('outbox-full', 'the outbox cannot write: its disk, or its share of it, is full', {
            retry: true,
            cause: fault,
          });
        }
    },
    run: (text, ...values) => {
      const { changes, lastInsertRowid } = sql(text).run(...values);
      return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
    },
    row: (text, ...values) => sql(text).get(...values),
    rows: (text, ...values) => sql(text).all(...values),
    isFull: () => full,
    usedBytes: () => (pages('page_count') - pages('freelist_count')) * pageSize,
    compact: (most) => {
      if (pages('freelist_count') > most) database.exec(`PRAGMA incremental_vacuum(${most})`);
    },
    close: () => {
      statements.clear();
      database.close();
    },
  };
}

/** SQLITE_FULL is 13; SQLITE_IOERR, 10, is what some file systems say when they are full or failing. */
const saysFull = (fault: unknown): boolean => [10, outOfRoom].includes(codeOf(fault));
const outOfRoom = 13;

/** SQLITE_CORRUPT is 11, SQLITE_NOTADB is 26. */
export const saysDamaged = (fault: unknown): boolean => [11, 26].includes(codeOf(fault));

/** SQLite's own, without what its extended codes add; -1 for any other fault. */
const codeOf = (fault: unknown): number => {
  const code = (fault as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : -1;
};
