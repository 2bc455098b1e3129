import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { createJournalOwner } from '#runtime/journal/owner.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { createJournalOverSocket } from '#runtime/journal-socket.ts';
import { silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { appendAll, collect, entry, journalContract, until, words } from './journal.ts';

/** The journal as other processes see it: through the socket of its owner. */

async function place() {
  const folder = await mkdtemp(join(tmpdir(), 'hearthbeat-socket-'));
  const path = join(folder, 'journal.sock');
  const receipts: string[] = [];
  /** The process that owns the journal. */
  const own = async () => {
    const journal = await createJournalFiles({ folder: join(folder, 'journal'), clock, log });
    const downlink = { receipts: (source: SourceId) => void receipts.push(source) };
    const owner = createJournalOwner({ journal, downlink, path, clock, log });
    await owner.start();
    const stop = async () => {
      await owner.stop();
      await journal.close();
    };
    onTestFinished(stop);
    return { journal, stop };
  };
  const reach = async () => {
    const journal = createJournalOverSocket({ path, clock, random, log });
    onTestFinished(journal.close);
    await until(() => journal.health().state === 'ok');
    return journal;
  };
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { folder, path, own, reach, receipts };
}

describe('the journal through a socket', () => {
  journalContract(async () => {
    const { own, reach } = await place();
    return {
      open: async () => {
        const { stop } = await own();
        const journal = await reach();
        const close = async () => {
          await journal.close();
          await stop();
        };
        return { ...journal, close };
      },
    };
  });

  test('its owner goes and comes back: a consumer goes on, and misses nothing', async () => {
    const { own, reach } = await place();
    let owner = await own();
    const journal = await reach();
    const got: string[] = [];
    journal.consume('recorder', { batch: 3 }, async (batch) => void got.push(...words(batch)));
    for (let life = 0; life < 3; life++) {
      await appendAll(owner.journal, life * 50, life * 50 + 50);
      if (life === 1) await until(() => got.includes('m99'));
      await owner.stop();
      expect(journal.health().state).toBe('down');
      await expect(journal.append(entry('nobody is there'))).rejects.toMatchObject({
        code: 'journal-away',
        retry: true,
      });
      owner = await own();
      await until(() => journal.health().state === 'ok');
    }
    await until(() => new Set(got).size === 150);
    expect([...new Set(got)]).toEqual(Array.from({ length: 150 }, (_, i) => `m${i}`));
  });

  test('while its owner is away, nobody is told that a consumer has seen everything', async () => {
    const { own, reach } = await place();
    const owner = await own();
    const journal = await reach();
    await appendAll(owner.journal, 0, 3);
    await collect(journal, 'recorder', 3);
    await until(() => journal.backlog().entries === 0);
    await owner.stop();
    await until(() => journal.backlog().entries > 0);
    expect(journal.backlog().consumers).toEqual([{ consumer: 'recorder', behind: 1 }]);
  });

  test('a process that vanishes with a batch in hand leaves it to the next', async () => {
    const { own, reach } = await place();
    const owner = await own();
    const first = await reach();
    await appendAll(owner.journal, 0, 4);
    let seen = 0;
    let release = () => {};
    first.consume('recorder', { batch: 4 }, (batch) => {
      seen = batch.length;
      return new Promise((resolve) => (release = resolve));
    });
    await until(() => seen === 4);
    const second = await reach();
    const got: string[] = [];
    second.consume('recorder', { batch: 4 }, async (batch) => void got.push(...words(batch)));
    await owner.stop();
    // the first one's consumption never comes back: its batch is still in hand
    await own();
    await until(() => got.length === 4);
    expect(got).toEqual(['m0', 'm1', 'm2', 'm3']);
    release();
  });

  test('receipts go down through the owner', async () => {
    const { own, reach, receipts } = await place();
    await own();
    const journal = await reach();
    journal.carrier.receipts(SourceId.parse('home-a'), { v: 1, receipts: [{ ref: '1', outcome: 'stored' }] });
    await until(() => receipts.length === 1);
    expect(receipts).toEqual(['home-a']);
  });

  test('the receipts of many readings with the longest names go down in one piece', async () => {
    const { own, reach, receipts } = await place();
    await own();
    const journal = await reach();
    const named = (_: unknown, i: number) =>
      ({ ref: `${i}`.padEnd(64, '症'), outcome: 'quarantined', reason: 'r'.repeat(64) }) as const;
    journal.carrier.receipts(SourceId.parse('home-a'), { v: 1, receipts: Array.from({ length: 500 }, named) });
    await until(() => receipts.length === 1);
    expect(receipts).toEqual(['home-a']);
  });

  test('whoever talks nonsense is hung up on, and disturbs nobody', async () => {
    const { own, reach, path } = await place();
    const owner = await own();
    const journal = await reach();
    for (const nonsense of [Buffer.alloc(64, 0xff), Buffer.from([0, 0, 0, 11, 0, 0, 0, 2, 123, 125, 1, 2, 3, 4, 5])]) {
      const stranger = connect(path);
      stranger.on('error', () => {});
      stranger.resume();
      stranger.write(nonsense);
      await new Promise((resolve) => stranger.once('close', resolve));
    }
    await appendAll(owner.journal, 0, 5);
    expect(await collect(journal, 'recorder', 5)).toHaveLength(5);
  });

  test('a process that is frozen is told the news when it moves again, and none is kept for it until then', async () => {
    const { folder, path } = await place();
    const consumers = Array.from({ length: 60 }, (_, i) => `c${i}-`.padEnd(60, 'x'));
    const journal = await createJournalFiles({ folder: join(folder, 'journal'), clock, log, consumers });
    const ticks: (() => void)[] = [];
    const every = (_: number, run: () => void) => {
      ticks.push(run);
      return () => {};
    };
    const byHand = { ...clock, every };
    const owner = createJournalOwner({ journal, downlink: { receipts: () => {} }, path, clock: byHand, log });
    await owner.start();
    onTestFinished(async () => {
      await owner.stop();
      await journal.close();
    });
    const frozen = connect(path);
    let heard = '';
    let bytes = 0;
    frozen.on('data', (piece) => {
      bytes += piece.length;
      heard = heard.slice(-20_000) + piece.toString('latin1');
    });
    frozen.pause();
    await until(() => ticks.length === 1);
    for (let news = 0; news < 400; news++) {
      await appendAll(journal, news, news + 1);
      ticks[0]!();
    }
    frozen.resume();
    await until(() => {
      ticks[0]!();
      return heard.includes('"entries":400,');
    });
    expect(bytes).toBeLessThan(1_000_000);
    frozen.destroy();
  });

  test('is for its owner only', async () => {
    const { own, path } = await place();
    await own();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});
