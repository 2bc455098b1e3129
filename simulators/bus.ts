import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createBroker } from 'dbus-native';
import { SetupFault } from '#domain/errors.ts';
import { type Clock, systemClock, within } from '#runtime/clock.ts';

/**
 * A D-Bus of its own for the simulated Bluetooth service: a private dbus-daemon with the limits of a system bus, or where
 * there is none the bus of the npm package dbus-native, in this process and without limits. Neither survives this
 * process, however it ends.
 */
export type Bus = {
  /** For DBUS_SYSTEM_BUS_ADDRESS. */
  address: string;
  kind: 'dbus-daemon' | 'dbus-native';
  stop(): Promise<void>;
};

/**
 * @param options.prefer default: dbus-daemon where it is installed.
 * @throws SetupFault
 */
export async function startBus(options: { prefer?: Bus['kind']; clock?: Clock } = {}): Promise<Bus> {
  const { clock = systemClock } = options;
  const program = findProgram('dbus-daemon');
  if (options.prefer === 'dbus-daemon' && !program)
    throw new SetupFault('dbus-daemon was not found: install the package dbus-daemon, or let dbus-native serve.');
  return program && options.prefer !== 'dbus-native' ? startDaemon(program, clock) : startNative();
}

/**
 * The compiled-in limits of dbus-daemon for a system bus (bus/config-parser.c of 1.14), written down because they are
 * what a gateway meets on a real machine: a client that leaks match rules dies at 512.
 */
const limits = {
  max_incoming_bytes: 133_169_152,
  max_outgoing_bytes: 133_169_152,
  max_message_size: 33_554_432,
  auth_timeout: 30_000,
  max_completed_connections: 2_048,
  max_incomplete_connections: 64,
  max_connections_per_user: 256,
  max_names_per_connection: 512,
  max_match_rules_per_connection: 512,
  max_replies_per_connection: 128,
};

const startTimeoutMs = 10_000;
const stopTimeoutMs = 5_000;

/**
 * A watcher in the shell reads a pipe that only we hold open. When this process ends, by kill -9 too, the pipe ends, and
 * the watcher ends the daemon (`exec` gave it the shell's process id) and clears its folder away.
 */
const untilParentEnds = `
exec 3<&0
(cat <&3 >/dev/null; kill $$; rm -rf "$2") >/dev/null 2>&1 &
exec "$1" --nofork --nopidfile --nosyslog --print-address=1 --config-file="$2/bus.conf" 3<&- </dev/null`;

async function startDaemon(program: string, clock: Clock): Promise<Bus> {
  const folder = await mkdtemp(join(tmpdir(), 'hearthbeat-bus-'));
  await writeFile(join(folder, 'bus.conf'), configuration(folder));
  // its own process group: Ctrl-C in the terminal reaches us, and we end it when those who use it have ended
  const daemon = spawn('/bin/sh', ['-c', untilParentEnds, 'hearthbeat-bus', program, folder], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  const stop = async () => {
    daemon.stdin?.end();
    await within(clock, stopTimeoutMs, ended, () => new Error('late')).catch(() => daemon.kill('SIGKILL'));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const address = await within(clock, startTimeoutMs, firstLine(daemon), () => new Error('no answer'));
    return { address, kind: 'dbus-daemon', stop };
  } catch (cause) {
    await stop();
    throw new SetupFault(`dbus-daemon does not start (${cause instanceof Error ? cause.message : 'unknown fault'}).`);
  }
}

function configuration(folder: string): string {
  const lines = Object.entries(limits).map(([name, value]) => `  <limit name="${name}">${value}</limit>`);
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path=${folder}/socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="false"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
${lines.join('\n')}
</busconfig>
`;
}

function firstLine(daemon: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    daemon.stdout?.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.trim());
    });
    daemon.once('error', reject);
    daemon.once('exit', (code) => reject(new Error(`it ended with code ${code}`)));
  });
}

async function startNative(): Promise<Bus> {
  const folder = await mkdtemp(join(tmpdir(), 'hearthbeat-bus-'));
  const sweeper = spawn('/bin/sh', ['-c', 'cat >/dev/null; rm -rf "$1"', 'hearthbeat-bus', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const broker = createBroker();
  // a client that sends nonsense is cut off by the broker; nobody here has to do anything about it
  broker.on('clientError', () => {});
  const address = await new Promise<string>((resolve, reject) => {
    broker.once('error', reject);
    broker.listen({ socket: join(folder, 'socket') }, (fault, listening) =>
      fault ? reject(fault) : resolve(listening),
    );
  });
  return {
    address,
    kind: 'dbus-native',
    stop: async () => {
      await new Promise<void>((resolve) => broker.close(resolve));
      const swept = new Promise<void>((resolve) => sweeper.once('exit', () => resolve()));
      sweeper.stdin?.end();
      await swept;
    },
  };
}

function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path) && isExecutable(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
