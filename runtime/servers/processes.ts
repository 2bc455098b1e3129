import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import type { Clock } from '../clock.ts';

/**
 * Servers that are still running on a folder although nobody supervises them: their parent was killed. The kernel is asked
 * (/proc) and not a file of process ids, which would be wrong after a crash or a reboot. Ours is what bears the program's
 * name and works in exactly this folder; nothing else is ever signalled.
 */
export function leftOver(program: string, folder: string): number[] {
  // the kernel names the folder itself, however many links lead to it
  const real = existsSync(folder) ? realpathSync(folder) : folder;
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid && nameOf(pid) === program && folderOf(pid) === real);
}

const politeMs = 10_000;
const killedMs = 5_000;

/** Ends them, politely first; false when they are still there in the end. */
export async function endLeftOver(
  clock: Clock,
  program: string,
  folder: string,
  stopSignal: NodeJS.Signals,
): Promise<boolean> {
  for (const [signal, patience] of [
    [stopSignal, politeMs],
    ['SIGKILL', killedMs],
  ] as const) {
    const until = clock.now() + patience;
    for (const pid of leftOver(program, folder)) send(pid, signal);
    while (leftOver(program, folder).length > 0 && clock.now() < until) await clock.sleep(25);
    if (leftOver(program, folder).length === 0) return true;
  }
  return false;
}

const nameOf = (pid: number) => read(`/proc/${pid}/comm`)?.trim();

function folderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined; // another user's process, or it has just ended
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended meanwhile
  }
}
