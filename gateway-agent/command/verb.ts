import { parseArgs } from 'node:util';
import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import type { Config } from '../config.ts';
import type { Terminal, Words } from './terminal.ts';

/** What every verb of the command line stands on. */
export type Stand = { terminal: Terminal; clock: Clock; random: Random; config: Config };

/** One verb: a file of this folder. */
export type Verb = {
  /** What follows its name. */
  takes: string;
  says: Words;
  /** @param words what was typed after the name. @returns the exit code. @throws SetupFault and Outage, whose text is shown. */
  run(words: string[], stand: Stand): Promise<number>;
};

/** The words typed do not fit: `usage` is shown, and the exit code is 2, as of every command on this system. */
export class Misspoken extends Error {}

export const exits = { well: 0, ill: 1, misspoken: 2, notRunning: 3 } as const;

/** For a verb that takes nothing but `--json`. @throws Misspoken */
export function wantsJson(words: string[]): boolean {
  const { values, positionals } = parseArgs({
    args: words,
    options: { json: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  if (positionals.length > 0) throw new Misspoken();
  return values.json;
}
