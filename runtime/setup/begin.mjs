import { runProgram } from './children.mjs';
import { buildConsole } from './console.mjs';
import { ableNode, checkMachine, SetupFault } from './machine.mjs';
import { installModules } from './modules.mjs';
import { installPackages } from './packages.mjs';
import { createProgress } from './progress.mjs';
import { biome, runSuites } from './suites.mjs';

/**
 * Node 24 lets the young part of its heap grow to over 100 MB, and keeps that when nothing happens any more: as much again as ten
 * thousand idle connections need (npm run bench:connections).
 */
const serverFlags = ['--max-semi-space-size=16'];

/**
 * What every npm script begins with: `node runtime/setup/begin.mjs <command> [arguments]`. Brings a fresh machine to where
 * Node 24 can run the platform, then hands over to it. Plain JavaScript without dependencies, for Node 20 and newer:
 * nothing is installed yet when it runs.
 */
const commands = {
  start: { packages: ['influxdb', 'dbus'], console: true, program: 'simulators/neighbourhood.ts', flags: serverFlags },
  serve: { packages: ['influxdb'], console: true, program: 'main.ts', flags: serverFlags },
  test: { packages: ['influxdb', 'dbus', 'chromium', 'redis-server'], console: true },
  bench: {
    packages: ([name]) => ['influxdb', ...(besideMosquitto.includes(name) ? ['mosquitto'] : ['dbus'])],
    console: false,
    program: ([name]) => `tests/bench/${name}.ts`,
  },
  /** `npm run gateway -- <verb>`; without one the agent runs. */
  gateway: { packages: [], console: false, program: 'gateway-agent/main.ts' },
  grafana: { packages: [], console: false, program: 'dashboards/grafana/build.ts' },
  lint: { packages: [], console: false },
  config: {
    packages: [],
    console: false,
    program: 'runtime/setup/list-config.ts',
    args: ['Platform', 'runtime/config.ts', 'Gateway in a home', 'gateway-agent/config.ts'],
  },
  clinician: { packages: [], console: false, program: 'runtime/setup/clinician.ts' },
  home: { packages: [], console: false, program: 'runtime/setup/home.ts' },
  cohort: { packages: [], console: false, program: 'simulators/cohort/command.ts' },
  backtest: { packages: [], console: false, program: 'rules/backtest/command.ts' },
};

/** Benches whose yardstick is another broker. */
const besideMosquitto = ['ingest', 'connections'];

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
  const { packages } = command;
  const missing = await installPackages(progress, typeof packages === 'function' ? packages(args) : packages);
  if (command.console) await buildConsole(progress);
  if (name === 'test') return runSuites(progress, missing, args);
  if (name === 'lint') return handOver([biome(), 'check', '.', ...args]);
  const { program } = command;
  const words = typeof program === 'string' ? [program, ...(command.args ?? args)] : [program(args), ...args.slice(1)];
  return handOver([ableNode(), ...(command.flags ?? []), ...words]);
}

/** The program lives as long as we do: when we are killed it sees its channel close, and stops. */
async function handOver(command) {
  const { code } = await runProgram(command, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  return code;
}
