import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Outage } from '#domain/errors.ts';
import { Reading } from '#domain/reading.ts';
import { systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import { settleFrames } from '../../gateway-agent/visit/settle.ts';
import { heardFrame } from '../support/heard-frames.ts';
import { numbers, outboxRoom, range, storedAll, take } from '../support/outbox-room.ts';

const room = outboxRoom();
const { outboxAt, close } = room;

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
    // and this one, too, may be told again
    expect(timeless('d', heardNow + 3_601_000)).toBe(0);
    // a clock that was ahead then is no reason to swallow what is measured after it was set right
    expect(timeless('e', heardNow + 1_800_000)).toBe(1);
  });

  it('takes what names no time at all for what it is: a device whose clock was never set writes zeros, whenever it measures', () => {
    const outbox = outboxAt();
    const unset = (visit: string, heardAt: number, time: string) => {
      const frame = outbox.hear({
        ...heardFrame(1),
        visit,
        heardAt,
        bytes: Buffer.from(`02780050005a00${time}`, 'hex'),
      });
      return settleFrames(outbox, [frame], true, 'UTC').readings;
    };
    const zeros = '00'.repeat(7);
    expect(unset('a', Date.now(), zeros)).toBe(1);
    expect(unset('b', Date.now() + 1_000, zeros)).toBe(0);
    expect(unset('c', Date.now() + 86_400_000, zeros)).toBe(1);
    expect(outbox.waiting(9)).toHaveLength(2);
  });

  it('waits a while for somebody else who writes into its file', async () => {
    const outbox = outboxAt();
    const other = `
      const { DatabaseSync } = require('node:sqlite');
      const file = new DatabaseSync(${JSON.stringify(room.path)});
      file.exec('BEGIN IMMEDIATE');
      process.stdout.write('held');
      setTimeout(() => file.exec('COMMIT'), 150);`;
    const holder = spawn(process.execPath, ['-e', other], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout!, 'data');
    expect(take(outbox, 1, 1).readings).toBe(1);
    await once(holder, 'exit');
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

describe('an outbox whose share of the disk is full', () => {
  it('says so, has changed nothing, fetches nothing more, and goes on when receipts have made room', () => {
    const outbox = outboxAt(room.path, 128 * 1024);
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

  it('gives up what is kept aside, the oldest first, before it refuses a reading, and counts and says it', () => {
    const said: string[] = [];
    const log = { ...silentLog, error: (words: string) => said.push(words) };
    const outbox = openOutbox(systemClock, room.path, 512 * 1024, log);
    room.closeLater(outbox);
    for (let n = 0; outbox.standing().fill === 'ok'; n++) {
      const bytes = Buffer.from(`03${n.toString(16).padStart(2_000, '0')}`, 'hex');
      settleFrames(outbox, [outbox.hear({ ...heardFrame(1), visit: `${n}`, bytes })], true, 'UTC');
    }
    const { aside, lost } = outbox.standing();
    expect(aside).toBeGreaterThan(20);
    expect(lost).toBe(0);
    let kept = 0;
    while (outbox.hasRoom()) {
      kept++;
      take(outbox, kept, kept);
    }
    expect(outbox.standing()).toMatchObject({ fill: 'full', aside: 0, lost: aside, waiting: kept });
    expect(said.some((words) => words.includes('filling up'))).toBe(true);
    expect(said.filter((words) => words.includes('gave way')).length).toBeGreaterThan(0);
    expect(said.some((words) => words.includes('nothing is fetched'))).toBe(true);
    storedAll(outbox);
    while (outbox.count() > 0) storedAll(outbox);
    expect(outbox.standing()).toMatchObject({ fill: 'ok', lost: aside });
    close(outbox);
    expect(outboxAt().standing()).toMatchObject({ lost: aside });
  });

  it('raises its alarm once, and not again with every page that comes and goes', () => {
    const said: string[] = [];
    const log = { ...silentLog, error: (words: string) => said.push(words), info: (words: string) => said.push(words) };
    const outbox = openOutbox(systemClock, room.path, 512 * 1024, log);
    room.closeLater(outbox);
    outbox.together(() => {
      for (let n = 1; outbox.standing().fill === 'ok'; n++) take(outbox, n, n);
    });
    for (let n = 1_001; n <= 1_010; n++) {
      // so few go that it stands just below, and so many come that it stands above
      const some = outbox.waiting(8).map(({ ref }) => ({ ref, outcome: 'stored' as const }));
      outbox.receive(some);
      outbox.together(() => take(outbox, n * 100, n * 100 + 8));
      outbox.receive([]);
    }
    expect(said.filter((words) => words.includes('filling up'))).toHaveLength(1);
    expect(said.filter((words) => words.includes('room again'))).toHaveLength(0);
  });

  it('counts what a device said while nothing could be kept', () => {
    const outbox = outboxAt();
    outbox.lose(2);
    outbox.lose(1);
    expect(outbox.standing().lost).toBe(3);
  });
});
