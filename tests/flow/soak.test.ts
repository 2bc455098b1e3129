import { describe, expect, it } from 'vitest';
import { receiptingFarEnd } from '../support/soak/far-ends.ts';
import { brokenLaws } from '../support/soak/laws.ts';
import { soak } from '../support/soak/soak.ts';

/** The shorter sisters of `npm run bench:soak` and `npm run bench:kill`. */
const mostMs = 100_000;

describe('a home with devices of every kind', () => {
  it(
    'loses nothing that a device handed over, whatever goes wrong between the two',
    async () => {
      const wish = { seed: 5, homes: 1, devices: 12, connects: 36, rate: 0.03, mostMs };
      const figures = await soak({ ...wish, farEnd: receiptingFarEnd });
      expect(brokenLaws(figures)).toEqual([]);
      expect(Object.keys(figures.injected).length).toBeGreaterThan(3);
      expect(figures.arrived.length).toBeGreaterThan(12);
    },
    mostMs,
  );

  it(
    'loses nothing that its gateway accepted when that is killed again and again',
    async () => {
      const wish = { seed: 6, homes: 1, devices: 8, connects: 20, rate: 0, killEveryMs: 1_500, mostMs };
      const figures = await soak({ ...wish, farEnd: receiptingFarEnd });
      expect(brokenLaws(figures)).toEqual([]);
      expect(figures.kills.length).toBeGreaterThan(0);
      expect(figures.arrived.length).toBeGreaterThan(8);
    },
    mostMs,
  );
});
