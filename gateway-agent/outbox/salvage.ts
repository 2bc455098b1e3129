import { existsSync, renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Reading } from '#domain/reading.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import { readingId } from '#runtime/reading-id.ts';
import { notesLayout } from './device-notes.ts';
import { type OutboxFile, openFile, othersMs, type Row, saysDamaged } from './file.ts';
import { layout, limits } from './layout.ts';
import { type Outbox, openOutbox } from './outbox.ts';

/**
 * Opens the outbox, whatever state its file is in: a file that is damaged must not silence the home. It is moved aside, for inspection, a new one is
 * begun, and what can still be read and proved goes over into it.
 */
export function openOrSalvage(
  { clock, log }: { clock: Clock; log: Log },
  path: string,
  mostBytes: number = limits.bytes,
): Outbox {
  try {
    if (existsSync(path)) checkWhole(path);
    return openOutbox(clock, path, mostBytes, log);
  } catch (fault) {
    if (!saysDamaged(fault)) throw fault;
    const aside = `${path}.damaged-${clock.now()}`;
    log.error('the outbox is damaged: it was moved aside, and a new one begun', { aside });
    for (const end of ['', '-wal', '-shm']) if (existsSync(path + end)) renameSync(path + end, aside + end);
    const file = openFile(path, mostBytes, [layout, notesLayout]);
    const found = salvage(aside, file, log);
    file.close();
    log.error('what could be read of the damaged outbox was taken over', found);
    return openOutbox(clock, path, mostBytes, log);
  }
}

/** @throws what SQLite says of a damaged file. */
function checkWhole(path: string): void {
  const database = new DatabaseSync(path, { timeout: othersMs });
  try {
    const [verdict] = database.prepare('PRAGMA quick_check(1)').all();
    if (verdict?.quick_check !== 'ok') throw Object.assign(new Error('the file is damaged'), { errcode: 11 });
  } finally {
    database.close();
  }
}

/** Of what is salvaged: what tells a sound row, and how it goes over. A reading proves itself by its reference, a hash of what it says. */
const tables: Record<string, (row: Row, into: OutboxFile) => boolean> = {
  readings: (row, into) => {
    const reading = Reading.safeParse(parse(row.message));
    if (!reading.success || reading.data.ref !== row.ref) return false;
    if (!isProved(reading.data, row.heard_at)) {
      const { device, heard_at: at, message } = row;
      const raw = Buffer.from(String(message)).toString('hex');
      put(into, 'aside', { device, reason: 'from-a-damaged-outbox', at, raw } as Row, asideColumns);
      return false;
    }
    return put(into, 'readings', row, ['n', 'ref', 'device', 'heard_at', 'message']);
  },
  // a frame proves nothing of itself: it is kept for a person to look at, and the device may still have it
  frames: (row, into) => {
    const { device, model, characteristic, heard_at: at, bytes } = row;
    if (!(bytes instanceof Uint8Array)) return false;
    const raw = Buffer.from(bytes).toString('hex');
    const kept = { device, model, characteristic, reason: 'from-a-damaged-outbox', at, raw, reading: null } as Row;
    return put(into, 'aside', kept, asideColumns);
  },
  aside: (row, into) => put(into, 'aside', row, asideColumns),
  seen: (row, into) => row.key instanceof Uint8Array && row.key.length === 16 && put(into, 'seen', row, ['key', 'at']),
  device_notes: (row, into) => {
    const note = parse(row.note) as { device?: unknown } | undefined;
    return note?.device === row.device && put(into, 'device_notes', row, ['device', 'noted_at', 'note']);
  },
  answers: (row, into) =>
    parse(row.message) !== undefined && put(into, 'answers', row, ['command', 'message', 'waiting']),
  tally: (row, into) => put(into, 'tally', row, ['name', 'count']),
};

/** One that names no time itself, and was corrected, had another moment when its reference was made: as far from this as its hearing. */
function isProved({ ref, ...said }: Reading, heardAt: unknown): boolean {
  if (readingId(said) === ref) return true;
  const firstTaken = Date.parse(said.takenAt) + Number(heardAt) - Date.parse(said.heardAt);
  return !Number.isNaN(firstTaken) && readingId({ ...said, takenAt: instant(firstTaken) }) === ref;
}

const asideColumns = ['device', 'model', 'characteristic', 'reason', 'at', 'raw', 'reading'];

/** Rows taken over, by table. */
function salvage(path: string, into: OutboxFile, log: Log): Record<string, number> {
  const found: Record<string, number> = {};
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    for (const [table, takeOver] of Object.entries(tables)) {
      found[table] = 0;
      for (const rows of readable(database, table))
        into.write(() => {
          for (const row of rows) if (takeOver(row, into)) found[table]!++;
        });
    }
  } catch (fault) {
    log.error('the damaged outbox could not be read to its end', faultDetails(fault));
  } finally {
    database?.close();
  }
  return found;
}

const rowsAtATime = 500;

/** What can be read of a table, around what cannot: from its beginning up to the damage, and from its end back to it. */
function* readable(database: DatabaseSync, table: string): Generator<Row[]> {
  for (const order of table === 'seen' ? ['key', 'key DESC'] : ['rowid', 'rowid DESC']) {
    let rows: Row[] = [];
    let whole = false;
    try {
      for (const row of database.prepare(`SELECT * FROM ${table} ORDER BY ${order}`).iterate()) {
        rows.push(row as Row);
        if (rows.length < rowsAtATime) continue;
        yield rows;
        rows = [];
      }
      whole = true;
    } catch (fault) {
      if (!saysDamaged(fault) && !saysAbsent(fault)) throw fault;
    }
    yield order.endsWith('DESC') ? rows.reverse() : rows;
    if (whole) return;
  }
}

/** A table of which even the name is gone. */
const saysAbsent = (fault: unknown): boolean => (fault as { errcode?: unknown }).errcode === 1;

function put(into: OutboxFile, table: string, row: Row, columns: string[]): boolean {
  const marks = columns.map(() => '?').join(', ');
  const values = columns.map((column) => row[column] ?? null);
  return into.run(`INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${marks})`, ...values).changes > 0;
}

function parse(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
