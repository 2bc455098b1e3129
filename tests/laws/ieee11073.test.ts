import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalsAtMost } from '#domain/reading.ts';
import {
  converted,
  type Decimal,
  decimalsOf,
  decimalText,
  float,
  isSpecial,
  type Special,
  sfloat,
  times,
  toNumber,
} from '../../gateway-agent/profiles/ieee11073.ts';
import vectors from '../vectors/ieee11073.json' with { type: 'json' };

type Expected = { value?: number | null; temperature?: number; text?: string; special?: string };

const words: Record<string, Special> = { '+INF': '+INFINITY', NRes: 'NRes', reserved: 'reserved', NaN: 'NaN' };

function check(read: Decimal | Special, expected: Expected) {
  if (expected.special) return expect(read).toBe(words[expected.special]);
  if (isSpecial(read)) return expect.fail(`is ${read}`);
  expect(toNumber(read)).toBe(expected.temperature ?? expected.value);
  if (expected.text) expect(decimalText(read)).toBe(expected.text);
}

describe('IEEE 11073 numbers', () => {
  for (const { hex, expected, source } of vectors.sfloat)
    it(`reads SFLOAT ${hex} as ${source.split(',')[0]} does`, () =>
      check(sfloat(Buffer.from(hex, 'hex').readUInt16LE()), expected));
  for (const { hex, expected, source } of vectors.float)
    it(`reads FLOAT ${hex} as ${source.split(',')[0]} does`, () =>
      check(float(Buffer.from(hex, 'hex').readUInt32LE()), expected));

  it('takes a special word for what it is only as a whole word', () => {
    expect(sfloat(0x07ff)).toBe('NaN');
    expect(sfloat(0x0802)).toBe('-INFINITY');
    expect(sfloat(0xf7ff)).toEqual({ mantissa: 2047, exponent: -1 });
    expect(sfloat(0x1800)).toEqual({ mantissa: -2048, exponent: 1 });
    expect(float(0x007fffff)).toBe('NaN');
    expect(float(0xff7fffff)).toEqual({ mantissa: 8388607, exponent: -1 });
  });

  it('reads every one of the 65,536 SFLOAT words as a special or as the number that its text says', () => {
    let strange = 0;
    for (let word = 0; word <= 0xffff; word++) {
      const read = sfloat(word);
      if (!isSpecial(read) && toNumber(read) !== Number(decimalText(read))) strange++;
    }
    expect(strange).toBe(0);
  });

  it('writes a FLOAT back to the word it came from', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (word) => {
        const read = float(word);
        fc.pre(!isSpecial(read));
        const { mantissa, exponent } = read as Decimal;
        expect((((exponent & 0xff) << 24) | (mantissa & 0xff_ffff)) >>> 0).toBe(word);
      }),
    );
  });

  it('multiplies without binary artefacts', () => {
    expect(toNumber(times({ mantissa: 189, exponent: -1 }, { mantissa: 750062, exponent: -5 }))).toBe(141.761718);
    expect(decimalText({ mantissa: 20, exponent: -1 })).toBe('2.0');
    expect(decimalText({ mantissa: -5, exponent: -3 })).toBe('-0.005');
  });

  it('is shown in the digits in which the device gave it', () => {
    const given = fc.record({
      mantissa: fc.integer({ min: -8_388_606, max: 8_388_605 }),
      exponent: fc.integer({ min: -6, max: 0 }),
    });
    fc.assert(
      fc.property(given, (number) => {
        const shown = toNumber(number).toFixed(decimalsOf(number));
        // minus zero is a sign that nobody measured
        expect(shown.replace(/^-(?=[0.]+$)/, '')).toBe(decimalText(number).replace(/^-(?=[0.]+$)/, ''));
      }),
    );
    expect(decimalsOf({ mantissa: 56, exponent: -1 })).toBe(1);
    expect(decimalsOf({ mantissa: 560, exponent: -2 })).toBe(2);
    expect(decimalsOf({ mantissa: 12, exponent: 1 })).toBe(0);
    expect(decimalsOf({ mantissa: 1, exponent: -128 })).toBe(decimalsAtMost);
  });

  it('keeps in another unit about the precision that it had, and the whole value', () => {
    const factors = fc.constantFrom(
      { mantissa: 750_062, exponent: -5 },
      { mantissa: 18_016, exponent: 0 },
      { mantissa: 1, exponent: 5 },
      { mantissa: 5_555_556, exponent: -7 },
      { mantissa: 45_359_237, exponent: -8 },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: -8, max: 0 }),
        factors,
        (mantissa, exponent, factor) => {
          const other = converted({ mantissa, exponent }, factor);
          const step = 10 ** exponent * toNumber(factor);
          const digits = decimalsOf(other);
          expect(toNumber(other)).toBe(toNumber(times({ mantissa, exponent }, factor)));
          if (digits > 0 && digits < decimalsAtMost)
            expect(Math.abs(Math.log10(step / 10 ** -digits))).toBeLessThanOrEqual(0.5001);
          if (digits === 0) expect(step).toBeGreaterThan(0.316);
        },
      ),
    );
  });
});
