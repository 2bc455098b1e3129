import { Outage } from '#domain/errors.ts';
import type { Log } from '#runtime/log.ts';
import type { OutboxFile } from './file.ts';
import { limits } from './layout.ts';

/**
 * What happens when the outbox's share of the disk fills up. At `alarmShare` of it the alarm is raised: log, health, status. When less than the
 * reserve is left, or when the disk itself is full, what is kept aside gives way, the oldest first: it is evidence and cures nobody; each of it is counted and logged. A
 * reading that waits never gives way: when nothing but those is left, nothing is fetched any more, and the devices keep what they measure.
 */
export interface Room {
  /** False when a write would not fit: then nothing should be fetched from a device that still has it. */
  has(): boolean;
  /** Takes out the oldest of what may give way, within a transaction. False: nothing is left that may. */
  giveWay(): boolean;
  /** To be called after something was put aside, within a transaction: keeps the newest. */
  sweepAside(): void;
  /** So many frames had to be given up before they were on disk. */
  lose(frames: number): void;
  /** To be called after a write: says it once when the alarm is due, and once when it is over. */
  notice(): void;
  standing(): { fill: Fill; bytes: number; mostBytes: number; lost: number };
  compact(): void;
}

/** `filling`: above `alarmShare` of what it may take. `full`: nothing is fetched from the devices any more. */
export type Fill = 'ok' | 'filling' | 'full';

export function createRoom(file: OutboxFile, mostBytes: number, log: Log): Room {
  const { run, write } = file;
  /** What could not even be counted on the disk. */
  let lostUncounted = 0;
  let told: Fill = 'ok';

  const count = (lost: number) =>
    run("INSERT INTO tally VALUES ('lost', ?) ON CONFLICT DO UPDATE SET count = count + excluded.count", lost);

  const reserve = Math.max(mostBytes * limits.reserveShare, Math.min(limits.reserveBytes, mostBytes / 4));
  const fillAt = (bytes: number): Fill => {
    if (bytes >= mostBytes - reserve) return 'full';
    return bytes >= mostBytes * limits.alarmShare ? 'filling' : 'ok';
  };
  const isTight = () => fillAt(file.usedBytes()) === 'full';
  const fill = (): Fill => (file.isFull() ? 'full' : fillAt(file.usedBytes()));

  const giveWay = (): boolean => {
    const oldest = 'SELECT n FROM aside ORDER BY n LIMIT ?';
    const { changes } = run(`DELETE FROM aside WHERE n IN (${oldest})`, limits.givesWay);
    if (changes === 0) return false;
    count(changes);
    log.error('the outbox is full: the oldest of what was kept aside gave way to readings', { count: changes });
    return true;
  };

  const notice = () => {
    const now = fill();
    if (now === told) return;
    if (now !== 'full' && fillAt(file.usedBytes() + mostBytes * limits.overShare) === told) return;
    const details = { bytes: file.usedBytes(), mostBytes };
    if (now === 'full') log.error('the outbox is full: nothing is fetched from the devices until it has room', details);
    if (now === 'filling' && told === 'ok') log.error('the outbox is filling up: what waits in it must go up', details);
    if (now === 'ok') log.info('the outbox has room again', details);
    told = now;
  };

  // in one transaction: a life that ended between two would leave a frame of nobody
  const probe = (): true =>
    write(() => {
      run("INSERT INTO frames SELECT NULL, 'probe', '', '', 0, NULL, NULL, NULL, 0, zeroblob(4096)");
      run("DELETE FROM frames WHERE visit = 'probe'");
      return true;
    });

  return {
    has: () => {
      while (isTight() && ifItFits(() => write(giveWay))) notice();
      const has = !isTight() && (!file.isFull() || (ifItFits(probe) ?? false));
      notice();
      return has;
    },
    giveWay,
    sweepAside: () => {
      const last = file.row('SELECT max(n) AS n FROM aside')?.n;
      if (typeof last !== 'number' || last % limits.asideSweepEvery !== 0) return;
      const { changes } = run('DELETE FROM aside WHERE n <= ?', last - limits.aside);
      if (changes === 0) return;
      count(changes);
      log.error('too much is kept aside: the oldest of it was given up', { count: changes });
    },
    lose: (frames) => {
      lostUncounted += frames;
      log.error('what a device said was lost: the disk refuses it and the memory for such is full', { frames });
      ifItFits(() => {
        write(() => count(lostUncounted));
        lostUncounted = 0;
      });
    },
    notice,
    standing: () => ({
      fill: fill(),
      bytes: file.usedBytes(),
      mostBytes,
      lost: Number(file.row("SELECT count FROM tally WHERE name = 'lost'")?.count ?? 0) + lostUncounted,
    }),
    compact: () => {
      if (file.usedBytes() < (mostBytes * limits.alarmShare) / 2) ifItFits(() => file.compact(limits.freePages));
    },
  };
}

/** Undefined when the disk refuses. */
function ifItFits<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (fault) {
    if (fault instanceof Outage) return undefined;
    throw fault;
  }
}
