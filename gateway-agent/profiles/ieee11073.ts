import { decimalsAtMost } from '#domain/reading.ts';

/**
 * The decimal floating point of medical devices: IEEE 11073-20601 SFLOAT (16 bit) and FLOAT (32 bit), little-endian on the air.
 * value = mantissa × 10^exponent, both two's complement. Five words are no numbers; they are matched as whole words, for a
 * mantissa of 0x7FF under another exponent is a number.
 * Source: HL7 Personal Health Device implementation guide; Nordic Semiconductor Android-BLE-Common-Library.
 */
export type Decimal = {
  mantissa: number;
  exponent: number;
  /** Digits after the point that the device gave, where the exponent no longer tells: the number was converted, or counted in steps. */
  decimals?: number;
};
export const specials = ['NaN', 'NRes', '+INFINITY', '-INFINITY', 'reserved'] as const;
export type Special = (typeof specials)[number];

export const isSpecial = (number: Decimal | Special): number is Special => typeof number === 'string';

const sfloatSpecials: Record<number, Special> = {
  2047: 'NaN',
  2048: 'NRes',
  2046: '+INFINITY',
  2050: '-INFINITY',
  2049: 'reserved',
};

const floatSpecials: Record<number, Special> = {
  8388607: 'NaN',
  8388608: 'NRes',
  8388606: '+INFINITY',
  8388610: '-INFINITY',
  8388609: 'reserved',
};

/** @param word unsigned, 0 to 0xFFFF. */
export function sfloat(word: number): Decimal | Special {
  return sfloatSpecials[word] ?? { mantissa: signed(word & 0xfff, 12), exponent: signed(word >>> 12, 4) };
}

/** @param word unsigned, 0 to 0xFFFFFFFF. */
export function float(word: number): Decimal | Special {
  return floatSpecials[word] ?? { mantissa: signed(word & 0xff_ffff, 24), exponent: signed(word >>> 24, 8) };
}

/** Exact as long as the product of the mantissas stays below 2^53, which a FLOAT times a factor of six digits does. */
export const times = (a: Decimal, b: Decimal): Decimal => ({
  mantissa: a.mantissa * b.mantissa,
  exponent: a.exponent + b.exponent,
});

/** An integer of the wire in steps of mantissa × 10^exponent: a scale's 12274 in steps of 0.005 kg. */
export const inSteps = (count: number, step: Decimal): Decimal => ({
  ...times({ mantissa: count, exponent: 0 }, step),
  decimals: digitsFor(step),
});

/** In another unit: exact, and in digits that promise about as much as the device's own. */
export const converted = (number: Decimal, factor: Decimal): Decimal => ({
  ...times(number, factor),
  decimals: digitsFor(times({ mantissa: 1, exponent: number.exponent }, factor)),
});

/** Digits after the point in which the device gave it. */
export const decimalsOf = ({ exponent, decimals }: Decimal): number => decimals ?? digitsFor({ mantissa: 1, exponent });

/**
 * The digits after the point whose last step is, in ratio, nearest to this one: 0.1 kPa is a step of 0.75 mmHg and gives whole mmHg, 0.1 °F
 * a step of 0.056 °C and gives tenths. A digit more would claim a precision that the device did not have; the value itself stays exact.
 */
export const digitsFor = ({ mantissa, exponent }: Decimal): number =>
  Math.max(0, Math.min(decimalsAtMost, Math.round(-(Math.log10(mantissa) + exponent))));

/** The nearest number there is: read as decimal text, so that 36.4 is 36.4 and not 364 × 0.1. */
export const toNumber = ({ mantissa, exponent }: Decimal): number => Number(`${mantissa}e${exponent}`);

/** As the device meant it, its precision kept: "2.00" for 200 × 10^-2. For exponents above 0 the zeros are written out. */
export function decimalText({ mantissa, exponent }: Decimal): string {
  const sign = mantissa < 0 ? '-' : '';
  const digits = String(Math.abs(mantissa));
  if (exponent >= 0) return sign + digits + (mantissa === 0 ? '' : '0'.repeat(exponent));
  const padded = digits.padStart(1 - exponent, '0');
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

const signed = (value: number, bits: number): number => (value >= 2 ** (bits - 1) ? value - 2 ** bits : value);
