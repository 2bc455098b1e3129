import { seededRandom } from '#runtime/random.ts';

/**
 * Chance as a function of time: asked twice about one moment it answers the same, in whatever order it is asked. So a
 * history can be made in pieces, and what a cuff measures live goes on where the history ended.
 */
const dayMs = 86_400_000;
const stepMs = 600_000;
const steps = dayMs / stepMs;
const blocksKept = 4;

/** A normal deviate that belongs to this seed and number. */
export const deviate = (seed: number, number: number): number => normal(seededRandom(mix(seed, number)).next);

/** The stream of chance that belongs to this seed and number. */
export const chanceOf = (seed: number, number: number) => seededRandom(mix(seed, number));

/**
 * AR(1) noise of unit variance on a grid of ten minutes, linear in between. Made day by day: each midnight's value belongs
 * to the day alone, and the walk between two of them is a bridge, so that no day needs the ones before it.
 *
 * @param tauMs the correlation falls to 1/e over this time; must be well below a day.
 */
export function createWander(seed: number, tauMs: number): (ms: number) => number {
  const phi = Math.exp(-stepMs / tauMs);
  const blocks = new Map<number, number[]>();

  function block(day: number): number[] {
    const known = blocks.get(day);
    if (known) return known;
    const { next } = chanceOf(seed, day * 2 + 1);
    const walk = [deviate(seed, day * 2)];
    for (let i = 1; i <= steps; i++) walk.push(phi * walk[i - 1]! + Math.sqrt(1 - phi ** 2) * normal(next));
    const miss = deviate(seed, (day + 1) * 2) - walk[steps]!;
    const bridged = walk.map((value, i) => value + phi ** (steps - i) * miss);
    if (blocks.size >= blocksKept) blocks.delete(blocks.keys().next().value!);
    blocks.set(day, bridged);
    return bridged;
  }

  return (ms) => {
    const day = Math.floor(ms / dayMs);
    const position = (ms - day * dayMs) / stepMs;
    const before = Math.floor(position);
    const walk = block(day);
    return walk[before]! + (position - before) * (walk[before + 1]! - walk[before]!);
  };
}

/** One deviate a day, gliding from noon to noon. */
export function createDailyWander(seed: number): (ms: number) => number {
  return (ms) => {
    const position = ms / dayMs - 0.5;
    const day = Math.floor(position);
    const share = position - day;
    return (1 - share) * deviate(seed, day) + share * deviate(seed, day + 1);
  };
}

/** Box and Muller 1958. */
function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** The finalizer of MurmurHash3 (Austin Appleby, public domain) over both numbers. */
function mix(seed: number, number: number): number {
  let hash = seed ^ Math.imul(number | 0, 0x9e3779b1) ^ Math.imul(Math.floor(number / 2 ** 32), 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
