import { spawn } from 'node:child_process';
import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';

/**
 * Tells systemd that the gateway is up, and again and again that it is alive (sd_notify(3)). Node has no datagram sockets of the unix family, so
 * systemd's own little program speaks for us; the unit must allow it (`NotifyAccess=all`). Where nobody supervises, nothing happens.
 */
export function createSupervision(
  { clock, log }: { clock: Clock; log: Log },
  environment: Record<string, string | undefined>,
) {
  const isSupervised = Boolean(environment.NOTIFY_SOCKET);
  const watchdogMs = Number(environment.WATCHDOG_USEC ?? 0) / 1_000;
  let stopWatching = () => {};
  const tell = (...words: string[]) => {
    if (!isSupervised) return;
    const child = spawn('systemd-notify', words, {
      stdio: 'ignore',
      env: { PATH: environment.PATH, NOTIFY_SOCKET: environment.NOTIFY_SOCKET },
    });
    child.once('error', (fault) => log.warn('systemd cannot be told', faultDetails(fault)));
  };
  return {
    start: () => {
      tell('--ready');
      // a third of its patience: a busy SD card may hold us up for seconds
      if (watchdogMs > 0) stopWatching = clock.every(watchdogMs / 3, () => tell('WATCHDOG=1'));
    },
    stop: () => {
      stopWatching();
      tell('STOPPING=1');
    },
  };
}
