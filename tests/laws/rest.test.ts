import { describe, expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { createRest, restLimits } from '../../gateway-agent/rest.ts';

describe('a device that was visited', () => {
  let [now, elapsed] = [0, 0];
  const clock = { ...systemClock, now: () => now, elapsed: () => elapsed };
  const device = 'AA:BB:CC:00:00:01';

  it('is left alone for longer each time it had nothing to say, and visited soon after it had', () => {
    const rest = createRest(clock);
    const restsFor = (ms: number) => {
      elapsed += ms - 1;
      const rested = rest.isResting(device);
      elapsed += 1;
      return rested && !rest.isResting(device);
    };
    for (const ms of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      rest.after(device, 0);
      expect(restsFor(ms)).toBe(true);
    }
    rest.after(device, 1);
    expect(restsFor(restLimits.firstMs)).toBe(true);
  });

  it('rests no longer when somebody sets the clock of this machine back', () => {
    const rest = createRest(clock);
    now = Date.UTC(2027, 0, 1);
    rest.after(device, 0);
    now = Date.UTC(2026, 11, 1);
    elapsed += restLimits.mostMs;
    expect(rest.isResting(device)).toBe(false);
  });
});
