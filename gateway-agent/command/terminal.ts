import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** What is said to a person, in both languages of the house. */
export type Words = { en: string; zh: string };
export type Language = keyof Words;

/** A person at a terminal: what they read, in their language, and what they type. */
export type Terminal = {
  language: Language;
  say(words: Words | string): void;
  /** A line of theirs without its end; undefined when there is nobody, or nobody any more. */
  ask(words: Words): Promise<string | undefined>;
  in(words: Words): string;
  /** Lets the process end. */
  close(): void;
};

/** The first of LC_ALL, LC_MESSAGES and LANG that is set decides, as everywhere on the system. */
export function languageOf(environment: Record<string, string | undefined>): Language {
  const { LC_ALL, LC_MESSAGES, LANG } = environment;
  return /^zh/i.test(LC_ALL || LC_MESSAGES || LANG || '') ? 'zh' : 'en';
}

/** Devices of strangers have names, too: none of them shall move the cursor of an engineer's terminal, or turn its text round. */
const steering = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

export function createTerminal(language: Language, input: Readable, output: Writable): Terminal {
  let lines: AsyncIterator<string> | undefined;
  let close = () => {};
  return {
    language,
    in: (words) => words[language],
    say: (words) => {
      output.write(`${(typeof words === 'string' ? words : words[language]).replaceAll(steering, '?')}\n`);
    },
    ask: async (words) => {
      output.write(`${words[language]} `);
      if (!lines) {
        const reading = createInterface({ input });
        lines = reading[Symbol.asyncIterator]();
        close = () => reading.close();
      }
      const { value, done } = await lines.next();
      return done ? undefined : value.trim();
    },
    close: () => close(),
  };
}
