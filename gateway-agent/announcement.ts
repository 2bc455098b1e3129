import { spawn } from 'node:child_process';
import { DeviceId } from '#domain/ids.ts';
import { type Clock, within } from '#runtime/clock.ts';
import type { Log } from '#runtime/log.ts';

/**
 * The home's own way of asking somebody to rest and measure once more: a program (a beep, a lamp, a voice) with the device as its only argument. Never
 * a shell, and nothing of our environment but the path and the language.
 */
export type Announce = (device: string) => Promise<boolean>;

export const announcementLimits = { runMs: 30_000, atOnce: 1 } as const;

/** Resolves with whether the program ran and was content; never rejects. */
export function createAnnounce({ clock, log }: { clock: Clock; log: Log }, program: string): Announce {
  let running = 0;
  return async (device) => {
    // a program would take what begins with a hyphen for an option
    if (running >= announcementLimits.atOnce || device.startsWith('-') || !DeviceId.safeParse(device).success)
      return false;
    running++;
    const { PATH, LANG } = process.env;
    const child = spawn(program, [device], { stdio: 'ignore', env: { PATH, LANG }, shell: false });
    const ended = new Promise<boolean>((resolve) => {
      child.once('error', () => resolve(false));
      child.once('exit', (code) => resolve(code === 0));
    });
    try {
      const content = await within(clock, announcementLimits.runMs, ended, () => new Error('late'));
      if (!content) log.warn('the announcing program failed', { program });
      return content;
    } catch {
      child.kill('SIGKILL');
      log.warn('the announcing program took too long and was ended', { program });
      return false;
    } finally {
      running--;
    }
  };
}
