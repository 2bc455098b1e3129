import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { root } from './machine.mjs';

/** Every program that the set-up runs, one after the other: none outlives us, and none hangs for ever. */

const running = new Set();
let ending = false;
const before = lineage();
const keptCharacters = 200_000;
/** The platform stops within seconds; a program that was told to end and hangs is killed after so long. */
const endAtMostMs = 120_000;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(signal));
// npm that is killed tells nobody: we see that we have another parent
setInterval(() => process.env.npm_lifecycle_event && lineage() !== before && end('SIGTERM'), 1_000).unref();

/**
 * @param how `stdio` as in spawn: what is piped is answered as `output`; `atMostMs`: then it is killed
 * @returns `code` 0 when all went well; when we were told to end meanwhile it does not return
 */
export function runProgram([program, ...args], { stdio = ['ignore', 'pipe', 'pipe'], atMostMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio });
    running.add(child);
    const late = atMostMs && setTimeout(() => child.kill('SIGKILL'), atMostMs);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        output = (output + chunk).slice(-keptCharacters);
      });
    }
    const done = (code) => {
      running.delete(child);
      clearTimeout(late);
      if (ending) process.exit(code);
      resolve({ code, output });
    };
    child.once('error', (fault) => {
      output += `error: ${fault.message}\n`;
      done(1);
    });
    child.once('close', (code) => done(code ?? 1));
  });
}

function end(signal) {
  if (running.size === 0) process.exit(1);
  if (!ending) setTimeout(killAll, endAtMostMs);
  ending = true;
  // Ctrl-C in a terminal has reached it already, and a second one means "at once"
  if (signal === 'SIGINT' && process.stdin.isTTY) return;
  for (const child of running) child.kill(signal);
}

function killAll() {
  for (const child of running) child.kill('SIGKILL');
}

/** Our ancestors up to npm: itself, and the shell that npm puts between us. */
function lineage() {
  const parent = String(process.ppid);
  try {
    const isShell = readFileSync(`/proc/${parent}/cmdline`, 'utf8').includes('begin.mjs');
    const status = isShell ? readFileSync(`/proc/${parent}/status`, 'utf8') : '';
    return `${parent} ${/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? ''}`;
  } catch {
    return parent;
  }
}
