import fc from 'fast-check';
import { profiles } from '../../gateway-agent/profiles/catalogue.ts';
import { type Decoded, frameFaults } from '../../gateway-agent/profiles/profile.ts';
import { decodeAnswer } from '../../gateway-agent/profiles/racp-frames.ts';
import { decodeConsentAnswer } from '../../gateway-agent/profiles/user-control-point.ts';

/**
 * `npm run bench:decoders`: a million frames, half of them random bytes up to 64, half of them examples with bytes turned over, cut off and
 * appended, through every decoder in turn. Holds that none throws and every answer is a reading with finite numbers, a part of one, or a
 * named fault; prints frames a second. The yardstick, in the same run: the least that reading a frame can cost here, copying its bytes.
 * The seed is printed; FUZZ_SEED repeats a run, FUZZ_FRAMES changes the number.
 */
const frames = Number(process.env.FUZZ_FRAMES ?? 1_000_000);
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const models = [undefined, 'BM85', 'CareSens Dual', 'H10', 'Accu-Chek Guide'];
/** Made before the clock runs and used over and over: making them costs more than reading them. */
const batch = 50_000;

type Reader = { name: string; read: (bytes: Uint8Array, model?: string) => Decoded | { said: unknown } };

const readers: Reader[] = [
  ...profiles.flatMap((profile) => [
    ...profile.measurements.map(({ name, decode }) => ({ name, read: decode })),
    ...profile.reads.map(({ name, decode }) => ({ name, read: decode })),
  ]),
  { name: 'Record Access Control Point', read: decodeAnswer },
  { name: 'User Control Point', read: decodeConsentAnswer },
];

/** Each with the decoder that it is an example of. */
const examples = profiles.flatMap((profile) =>
  profile.examples.map(({ characteristic, hex }) => ({
    reader: readers.findIndex(
      ({ read }) => read === profile.measurements.find((m) => m.characteristic === characteristic)?.decode,
    ),
    example: Buffer.from(hex, 'hex'),
  })),
);
type Input = { reader: number; bytes: Uint8Array };
const random: fc.Arbitrary<Input> = fc.record({
  reader: fc.nat(readers.length - 1),
  bytes: fc.uint8Array({ maxLength: 64, size: 'max' }),
});
const mutated: fc.Arbitrary<Input> = fc
  .tuple(
    fc.constantFrom(...examples),
    fc.array(fc.tuple(fc.nat(63), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4 })),
    fc.oneof({ weight: 3, arbitrary: fc.constant(new Uint8Array()) }, fc.uint8Array({ minLength: 1, maxLength: 3 })),
  )
  .map(([{ reader, example }, turns, cut, more]) => {
    const bytes = Buffer.concat([example, more]);
    for (const [at, byte] of turns) bytes[at % bytes.length] = byte;
    return { reader, bytes: new Uint8Array(bytes.subarray(0, Math.max(0, bytes.length - cut))) };
  });

const outcomes = new Map<string, number>();
let decodeMs = 0;
let copyMs = 0;
let copied = 0;
let done = 0;

for (let round = 0; done < frames; round++) {
  const count = Math.min(batch, frames - done);
  const inputs = fc.sample(fc.oneof(random, mutated), { seed: seed + round, numRuns: count });

  const begin = performance.now();
  const answers = inputs.map(({ reader, bytes }, n) => {
    try {
      return readers[reader]!.read(bytes, models[n % models.length]);
    } catch (error) {
      console.error(
        `${readers[reader]!.name} threw at ${Buffer.from(bytes).toString('hex')} (seed ${seed}, round ${round})`,
      );
      throw error;
    }
  });
  decodeMs += performance.now() - begin;

  const beginCopy = performance.now();
  for (const { bytes } of inputs) {
    const copy = new Uint8Array(bytes.length);
    for (let n = 0; n < bytes.length; n++) copy[n] = bytes[n]!;
    copied += copy.length;
  }
  copyMs += performance.now() - beginCopy;

  for (const [n, answer] of answers.entries()) {
    const word = wordOf(answer);
    if (word === undefined)
      throw new Error(`an answer that is none, to ${Buffer.from(inputs[n]!.bytes).toString('hex')} (seed ${seed})`);
    outcomes.set(word, (outcomes.get(word) ?? 0) + 1);
  }
  done += count;
}

/** Undefined for an answer that keeps no promise. */
function wordOf(answer: Decoded | { said: unknown }): string | undefined {
  if ('fault' in answer) return frameFaults.includes(answer.fault) ? answer.fault : undefined;
  if ('part' in answer) return 'part';
  if ('said' in answer) return 'said';
  return answer.measured.values.every(({ value }) => Number.isFinite(value)) ? 'measured' : undefined;
}

const perSecond = (ms: number) => Math.round(done / (ms / 1000)).toLocaleString('en');
console.log(`${done.toLocaleString('en')} frames through ${readers.length} decoders, seed ${seed}: none threw`);
console.log(
  [...outcomes]
    .sort((a, b) => b[1] - a[1])
    .map(([word, count]) => `  ${word} ${count.toLocaleString('en')}`)
    .join('\n'),
);
console.log(`decode ${perSecond(decodeMs)} frames/s, ${((decodeMs * 1000) / done).toFixed(2)} µs each`);
console.log(
  `copy   ${perSecond(copyMs)} frames/s, ${((copyMs * 1000) / done).toFixed(2)} µs each (${(copied / done).toFixed(1)} bytes)`,
);
console.log(`ratio  ${(decodeMs / copyMs).toFixed(2)}`);
