import { z } from 'zod';

/** Each kind of value knows what it allows, in words that follow "is not". */
export const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .refine((number) => number >= 1 && number <= 65535)
  .describe('a number from 1 to 65535');
export const days = z
  .string()
  .regex(/^\d{1,3}$/)
  .transform(Number)
  .refine((number) => number >= 1 && number <= 398)
  .describe('a number of days from 1 to 398');
export const mebibytes = z
  .string()
  .regex(/^\d{1,7}$/)
  .transform(Number)
  .refine((number) => number >= 64)
  .describe('a number of MiB from 64 on');
export const anyDays = z
  .string()
  .regex(/^[1-9]\d{0,4}$/)
  .transform(Number)
  .describe('a number of days from 1 to 99999');
export const seconds = z
  .string()
  .regex(/^\d{1,3}$/)
  .transform(Number)
  .refine((number) => number <= 600)
  .describe('a number of seconds from 0 to 600');
/** `off`, said in so many words, is 0. */
export const canaryEvery = z
  .string()
  .regex(/^(off|\d{3,4})$/)
  .transform((text) => (text === 'off' ? 0 : Number(text)))
  .refine((number) => number === 0 || (number >= 120 && number <= 3_600))
  .describe('a number of seconds from 120 to 3600, or off');
export const flag = z
  .stringbool({ truthy: ['true', '1', 'yes'], falsy: ['false', '0', 'no'] })
  .describe('one of true, 1, yes, false, 0 and no');
export const text = z.string().min(1).describe('a text');
export const key = z.string().min(16).describe('a text of at least 16 characters');
export const oneOf = <const Words extends [string, ...string[]]>(...words: Words) =>
  z.enum(words).describe(`one of ${words.join(', ')}`);
export const url = (...protocols: string[]) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol.slice(0, -1)))
    .describe(`a URL that starts with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`);
export const header = z
  .string()
  .regex(/^[A-Za-z0-9-]+: \S.*$/)
  .describe('a header such as Authorization: Bearer secret');
export const pattern = z
  .string()
  .refine((text) => {
    try {
      return Boolean(new RegExp(text, 'u'));
    } catch {
      return false;
    }
  })
  .describe('a regular expression');

export type Variable = { schema: z.ZodType; default: string | undefined; says: string; secret?: true };
