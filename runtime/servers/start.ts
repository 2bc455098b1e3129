import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
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
