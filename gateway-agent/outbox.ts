import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Receipt } from '#domain/downward.ts';
import { Outage } from '#domain/errors.ts';
import type { Clock } from '#runtime/clock.ts';
import { readingId } from '#runtime/reading-id.ts';
import type { HeardFrame, NewReading, Verdict } from './interpret.ts';
import { fingerprint, layout, limits } from './outbox-layout.ts';

/**
 * What the gateway has heard and the server has not yet confirmed, in one SQLite file: write-ahead log, fsync at every commit, so that
 * what was acknowledged survives a power cut. A frame is on disk the moment it is heard; it is then settled, in one transaction, as a
 * reading that waits for its receipt, as something heard before, or as something kept aside. Only a receipt takes a reading out.
 * Every method throws an Outage `outbox-full` when the disk or the outbox's share of it is full, and has then changed nothing.
 */
export interface Outbox {
  /** The frame is on disk when this returns. */
  hear(frame: Omit<HeardFrame, 'n'>): HeardFrame;
  /** Takes the frame out, for all that it says together. */
  settle(frame: HeardFrame, ...verdicts: Verdict[]): void;
  /** Frames that no visit has settled: the process died, or the disk was full. In the order heard. */
  unsettled(): HeardFrame[];
  /** Whether a measurement was taken in before; for months after its reading was trimmed. */
  knows(reading: NewReading): boolean;
  /** The same for a frame that names no time, which cannot be told from another equal measurement later than this. */
  knowsFrame(frame: HeardFrame, notBefore: number): boolean;
  /** Readings that wait for a receipt, oldest first; those heard after `since` if given. */
  waiting(limit: number, since?: number): Waiting[];
  count(): number;
  /** Takes out what was stored; what was refused moves aside with the reason. Twice, or for what is not here: nothing happens. */
  receive(receipts: readonly Receipt[]): void;
  /** Kept aside on this gateway: frames nobody could read, readings the server refused. Newest first. */
  aside(limit: number): Aside[];
  device(device: string): KnownDevice | undefined;
  devices(limit: number): KnownDevice[];
  noteDevice(device: KnownDevice): void;
  /** False when a write would not fit: then nothing should be fetched from a device that still has it. */
  hasRoom(): boolean;
  close(): void;
}

/** `message`: the reading as it is published, JSON. `ref` is the reading's id, so that a receipt never meets another reading. */
export type Waiting = { n: number; ref: string; heardAt: number; message: string };
export type Aside = { device: string; reason: string; at: number; raw: string };
export type KnownDevice = {
  device: string;
  model?: string;
  battery?: number;
  heardAt: number;
  refusesPairing: boolean;
};

/** @param path of the file; its folder is made. @param maxBytes the outbox's share of the disk. */
export function openOutbox(clock: Clock, path: string, maxBytes = limits.bytes): Outbox {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path);
  database.exec(layout);
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
  const run = (text: string, ...values: SQLInputValue[]) => sql(text).run(...values);
  let full = false;

  const write = <T>(work: () => T): T => {
    try {
      database.exec('BEGIN IMMEDIATE');
      const result = work();
      database.exec('COMMIT');
      full = false;
      return result;
    } catch (fault) {
      if (database.isTransaction) database.exec('ROLLBACK');
      if (!isFull(fault)) throw fault;
      full = true;
      throw new Outage('outbox-full', 'the outbox cannot write: its disk, or its share of it, is full', {
        retry: true,
        cause: fault,
      });
    }
  };

  const remember = (key: Uint8Array) => {
    const { changes } = run('INSERT INTO seen (key, at) VALUES (?, ?) ON CONFLICT DO NOTHING', key, clock.now());
    return changes > 0;
  };

  const setAside = (frame: HeardFrame, reason: string) => {
    const { device, characteristic, heardAt, bytes } = frame;
    const raw = bytes.toString('hex');
    // a cuff that replays its memory sends what nobody can read again and again: once is enough
    run(
      `INSERT INTO aside (device, model, characteristic, reason, at, raw, reading) SELECT ?, ?, ?, ?, ?, ?, NULL
       WHERE NOT EXISTS (SELECT 1 FROM aside WHERE device = ? AND reason = ? AND raw = ?)`,
      ...[device, frame.model ?? null, characteristic, reason, heardAt, raw],
      ...[device, reason, raw],
    );
    run('DELETE FROM aside WHERE n <= (SELECT max(n) FROM aside) - ?', limits.aside);
  };

  const takeIn = (frame: HeardFrame, reading: NewReading) => {
    const ref = readingId(reading);
    remember(fingerprint(frame));
    if (!remember(Buffer.from(ref, 'hex'))) return;
    const message = JSON.stringify({ ref, ...reading });
    const { lastInsertRowid } = run(
      'INSERT INTO readings (ref, device, heard_at, message) VALUES (?, ?, ?, ?)',
      ref,
      frame.device,
      frame.heardAt,
      message,
    );
    if (Number(lastInsertRowid) % limits.sweepEvery === 0)
      run('DELETE FROM seen WHERE key IN (SELECT key FROM seen ORDER BY at DESC LIMIT -1 OFFSET ?)', limits.seen);
  };

  return {
    hear: (frame) => {
      const { visit, device, profile, characteristic, model, comparison, heardAt, bytes } = frame;
      const { lastInsertRowid } = write(() =>
        run(
          `INSERT INTO frames (visit, device, profile, characteristic, model, clock_time, clock_at, heard_at, bytes)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          visit,
          device,
          profile,
          characteristic,
          model ?? null,
          comparison?.time ?? null,
          comparison?.at ?? null,
          heardAt,
          bytes,
        ),
      );
      return { ...frame, n: Number(lastInsertRowid) };
    },

    settle: (frame, ...verdicts) =>
      write(() => {
        run('DELETE FROM frames WHERE n = ?', frame.n);
        for (const verdict of verdicts) {
          if (verdict.is === 'aside') setAside(frame, verdict.reason);
          if (verdict.is === 'reading') takeIn(frame, verdict.reading);
        }
      }),

    unsettled: () =>
      sql(
        `SELECT n, visit, device, profile, characteristic, coalesce(frames.model, devices.model) AS model, clock_time,
           clock_at, frames.heard_at, bytes
         FROM frames LEFT JOIN devices USING (device) ORDER BY n`,
      )
        .all()
        .map(frameIn),
    knows: (reading) =>
      sql('SELECT 1 FROM seen WHERE key = ?').get(Buffer.from(readingId(reading), 'hex')) !== undefined,
    knowsFrame: (frame, notBefore) =>
      sql('SELECT 1 FROM seen WHERE key = ? AND at >= ?').get(fingerprint(frame), notBefore) !== undefined,
    waiting: (limit, since = 0) =>
      sql('SELECT n, ref, heard_at AS heardAt, message FROM readings WHERE heard_at >= ? ORDER BY n LIMIT ?').all(
        since,
        limit,
      ) as Waiting[],
    count: () => (sql('SELECT count(*) AS count FROM readings').get() as { count: number }).count,

    receive: (receipts) =>
      write(() => {
        for (const { ref, outcome, reason } of receipts) {
          if (outcome === 'quarantined')
            run(
              `INSERT INTO aside (device, model, characteristic, reason, at, raw, reading)
               SELECT device, NULL, NULL, ?, ?, '', message FROM readings WHERE ref = ?`,
              `server: ${reason ?? 'no reason given'}`,
              clock.now(),
              ref,
            );
          run('DELETE FROM readings WHERE ref = ?', ref);
        }
      }),

    aside: (limit) =>
      sql(
        `SELECT device, reason, at, coalesce(nullif(raw, ''), reading ->> '$.raw', '') AS raw
         FROM aside ORDER BY n DESC LIMIT ?`,
      ).all(limit) as Aside[],

    device: (device) => {
      const row = sql('SELECT * FROM devices WHERE device = ?').get(device);
      return row && deviceIn(row);
    },
    devices: (limit) => sql('SELECT * FROM devices ORDER BY heard_at DESC LIMIT ?').all(limit).map(deviceIn),
    noteDevice: ({ device, model, battery, heardAt, refusesPairing }) =>
      write(() => {
        run(
          'INSERT OR REPLACE INTO devices (device, model, battery, heard_at, refuses_pairing) VALUES (?, ?, ?, ?, ?)',
          device,
          model ?? null,
          battery ?? null,
          heardAt,
          refusesPairing ? 1 : 0,
        );
        run(
          'DELETE FROM devices WHERE device IN (SELECT device FROM devices ORDER BY heard_at DESC LIMIT -1 OFFSET ?)',
          limits.devices,
        );
      }),

    hasRoom: () => {
      if (!full) return true;
      try {
        write(() => run("INSERT INTO frames SELECT NULL, 'probe', '', '', 0, NULL, NULL, NULL, 0, zeroblob(4096)"));
        write(() => run("DELETE FROM frames WHERE visit = 'probe'"));
        return true;
      } catch {
        return false;
      }
    },
    close: () => {
      statements.clear();
      database.close();
    },
  };
}

function frameIn(row: Record<string, unknown>): HeardFrame {
  const { model, clock_time: time, clock_at: at } = row;
  return {
    n: row.n as number,
    visit: row.visit as string,
    device: row.device as string,
    profile: row.profile as string,
    characteristic: row.characteristic as number,
    ...(typeof model === 'string' ? { model } : {}),
    ...(typeof time === 'string' && typeof at === 'number' ? { comparison: { time, at } } : {}),
    heardAt: row.heard_at as number,
    bytes: Buffer.from(row.bytes as Uint8Array),
  };
}

function deviceIn(row: Record<string, unknown>): KnownDevice {
  const { model, battery } = row;
  return {
    device: row.device as string,
    ...(typeof model === 'string' ? { model } : {}),
    ...(typeof battery === 'number' ? { battery } : {}),
    heardAt: row.heard_at as number,
    refusesPairing: row.refuses_pairing === 1,
  };
}

/** SQLITE_FULL is 13; SQLITE_IOERR, 10, is what some file systems say when they are full or failing. */
const isFull = (fault: unknown): boolean => {
  const code = (fault as { errcode?: unknown }).errcode;
  return typeof code === 'number' && [10, 13].includes(code & 0xff);
};
