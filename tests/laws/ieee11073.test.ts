import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Decimal,
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
});
