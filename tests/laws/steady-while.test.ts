import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addSample,
  type Gathering,
  nothingYet,
  type Sample,
  type StableWindow,
  tellStream,
} from '../../gateway-agent/profiles/stable-window.ts';

describe('a steady while', () => {
  const window: StableWindow = { lengthMs: 15_000, spread: { 'heart-rate': 15 }, gapMs: 3_500, everyMs: 60_000 };
  const sample = (index: number, at: number): Sample => ({
    index,
    at,
    decoded: {
      measured: { panel: 'heart-rate', values: [{ vital: 'heart-rate', value: 70, unit: '/min' }], marks: [] },
    },
  });

  it('that is told again by itself is the same while, whenever its samples came: so readings are as far apart as they are wanted', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 200, max: 3_500 }), { minLength: 60, maxLength: 120 }), (gaps) => {
        let at = 0;
        let gathering: Gathering = nothingYet;
        const samples = gaps.map((gap, index) => {
          at += gap;
          return sample(index, at);
        });
        let whiles = 0;
        for (const one of samples) {
          const { whole, ...kept } = addSample(gathering, one, window);
          gathering = kept;
          if (!whole) continue;
          whiles++;
          const again = tellStream(
            samples.filter(({ index }) => whole.of.includes(index)),
            window,
          );
          expect(again).toEqual([whole]);
        }
        expect(whiles).toBeGreaterThan(0);
      }),
      { numRuns: 300, seed: 2026 },
    );
  });
});
