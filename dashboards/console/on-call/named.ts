import type { Language, Words } from '#domain/words.ts';

/** What somebody writes in one language stands in the other as well, until somebody has said it there. */
export const renamed = (before: Words, text: string, language: Language): Words =>
  before.en === before.zh ? { en: text, zh: text } : { ...before, [language]: text };
