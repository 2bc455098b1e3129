import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isolateRefused } from '#runtime/isolate-refused.ts';

const anyItems = fc.uniqueArray(fc.nat(1_000_000), { maxLength: 300 });

it('names exactly the refused items, stores all others, and asks a bounded number of times', async () => {
  await fc.assert(
    fc.asyncProperty(anyItems, fc.integer({ min: 1, max: 50 }), async (items, every) => {
      const isBad = (item: number) => item % every === 0 && every > 1;
      const stored = new Set<number>();
      let attempts = 0;
      const refused = await isolateRefused(items, async (part) => {
        attempts++;
        if (part.some(isBad)) return `refused at ${part.length}`;
        for (const item of part) stored.add(item);
      });
      expect(refused.map(({ item }) => item)).toEqual(items.filter(isBad));
      for (const { reason } of refused) expect(reason).toBe('refused at 1');
      expect(stored).toEqual(new Set(items.filter((item) => !isBad(item))));
      const depth = Math.ceil(Math.log2(Math.max(items.length, 2)));
      expect(attempts).toBeLessThanOrEqual(1 + 2 * refused.length * depth);
    }),
  );
});

it('leaves an outage to whoever asked', async () => {
  const outage = new Error('away');
  await expect(isolateRefused([1, 2, 3], () => Promise.reject(outage))).rejects.toBe(outage);
});
