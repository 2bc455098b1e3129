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
  close(): void;
}

export type Row = Record<string, SQLOutputValue>;

/** @param path of the file; its folder is made. @param maxBytes its share of the disk. @param layouts run in this order; each may run again. */
export function openFile(path: string, maxBytes: number, layouts: readonly string[]): OutboxFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path);
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

  return {
    write: (work) => {
      if (database.isTransaction) return work();
      try {
        database.exec('BEGIN IMMEDIATE');
        const result = work();
        database.exec('COMMIT');
        full = false;
        return result;
      } catch (fault) {
        if (database.isTransaction) database.exec('ROLLBACK');
        if (!saysFull(fault)) throw fault;
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
    close: () => {
      statements.clear();
      database.close();
    },
  };
}

/** SQLITE_FULL is 13; SQLITE_IOERR, 10, is what some file systems say when they are full or failing. */
const saysFull = (fault: unknown): boolean => {
  const code = (fault as { errcode?: unknown }).errcode;
  return typeof code === 'number' && [10, 13].includes(code & 0xff);
};
