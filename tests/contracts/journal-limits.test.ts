import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { appending, freshFolder, openIn, segmentNames } from '../support/journals.ts';
import { until } from '../support/until.ts';
import { appendAll, collect, entry, words } from './journal.ts';

describe('the journal in files, within its limits', () => {
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

  test('who is named at the opening misses nothing, however late it comes for the first time', async () => {
    const folder = await freshFolder();
    const deps = { folder, clock: systemClock, log: silentLog, consumers: ['recorder', 'judge'] };
    const journal = await createJournalFiles(deps, { segmentBytes: 300 });
    await appendAll(journal, 0, 50);
    await collect(journal, 'recorder', 50);
    await journal.close();
    const again = await createJournalFiles(deps, { segmentBytes: 300 });
    expect(words(await collect(again, 'judge', 50))).toHaveLength(50);
    await again.close();
  });

  test('says what it takes and may take on disk, and warns before its disk is full', async () => {
    const metrics = createMetrics();
    const journal = await openIn(await freshFolder(), { maxBytes: 50_000, roomBytes: 2 ** 60 }, metrics);
    await journal.append(entry('x'.repeat(1_000)));
    const { bytes } = journal.backlog();
    expect(bytes).toBeGreaterThan(1_000);
    expect((await metrics.journalBytes.get()).values[0]!.value).toBe(bytes);
    expect((await metrics.journalLimitBytes.get()).values[0]!.value).toBe(50_000);
    expect(journal.health()).toMatchObject({ state: 'degraded', trouble: 'journal-nearly-full' });
    await journal.close();
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
    expect(journal.health()).toMatchObject({ state: 'down', trouble: 'journal-full' });
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
