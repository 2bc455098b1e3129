import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Outage } from '#domain/errors.ts';
import { Reading } from '#domain/reading.ts';
import { systemClock } from '#runtime/clock.ts';
import { type Outbox, openOutbox } from '../../gateway-agent/outbox.ts';
import { settleFrames } from '../../gateway-agent/visit/settle.ts';
import { heardFrame, numberOf } from '../support/heard-frames.ts';

const script = join(import.meta.dirname, '../support/hearing-process.ts');
let folder: string;
let path: string;
let open: Outbox[] = [];

const outboxAt = (at = path, maxBytes?: number): Outbox => {
  const outbox = openOutbox(systemClock, at, maxBytes);
  open.push(outbox);
  return outbox;
};
const close = (outbox: Outbox) => {
  open = open.filter((one) => one !== outbox);
  outbox.close();
};
/** Hears and settles measurements as one visit. */
const take = (outbox: Outbox, from: number, to: number, device?: string) => {
  const frames = [];
  for (let n = from; n <= to; n++) frames.push(outbox.hear({ ...heardFrame(n, device), visit: `${from}-${to}` }));
  return settleFrames(outbox, frames, true, 'UTC');
};
const numbers = (outbox: Outbox) => outbox.waiting(100_000).map((w) => numberOf(w.message));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const storedAll = (outbox: Outbox) =>
  outbox.receive(outbox.waiting(1_000).map(({ ref }) => ({ ref, outcome: 'stored' as const })));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearthbeat-outbox-'));
  path = join(folder, 'outbox.sqlite');
});
afterEach(() => {
  for (const outbox of open.splice(0)) outbox.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the outbox', () => {
  it('keeps readings in the order heard, as messages the server can read, until they are receipted', () => {
    const outbox = outboxAt();
    take(outbox, 1, 5);
    expect(numbers(outbox)).toEqual([1, 2, 3, 4, 5]);
    for (const { ref, message } of outbox.waiting(10)) expect(Reading.parse(JSON.parse(message)).ref).toBe(ref);
    const [first, second] = outbox.waiting(2);
    outbox.receive([{ ref: second!.ref, outcome: 'stored' }]);
    expect(numbers(outbox)).toEqual([1, 3, 4, 5]);
    close(outbox);
    const later = outboxAt();
    expect(numbers(later)).toEqual([1, 3, 4, 5]);
    expect(later.waiting(1)[0]).toEqual(first);
  });

  it('takes a receipt that comes twice, or for what it does not have, and changes nothing', () => {
    const outbox = outboxAt();
    take(outbox, 1, 2);
    const [first] = outbox.waiting(1);
    const receipt = { ref: first!.ref, outcome: 'stored' as const };
    outbox.receive([receipt, receipt, { ref: 'never-sent', outcome: 'quarantined', reason: 'malformed' }]);
    outbox.receive([receipt]);
    expect(numbers(outbox)).toEqual([2]);
    expect(outbox.aside(10)).toEqual([]);
  });

  it('keeps what the server refused aside, with its reason and its bytes', () => {
    const outbox = outboxAt();
    take(outbox, 1, 1);
    const [reading] = outbox.waiting(1);
    outbox.receive([{ ref: reading!.ref, outcome: 'quarantined', reason: 'not-assigned' }]);
    expect(outbox.count()).toBe(0);
    expect(outbox.aside(10)).toMatchObject([
      { device: 'AA:BB:CC:00:00:01', reason: 'server: not-assigned', raw: heardFrame(1).bytes.toString('hex') },
    ]);
  });

  it('keeps a frame that nobody can read aside, once however often it is replayed, and blocks nobody else', () => {
    const outbox = outboxAt();
    for (const _ of [1, 2, 3]) {
      const stub = outbox.hear({ ...heardFrame(1), bytes: Buffer.from('03020304050607', 'hex') });
      settleFrames(outbox, [stub, outbox.hear(heardFrame(2))], true, 'UTC');
    }
    expect(numbers(outbox)).toEqual([2]);
    expect(outbox.aside(10)).toMatchObject([{ reason: 'bytes-missing', raw: '03020304050607' }]);
    expect(outbox.unsettled()).toEqual([]);
  });

  it('sends nothing twice for a cuff that replays its whole memory, long after it was receipted, and by another process', () => {
    const outbox = outboxAt();
    take(outbox, 1, 100);
    expect(take(outbox, 1, 100).readings).toBe(0);
    storedAll(outbox);
    close(outbox);
    const later = outboxAt();
    expect(take(later, 1, 101).readings).toBe(1);
    expect(numbers(later)).toEqual([101]);
    expect(take(later, 1, 50, 'AA:BB:CC:00:00:02').readings).toBe(50);
  });

  it('tells two equal measurements without a time from one that is told twice by the minutes between them', () => {
    const outbox = outboxAt();
    const heardNow = Date.now();
    const timeless = (visit: string, heardAt: number) => {
      const frame = outbox.hear({ ...heardFrame(1), visit, heardAt, bytes: Buffer.from('00780050005a00', 'hex') });
      return settleFrames(outbox, [frame], true, 'UTC').readings;
    };
    expect(timeless('a', heardNow)).toBe(1);
    expect(timeless('b', heardNow + 1_000)).toBe(0);
    expect(timeless('c', heardNow + 3_600_000)).toBe(1);
  });

  it('does not take a replayed reading for the live one that tells how wrong a clock is', () => {
    const outbox = outboxAt();
    take(outbox, 1, 1);
    const heardAt = Date.now();
    const frames = [5, 1].map((n, i) =>
      outbox.hear({ ...heardFrame(n), visit: 'later', heardAt: heardAt + i * 1_000 }),
    );
    const told = new Map();
    settleFrames(outbox, frames, false, 'UTC', told);
    settleFrames(outbox, frames, true, 'UTC', told);
    expect(JSON.parse(outbox.waiting(9)[1]!.message)).toMatchObject({
      clock: 'source',
      takenAt: new Date(heardAt).toISOString(),
      raw: heardFrame(5).bytes.toString('hex'),
    });
  });

  it('reads what an earlier life left with the model that was known of the device', () => {
    const outbox = outboxAt();
    const variant = Buffer.from('56760050000000ea07080b141b00003c000004', 'hex');
    outbox.hear({ ...heardFrame(1), bytes: variant });
    outbox.notes.note('AA:BB:CC:00:00:01', { model: 'BM85' });
    expect(settleFrames(outbox, outbox.unsettled(), true, 'UTC')).toEqual({ readings: 1, aside: 0 });
  });
});

describe('an outbox whose process is killed', () => {
  it('has every reading that was kept, and every frame that was heard, in order', async () => {
    let next = 1;
    for (let life = 0; life < 5; life++) {
      const { heard, kept } = await hearUntilKilled(next, 20 + life * 13);
      const outbox = outboxAt();
      const unsettled = outbox.unsettled().map((frame) => (frame.heardAt - Date.UTC(2026, 0, 1)) / 60_000);
      expect(unsettled.length).toBeLessThanOrEqual(1);
      // what was left unsettled is settled by the next life
      settleFrames(outbox, outbox.unsettled(), true, 'UTC');
      const all = numbers(outbox);
      expect(all).toEqual(range(1, all.length));
      expect(all.length).toBeGreaterThanOrEqual(Math.max(heard, kept));
      next = all.length + 1;
      close(outbox);
    }
    expect(next).toBeGreaterThan(100);
  });
});

async function hearUntilKilled(from: number, count: number): Promise<{ heard: number; kept: number }> {
  const child = spawn(process.execPath, [script, path, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const done = { heard: 0, kept: 0 };
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const [what, n] = line.split(' ');
    done[what as 'heard' | 'kept'] = Number(n);
    if (Number(n) >= from + count) child.kill('SIGKILL');
  });
  await exited;
  return done;
}

describe('an outbox after a power cut', () => {
  it('opens with a clean beginning of what was heard, wherever the write-ahead log was torn', () => {
    const outbox = outboxAt();
    take(outbox, 1, 40);
    storedAll(outbox);
    take(outbox, 41, 60);
    const wal = statSync(`${path}-wal`).size;
    expect(wal).toBeGreaterThan(10_000);
    const torn = join(folder, 'torn.sqlite');
    const cuts = [...range(0, 120).map((i) => Math.floor((wal * i) / 120)), wal - 1, wal - 4_097, 31, 33];
    for (const cut of cuts) {
      copyFileSync(path, torn);
      copyFileSync(`${path}-wal`, `${torn}-wal`);
      rmSync(`${torn}-shm`, { force: true });
      truncateSync(`${torn}-wal`, cut);
      const after = outboxAt(torn);
      const found = numbers(after);
      const first = found[0] ?? 1;
      expect(found).toEqual(range(first, first + found.length - 1));
      after.hear(heardFrame(1_000));
      close(after);
      const check = new DatabaseSync(torn);
      expect(check.prepare('PRAGMA integrity_check').get()).toMatchObject({ integrity_check: 'ok' });
      check.close();
    }
  });

  it('has everything when nothing was torn: a commit is in the file when hear() returns', () => {
    const outbox = outboxAt();
    take(outbox, 1, 3);
    const copy = join(folder, 'copy.sqlite');
    copyFileSync(path, copy);
    copyFileSync(`${path}-wal`, `${copy}-wal`);
    expect(numbers(outboxAt(copy))).toEqual([1, 2, 3]);
    expect(existsSync(`${copy}-wal`)).toBe(true);
    expect(readFileSync(copy).subarray(0, 15).toString()).toBe('SQLite format 3');
  });
});

describe('an outbox whose share of the disk is full', () => {
  it('says so, has changed nothing, fetches nothing more, and goes on when receipts have made room', () => {
    const outbox = outboxAt(path, 128 * 1024);
    let kept = 0;
    const fill = () => {
      for (;;) {
        take(outbox, kept + 1, kept + 1);
        kept++;
      }
    };
    expect(fill).toThrow(Outage);
    expect(fill).toThrow(/full/);
    expect(kept).toBeGreaterThan(20);
    expect(outbox.hasRoom()).toBe(false);
    expect(numbers(outbox)).toEqual(range(1, kept));
    storedAll(outbox);
    expect(outbox.hasRoom()).toBe(true);
    settleFrames(outbox, outbox.unsettled(), true, 'UTC');
    const next = kept + 1;
    take(outbox, next, next + 2);
    expect(numbers(outbox)).toEqual(range(next, next + 2));
  });
});
