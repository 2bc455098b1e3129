import type { Receipt } from '#domain/downward.ts';
import type { Clock } from '#runtime/clock.ts';
import { type Log, silentLog } from '#runtime/log.ts';
import { readingId } from '#runtime/reading-id.ts';
import type { HeardFrame, NewReading, Verdict } from '../interpret.ts';
import { type Answers, createAnswers } from './answers.ts';
import { createDeviceNotes, type DeviceNotes, notesLayout } from './device-notes.ts';
import { openFile, type Row } from './file.ts';
import { fingerprint, layout, limits } from './layout.ts';
import { createRoom, type Fill } from './room.ts';

/**
 * What the gateway has heard and the server has not yet confirmed, in one SQLite file: write-ahead log, fsync at every commit, so that
 * what was acknowledged survives a power cut. A frame is on disk the moment it is heard; it is then settled, in one transaction, as a
 * reading that waits for its receipt, as something heard before, or as something kept aside. Only a receipt takes a reading out.
 * Every method throws an Outage `outbox-full` when the disk or the outbox's share of it is full, and has then changed nothing.
 * What happens as its share fills up stands in `room.ts`.
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
  /** The same for a frame that names no time: whether its equal was taken in that had been heard so shortly before or after it, and is taken for it. */
  knowsFrame(frame: HeardFrame, withinMs: number): boolean;
  /** Readings that wait for a receipt, oldest first; only those with a number above `after` and heard since `since`, ms since 1970. */
  waiting(limit: number, where?: { after?: number; since?: number }): Waiting[];
  /** Those of these numbers that wait, in the order of the numbers. */
  waitingOf(numbers: readonly number[]): Waiting[];
  /** The number of the first that was heard since then. */
  firstSince(since: number): number | undefined;
  /** The number of the last reading; 0 if none waits. */
  lastNumber(): number;
  count(): number;
  /** These readings are published so from now on. */
  rewrite(readings: readonly Pick<Waiting, 'n' | 'message'>[]): void;
  /** Moves aside what nobody can read any more, so that it spoils no message. */
  spoilt(readings: readonly Waiting[]): void;
  /** Takes out what was stored; what was refused moves aside with the reason. Twice, or for what is not here: nothing happens. */
  receive(receipts: readonly Receipt[]): void;
  /** Kept aside on this gateway: frames nobody could read, readings the server refused. Newest first. */
  aside(limit: number): Aside[];
  /** How many are kept aside, by reason, the most frequent first. */
  asideByReason(): { reason: string; count: number }[];
  readonly answers: Answers;
  /** What is known of the devices, in the same file. */
  readonly notes: DeviceNotes;
  /** Everything that `work` changes here and in the notes is on disk when this returns, or nothing of it. */
  together<T>(work: () => T): T;
  /** False when a write would not fit: then nothing should be fetched from a device that still has it. */
  hasRoom(): boolean;
  /** So many frames had to be given up before they were on disk. */
  lose(frames: number): void;
  standing(): Standing;
  /** Gives room that nothing needs back to the disk; to be called now and then. */
  compact(): void;
  close(): void;
}

/** `lost`: given up for want of room, ever. `oldestAt`: when the oldest reading that waits was heard, ms since 1970. */
export type Standing = {
  fill: Fill;
  waiting: number;
  oldestAt?: number;
  bytes: number;
  mostBytes: number;
  aside: number;
  lost: number;
};

/** `message`: the reading as it is published, JSON. `ref` is the reading's id, so that a receipt never meets another reading. */
export type Waiting = { n: number; ref: string; heardAt: number; message: string };
export type Aside = { device: string; reason: string; at: number; raw: string };

/** @param path of the file; its folder is made. @param maxBytes the outbox's share of the disk. */
export function openOutbox(clock: Clock, path: string, maxBytes: number = limits.bytes, log: Log = silentLog): Outbox {
  const file = openFile(path, maxBytes, [layout, notesLayout], () => room.giveWay());
  const { write, run } = file;
  const room = createRoom(file, maxBytes, log);
  const notes = createDeviceNotes(clock, file);

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
    room.sweepAside();
  };

  const takeIn = (frame: HeardFrame, reading: NewReading) => {
    const ref = readingId(reading);
    // of equal frames that name no time the last one counts: another soon after it is a copy of that, however long ago the first was
    run(
      'INSERT INTO seen (key, at) VALUES (?, ?) ON CONFLICT DO UPDATE SET at = excluded.at',
      fingerprint(frame),
      frame.heardAt,
    );
    if (!remember(Buffer.from(ref, 'hex'))) return;
    const message = JSON.stringify({ ref, ...reading });
    const { lastInsertRowid } = run(
      'INSERT INTO readings (ref, device, heard_at, message) VALUES (?, ?, ?, ?)',
      ref,
      frame.device,
      frame.heardAt,
      message,
    );
    if (lastInsertRowid % limits.sweepEvery === 0)
      run('DELETE FROM seen WHERE key IN (SELECT key FROM seen ORDER BY at DESC LIMIT -1 OFFSET ?)', limits.seen);
  };

  const count = () => file.row('SELECT count(*) AS count FROM readings')!.count as number;

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
      room.notice();
      return { ...frame, n: lastInsertRowid };
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
      file
        .rows(
          `SELECT n, visit, device, profile, characteristic, coalesce(frames.model, note ->> '$.model') AS model, clock_time,
           clock_at, heard_at, bytes
         FROM frames LEFT JOIN device_notes USING (device) ORDER BY n`,
        )
        .map(frameIn),
    knows: (reading) =>
      file.row('SELECT 1 FROM seen WHERE key = ?', Buffer.from(readingId(reading), 'hex')) !== undefined,
    knowsFrame: (frame, withinMs) =>
      file.row(
        'SELECT 1 FROM seen WHERE key = ? AND at BETWEEN ? AND ?',
        fingerprint(frame),
        frame.heardAt - withinMs,
        frame.heardAt + withinMs,
      ) !== undefined,
    // the plus keeps SQLite from going by the index, which would have to sort
    waiting: (limit, { after = 0, since = 0 } = {}) =>
      file.rows(
        `SELECT n, ref, heard_at AS heardAt, message FROM readings
         WHERE n > ? AND +heard_at >= ? ORDER BY n LIMIT ?`,
        after,
        since,
        limit,
      ) as Waiting[],
    waitingOf: (numbers) =>
      file.rows(
        `SELECT n, ref, heard_at AS heardAt, message FROM readings
         WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n`,
        JSON.stringify(numbers),
      ) as Waiting[],
    firstSince: (since) =>
      (file.row('SELECT min(n) AS n FROM readings WHERE heard_at >= ?', since)?.n as number | null) ?? undefined,
    lastNumber: () => (file.row('SELECT max(n) AS n FROM readings')?.n as number | null) ?? 0,
    count,
    rewrite: (readings) =>
      write(() => {
        for (const { n, message } of readings) run('UPDATE readings SET message = ? WHERE n = ?', message, n);
      }),

    spoilt: (readings) =>
      write(() => {
        for (const { n, message } of readings) {
          run(
            `INSERT INTO aside (device, reason, at, raw) SELECT device, 'damaged', ?, ? FROM readings WHERE n = ?`,
            clock.now(),
            Buffer.from(message).toString('hex'),
            n,
          );
          run('DELETE FROM readings WHERE n = ?', n);
          room.sweepAside();
        }
      }),

    receive: (receipts) => {
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
          if (outcome === 'quarantined') room.sweepAside();
        }
      });
      room.notice();
    },

    aside: (limit) =>
      file.rows(
        `SELECT device, reason, at, coalesce(nullif(raw, ''), reading ->> '$.raw', '') AS raw
         FROM aside ORDER BY n DESC LIMIT ?`,
        limit,
      ) as Aside[],

    asideByReason: () =>
      file.rows('SELECT reason, count(*) AS count FROM aside GROUP BY reason ORDER BY count DESC, reason') as {
        reason: string;
        count: number;
      }[],

    answers: createAnswers(file),
    notes,
    together: write,

    hasRoom: room.has,
    lose: room.lose,
    standing: () => {
      const oldestAt = file.row('SELECT min(heard_at) AS at FROM readings')?.at;
      return {
        ...room.standing(),
        waiting: count(),
        ...(typeof oldestAt === 'number' ? { oldestAt } : {}),
        aside: Number(file.row('SELECT count(*) AS count FROM aside')?.count),
      };
    },
    compact: room.compact,
    close: () => file.close(),
  };
}

function frameIn(row: Row): HeardFrame {
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
