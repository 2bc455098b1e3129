import type { Mark, Value } from '#domain/reading.ts';
import { type VitalName, vitals } from '#domain/vitals.ts';
import { type Decimal, decimalsOf, isSpecial, type Special, toNumber } from './ieee11073.ts';

/**
 * A value in the catalogue's unit: the number nearest to the exact decimal, rounded by nobody but those who show it, and in how many digits the
 * device gave it. A plain number is one of which the device gave no digits, such as the limit in place of "HI".
 */
export const quantity = (vital: VitalName, number: Decimal | number, decimals?: number): Value => {
  const digits = decimals ?? (typeof number === 'number' ? undefined : decimalsOf(number));
  return {
    vital,
    value: typeof number === 'number' ? number : toNumber(number),
    unit: vitals[vital].ucum,
    ...(digits === undefined ? {} : { decimals: digits }),
  };
};

/** NaN, NRes, infinities and the reserved word are no numbers: where they stand there is no value. */
export const present = (vital: VitalName, number: Decimal | Special | undefined): Value[] =>
  number === undefined || isSpecial(number) ? [] : [quantity(vital, number)];

/** Devices write 0 where they found no pulse or have no number to tell, and nothing of the kind is ever 0 or less in somebody alive. */
export const aboveZero = (number: Decimal | Special | undefined): Decimal | undefined =>
  number !== undefined && !isSpecial(number) && number.mantissa > 0 ? number : undefined;

/** Which bit of a status field says what; bits that stand for nothing here are reserved or of no clinical weight. */
export type BitMarks = Readonly<Record<number, Mark>>;

/** What a status field says, in the order of its bits, each once. */
export const marksIn = (status: number, meanings: BitMarks): Mark[] => [
  ...new Set(
    Object.entries(meanings)
      .filter(([bit]) => ((status >>> Number(bit)) & 1) === 1)
      .map(([, mark]) => mark),
  ),
];

export const bit = (field: number, n: number): boolean => ((field >>> n) & 1) === 1;
