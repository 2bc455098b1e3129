import type { Clock } from '#runtime/clock.ts';

/** After a visit that brought nothing new, a device is left alone for longer each time: it may advertise for minutes. */
export const restLimits = { firstMs: 1_000, mostMs: 30_000, devicesRemembered: 256 } as const;

export function createRest(clock: Clock) {
  const resting = new Map<string, { until: number; ms: number }>();
  return {
    isResting: (address: string): boolean => (resting.get(address)?.until ?? 0) > clock.now(),
    /** A visit has ended. @param backAfterMs before that, another would bring nothing. */
    after: (address: string, readings: number, backAfterMs = 0) => {
      const before = resting.get(address)?.ms ?? restLimits.firstMs / 2;
      const ms = readings > 0 ? restLimits.firstMs : Math.min(before * 2, restLimits.mostMs);
      resting.delete(address);
      resting.set(address, { until: clock.now() + Math.max(ms, backAfterMs), ms });
      const oldest = resting.keys().next();
      if (resting.size > restLimits.devicesRemembered && !oldest.done) resting.delete(oldest.value);
    },
    clear: (address: string) => resting.delete(address),
  };
}

export type Rest = ReturnType<typeof createRest>;
