import { execFileSync } from 'node:child_process';
import { open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import type { JournalEntry } from '#runtime/journal.ts';
import { createJournalFiles, type JournalLimits } from '#runtime/journal-files.ts';
import { silentLog } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { seededRandom } from '#runtime/random.ts';
import { createDiskModel, type DiskModel } from '../support/disk-model.ts';
import { appending, freshFolder, openIn, segmentNames } from '../support/journals.ts';
import { appendAll, collect, entry, journalContract, until, words } from './journal.ts';

describe('the journal in files, everything in memory', () => {
  journalContract(async () => {
    const folder = await freshFolder();
    return { open: () => openIn(folder) };
  });
});

describe('the journal in files, in segments of a few entries and with no memory', () => {
  journalContract(async () => {
    const folder = await freshFolder();
    return { open: () => openIn(folder, { segmentBytes: 300, tailBytes: 0 }) };
  });
});

describe('after a fault', () => {
  test('kill -9 with appends in flight: every acknowledged entry is there, in every one of five runs', async () => {
    const folder = await freshFolder();
    const acknowledged: string[] = [];
    for (let run = 0; run < 5; run++) {
      const lines = await killedWhileAppending(folder, `r${run}`, 300 + run * 200);
      acknowledged.push(...lines.filter((line) => line.startsWith('+ ')).map((line) => line.slice(2)));
    }
    expect(acknowledged.length).toBeGreaterThan(1_500);
    const journal = await openIn(folder);
    // what was written and not yet acknowledged is there too
    const got: JournalEntry[] = [];
    journal.consume('recorder', { batch: 1_000 }, async (batch) => void got.push(...batch));
    await until(() => journal.backlog().entries === 0);
    const kept = new Set(words(got).map((word) => word.trim()));
    expect(acknowledged.filter((word) => !kept.has(word))).toEqual([]);
    expect(got.every((one, i) => i === 0 || one.position > got[i - 1]!.position)).toBe(true);
    await journal.close();
  });

  test('a tail torn at any byte of the last record is cut there, and appending goes on', async () => {
    const folder = await freshFolder();
    const journal = await openIn(folder);
    await journal.append(entry('first'));
    const { path, bytes } = await onlySegment(folder);
    await journal.append(entry('the last record, which will be torn'));
    await journal.close();
    const whole = await readFile(path);
    for (let end = bytes; end < whole.length; end++) {
      await truncate(path, 0);
      await writeFile(path, whole.subarray(0, end));
      await rm(join(folder, 'cursors', 'recorder'), { force: true });
      const again = await openIn(folder);
      expect((await stat(path)).size).toBe(bytes);
      await again.append(entry('next'));
      const got = await collect(again, 'recorder', 2);
      expect(got.map((one) => [one.position, one.payload.toString()])).toEqual([
        [1, 'first'],
        [2, 'next'],
      ]);
      await again.close();
    }
  });

  test('a tail of zeros, as a power cut leaves it, is cut', async () => {
    const folder = await freshFolder();
    const journal = await openIn(folder);
    await appendAll(journal, 0, 3);
    await journal.close();
    const { path, bytes } = await onlySegment(folder);
    await truncate(path, bytes + 5_000);
    const again = await openIn(folder);
    expect((await stat(path)).size).toBe(bytes);
    expect(words(await collect(again, 'recorder', 3))).toEqual(['m0', 'm1', 'm2']);
    await again.close();
  });

  test.each([
    ['the last segment', 1],
    ['an older segment', 3],
  ])('one flipped byte anywhere in %s loses at most the entry it is in, and is counted', async (_, runs) => {
    const place = '/data/journal';
    // in memory: hundreds of times a whole journal
    const sound = createDiskModel(seededRandom(1));
    const openOn = (disk: DiskModel, limits: Partial<JournalLimits> = {}, metrics = createMetrics()) =>
      createJournalFiles({ folder: place, clock: systemClock, log: silentLog, metrics, disk }, limits);
    for (let run = 0; run < runs; run++) {
      const journal = await openOn(sound, { segmentBytes: 250 });
      for (let i = 0; i < 4; i++) await journal.append(entry(`run ${run} entry ${i}`));
      await journal.close();
    }
    const name = (await sound.list(place)).filter((name) => name.endsWith('.log')).sort()[0]!;
    const size = await sound.size(join(place, name));
    const last = runs === 1 ? 4 : runs * 4;
    for (let at = 0; at < size; at++) {
      const disk = sound.revived(false);
      disk.flip(join(place, name), at);
      const metrics = createMetrics();
      const journal = await openOn(disk, {}, metrics);
      await journal.append(entry('afterwards'));
      const got = words(await collectAll(journal));
      expect(got.length).toBeGreaterThanOrEqual(last);
      expect(got.at(-1)).toBe('afterwards');
      const damaged = (await metrics.journalDamaged.get()).values[0]!.value;
      // the very last record, damaged, cannot be told from a torn one: it is cut
      if (got.length === last && runs > 1) expect(damaged).toBe(1);
      if (damaged > 0) expect(journal.health().state).toBe('degraded');
      await journal.close();
    }
  });

  test('a record inside a payload is not taken for an entry when the entry around it is damaged', async () => {
    const folder = await freshFolder();
    const other = await freshFolder();
    const forger = await openIn(other);
    await forger.append(entry('forged', { source: 'somebody-else' }));
    await forger.append(entry('forged', { source: 'somebody-else' }));
    await forger.close();
    const forged = (await readFile((await onlySegment(other)).path)).subarray(32);
    const journal = await openIn(folder);
    await journal.append({ ...entry(''), payload: Buffer.concat([Buffer.from('>>'), forged]) });
    await journal.append(entry('honest'));
    await journal.close();
    await flipByte((await onlySegment(folder)).path, 32 + 30);
    const again = await openIn(folder);
    expect(words(await collectAll(again))).toEqual(['honest']);
    await again.close();
  });

  test('a cursor with one torn slot keeps its place, with two it starts again and nothing is skipped', async () => {
    const folder = await freshFolder();
    const journal = await openIn(folder);
    await appendAll(journal, 0, 5);
    await collect(journal, 'recorder', 5, { batch: 1 });
    await journal.close();
    const cursor = join(folder, 'cursors', 'recorder');
    // five moves from slot 0 onwards: the newest is in slot 0
    await flipByte(cursor, 4096 + 3);
    const again = await openIn(folder);
    expect(again.backlog().entries).toBe(0);
    await again.close();
    await flipByte(cursor, 3);
    const third = await openIn(folder);
    expect(words(await collect(third, 'recorder', 5))).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
    await third.close();
  });

  test('a cursor of before there were shards is read, and written anew', async () => {
    const folder = await freshFolder();
    const journal = await openIn(folder);
    await appendAll(journal, 0, 9);
    await collect(journal, 'recorder', 1, { batch: 1 });
    await journal.close();
    const cursor = join(folder, 'cursors', 'recorder');
    const old = Buffer.alloc(4096 + 12);
    for (const [at, position] of [
      [0, 5],
      [4096, 4],
    ] as const) {
      old.writeBigUInt64BE(BigInt(position), at);
      old.writeUInt32BE(crc32(old.subarray(at, at + 8)), at + 8);
    }
    await writeFile(cursor, old);
    const again = await openIn(folder);
    expect(words(await collect(again, 'recorder', 4))).toEqual(['m5', 'm6', 'm7', 'm8']);
    await again.close();
    const third = await openIn(folder);
    await third.append(entry('new'));
    expect(words(await collect(third, 'recorder', 1))).toEqual(['new']);
    await third.close();
  });

  test('where the disk lost entries that a consumer had finished, their positions are not used again', async () => {
    const folder = await freshFolder();
    const journal = await openIn(folder);
    await appendAll(journal, 0, 5);
    await collect(journal, 'recorder', 5);
    await journal.close();
    const { path } = await onlySegment(folder);
    await truncate(path, 40);
    const again = await openIn(folder);
    await again.append(entry('new'));
    const got = await collect(again, 'recorder', 1);
    expect(got.map((one) => [one.position, one.payload.toString()])).toEqual([[6, 'new']]);
    await again.close();
  });

  test('a segment whose making was interrupted is made again', async () => {
    const folder = await freshFolder();
    const journal = await openIn(folder);
    await appendAll(journal, 0, 2);
    await journal.close();
    await writeFile(join(folder, '0000000000000003.log'), 'HBJ');
    const again = await openIn(folder);
    await again.append(entry('m2'));
    expect(words(await collect(again, 'recorder', 3))).toEqual(['m0', 'm1', 'm2']);
    await again.close();
  });

  test('a disk without room refuses entries with an outage, keeps what it acknowledged, and goes on when there is room', async () => {
    const folder = await freshFolder();
    const child = appending(folder, 'full', 100_000);
    await until(() => child.lines.length > 100);
    // no file may grow any more: every write fails as on a full disk (EFBIG instead of ENOSPC)
    limitFileSize(child.pid, '0');
    await until(() => child.lines.filter((line) => line.startsWith('- ')).length > 20);
    const refused = child.lines.findIndex((line) => line.startsWith('- '));
    expect(child.lines[refused]).toMatch(/ journal-unwritable$/);
    limitFileSize(child.pid, 'unlimited');
    const before = child.lines.length;
    await until(() => child.lines.slice(before).filter((line) => line.startsWith('+ ')).length > 100);
    await child.kill();
    const acknowledged = child.lines.filter((line) => line.startsWith('+ ')).map((line) => line.slice(2));
    const journal = await openIn(folder);
    const kept = new Set(words(await collectAll(journal)).map((word) => word.trim()));
    expect(acknowledged.filter((word) => !kept.has(word))).toEqual([]);
    await journal.close();
  });
});

async function onlySegment(folder: string) {
  const names = await segmentNames(folder);
  expect(names).toHaveLength(1);
  const path = join(folder, names[0]!);
  return { path, bytes: (await stat(path)).size };
}

async function flipByte(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0]! ^= 0xff;
  await file.write(byte, 0, 1, at);
  await file.close();
}

async function collectAll(journal: Awaited<ReturnType<typeof openIn>>) {
  const got: Parameters<Parameters<typeof journal.consume>[2]>[0] = [];
  const consumption = journal.consume('auditor', { batch: 100 }, async (batch) => void got.push(...batch));
  await until(() => journal.backlog().consumers.some((one) => one.consumer === 'auditor' && one.behind === 0));
  await consumption.stop();
  return got;
}

async function killedWhileAppending(folder: string, run: string, lines: number): Promise<string[]> {
  const child = appending(folder, run, 30_000);
  await until(() => child.lines.length >= lines);
  await child.kill();
  return child.lines;
}

const limitFileSize = (pid: number, limit: string) =>
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${limit}:unlimited`]);
