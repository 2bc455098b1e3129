import type { Clock } from '#runtime/clock.ts';

/**
 * After a visit that brought nothing new, a device is left alone for longer each time: it may advertise for minutes. Counted by what goes on evenly:
 * a machine whose clock was far ahead and is set right must not leave everybody alone until then.
 */
export const restLimits = { firstMs: 1_000, mostMs: 30_000, devicesRemembered: 256 } as const;

export function createRest(clock: Clock) {
  /** `until`: by the clock's `elapsed`. */
  const resting = new Map<string, { until: number; ms: number }>();
  return {
    isResting: (address: string): boolean =>
      (resting.get(address)?.until ?? Number.NEGATIVE_INFINITY) > clock.elapsed(),
    /** A visit has ended. @param backAfterMs before that, another would bring nothing. */
    after: (address: string, readings: number, backAfterMs = 0) => {
      const before = resting.get(address)?.ms ?? restLimits.firstMs / 2;
      const ms = readings > 0 ? restLimits.firstMs : Math.min(before * 2, restLimits.mostMs);
      resting.delete(address);
      resting.set(address, { until: clock.elapsed() + Math.max(ms, backAfterMs), ms });
      const oldest = resting.keys().next();
      if (resting.size > restLimits.devicesRemembered && !oldest.done) resting.delete(oldest.value);
    },
    clear: (address: string) => resting.delete(address),
  };
}

export type Rest = ReturnType<typeof createRest>;
