import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ableNode, root } from './machine.mjs';

/** A run that hangs is a failed run. */
const atMostMs = 20 * 60_000;

const npmProgram = (path) => join(root, 'node_modules', path);

/**
 * Everything that must be green: style, types, tests. All are run even when one fails.
 * @param missing Debian packages that are not there
 * @returns the exit code
 */
export async function runSuites(progress, missing, patterns) {
  let green = true;
  const check = async (words, command, args) => {
    let output = '';
    try {
      await progress.step(words, async () => {
        const result = await run(command, args, 'pipe');
        output = result.output;
        if (result.code !== 0) throw new Error(words);
      });
    } catch {
      green = false;
      process.stdout.write(output);
    }
  };
  const tsc = [ableNode(), npmProgram('typescript/bin/tsc')];
  await check('Style', [biome()], ['check', '.']);
  await check('Types of the servers', tsc, ['-p', 'tsconfig.json']);
  await check('Types of the console', tsc, ['-p', 'dashboards/console/tsconfig.json']);

  const counted = await runTests(missing, patterns);
  if (counted.code !== 0 || counted.failed > 0 || counted.passed === 0) green = false;
  process.stdout.write(
    `\n${green ? '' : 'Not everything is green.\n'}${counted.passed} passed, ${counted.failed} failed\n`,
  );
  return green ? 0 : 1;
}

async function runTests(missing, patterns) {
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-results-'));
  const results = join(folder, 'results.json');
  const without = missing.includes('chromium') ? ['--exclude', 'tests/browser/**'] : [];
  try {
    const args = [
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${results}`,
      ...without,
      ...patterns,
    ];
    const { code } = await run([ableNode(), npmProgram('vitest/vitest.mjs')], args, 'inherit');
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(results, 'utf8'));
    // a file that cannot even be loaded has no failed test, but is a failure
    return { code, passed: numPassedTests, failed: numFailedTests || numFailedTestSuites };
  } catch {
    return { code: 1, passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Its package for all platforms names some that not every registry has, and then `npm ci` refuses: the programs are named. */
export const biome = () => npmProgram(`@biomejs/cli-linux-${process.arch}/biome`);

function run([program, ...before], args, output) {
  return new Promise((resolve) => {
    const child = spawn(program, [...before, ...args], { cwd: root, stdio: ['ignore', output, output] });
    const late = setTimeout(() => child.kill('SIGKILL'), atMostMs);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        text += chunk;
      });
    }
    child.once('error', (fault) => resolve({ code: 1, output: `${fault.message}\n` }));
    child.once('close', (code) => {
      clearTimeout(late);
      resolve({ code: code ?? 1, output: text });
    });
  });
}
