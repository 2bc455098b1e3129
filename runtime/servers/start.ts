import { type Clock, within } from '../clock.ts';
import type { Config } from '../config.ts';
import { faultDetails, type Log } from '../log.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import type { Progress } from '../setup/progress.mjs';
import type { DataFolder } from './data-folder.ts';

/** Everything that has been started, in order, with the way to end it. */
export type Started = { name: string; end: () => unknown }[];

/** What every part of a start is handed. */
export type Start = {
  config: Config;
  folder: DataFolder;
  secrets: Secrets;
  clock: Clock;
  random: Random;
  log: Log;
  progress: Progress;
  started: Started;
  /** PATH, where influxd may be. */
  path: string | undefined;
  /** Whether this process starts the servers that no URL names; else another process on this machine does. */
  supervises: boolean;
};

const stopMs = 12_000;

/** The last first. One that does not end in time, or fails to, keeps nobody else from ending. */
export async function stopAll(started: Started, { clock, log }: { clock: Clock; log: Log }): Promise<void> {
  for (const { name, end } of started.splice(0).reverse()) {
    try {
      await within(clock, stopMs, Promise.resolve(end()), () => new Error('did not end in time'));
    } catch (fault) {
      log.error('a part did not stop as it should', { part: name, ...faultDetails(fault) });
    }
  }
}
