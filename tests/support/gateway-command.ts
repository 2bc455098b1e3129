import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

/** `hearthbeat-gateway` as somebody types it, with an environment of its own. */
export type Said = {
  child: ChildProcess;
  /** What it has written so far, both streams. */
  text(): string;
  /** What somebody types, a line. */
  type(line: string): void;
  says(words: string): Promise<void>;
  /** The exit code, when it has ended. */
  readonly code: Promise<number | null>;
};

/** Shared by all of a run: a process that finds its sources compiled begins three times as fast. */
const compiled = mkdtempSync(join(tmpdir(), 'hearthbeat-compiled-'));
process.once('exit', () => rmSync(compiled, { recursive: true, force: true }));

const launcher = join(import.meta.dirname, '../../gateway-agent/hearthbeat-gateway');

export function say(environment: Record<string, string>, ...words: string[]): Said {
  const child = spawn(launcher, words, {
    env: { PATH: process.env.PATH, LANG: 'C', NODE_COMPILE_CACHE: compiled, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk;
    });
  child.stdin.on('error', () => {});
  return {
    child,
    text: () => text,
    type: (line) => child.stdin.write(`${line}\n`),
    says: (wanted) => until(() => text.includes(wanted)),
    code: once(child, 'close').then(([code]) => code as number | null),
  };
}
