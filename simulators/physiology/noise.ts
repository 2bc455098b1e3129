import { seededRandom } from '#runtime/random.ts';

/**
 * Chance as a function of time: asked twice about one moment it answers the same, in whatever order it is asked. So a
 * history can be made in pieces, and what a cuff measures live goes on where the history ended.
 */
const dayMs = 86_400_000;

/** Uniform in [0, 1): the one that belongs to this seed and number. */
export const uniform = (seed: number, number: number): number => mix(seed, number) / 2 ** 32;

/** A normal deviate that belongs to this seed and number (Box and Muller 1958). */
export function deviate(seed: number, number: number): number {
  const hash = mix(seed, number);
  return Math.sqrt(-2 * Math.log(1 - hash / 2 ** 32)) * Math.cos(2 * Math.PI * uniform(hash, number));
}

/** The stream of chance that belongs to this seed and number. */
export const chanceOf = (seed: number, number: number) => seededRandom(mix(seed, number));

/** Another seed, for another thing that is left to chance. */
export const seedFor = (seed: number, number: number): number => mix(seed, number);

/** Distance of the posts between which noise glides, so that the correlation falls to about 1/e over one `tauMs`. */
const postsPerTau = 1 / 1.6;

/**
 * Normal noise of unit variance at every moment. It glides between deviates that stand at even distances, each of which belongs to its
 * place alone: a value costs two deviates, however far from the last one it is asked for.
 *
 * @param tauMs the correlation falls to about 1/e over this time.
 */
export function createWander(seed: number, tauMs: number): (ms: number) => number {
  const stepMs = tauMs / postsPerTau;
  return (ms) => {
    const post = Math.floor(ms / stepMs);
    const angle = (ms / stepMs - post) * (Math.PI / 2);
    // cos² + sin² = 1: no loss of variance between the posts
    return Math.cos(angle) * deviate(seed, post) + Math.sin(angle) * deviate(seed, post + 1);
  };
}

/** One deviate a day, gliding from noon to noon. */
export function createDailyWander(seed: number): (ms: number) => number {
  const wander = createWander(seed, dayMs * postsPerTau);
  return (ms) => wander(ms - dayMs / 2);
}

/** The finalizer of MurmurHash3 (Austin Appleby, public domain) over both numbers. */
function mix(seed: number, number: number): number {
  let hash = seed ^ Math.imul(number | 0, 0x9e3779b1) ^ Math.imul(Math.floor(number / 2 ** 32), 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
