import type { SoakFigures } from './soak.ts';

/** What a soak must have shown; each sentence that stands here was broken. */
export function brokenLaws(figures: SoakFigures): string[] {
  const { lost, onlyAside, twice, pending, waiting } = figures;
  const one = (all: readonly { address: string; frames: readonly string[] }[]) =>
    all[0] ? `, such as ${all[0].frames.join(' ')} of ${all[0].address}` : '';
  return [
    lost.length > 0 && `${lost.length} measurements were lost${one(lost)}`,
    onlyAside.length > 0 &&
      `${onlyAside.length} measurements were kept aside as ${onlyAside[0]!.reason}${one(onlyAside)}`,
    twice.length > 0 && `${twice.length} measurements became two readings${one(twice)}`,
    pending > 0 && `${pending} measurements were never taken from their devices`,
    waiting > 0 && `${waiting} readings still wait in an outbox`,
  ].filter((law) => law !== false);
}

/** A tenth more than after warming up is no longer flat. */
export const heapGrowthAtMost = 0.1;
/** Of the connections: until then everything was met for the first time. */
const warmingUp = 0.2;

/** How much larger the heap is at the end than after warming up, as a part of it; undefined where there are too few figures to say. */
export function heapGrowth({ heaps, connects }: SoakFigures): number | undefined {
  const warm = heaps.filter((one) => one.connects >= connects * warmingUp).map(({ heapBytes }) => heapBytes);
  const third = Math.floor(warm.length / 3);
  if (third < 3) return undefined;
  return median(warm.slice(-third)) / median(warm.slice(0, third)) - 1;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
