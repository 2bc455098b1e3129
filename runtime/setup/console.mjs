import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './children.mjs';
import { ableNode, requireWritable, root, SetupFault } from './machine.mjs';

const folder = join(root, 'dashboards/console');
const stamp = join(folder, 'dist/.built-from');
/** What the console is made of: its own sources, the words it shares, its libraries. */
const sources = [folder, join(root, 'domain'), join(root, 'package-lock.json')];

const atMostMs = 5 * 60_000;

/** Builds the console when it is missing or its sources have changed. */
export async function buildConsole(progress) {
  if (builtConsole()) return;
  const wanted = hashOf(sources);
  requireWritable(folder, 'the console is built');
  await progress.step('Building the console', async () => {
    const { code, output } = await runVite();
    if (code !== 0) {
      const words = output.split('\n').find((line) => /error/i.test(line)) ?? 'no reason given';
      throw new SetupFault(`The console could not be built (${words.trim()}): "npm run console" shows everything.`);
    }
    writeFileSync(stamp, wanted);
  });
}

/** Where the built console lies; undefined where it is missing or older than its sources. */
export function builtConsole() {
  const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === hashOf(sources);
  return isCurrent ? join(folder, 'dist') : undefined;
}

function runVite() {
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  return runProgram([ableNode(), vite, 'build', folder, '--logLevel', 'error'], { atMostMs });
}

function hashOf(paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(filesUnder)) hash.update(file).update(readFileSync(file));
  return hash.digest('hex');
}

function filesUnder(path) {
  if (!existsSync(path)) return [];
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.name !== 'dist' && entry.name !== 'node_modules')
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => filesUnder(join(path, entry.name)));
  } catch (fault) {
    if (fault.code === 'ENOTDIR') return [path];
    throw fault;
  }
}
