import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, closeSync, existsSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { SetupFault } from '#domain/errors.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Health, Service } from '../service.ts';
import type { Account } from './account.ts';
import { requireFreePort } from './ports.ts';
import { endLeftOver } from './processes.ts';

export type Program = {
  /** As a person calls it: `PostgreSQL`. */
  name: string;
  /** Path of the program and its arguments. */
  command: [string, ...string[]];
  /** Its data: the folder it works in, by which a left-over of an earlier run is known. */
  folder: string;
  /** What it prints; holds no health values, see the servers' settings. */
  logFile: string;
  port: number;
  /** The variable that changes the port. */
  portVariable: string;
  stopSignal: NodeJS.Signals;
  account: Account | undefined;
  /** Before every start, restarts too. */
  prepare?: () => void;
  /** True once it serves; false while it does not answer yet; throws a SetupFault when it never will. */
  serves: () => Promise<boolean>;
};

/** Only for the first start. One that is started again is waited for as long as it lives: after a crash it may have days of writes to go through. */
const firstStartMs = 120_000;
const stopMs = 15_000;
const askEveryMs = 20;
const restartAfterMs = { first: 250, most: 30_000 };
/** A server that ran so long counts as well: the next restart is quick again. */
const settledMs = 60_000;
const mostLogBytes = 4 * 1024 * 1024;

/** A server as a child of this process: started when it serves, restarted when it dies, ended when we end. */
export function createChild({ clock, log }: { clock: Clock; log: Log }, program: Program): Service {
  let child: ChildProcess | undefined;
  let health: Health = { state: 'down', trouble: 'not-running', detail: 'not started' };
  let stopping = false;
  let restartMs = restartAfterMs.first;
  let cancelRestart = () => {};
  let cancelLogWatch = () => {};

  const launch = () => {
    program.prepare?.();
    shorten(program.logFile, mostLogBytes);
    const startedAt = clock.now();
    const next = spawnServer(program);
    child = next;
    next.once('exit', (code, signal) => {
      if (child === next) child = undefined;
      if (stopping || health.state === 'down') return;
      if (clock.now() - startedAt > settledMs) restartMs = restartAfterMs.first;
      log.error(`${program.name} has ended and is started again`, { code, signal, afterMs: restartMs });
      restartLater();
    });
    return next;
  };

  const restartLater = () => {
    health = { state: 'down', trouble: 'not-running', detail: `${program.name} has ended and is started again` };
    cancelRestart = clock.after(restartMs, () => void restart());
    restartMs = Math.min(restartMs * 2, restartAfterMs.most);
  };

  const restart = async () => {
    try {
      await untilServes(launch());
      health = { state: 'ok' };
      log.info(`${program.name} serves again`);
    } catch (fault) {
      if (stopping) return;
      log.error(`${program.name} could not be started again`, {
        fault: fault instanceof Error ? fault.message : 'unknown',
      });
      restartLater();
    }
  };

  const untilServes = async (started: ChildProcess, mostMs = Number.POSITIVE_INFINITY) => {
    const until = clock.now() + mostMs;
    while (!(await program.serves())) {
      if (hasEnded(started)) throw new SetupFault(lastWords(program));
      if (clock.now() > until) throw new SetupFault(`${program.name} did not answer. ${lastWords(program)}`);
      await clock.sleep(askEveryMs);
    }
    // somebody else's server may have answered in its place
    if (hasEnded(started)) throw new SetupFault(lastWords(program));
  };

  return {
    name: program.name.toLowerCase(),
    async start() {
      if (!(await endLeftOver(clock, nameInProc(program), program.folder, program.stopSignal))) {
        throw new SetupFault(`A ${program.name} of an earlier run works on ${program.folder} and cannot be ended.`);
      }
      await requireFreePort(program.portVariable, program.port, '127.0.0.1');
      try {
        await untilServes(launch(), firstStartMs);
      } catch (fault) {
        stopping = true;
        if (child) await end(clock, child, program.stopSignal);
        throw fault;
      }
      health = { state: 'ok' };
      cancelLogWatch = clock.every(60_000, () => shorten(program.logFile, mostLogBytes));
    },
    async stop() {
      stopping = true;
      cancelRestart();
      cancelLogWatch();
      health = { state: 'down', trouble: 'not-running', detail: 'stopped' };
      if (child) await end(clock, child, program.stopSignal);
    },
    health: () => health,
  };
}

/**
 * In a session of its own, so that Ctrl-C reaches us first and the servers last. setpriv (util-linux, on every Debian) lets
 * the kernel stop it when we are killed, and takes the way back to root.
 */
function spawnServer(program: Program): ChildProcess {
  const output = openSync(program.logFile, 'a', 0o600);
  chmodSync(program.logFile, 0o600);
  const guard = existsSync('/usr/bin/setpriv')
    ? ['/usr/bin/setpriv', '--no-new-privs', '--pdeathsig', program.stopSignal.replace('SIG', ''), '--']
    : [];
  const [file, ...args] = [...guard, ...program.command] as [string, ...string[]];
  const child = spawn(file, args, {
    cwd: program.folder,
    detached: true,
    stdio: ['ignore', output, output],
    // ours alone: a monitoring variable of the user's own server must not reach it
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC', HOME: program.folder },
    ...(program.account && { uid: program.account.uid, gid: program.account.gid }),
  });
  // what cannot be spawned ends by an 'error' and no 'exit': `pid` is undefined then, which counts as ended
  child.on('error', () => {});
  closeSync(output);
  return child;
}

async function end(clock: Clock, child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const cancel = clock.after(stopMs, () => child.kill('SIGKILL'));
  await ended;
  cancel();
}

const hasEnded = (child: ChildProcess) =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

/** The kernel keeps 15 characters of a name. */
const nameInProc = (program: Program) => program.command[0].split('/').at(-1)!.slice(0, 15);

function lastWords(program: Program): string {
  const lines = existsSync(program.logFile) ? readFileSync(program.logFile, 'utf8').trim().split('\n') : [];
  const words = lines.findLast((line) => /FATAL|PANIC|error|run: /i.test(line)) ?? lines.at(-1) ?? '';
  return `${program.name} could not be started${words ? ` (${words.trim()})` : ''}; its log is ${program.logFile}.`;
}

/** Keeps a log file from filling the disk: its writer appends, so that an emptied file is simply begun again. */
function shorten(file: string, mostBytes: number): void {
  if (existsSync(file) && statSync(file).size > mostBytes) truncateSync(file);
}
