import { spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import type { Outbox } from '../../gateway-agent/outbox/outbox.ts';
import { openOrSalvage } from '../../gateway-agent/outbox/salvage.ts';
import { corrected } from '../../gateway-agent/uplink/server-time.ts';
import { settleFrames } from '../../gateway-agent/visit/settle.ts';
import { heardFrame } from '../support/heard-frames.ts';
import { numbers, outboxRoom, range, storedAll, take } from '../support/outbox-room.ts';

const script = join(import.meta.dirname, '../support/hearing-process.ts');
const room = outboxRoom();
const { outboxAt, close } = room;

describe('an outbox whose process is killed', () => {
  it('has every reading that was kept, and every frame that was heard, in order', async () => {
    let next = 1;
    for (let life = 0; life < 3; life++) {
      const { heard, kept } = await hearUntilKilled(next, 12 + life * 7);
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
    expect(next).toBeGreaterThan(50);
  });
});

async function hearUntilKilled(from: number, count: number): Promise<{ heard: number; kept: number }> {
  const child = spawn(process.execPath, [script, room.path, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] });
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
  /** The file and its log as they lie on the disk, cut short there. */
  const tornAt = (cut: number): string => {
    const torn = join(room.folder, 'torn.sqlite');
    copyFileSync(room.path, torn);
    copyFileSync(`${room.path}-wal`, `${torn}-wal`);
    rmSync(`${torn}-shm`, { force: true });
    truncateSync(`${torn}-wal`, cut);
    return torn;
  };

  it('opens with a clean beginning of what was heard, wherever the write-ahead log was torn', () => {
    const outbox = outboxAt();
    take(outbox, 1, 40);
    storedAll(outbox);
    take(outbox, 41, 60);
    const wal = statSync(`${room.path}-wal`).size;
    expect(wal).toBeGreaterThan(10_000);
    const cuts = [...range(0, 60).map((i) => Math.floor((wal * i) / 60)), wal - 1, wal - 4_097, 31, 33];
    for (const cut of cuts) {
      const torn = tornAt(cut);
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

  it('has all or nothing of the last commit, at whichever of its bytes the power failed', () => {
    const first = outboxAt();
    take(first, 1, 3);
    close(first);
    const outbox = outboxAt();
    outbox.hear(heardFrame(4));
    const log = readFileSync(`${room.path}-wal`);
    expect(log.length).toBeGreaterThan(2 * 4_120);
    const torn = tornAt(0);
    const wal = openSync(`${torn}-wal`, 'r+');
    const seen: number[] = [];
    let written = 0;
    // the last page, which commits it, at every byte of its header and its end, and between them every few; the headers of the log and of the
    // pages before
    const isTried = (bytes: number) =>
      bytes >= log.length - 64 || (bytes - 32) % 4_120 <= 24 || (bytes >= log.length - 4_120 && bytes % 13 === 0);
    for (const cut of range(0, log.length).filter(isTried)) {
      writeSync(wal, log, written, cut - written, written);
      written = cut;
      rmSync(`${torn}-shm`, { force: true });
      // only reads, so that the next one finds the file as it was
      const after = new DatabaseSync(torn, { readOnly: true });
      const counts = after
        .prepare('SELECT (SELECT count(*) FROM frames) AS f, (SELECT count(*) FROM readings) AS r')
        .get();
      after.close();
      expect(counts?.r).toBe(3);
      seen.push(counts?.f as number);
    }
    closeSync(wal);
    expect(seen.slice(0, -1).every((frames) => frames === 0)).toBe(true);
    expect(seen.at(-1)).toBe(1);
  });

  it('has everything when nothing was torn: a commit is in the file when hear() returns', () => {
    const outbox = outboxAt();
    take(outbox, 1, 3);
    const copy = join(room.folder, 'copy.sqlite');
    copyFileSync(room.path, copy);
    copyFileSync(`${room.path}-wal`, `${copy}-wal`);
    expect(numbers(outboxAt(copy))).toEqual([1, 2, 3]);
    expect(existsSync(`${copy}-wal`)).toBe(true);
    expect(readFileSync(copy).subarray(0, 15).toString()).toBe('SQLite format 3');
  });
});

describe('a damaged outbox', () => {
  const salvaged = (damage: (file: Buffer) => void): Outbox => {
    const outbox = outboxAt();
    for (let n = 0; n < 10; n++) take(outbox, n * 40 + 1, n * 40 + 40);
    outbox.notes.note('AA:BB:CC:00:00:01', { model: 'BM85', battery: 51 });
    outbox.answers.keep('a-command', '{"v":1}');
    outbox.hear(heardFrame(500));
    close(outbox);
    const file = readFileSync(room.path);
    damage(file);
    writeFileSync(room.path, file);
    const after = openOrSalvage({ clock: systemClock, log: silentLog }, room.path);
    room.closeLater(after);
    return after;
  };

  it('is opened as it is when it is whole', () => {
    const outbox = salvaged(() => {});
    expect(numbers(outbox)).toEqual(range(1, 400));
    expect(readdirSync(room.folder).some((name) => name.includes('damaged'))).toBe(false);
  });

  it('gives what can be read and proved to the new one, around a page that is gone', () => {
    const outbox = salvaged((file) => file.fill(0xa5, 40 * 4_096, 42 * 4_096));
    const found = numbers(outbox);
    expect(readdirSync(room.folder).some((name) => name.includes('damaged'))).toBe(true);
    expect(found.length).toBeGreaterThan(300);
    expect(found.length).toBeLessThan(400);
    expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
    expect(outbox.notes.of('AA:BB:CC:00:00:01')).toMatchObject({ model: 'BM85' });
    // what cannot be proved is not sent
    expect(outbox.asideByReason()).toEqual([{ reason: 'from-a-damaged-outbox', count: 1 }]);
    expect(outbox.unsettled()).toEqual([]);
  });

  it('takes over no reading that says something else than it did', () => {
    const outbox = salvaged((file) => {
      file.fill(0xa5, 40 * 4_096, 41 * 4_096);
      for (let at = file.indexOf('"value":120'); at >= 0; at = file.indexOf('"value":120', at + 1))
        file.write('9', at + 8);
    });
    expect(outbox.count()).toBe(0);
  });

  it('proves a reading that names no time by when it was heard, also one that was corrected; what is not proved is not sent', () => {
    const outbox = outboxAt();
    outbox.together(() => {
      for (let n = 1; n <= 8; n++) {
        const bytes = Buffer.from(`00${(110 + n).toString(16)}0050005a00`, 'hex');
        settleFrames(outbox, [outbox.hear({ ...heardFrame(n), visit: `${n}`, bytes })], true, 'UTC');
      }
    });
    const timeless = outbox.waiting(9);
    expect(timeless.map(({ message }) => message.includes('deviceTime'))).toEqual(Array(8).fill(false));
    const [spoilt] = timeless.splice(3, 1);
    outbox.rewrite(timeless.slice(0, 4).map(({ n, message }) => ({ n, message: corrected(message, 7_200_000) })));
    outbox.rewrite([{ n: spoilt!.n, message: spoilt!.message.replace('"value":114', '"value":214') }]);
    close(outbox);
    const whole = new DatabaseSync(room.path);
    const { page } = whole.prepare("SELECT rootpage AS page FROM sqlite_master WHERE name = 'tally'").get()!;
    whole.close();
    writeFileSync(room.path, readFileSync(room.path).fill(0xa5, (Number(page) - 1) * 4_096, Number(page) * 4_096));
    const after = openOrSalvage({ clock: systemClock, log: silentLog }, room.path);
    room.closeLater(after);
    expect(after.waiting(9).map(({ n }) => n)).toEqual(timeless.map(({ n }) => n));
    expect(after.aside(9)).toMatchObject([{ reason: 'from-a-damaged-outbox' }]);
  });

  it('is begun anew where nothing can be read', () => {
    const outbox = salvaged((file) => file.fill(0x20));
    expect(outbox.count()).toBe(0);
    take(outbox, 1, 2);
    expect(numbers(outbox)).toEqual([1, 2]);
  });
});
