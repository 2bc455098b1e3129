import { useEffect, useState } from 'react';
import { systemClock } from '#runtime/clock.ts';

/**
 * The console's time: the server's, as far as it is known. A ward computer whose clock is wrong would otherwise say that a
 * reading of this minute is three hours old.
 */

/** HTTP dates count whole seconds, and answers take a moment: below this it is no clock fault. */
const toleranceMs = 5_000;
let aheadMs = 0;

export const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };

/** Takes the `Date` header of an answer of the API. */
export function hearServerDate(header: string | null): void {
  const at = header === null ? Number.NaN : Date.parse(header);
  if (Number.isNaN(at)) return;
  const difference = at - systemClock.now();
  aheadMs = Math.abs(difference) > toleranceMs ? difference : 0;
}

/** The time now, renewed every `everyMs`, for texts such as "3 min ago". */
export function useNow(everyMs = 15_000): number {
  const [now, setNow] = useState(clock.now);
  useEffect(() => clock.every(everyMs, () => setNow(clock.now())), [everyMs]);
  return now;
}
