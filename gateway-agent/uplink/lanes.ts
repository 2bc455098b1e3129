import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import type { Outbox, Waiting } from '../outbox/outbox.ts';
import type { UplinkLimits } from './limits.ts';

/**
 * Which readings go next. What was heard just now goes before the backlog; within either, the order of hearing is kept, and so that of each
 * device. What the broker has not acknowledged goes again on the next connection, and what was not receipted after a while that doubles.
 * Knows in memory what was sent, a bounded number of them, and reads from the outbox a batch at a time, however much waits there.
 */
export interface Lanes {
  /** The next message; empty when nothing may go. They count as sent. */
  next(): Waiting[];
  /** The broker has them on disk. */
  acknowledged(batch: readonly Waiting[]): void;
  /**
   * The connection ended before the broker had them. It may be that it cannot stand one of them, or that the link is too slow for so many: fewer go
   * next, until each has gone or failed alone; what fails alone waits its turn like what is not receipted.
   */
  failed(batch: readonly Waiting[]): void;
  receipted(refs: readonly string[]): void;
  /** The connection is a new one: what was not acknowledged goes again. */
  reconnected(): void;
  /**
   * Prepares these anew and sends them again at once, once only. Answers those of which this is true; also those of which the broker does not have
   * what was prepared anew yet, for then nobody can have judged it.
   */
  again(refs: readonly string[]): string[];
  /** To be called now and then: whatever waits and was forgotten here is found again. */
  sweep(): void;
}

/** `dueAt` by the clock that nobody sets. `alone`: so often the connection ended when it was sent alone. */
type Sent = {
  n: number;
  heardAt: number;
  tries: number;
  dueAt: number;
  acknowledged: boolean;
  changed: boolean;
  alone: number;
};

/**
 * @param prepare is given readings before they are sent for the first time in this life of the process, and answers those it changed.
 * Never one that may have been sent and forgotten.
 */
export function createLanes(
  { outbox, clock, random }: { outbox: Outbox; clock: Clock; random: Random },
  limits: UplinkLimits,
  prepare: (readings: Waiting[]) => Waiting[],
): Lanes {
  const sent = new Map<string, Sent>();
  /** Numbers up to which the outbox was looked through: for readings heard just now, and for all. */
  let livingUpTo = (outbox.firstSince(clock.now() - limits.liveMs) ?? outbox.lastNumber() + 1) - 1;
  let allUpTo = 0;
  let sawAll = false;
  /** So many readings at most in the next message. */
  let most = limits.batch;
  let forgottenUpTo = 0;

  const isNew = ({ ref }: Waiting) => !sent.has(ref);

  const due = (since: number): Waiting[] => {
    const now = clock.elapsed();
    const numbers: number[] = [];
    for (const { n, heardAt, dueAt } of sent.values()) if (dueAt <= now && heardAt >= since) numbers.push(n);
    if (numbers.length === 0) return [];
    return outbox.waitingOf(numbers.sort((a, b) => a - b).slice(0, limits.batch));
  };

  const living = (): Waiting[] => {
    const since = clock.now() - limits.liveMs;
    const found = outbox.waiting(limits.batch, { after: livingUpTo, since });
    const end = found.length < limits.batch ? Math.max(livingUpTo, outbox.lastNumber()) : found.at(-1)!.n;
    const batch = fitting(inOrder(due(since), found.filter(isNew)), most, limits);
    livingUpTo = lookedThrough(found, batch, end);
    return batch;
  };

  const all = (): Waiting[] => {
    const room = limits.unreceipted - [...sent.values()].filter(({ tries }) => tries <= limits.unreceiptedTries).length;
    let found: Waiting[] = [];
    if (room > 0)
      do {
        allUpTo = found.at(-1)?.n ?? allUpTo;
        found = outbox.waiting(limits.batch, { after: allUpTo });
      } while (found.length > 0 && !found.some(isNew));
    if (room > 0) sawAll = found.length === 0;
    const batch = fitting(
      inOrder(due(Number.NEGATIVE_INFINITY), found.filter(isNew).slice(0, Math.max(0, room))),
      most,
      limits,
    );
    allUpTo = lookedThrough(found, batch, found.at(-1)?.n ?? allUpTo);
    return batch;
  };

  /** Up to before the first new one that is not in the batch. */
  const lookedThrough = (found: Waiting[], batch: Waiting[], end: number): number => {
    const left = found.find((reading) => isNew(reading) && !batch.includes(reading));
    return left ? left.n - 1 : end;
  };

  const send = (batch: Waiting[]): Waiting[] => {
    const first = batch.filter((reading) => isNew(reading) && reading.n > forgottenUpTo);
    const prepared = new Map((first.length > 0 ? prepare(first) : []).map((reading) => [reading.ref, reading]));
    return batch.map((reading) => {
      const { ref, n, heardAt } = reading;
      const before = sent.get(ref);
      const tries = (before?.tries ?? 0) + 1;
      const dueAt = clock.elapsed() + patienceMs(tries, limits, random);
      const changed = before?.changed || prepared.has(ref);
      sent.set(ref, { n, heardAt, tries, dueAt, changed, acknowledged: false, alone: before?.alone ?? 0 });
      return prepared.get(ref) ?? reading;
    });
  };

  /** What a failing disk made of one must not spoil the message for all others in it. */
  const readable = (batch: Waiting[]): Waiting[] => {
    const spoilt = batch.filter(({ message }) => !isJson(message));
    if (spoilt.length > 0) outbox.spoilt(spoilt);
    return batch.filter((reading) => !spoilt.includes(reading));
  };

  return {
    next: () => {
      const first = living();
      const batch = send(readable(first.length > 0 ? first : all()));
      forget();
      return batch;
    },
    acknowledged: (batch) => {
      for (const { ref } of batch) {
        const one = sent.get(ref);
        if (one) Object.assign(one, { acknowledged: true, alone: 0 });
      }
      most = Math.min(limits.batch, most * 2);
    },
    failed: (batch) => {
      const one = batch.length === 1 ? sent.get(batch[0]!.ref) : undefined;
      if (one) one.alone++;
      most = Math.max(1, batch.length >> 1);
    },
    receipted: (refs) => {
      for (const ref of refs) sent.delete(ref);
    },
    reconnected: () => {
      // what the broker acknowledged is on its disk, and waits for its receipt as before
      for (const one of sent.values()) if (!one.acknowledged && one.alone < limits.aloneTries) one.dueAt = 0;
    },
    again: (refs) => {
      const unchanged = refs.flatMap((ref) => {
        const one = sent.get(ref);
        return one && !one.changed ? one : [];
      });
      const changed = unchanged.length > 0 ? prepare(outbox.waitingOf(unchanged.map(({ n }) => n))) : [];
      const underWay = refs.filter((ref) => sent.get(ref)?.changed && !sent.get(ref)?.acknowledged);
      for (const { ref } of changed) Object.assign(sent.get(ref)!, { changed: true, dueAt: 0, acknowledged: false });
      return [...changed.map(({ ref }) => ref), ...underWay];
    },
    sweep: () => {
      if (sawAll && outbox.count() > sent.size) allUpTo = 0;
    },
  };

  function forget() {
    for (const [ref, { n }] of sent) {
      if (sent.size <= limits.remembered) return;
      sent.delete(ref);
      forgottenUpTo = Math.max(forgottenUpTo, n);
    }
  }
}

const inOrder = (some: Waiting[], others: Waiting[]): Waiting[] => [...some, ...others].sort((a, b) => a.n - b.n);

/** Grows with each try, with a fifth of chance. */
const patienceMs = (tries: number, { receiptMs, receiptMostMs }: UplinkLimits, random: Random): number =>
  Math.min(receiptMs * 2 ** (tries - 1), receiptMostMs) * (0.8 + random.next() / 5);

/** The first of them that fit into one message. */
function fitting(waiting: Waiting[], most: number, { batchBytes }: UplinkLimits): Waiting[] {
  let bytes = 0;
  const end = waiting.slice(0, most).findIndex((reading, index) => {
    bytes += Buffer.byteLength(reading.message) + 1;
    return bytes > batchBytes && index > 0;
  });
  return waiting.slice(0, end < 0 ? most : end);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
