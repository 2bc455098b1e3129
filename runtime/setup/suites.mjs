import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './children.mjs';
import { ableNode, root } from './machine.mjs';

/** A run that hangs is a failed run. */
const atMostMs = 20 * 60_000;

const npmProgram = (path) => join(root, 'node_modules', path);

/**
 * Everything that must be green: style, types, tests. All are run even when one fails. The last line counts the tests that
 * passed, and what failed: tests and checks.
 * @param missing Debian packages that are not there
 * @returns the exit code
 */
export async function runSuites(progress, missing, patterns) {
  let failedChecks = 0;
  const check = async (words, command, args) => {
    let output = '';
    try {
      await progress.step(words, async () => {
        const result = await runProgram([...command, ...args], { atMostMs });
        output = result.output;
        if (result.code !== 0) throw new Error(words);
      });
    } catch {
      failedChecks += 1;
      process.stdout.write(output);
    }
  };
  const tsc = [ableNode(), npmProgram('typescript/bin/tsc')];
  await check('Style', [biome()], ['check', '.']);
  await check('Types of the servers', tsc, ['-p', 'tsconfig.json']);
  await check('Types of the console', tsc, ['-p', 'dashboards/console/tsconfig.json']);

  const tests = await runTests(missing, patterns);
  const failed = failedChecks + tests.failed;
  process.stdout.write(`\n${tests.passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

async function runTests(missing, patterns) {
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-results-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const results = join(folder, 'results.json');
  const without = missing.includes('chromium') ? ['--exclude', 'tests/browser/**'] : [];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const vitest = [ableNode(), npmProgram('vitest/vitest.mjs'), 'run', ...reporters, ...without, ...patterns];
  const { code } = await runProgram(vitest, { stdio: ['ignore', 'inherit', 'inherit'], atMostMs });
  if (!existsSync(results)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(results, 'utf8'));
  // a file that cannot be loaded, or a fault outside of any test, has no failed test but is a failure; so is no test at all
  const green = code === 0 && numPassedTests > 0;
  return { passed: numPassedTests, failed: numFailedTests || (green ? 0 : 1) };
}

/** Its package for all platforms names some that not every registry has, and then `npm ci` refuses: the programs are named. */
export const biome = () => npmProgram(`@biomejs/cli-linux-${process.arch}/biome`);
