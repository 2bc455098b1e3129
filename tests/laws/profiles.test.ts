import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { marks, Value } from '#domain/reading.ts';
import { vitals, vitalsOf } from '#domain/vitals.ts';
import { listenedTo, profiles } from '../../gateway-agent/profiles/catalogue.ts';
import {
  type Decoded,
  type Example,
  type FrameHeard,
  frameFaults,
  type Profile,
} from '../../gateway-agent/profiles/profile.ts';
import { tell } from '../../gateway-agent/profiles/tell.ts';

const folder = join(import.meta.dirname, '../../gateway-agent/profiles');
const bytes = (hex: string) => Buffer.from(hex, 'hex');

/** The frames of an example as a visit hears them, one a second. */
const visitOf = ({ before = [], characteristic, hex, after = [], model }: Example): FrameHeard[] =>
  [...before, { characteristic, hex }, ...after].map((frame, second) => ({
    characteristic: frame.characteristic,
    bytes: bytes(frame.hex),
    at: second * 1000,
    ...(model ? { model } : {}),
  }));

describe('every profile', () => {
  it('stands in the catalogue', async () => {
    const declared: Profile[] = [];
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
      const exported = Object.values(await import(join(folder, file))) as Partial<Profile>[];
      for (const one of exported) if (one && Array.isArray(one.measurements)) declared.push(one as Profile);
    }
    expect(new Set(declared)).toEqual(new Set(profiles));
  });

  it('has a name and a service of its own', () => {
    expect(new Set(profiles.map((p) => p.name)).size).toBe(profiles.length);
    expect(new Set(profiles.map((p) => p.service)).size).toBe(profiles.length);
  });

  it('never asks for what a cuff or a thermometer shows while it is still measuring', () => {
    const asked = profiles.flatMap((p) => p.measurements.map((m) => m.characteristic));
    for (const intermediate of [0x2a36, 0x2b35, 0x2a1e]) expect(asked).not.toContain(intermediate);
  });

  it('says how each record of its memory is told from others, where it has one', () => {
    for (const { records, measurements, reads, examples } of profiles) {
      if (!records) continue;
      expect(measurements.map((m) => m.characteristic)).toContain(records.record);
      if (records.numbering !== undefined)
        expect(reads.filter((read) => read.kept).map((read) => read.characteristic)).toContain(records.numbering);
      for (const { characteristic, hex, gives } of examples) {
        if (characteristic !== records.record) continue;
        const numbers = records.numbered(bytes(hex)).map(({ number }) => number);
        const told = [gives].flat().flatMap((g) => ('measured' in g ? (g.measured.sequence ?? []) : []));
        expect(numbers).toEqual(expect.arrayContaining(told));
      }
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 64 }), (any) => {
          for (const { number } of records.numbered(any)) expect(number).toBeLessThanOrEqual(0xffff);
        }),
        { seed: 2026 },
      );
    }
  });

  it('is listened to at a device that has it, all of it, once', () => {
    const all = profiles.flatMap(({ service, measurements }) =>
      measurements.map(({ characteristic, insteadOf }) => ({ service, characteristic, insteadOf })),
    );
    fc.assert(
      fc.property(fc.subarray(all), (there) => {
        const heard = listenedTo((service, of) => there.some((t) => t.service === service && t.characteristic === of));
        const expected = there.filter(
          ({ characteristic }) => !there.some((better) => better.insteadOf === characteristic),
        );
        const listened = heard.flatMap(({ measurements }) => measurements.map((m) => m.characteristic));
        expect(listened).toEqual(expected.map((t) => t.characteristic));
      }),
      { seed: 2026 },
    );
  });

  for (const profile of profiles)
    describe(profile.name, () => {
      it('shows by example a reading and a refusal', () => {
        const given = profile.examples.flatMap((e) => e.gives);
        expect(given.some((g) => 'measured' in g)).toBe(true);
        expect(given.some((g) => 'fault' in g)).toBe(true);
      });

      it('shows by example every characteristic that it hears', () => {
        const shown = new Set(profile.examples.map((e) => e.characteristic));
        expect(shown).toEqual(new Set(profile.measurements.map((m) => m.characteristic)));
      });

      for (const example of profile.examples) {
        const frames = visitOf(example);
        const given = [example.gives].flat();

        it(`tells its example: ${example.says}`, () => {
          expect(tell(profile, frames, true).map(({ told }) => told)).toEqual(given);
          for (const told of given) sound(told);
        });

        it(`tells nothing in the middle of a visit that it takes back: ${example.says}`, () => {
          const whole = tell(profile, frames, true);
          for (let heard = 0; heard <= frames.length; heard++)
            for (const telling of tell(profile, frames.slice(0, heard), false)) expect(whole).toContainEqual(telling);
        });
      }

      it('answers any bytes with a reading in the words of the catalogue, a part of one, or a named fault', () => {
        const models = fc.constantFrom(undefined, 'BM85', 'BM96', 'CareSens Dual', 'H10', '');
        for (const { decode } of profile.measurements)
          fc.assert(
            fc.property(anyFrame(profile), models, (any, model) => {
              sound(decode(any, model));
            }),
            { numRuns: 10_000, seed: 2026 },
          );
        for (const { decode } of profile.reads)
          fc.assert(
            fc.property(fc.uint8Array({ maxLength: 64 }), (any) => {
              const read = decode(any);
              if ('fault' in read) expect(frameFaults).toContain(read.fault);
              else expect(read.said).toBeDefined();
            }),
            { numRuns: 2_000, seed: 2026 },
          );
      });

      it('makes of any visit readings and named faults, each of frames that were heard, and takes nothing back', () => {
        const heard = [...profile.measurements, ...profile.reads.filter((r) => r.kept)].map((m) => m.characteristic);
        const frame = fc.record({
          characteristic: fc.constantFrom(...heard),
          bytes: anyFrame(profile),
          at: fc.nat(120_000),
        });
        fc.assert(
          fc.property(fc.array(frame, { maxLength: 8 }), fc.nat(8), (frames, cut) => {
            const whole = tell(profile, frames, true);
            for (const { of, told } of whole) {
              if (of.length === 0 || of.some((index) => frames[index] === undefined))
                expect.fail('a frame nobody heard');
              sound(told);
            }
            for (const early of tell(profile, frames.slice(0, cut), false))
              if (!whole.some((late) => JSON.stringify(late) === JSON.stringify(early))) expect.fail('taken back');
          }),
          { numRuns: 1_000, seed: 2026 },
        );
      });
    });
});

/** Any bytes up to 64, and frames near the examples. */
function anyFrame(profile: Profile): fc.Arbitrary<Uint8Array> {
  const near = fc
    .tuple(fc.constantFrom(...profile.examples.map((e) => e.hex)), fc.nat(), fc.nat(255), fc.nat(3))
    .map(([hex, at, byte, cut]) => {
      const mutated = bytes(hex);
      mutated[at % mutated.length] = byte;
      return mutated.subarray(0, mutated.length - cut);
    });
  return fc.oneof(fc.uint8Array({ maxLength: 64 }), near);
}

function sound(decoded: Decoded) {
  if ('part' in decoded) return expect(decoded.part).not.toBe('');
  if ('fault' in decoded) return expect(frameFaults).toContain(decoded.fault);
  const { panel, values, marks: said, deviceTime, userSlot, sequence } = decoded.measured;
  for (const one of values)
    if (!vitalsOf(panel).includes(one.vital) || one.unit !== vitals[one.vital].ucum || !Value.safeParse(one).success)
      expect.fail(JSON.stringify(one));
  if (new Set(values.map((v) => v.vital)).size !== values.length) expect.fail('a vital sign twice');
  if (said.some((mark) => !marks.includes(mark))) expect.fail('a mark of its own');
  if (new Set(said).size !== said.length) expect.fail('a mark twice');
  if (deviceTime !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(deviceTime)) expect.fail(deviceTime);
  if (userSlot !== undefined && !(userSlot >= 0 && userSlot <= 254)) expect.fail(`user ${userSlot}`);
  if (sequence !== undefined && !(sequence >= 0 && sequence <= 0xffff)) expect.fail(`number ${sequence}`);
}
