import { expect, it } from 'vitest';
import { chaos } from '../support/chaos/chaos.ts';
import { brokenPromises } from '../support/chaos/report.ts';

/** `npm run chaos` for ten minutes, in short: every blow about once. */
it('Whatever is acknowledged is stored exactly once, and every crisis pages somebody, while every process is killed, the network is cut and the disk fills', async () => {
  const figures = await chaos({
    seed: 4,
    forMs: 12_000,
    homes: 40,
    measureEveryMs: 1_000,
    strikeEveryMs: 1_100,
    crises: 4,
  });
  expect(brokenPromises(figures)).toEqual([]);
  expect(figures.acknowledged).toBeGreaterThan(200);
  expect(figures.quarantined).toBeGreaterThan(0);
  expect(figures.duplicates).toBeGreaterThan(0);
  expect(Object.keys(figures.blows).length).toBeGreaterThan(4);
}, 400_000);
