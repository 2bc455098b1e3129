import type { Socket } from 'node:net';
import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { addressOf } from '../../broker/addresses.ts';
import { believedMs } from '../../broker/credentials.ts';
import { brokerLimits } from '../../broker/limits.ts';
import { createPace } from '../../broker/pace.ts';

function paced(rate: { atOnce: number; perSecond: number }) {
  const at = { ms: 0 };
  return { at, pace: createPace<string>({ ...systemClock, elapsed: () => at.ms }, rate) };
}

describe('a pace', () => {
  it('never lets more pass in any stretch of time than its rate, keeps the order, and lets nobody wait longer than the rate asks', () => {
    const rates = record({ atOnce: integer({ min: 1, max: 20 }), perSecond: integer({ min: 1, max: 500 }) });
    const arrivals = array(integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 150 });
    assert(
      property(rates, arrivals, (rate, pauses) => {
        const { at, pace } = paced(rate);
        const due: number[] = [];
        for (const pause of pauses) {
          at.ms += pause;
          due.push(at.ms + pace.take('one'));
        }
        for (const [i, later] of due.entries()) {
          expect(later).toBeGreaterThanOrEqual(due[i - 1] ?? 0);
          for (let j = 0; j <= i; j++) {
            const allowed = rate.atOnce + ((later - due[j]!) / 1_000) * rate.perSecond;
            expect(i - j + 1).toBeLessThanOrEqual(allowed + 1e-6);
          }
        }
        // whoever has been quiet long enough goes at once, and is forgotten
        at.ms += 1e9;
        pace.sweep();
        expect(pace.size()).toBe(0);
        expect(pace.take('one')).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it('takes no turns for what was refused, and none of one from another', () => {
    assert(
      property(array(constantFrom('one', 'other'), { maxLength: 50 }), (keys) => {
        const { at, pace } = paced({ atOnce: 2, perSecond: 1 });
        const taken = keys.filter((key) => pace.tryTake(key));
        for (const name of ['one', 'other'])
          expect(taken.filter((key) => key === name)).toHaveLength(
            Math.min(2, keys.filter((key) => key === name).length),
          );
        at.ms += 1_000;
        expect(pace.tryTake('one')).toBe(true);
      }),
    );
  });
});

it.each([
  ['10.1.2.3', '10.1.2.3'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
  [undefined, undefined],
])('whoever comes from %s counts as %s', (remoteAddress, counted) => {
  expect(addressOf({ remoteAddress } as Socket)).toBe(counted);
});

it('a session whose proof is no longer good ends within a minute', () => {
  expect(brokerLimits.lookAgainMs + believedMs).toBeLessThanOrEqual(60_000);
});
