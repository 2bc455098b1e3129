import { describe, expect, it } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import { shardOf, shards } from '#domain/topics.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Journal, JournalEntry } from '#runtime/journal.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog as log } from '#runtime/log.ts';
import { type Random, seededRandom } from '#runtime/random.ts';
import { createDiskModel, type DiskModel, type Faults } from '../support/disk-model.ts';

/**
 * The journal on a disk that loses power at any moment, again and again: what was acknowledged is handed to every consumer that had not
 * finished it, nothing is made up, and a position never means two things. Each case is a seed.
 */

const folder = '/data/journal';
const lives = 5;
const sources = ['a', 'b', 'c', 'd', 'e'].map((name) => SourceId.parse(`home-${name}`));
const halves = [0, 1].map((half) => Array.from({ length: shards / 2 }, (_, i) => half * (shards / 2) + i));
/** What each consumer takes at once; the judge works in two halves. */
const consumers: Record<string, (number[] | undefined)[]> = { recorder: [undefined], judge: halves };

const noFaults: Faults = { write: 0, sync: 0 };

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

describe.each([
  ['killed', { power: false, faults: noFaults, seeds: upTo(30) }],
  ['without power', { power: true, faults: noFaults, seeds: upTo(150) }],
  // 713: a reader stood in a segment that was made anew after a failed sync, and stepped over what was then written into it
  [
    'without power, on a disk that fails now and then',
    { power: true, faults: { write: 0.03, sync: 0.03 }, seeds: [...upTo(120), 713] },
  ],
  // 2997: the file of a segment was removed when making it anew failed, and a reader went on in what it had open
  [
    'without power, on a disk that is often full',
    { power: true, faults: { write: 0.12, sync: 0.04 }, seeds: [...upTo(30), 2997] },
  ],
])('a journal that is left %s', (_, { power, faults, seeds }) => {
  it('has everything that was acknowledged, and nothing else', async () => {
    for (const seed of seeds) expect(await story(seed, power, faults), `seed ${seed}`).toEqual([]);
  });
});

describe('the model', () => {
  const nothing = async () => {};
  it.each<[string, (disk: DiskModel) => DiskModel]>([
    ['files', (disk) => ({ ...disk, open: async (...how) => ({ ...(await disk.open(...how)), datasync: nothing }) })],
    ['folders', (disk) => ({ ...disk, syncFolder: nothing })],
  ])('finds out a journal that does not sync its %s', async (_, lazy) => {
    const found: string[] = [];
    for (let seed = 1; found.length === 0 && seed <= 200; seed++)
      found.push(...(await story(seed, true, noFaults, lazy)));
    expect(found).not.toEqual([]);
  });
});

type Memory = {
  appended: Map<string, { source: SourceId; acknowledged: boolean }>;
  finished: Map<string, Set<string>>;
  meaning: Map<number, string>;
  faults: string[];
};

async function story(
  seed: number,
  power: boolean,
  faults: Faults,
  through: (disk: DiskModel) => DiskModel = (disk) => disk,
): Promise<string[]> {
  const random = seededRandom(seed);
  const memory: Memory = {
    appended: new Map(),
    finished: new Map(Object.keys(consumers).map((consumer) => [consumer, new Set()])),
    meaning: new Map(),
    faults: [],
  };
  const limits = { segmentBytes: 200 + Math.floor(random.next() * 2_000), tailBytes: random.next() < 0.5 ? 0 : 2_000 };
  let disk = createDiskModel(random);
  for (let life = 0; life < lives; life++) {
    // some die while they still open
    disk.dieAfter(Math.floor(random.next() ** 2 * 400) + 1);
    Object.assign(disk.faults, faults);
    await Promise.race([disk.died, live(through(disk), random, limits, memory, life)]);
    disk = disk.revived(power);
  }
  await settle(disk, limits, memory);
  return memory.faults;
}

const depsOn = (disk: DiskModel) => ({ folder, clock: hastyClock, log, disk, consumers: Object.keys(consumers) });

type Limits = { segmentBytes: number; tailBytes: number };

/** Until the power goes. */
async function live(disk: DiskModel, random: Random, limits: Limits, memory: Memory, life: number): Promise<void> {
  const journal = await createJournalFiles(depsOn(disk), limits).catch(() => undefined);
  // a disk that failed while it was opened: somebody pulls the plug
  if (!journal) return;
  let running = true;
  void disk.died.then(() => {
    running = false;
  });
  consumeAll(journal, memory, () => random.next() < 0.15);
  for (let number = 0; running; number++) {
    const some = Array.from({ length: 1 + Math.floor(random.next() * 4) }, (_, i) => `${life}-${number}-${i}`);
    const appends = some.map((word) => append(journal, random, memory, word));
    if (random.next() < 0.7) await Promise.race([disk.died, Promise.all(appends)]);
    else await turn();
  }
}

async function append(journal: Journal, random: Random, memory: Memory, name: string): Promise<void> {
  const source = sources[Math.floor(random.next() * sources.length)]!;
  const word = name.padEnd(name.length + Math.floor(random.next() ** 4 * 1_500), '.');
  const known = { source, acknowledged: false };
  memory.appended.set(word, known);
  const entry = {
    shard: shardOf(source),
    source,
    kind: 'readings',
    receivedAt: 1,
    payload: Buffer.from(word),
  } as const;
  await journal.append(entry).then(
    () => {
      known.acknowledged = true;
    },
    () => {},
  );
}

function consumeAll(journal: Journal, memory: Memory, fails: () => boolean): void {
  for (const [consumer, parts] of Object.entries(consumers))
    for (const part of parts) {
      let last = 0;
      journal.consume(consumer, { batch: 5, ...(part ? { shards: part } : {}) }, async (batch) => {
        for (const entry of batch) see(memory, entry);
        if (batch.some(({ position }, i) => position <= (batch[i - 1]?.position ?? last)))
          memory.faults.push(`${consumer} got entries out of order`);
        await turn();
        if (fails()) throw new Error('the store is away');
        last = batch.at(-1)!.position;
        for (const { payload } of batch) memory.finished.get(consumer)!.add(payload.toString());
      });
    }
}

function see(memory: Memory, { payload, source, position, shard }: JournalEntry): void {
  const word = payload.toString();
  const known = memory.appended.get(word);
  if (!known || known.source !== source || shard !== shardOf(source)) memory.faults.push(`invented: ${word}`);
  const meant = memory.meaning.get(position);
  if (meant !== undefined && meant !== word) memory.faults.push(`position ${position} meant ${meant}, now ${word}`);
  memory.meaning.set(position, word);
}

/** With power that lasts, every consumer comes to the end, and then must have had everything. */
async function settle(disk: DiskModel, limits: Limits, memory: Memory): Promise<void> {
  const journal = await createJournalFiles(depsOn(disk), limits);
  await append(journal, seededRandom(1), memory, 'last');
  consumeAll(journal, memory, () => false);
  const names = Object.keys(consumers);
  const behind = () => journal.backlog().consumers.filter((one) => names.includes(one.consumer) && one.behind === 0);
  for (let turns = 0; behind().length < names.length; turns++) {
    if (turns > 20_000) return void memory.faults.push('the consumers never came to the end');
    await turn();
  }
  await journal.close();
  for (const [word, { acknowledged }] of memory.appended)
    for (const consumer of names)
      if (acknowledged && !memory.finished.get(consumer)!.has(word))
        memory.faults.push(`${consumer} never got ${word.slice(0, 12)}`);
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** No waiting: a pause is one turn of the event loop. */
const hastyClock: Clock = {
  now: () => 1,
  elapsed: () => 1,
  sleep: turn,
  after: () => () => {},
  every: () => () => {},
};
