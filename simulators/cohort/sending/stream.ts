import type { HeardCohortReading } from '#domain/cohort-file.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import type { Home } from './send.ts';

/**
 * Sends readings at the moment at which the server should hear them; at a speed, time between `from` and then is shortened, and so are the
 * times that the readings name. What could not be sent comes with the next.
 * @param plan.from ms since 1970: when the cohort begins, and we.
 */
export function createStream(
  { clock }: { clock: Clock },
  homes: readonly { home: Home; readings: Iterable<HeardCohortReading> }[],
  { from, speed }: { from: number; speed: number },
): { until: number; over: Promise<void>; stop(): void } {
  const began = clock.now();
  const whenIs = (cohortMs: number) => Math.round(began + (cohortMs - from) / speed);
  const all = homes
    .flatMap(({ home, readings }) => [...readings].map((heard) => ({ home, heard })))
    .sort((a, b) => a.heard.receivedAt - b.heard.receivedAt);
  const told = ({ reading, receivedAt }: HeardCohortReading): HeardCohortReading => ({
    reading: {
      ...reading,
      takenAt: instant(whenIs(Date.parse(reading.takenAt))),
      heardAt: instant(whenIs(Date.parse(reading.heardAt))),
    },
    receivedAt: whenIs(receivedAt),
  });
  const { promise: over, resolve } = Promise.withResolvers<void>();
  let next = 0;
  let stopped = false;
  let cancel = () => {};

  async function sendDue(): Promise<void> {
    const due = new Map<Home, HeardCohortReading[]>();
    for (; next < all.length && whenIs(all[next]!.heard.receivedAt) <= clock.now(); next++) {
      const { home, heard } = all[next]!;
      due.set(home, [...(due.get(home) ?? []), told(heard)]);
    }
    await Promise.all([...due].map(([home, readings]) => home.send(readings)));
    if (stopped || next >= all.length) return end();
    cancel = clock.after(Math.max(atLeastMs, whenIs(all[next]!.heard.receivedAt) - clock.now()), () => void sendDue());
  }

  async function end(): Promise<void> {
    await Promise.all(homes.map(({ home }) => home.leave()));
    resolve();
  }

  void sendDue();
  return {
    until: whenIs(all.at(-1)?.heard.receivedAt ?? from),
    over,
    stop: () => {
      if (stopped) return;
      stopped = true;
      cancel();
      void end();
    },
  };
}

/** Readings of so short a time go together. */
const atLeastMs = 20;
