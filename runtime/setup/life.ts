import { SetupFault } from '#domain/errors.ts';
import type { Progress } from './progress.mjs';

/** What has been started and can be ended. */
export type Life = { stop(): Promise<void> };

/** One Ctrl-C can reach us twice: from the terminal, and passed on by `npm start`. */
const sameSignalMs = 700;

/**
 * The life of a whole process: starts, lives until it is told to end, stops everything. Told by Ctrl-C, by SIGTERM, or by
 * the end of the process that started it (the channel of `npm start` breaks). A second signal does not wait.
 * A SetupFault ends it with its sentence and code 1; any other fault is ours, and crashes with its stack.
 */
export async function live(progress: Progress, start: () => Promise<Life>): Promise<void> {
  let told = () => {};
  const asked = new Promise<void>((resolve) => {
    told = resolve;
  });
  let firstAt: number | undefined;
  const onSignal = () => {
    if (firstAt !== undefined && performance.now() - firstAt > sameSignalMs) process.exit(1);
    firstAt ??= performance.now();
    told();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  process.on('disconnect', onSignal);

  const starting = start();
  try {
    await Promise.race([starting, asked]);
  } catch (fault) {
    if (!(fault instanceof SetupFault)) throw fault;
    progress.fail(fault.message);
    process.exit(1);
  }
  await asked;
  progress.say('\nStopping …');
  // told in the middle of a start: it is finished or fails first, so that nothing half-started stays behind
  const life = await starting.catch(() => undefined);
  await life?.stop();
  process.exit(0);
}
