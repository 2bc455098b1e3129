import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { buildConsole } from './console.mjs';
import { ableNode, checkMachine, root, SetupFault } from './machine.mjs';
import { installModules } from './modules.mjs';
import { installPackages } from './packages.mjs';
import { createProgress } from './progress.mjs';
import { biome, runSuites } from './suites.mjs';

/**
 * What every npm script begins with: `node runtime/setup/begin.mjs <command> [arguments]`. Brings a fresh machine to where
 * Node 24 can run the platform, then hands over to it. Plain JavaScript without dependencies, for Node 20 and newer:
 * nothing is installed yet when it runs.
 */
const commands = {
  start: { packages: ['influxdb', 'dbus'], console: true, program: 'simulators/neighbourhood.ts' },
  serve: { packages: ['influxdb'], console: true, program: 'main.ts' },
  test: { packages: ['influxdb', 'dbus', 'chromium'], console: true },
  bench: { packages: ['influxdb', 'dbus'], console: false, program: ([name]) => `tests/bench/${name}.ts` },
  lint: { packages: [], console: false },
  config: {
    packages: [],
    console: false,
    program: 'runtime/setup/list-config.ts',
    args: ['Platform', 'runtime/config.ts', 'Gateway in a home', 'gateway-agent/config.ts'],
  },
  clinician: { packages: [], console: false, program: 'runtime/setup/clinician.ts' },
};

const progress = createProgress();
try {
  process.exitCode = await begin(process.argv[2], process.argv.slice(3));
} catch (fault) {
  if (!(fault instanceof SetupFault)) throw fault;
  progress.fail(fault.message);
  process.exitCode = 1;
}

async function begin(name, args) {
  const command = commands[name];
  if (!command) throw new SetupFault(`Say one of ${Object.keys(commands).join(', ')} after "npm run".`);
  checkMachine();
  await installModules(progress);
  const missing = await installPackages(progress, command.packages);
  if (command.console) await buildConsole(progress);
  if (name === 'test') return runSuites(progress, missing, args);
  if (name === 'lint') return handOver([biome(), 'check', '.', ...args]);
  const { program } = command;
  const words = typeof program === 'string' ? [program, ...(command.args ?? args)] : [program(args), ...args.slice(1)];
  return handOver([ableNode(), ...words]);
}

/**
 * Runs the program and ends when it ends. Ctrl-C reaches it by itself; other signals are passed on. When this process is
 * killed, the program sees its channel close and stops; when npm above us is killed, we see another parent and stop it.
 */
function handOver([program, ...args]) {
  const child = spawn(program, args, { cwd: root, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const before = lineage();
  const watch = setInterval(() => {
    if (process.env.npm_lifecycle_event && lineage() !== before) child.kill('SIGTERM');
  }, 1_000);
  return new Promise((resolve) => {
    child.once('error', (fault) => {
      progress.fail(`${program} could not be run (${fault.message}).`);
      clearInterval(watch);
      resolve(1);
    });
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      resolve(signal ? 1 : code);
    });
  });
}

/** Our ancestors up to npm: itself, and the shell that npm puts between us. */
function lineage() {
  const parent = String(process.ppid);
  try {
    const isShell = readFileSync(`/proc/${parent}/cmdline`, 'utf8').includes('begin.mjs');
    return isShell ? `${parent} ${/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${parent}/status`, 'utf8'))[1]}` : parent;
  } catch {
    return parent;
  }
}
