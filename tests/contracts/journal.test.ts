import { execFileSync, spawn } from 'node:child_process';
import { cp, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import type { JournalEntry } from '#runtime/journal.ts';
import { createJournalFiles, type JournalLimits } from '#runtime/journal-files.ts';
import { silentLog } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { appendAll, collect, entry, journalContract, until, words } from './journal.ts';

const folders: string[] = [];
async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hearthbeat-journal-'));
  folders.push(folder);
  return folder;
}
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const openIn = (folder: string, limits: Partial<JournalLimits> = {}, metrics = createMetrics()) =>
  createJournalFiles({ folder, clock: systemClock, log: silentLog, metrics }, limits);

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
    const folder = await freshFolder();
    for (let run = 0; run < runs; run++) {
      const journal = await openIn(folder, { segmentBytes: 250 });
      for (let i = 0; i < 4; i++) await journal.append(entry(`run ${run} entry ${i}`));
      await journal.close();
    }
    const sound = await mkdtemp(join(tmpdir(), 'hearthbeat-journal-'));
    folders.push(sound);
    await cp(folder, sound, { recursive: true });
    const name = (await segmentNames(folder))[0]!;
    const size = (await stat(join(folder, name))).size;
    const last = runs === 1 ? 4 : runs * 4;
    for (let at = 0; at < size; at++) {
      await rm(folder, { recursive: true });
      await cp(sound, folder, { recursive: true });
      await flipByte(join(folder, name), at);
      const metrics = createMetrics();
      const journal = await openIn(folder, {}, metrics);
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

describe('within its limits', () => {
  test('finished segments are deleted, those of a slow consumer are kept', async () => {
    const folder = await freshFolder();
    const journal = await openIn(folder, { segmentBytes: 2_000 });
    await collect(journal, 'judge', 0);
    for (let i = 0; i < 20; i++) await appendAll(journal, i * 10, i * 10 + 10);
    const all = (await segmentNames(folder)).length;
    expect(all).toBeGreaterThan(3);
    await collect(journal, 'recorder', 200);
    expect(await segmentNames(folder)).toHaveLength(all);
    expect(words(await collect(journal, 'judge', 200))).toEqual(Array.from({ length: 200 }, (_, i) => `m${i}`));
    await until(() => journal.backlog().entries === 0);
    await journal.close();
    expect(await segmentNames(folder)).toHaveLength(1);
    const again = await openIn(folder);
    await again.append(entry('next'));
    expect((await collect(again, 'recorder', 1))[0]!.position).toBe(201);
    await again.close();
  });

  test('at its size limit it refuses entries until a consumer has caught up', async () => {
    const folder = await freshFolder();
    const journal = await openIn(folder, { maxBytes: 20_000 });
    await collect(journal, 'recorder', 0);
    let kept = 0;
    const fill = async () => {
      for (;;) {
        const fault = await journal.append(entry('x'.repeat(500))).catch((fault) => fault);
        if (fault) return fault;
        kept += 1;
      }
    };
    expect(await fill()).toMatchObject({ name: 'Outage', code: 'journal-full', retry: true });
    expect(journal.backlog().bytes).toBeLessThanOrEqual(20_000);
    expect(journal.health().state).not.toBe('ok');
    const got = await collect(journal, 'recorder', kept);
    expect(got).toHaveLength(kept);
    await until(() => journal.health().state === 'ok');
    await journal.append(entry('goes on'));
    await journal.close();
  });

  test('too much waiting for the disk is refused, not gathered', async () => {
    const journal = await openIn(await freshFolder(), { waitingBytes: 5_000 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => journal.append(entry('x'.repeat(1_000)))),
    );
    expect(outcomes.filter((one) => one.status === 'fulfilled').length).toBeGreaterThanOrEqual(4);
    const refused = outcomes.filter((one) => one.status === 'rejected').map((one) => one.reason.code);
    expect(new Set(refused)).toEqual(new Set(['journal-busy']));
    await journal.append(entry('later there is room'));
    await journal.close();
  });

  test('a consumer that falls far behind the memory reads files, catches up and meets the newest entries once each', async () => {
    const folder = await freshFolder();
    const journal = await openIn(folder, { segmentBytes: 5_000, tailBytes: 10_000 });
    const got: string[] = [];
    let hold: Promise<void> | undefined;
    let release = () => {};
    hold = new Promise((resolve) => {
      release = resolve;
    });
    const slow = journal.consume('slow', { batch: 7 }, async (batch) => {
      await hold;
      got.push(...words(batch));
    });
    await appendAll(journal, 0, 1_000);
    release();
    for (let i = 1_000; i < 1_500; i += 5) await appendAll(journal, i, i + 5);
    await until(() => got.length >= 1_500);
    expect(got).toEqual(Array.from({ length: 1_500 }, (_, i) => `m${i}`));
    await slow.stop();
    await journal.close();
  });

  test('two processes, or the same one twice, cannot open one journal', async () => {
    const folder = await freshFolder();
    const child = appending(folder, 'holder', 100_000);
    await until(() => child.lines.length > 0);
    await expect(openIn(folder)).rejects.toMatchObject({ name: 'SetupFault' });
    await child.kill();
    const journal = await openIn(folder);
    await expect(openIn(folder)).rejects.toMatchObject({ name: 'SetupFault' });
    await journal.close();
    await (await openIn(folder)).close();
  });

  test('what it keeps is for its owner only', async () => {
    const folder = await freshFolder();
    const journal = await openIn(join(folder, 'journal'));
    await journal.append(entry('secret'));
    await collect(journal, 'recorder', 1);
    await journal.close();
    for (const path of ['journal', 'journal/0000000000000001.log', 'journal/cursors/recorder'])
      expect((await stat(join(folder, path))).mode & 0o077).toBe(0);
  });
});

const segmentNames = async (folder: string) => (await readdir(folder)).filter((name) => name.endsWith('.log')).sort();

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

function appending(folder: string, run: string, segmentBytes: number) {
  const script = new URL('../support/appending-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, folder, run, String(segmentBytes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  let rest = '';
  child.stdout.on('data', (chunk) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!;
    lines.push(...parts);
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    pid: child.pid!,
    lines,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function killedWhileAppending(folder: string, run: string, lines: number): Promise<string[]> {
  const child = appending(folder, run, 30_000);
  await until(() => child.lines.length >= lines);
  await child.kill();
  return child.lines;
}

const limitFileSize = (pid: number, limit: string) =>
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${limit}:unlimited`]);
