import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { createJournalFiles, type JournalLimits } from '#runtime/journal-files.ts';
import { silentLog } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';

/** Journals in files for tests: where they lie, and a process that appends to one. */

/** Removed with the test. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hearthbeat-journal-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export const openIn = (folder: string, limits: Partial<JournalLimits> = {}, metrics = createMetrics()) =>
  createJournalFiles({ folder, clock: systemClock, log: silentLog, metrics }, limits);

export const segmentNames = async (folder: string) =>
  (await readdir(folder)).filter((name) => name.endsWith('.log')).sort();

/** See appending-process.ts. */
export function appending(folder: string, run: string, segmentBytes: number) {
  const script = new URL('./appending-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, folder, run, String(segmentBytes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  let rest = '';
  child.stdout.on('data', (chunk) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!;
    lines.push(...parts);
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    pid: child.pid!,
    lines,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
