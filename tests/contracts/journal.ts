import { expect, test } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import { shardOf } from '#domain/topics.ts';
import type { Journal, JournalEntry } from '#runtime/journal.ts';

/**
 * What every adapter of the journal must do. `open` opens the journal of one place: opened again after `close`, it holds what
 * it held.
 */
export function journalContract(place: () => Promise<{ open(): Promise<Journal> }>) {
  test('entries come in the order in which they were appended, positions growing by one, with every field as it was', async () => {
    const journal = await (await place()).open();
    const sent = Array.from({ length: 500 }, (_, i) => entry(`m${i}`, { source: i % 2 ? 'home-a' : 'home-b' }));
    await Promise.all(sent.map((one) => journal.append(one)));
    const got = await collect(journal, 'recorder', 500, { batch: 64 });
    expect(got.map((one) => one.position)).toEqual(sent.map((_, i) => i + 1));
    expect(got.map(({ position: _, ...rest }) => rest)).toEqual(sent);
    await journal.close();
  });

  test('a status entry and an empty payload survive a restart as they were', async () => {
    const { open } = await place();
    const first = await open();
    const sent = [entry('', { kind: 'status' }), entry('x'.repeat(64 * 1024)), entry('')];
    for (const one of sent) await first.append(one);
    await first.close();
    const second = await open();
    const got = await collect(second, 'recorder', 3);
    expect(got.map(({ position: _, ...rest }) => rest)).toEqual(sent);
    await second.close();
  });

  test('a consumer goes on at its cursor after a restart and sees no finished entry again', async () => {
    const { open } = await place();
    const first = await open();
    await appendAll(first, 0, 10);
    await collect(first, 'recorder', 10);
    await first.close();
    const second = await open();
    await appendAll(second, 10, 15);
    const got = await collect(second, 'recorder', 5);
    expect(words(got)).toEqual(['m10', 'm11', 'm12', 'm13', 'm14']);
    expect(got[0]!.position).toBe(11);
    await second.close();
  });

  test('a batch that was in hand when the journal closed comes again', async () => {
    const { open } = await place();
    const first = await open();
    await appendAll(first, 0, 4);
    const seen: string[] = [];
    first.consume('recorder', { batch: 2 }, async (batch) => {
      seen.push(...words(batch));
      if (seen.length > 2) throw new Error('the store is away');
    });
    await until(() => seen.length > 2);
    await first.close();
    const second = await open();
    expect(words(await collect(second, 'recorder', 2))).toEqual(['m2', 'm3']);
    await second.close();
  });

  test('a batch that was rejected comes again, the same, until it is finished', async () => {
    const journal = await (await place()).open();
    await appendAll(journal, 0, 5);
    const batches: string[][] = [];
    const consumption = journal.consume('recorder', { batch: 3 }, async (batch) => {
      batches.push(words(batch));
      if (batches.length < 3) throw new Error('not yet');
    });
    await until(() => batches.length === 4);
    expect(batches).toEqual([
      ['m0', 'm1', 'm2'],
      ['m0', 'm1', 'm2'],
      ['m0', 'm1', 'm2'],
      ['m3', 'm4'],
    ]);
    await consumption.stop();
    await journal.close();
  });

  test('two consumers are independent: one that never finishes does not hold up the other', async () => {
    const journal = await (await place()).open();
    let release = () => {};
    const stuck = journal.consume('judge', { batch: 1 }, () => new Promise((resolve) => (release = resolve)));
    await appendAll(journal, 0, 200);
    expect(await collect(journal, 'recorder', 200)).toHaveLength(200);
    await until(() => behind(journal, 'recorder') === 0);
    expect(behind(journal, 'judge')).toBe(200);
    expect(journal.backlog().entries).toBe(200);
    const stopped = stuck.stop();
    release();
    await stopped;
    await journal.close();
  });

  test('a new consumer starts at the oldest entry that is kept', async () => {
    const journal = await (await place()).open();
    await appendAll(journal, 0, 3);
    await collect(journal, 'recorder', 3);
    expect(words(await collect(journal, 'latecomer', 3))).toEqual(['m0', 'm1', 'm2']);
    await journal.close();
  });

  test('an entry appended while a consumer waits reaches it, and only after it is kept', async () => {
    const journal = await (await place()).open();
    let kept = false;
    const arrived: boolean[] = [];
    const consumption = journal.consume('recorder', { batch: 10 }, async () => void arrived.push(kept));
    await journal.append(entry('a')).then(() => {
      kept = true;
    });
    await until(() => arrived.length === 1);
    await consumption.stop();
    await journal.close();
  });

  test('stopping waits for the batch in hand, after which no other comes', async () => {
    const journal = await (await place()).open();
    await appendAll(journal, 0, 4);
    let batches = 0;
    let release = () => {};
    const consumption = journal.consume('recorder', { batch: 1 }, async () => {
      batches += 1;
      await new Promise<void>((resolve) => (release = resolve));
    });
    await until(() => batches === 1);
    let stopped = false;
    const stop = consumption.stop().then(() => {
      stopped = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(false);
    release();
    await stop;
    expect(batches).toBe(1);
    expect(words(await collect(journal, 'recorder', 3))).toEqual(['m1', 'm2', 'm3']);
    await journal.close();
  });

  test('one consumer is one at a time', async () => {
    const journal = await (await place()).open();
    const consumption = journal.consume('recorder', { batch: 1 }, async () => {});
    expect(() => journal.consume('recorder', { batch: 1 }, async () => {})).toThrow(/already/);
    await consumption.stop();
    await journal.consume('recorder', { batch: 1 }, async () => {}).stop();
    await journal.close();
  });

  test('the shards of one consumer can be consumed side by side, each in order, and go on where each of them came to', async () => {
    const { open } = await place();
    const first = await open();
    const sources = ['home-a', 'home-b', 'home-c', 'home-d', 'home-e'];
    const low = Array.from({ length: 32 }, (_, shard) => shard);
    const high = low.map((shard) => shard + 32);
    const isLow = (one: { shard: number }) => one.shard < 32;
    const sent = Array.from({ length: 300 }, (_, i) => entry(`m${i}`, { source: sources[i % 5]! }));
    await Promise.all(sent.map((one) => first.append(one)));
    expect(sent.some(isLow) && !sent.every(isLow)).toBe(true);
    const lows = sent.filter(isLow).length;
    const stuck = first.consume('recorder', { batch: 20, shards: high }, () => Promise.reject(new Error('away')));
    expect(() => first.consume('recorder', { batch: 1, shards: [0, 40] }, async () => {})).toThrow(/already/);
    const early = await collect(first, 'recorder', lows, { batch: 20, shards: low });
    expect(early.map(({ position: _, ...rest }) => rest)).toEqual(sent.filter(isLow));
    await stuck.stop();
    await first.close();
    const second = await open();
    await second.append(entry('new', { source: sources[sent.findIndex(isLow) % 5]! }));
    // all shards at once: of the low ones only what is new
    const late = await collect(second, 'recorder', 300 - lows + 1);
    expect(words(late)).toEqual([...words(sent.filter((one) => !isLow(one)) as JournalEntry[]), 'new']);
    await until(() => second.backlog().entries === 0);
    await second.close();
  });

  test('a closed journal refuses entries with an outage, and closing twice is harmless', async () => {
    const journal = await (await place()).open();
    await journal.close();
    await journal.close();
    await expect(journal.append(entry('late'))).rejects.toMatchObject({ name: 'Outage', code: 'journal-closed' });
  });

  test('the backlog counts what the slowest consumer has not finished', async () => {
    const journal = await (await place()).open();
    await appendAll(journal, 0, 7);
    await collect(journal, 'recorder', 7);
    await until(() => behind(journal, 'recorder') === 0);
    expect(journal.backlog().entries).toBe(0);
    await appendAll(journal, 7, 9);
    expect(journal.backlog()).toMatchObject({ entries: 2, consumers: [{ consumer: 'recorder', behind: 2 }] });
    expect(journal.health().state).toBe('ok');
    await journal.close();
  });
}

export function entry(
  text: string,
  part: { source?: string; kind?: JournalEntry['kind'] } = {},
): Omit<JournalEntry, 'position'> {
  const source = SourceId.parse(part.source ?? 'home-a');
  return {
    shard: shardOf(source),
    source,
    kind: part.kind ?? 'readings',
    receivedAt: 1_790_000_000_000,
    payload: Buffer.from(text),
  };
}

export const words = (entries: JournalEntry[]): string[] => entries.map((one) => one.payload.toString());

export async function appendAll(journal: Journal, from: number, to: number): Promise<void> {
  await Promise.all(Array.from({ length: to - from }, (_, i) => journal.append(entry(`m${from + i}`))));
}

/** The next `count` entries for `consumer`, which then stops. */
export async function collect(
  journal: Journal,
  consumer: string,
  count: number,
  options: { batch: number; shards?: number[] } = { batch: 100 },
) {
  const got: JournalEntry[] = [];
  const consumption = journal.consume(consumer, options, async (batch) => void got.push(...batch));
  await until(() => got.length >= count);
  await consumption.stop();
  return got;
}

export async function until(condition: () => boolean, limitMs = 10_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const behind = (journal: Journal, consumer: string) =>
  journal.backlog().consumers.find((one) => one.consumer === consumer)?.behind;
