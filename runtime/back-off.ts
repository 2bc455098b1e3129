import type { Random } from './random.ts';

/**
 * How long to wait after the nth failure in a row (0 is the first): doubling from `firstMs`, at most `mostMs`, and with a
 * Random spread over half to one and a half of it, so that many who lost the same server do not all come back at once.
 */
export function backOffMs(failures: number, { firstMs, mostMs }: { firstMs: number; mostMs: number }, random?: Random) {
  const ms = Math.min(mostMs, firstMs * 2 ** Math.min(failures, 30));
  return random ? ms * (0.5 + random.next()) : ms;
}
