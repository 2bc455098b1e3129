import { createHash } from 'node:crypto';
import type { HeardFrame } from '../interpret.ts';

/** What the outbox may hold. */
export const limits = {
  /** Its share of the disk: at ten readings a day, more than a lifetime. A reading that waits takes some 900 bytes. */
  bytes: 256 * 1024 * 1024,
  /** From this share of it on, the alarm is raised: long before anything is given up. */
  alarmShare: 0.7,
  /** An alarm is over when it stands so far below it: pages come and go with every reading. */
  overShare: 0.02,
  /** When less than this share is left nothing more is fetched from the devices: what visits under way still bring must fit. */
  reserveShare: 0.05,
  /** The same in bytes, of an outbox so small that its share would be a few pages. */
  reserveBytes: 256 * 1024,
  /** So many of what is kept aside give way at a time, the oldest. */
  givesWay: 200,
  /** More free pages than these go back to the disk when little waits, so many at a time. */
  freePages: 1_000,
  /** Measurements remembered after they were trimmed, the newest: cuffs hold at most some hundred each. 16 bytes and a time. */
  seen: 100_000,
  /** Old ones are swept out at every so-many-th reading. */
  sweepEvery: 1_000,
  /** Frames and readings kept aside, the newest. */
  aside: 10_000,
  /** The oldest beyond it go at every so-many-th. */
  asideSweepEvery: 100,
  /** Answers to commands remembered, so that a command that comes twice is answered alike. */
  answers: 200,
} as const;

/**
 * FULL: fsync at every commit. NORMAL loses the newest readings when the power fails. The write-ahead log keeps its size once it has grown, so
 * that receipts can still make room on a disk that somebody else has filled.
 */
export const layout = `
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -256;
CREATE TABLE IF NOT EXISTS frames (
  n INTEGER PRIMARY KEY AUTOINCREMENT, visit TEXT NOT NULL, device TEXT NOT NULL, profile TEXT NOT NULL,
  characteristic INTEGER NOT NULL, model TEXT, clock_time TEXT, clock_at INTEGER, heard_at INTEGER NOT NULL, bytes BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS readings (
  n INTEGER PRIMARY KEY AUTOINCREMENT, ref TEXT NOT NULL UNIQUE, device TEXT NOT NULL, heard_at INTEGER NOT NULL,
  message TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS readings_heard_at ON readings (heard_at);
CREATE TABLE IF NOT EXISTS seen (key BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aside (
  n INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, model TEXT, characteristic INTEGER, reason TEXT NOT NULL,
  at INTEGER NOT NULL, raw TEXT NOT NULL, reading TEXT
);
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
  n INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL UNIQUE, message TEXT NOT NULL, waiting INTEGER NOT NULL
);
`;

/** 16 bytes that stand for the very bytes of a frame of a device. */
export const fingerprint = ({
  device,
  characteristic,
  bytes,
}: Pick<HeardFrame, 'device' | 'characteristic' | 'bytes'>): Buffer =>
  createHash('sha256').update(`${device}|${characteristic}|`).update(bytes).digest().subarray(0, 16);
