import type { Language } from '#domain/words.ts';

/**
 * A code as it is read out over a telephone: letters in the spelling alphabet of ICAO (Annex 10, volume II, 5.2.1.3), which is understood
 * in Chinese hospitals as well as any; digits as each language reads them (in Chinese 1 as 幺, which is not mistaken for 7).
 */
const letters: Readonly<Record<string, string>> = {
  A: 'Alfa',
  B: 'Bravo',
  C: 'Charlie',
  D: 'Delta',
  E: 'Echo',
  F: 'Foxtrot',
  G: 'Golf',
  H: 'Hotel',
  J: 'Juliett',
  K: 'Kilo',
  M: 'Mike',
  N: 'November',
  P: 'Papa',
  Q: 'Quebec',
  R: 'Romeo',
  S: 'Sierra',
  T: 'Tango',
  V: 'Victor',
  W: 'Whiskey',
  X: 'X-ray',
  Y: 'Yankee',
  Z: 'Zulu',
};
const digits = {
  en: ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'],
  zh: ['零', '幺', '二', '三', '四', '五', '六', '七', '八', '九'],
} as const satisfies Record<Language, readonly string[]>;

export const spelled = (character: string, language: Language): string =>
  letters[character] ?? digits[language][Number(character)] ?? character;
