import type { Reading } from '#domain/reading.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import type { UplinkLimits } from './limits.ts';

/**
 * How far this machine's clock is ahead of the server's. What the server says was true when it was sent, and was heard a while later: each
 * comparison shows the true offset and that while, so the least of the last ones is nearest to it.
 */
export interface ServerTime {
  /** The server said that it was this time there, ms since 1970. A clock that was plainly never set is not heeded. */
  hear(at: number): void;
  /** ms; undefined as long as the server has said nothing. */
  offsetMs(): number | undefined;
  /** Whether the clock of this machine is wrong, as far as the server's is right. */
  isWrong(): boolean;
  /** By the server's clock if it is known, ms since 1970. */
  now(): number;
  /** The clock was set: what was compared says nothing any more. */
  forget(): void;
}

export function createServerTime(clock: Clock, limits: UplinkLimits): ServerTime {
  let comparisons: number[] = [];
  const offsetMs = () => (comparisons.length > 0 ? Math.min(...comparisons) : undefined);
  return {
    hear: (at) => {
      if (at < limits.serverYears.from || at > limits.serverYears.to) return;
      comparisons = [...comparisons, clock.now() - at].slice(-limits.comparisons);
    },
    offsetMs,
    isWrong: () => Math.abs(offsetMs() ?? 0) > limits.clockWithinMs,
    now: () => clock.now() - (offsetMs() ?? 0),
    forget: () => {
      comparisons = [];
    },
  };
}

/**
 * A reading that was heard by a clock `offsetMs` ahead of the server's, as the server's clock would have had it. `heardAt` is always of the wrong
 * clock; so is a `takenAt` that was taken from it or tied to it (`source`, `corrected`). A time that the device told itself (`device`) is left as it
 * is, unless it would then lie after the hearing: then that clock is wrong by as much. What the device said, `deviceTime`, stays, so a reading
 * that has one keeps its identity.
 * @param message JSON of the reading
 */
export function corrected(message: string, offsetMs: number): string {
  const reading = JSON.parse(message) as Reading;
  const earlier = (time: string) => instant(Date.parse(time) - offsetMs);
  const heardAt = earlier(reading.heardAt);
  const isOurs = reading.clock !== 'device' || Date.parse(reading.takenAt) > Date.parse(heardAt);
  return JSON.stringify({ ...reading, heardAt, takenAt: isOurs ? earlier(reading.takenAt) : reading.takenAt });
}
