import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Random } from '#runtime/random.ts';

/**
 * What a disk may hold of an SQLite file with a write-ahead log after the power failed. What was written since the last fsync is there or not, sector by
 * sector, in any order, and one sector is torn. Where SQLite 3 syncs with `synchronous = FULL` (https://www.sqlite.org/wal.html, and an strace of the
 * outbox: pwrite64 and fsync in this very order): the log at each commit; then, where that filled the log, the pages of the file and the file
 * itself; then, when the log is begun anew, its header alone, before any frame behind it.
 */
export type OnDisk = { file: Buffer; log: Buffer };

const sectorBytes = 512;
const logHeaderBytes = 32;

export const onDisk = (path: string): OnDisk => ({
  file: readFileSync(path),
  log: existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`) : Buffer.alloc(0),
});

/** As after a power cut: without the index of the log, which lives in memory. */
export function putOnDisk(path: string, { file, log }: OnDisk): void {
  rmSync(`${path}-shm`, { force: true });
  writeFileSync(path, file);
  writeFileSync(`${path}-wal`, log);
}

/** Between two moments at which nothing was left to sync, one commit apart. */
export function cutBetween(random: Random, before: OnDisk, after: OnDisk): OnDisk {
  const begunAnew = !before.log.subarray(0, logHeaderBytes).equals(after.log.subarray(0, logHeaderBytes));
  const header = Buffer.concat([after.log.subarray(0, logHeaderBytes), before.log.subarray(logHeaderBytes)]);
  const stages: (() => OnDisk)[] = [
    ...(begunAnew ? [() => ({ file: before.file, log: torn(random, before.log, header) })] : []),
    () => ({ file: before.file, log: torn(random, begunAnew ? header : before.log, after.log) }),
    ...(before.file.equals(after.file)
      ? []
      : [() => ({ file: torn(random, before.file, after.file), log: after.log })]),
  ];
  return stages[Math.floor(random.next() * stages.length)]!();
}

/** While an outbox that found a log at its opening brings it into the file. */
export const cutWhileOpening = (random: Random, before: OnDisk, after: OnDisk): OnDisk => ({
  file: torn(random, before.file, after.file),
  log: before.log,
});

/** Some of the sectors in which they differ, and one of them torn. A file that grew has any of the lengths between. */
export function torn(random: Random, before: Buffer, after: Buffer): Buffer {
  const sectors: number[] = [];
  const longest = Math.max(before.length, after.length);
  for (let at = 0; at < longest; at += sectorBytes)
    if (!before.subarray(at, at + sectorBytes).equals(after.subarray(at, at + sectorBytes))) sectors.push(at);
  const share = [0, 0.1, 0.5, 0.9, 1][Math.floor(random.next() * 5)]!;
  const written = sectors.filter(() => random.next() < share);
  const last = written.reduce((most, at) => Math.max(most, Math.min(at + sectorBytes, after.length)), 0);
  const result = Buffer.alloc(Math.max(before.length, last));
  before.copy(result);
  for (const at of written) after.copy(result, at, at, at + sectorBytes);
  const tornOne = written[Math.floor(random.next() * written.length)];
  if (tornOne !== undefined && random.next() < 0.5) {
    const end = Math.min(tornOne + sectorBytes, result.length);
    const cut = tornOne + Math.floor(random.next() * (end - tornOne));
    result.fill(0, cut, end);
    if (cut < before.length) before.copy(result, cut, cut, end);
  }
  return result;
}
