import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runProgram } from './children.mjs';

/** Debian's packages by the program that shows they are there, and what is different without them. */
const packages = {
  influxdb: {
    program: 'influxd',
    without: 'readings are kept in PostgreSQL instead of InfluxDB',
    // the package starts a server of its own at every boot: not asked for
    service: 'influxdb',
  },
  dbus: {
    program: 'dbus-daemon',
    without: 'the simulated Bluetooth runs on a bus written in JavaScript',
  },
  chromium: {
    program: 'chromium',
    also: ['chromium-browser', 'google-chrome', 'google-chrome-stable'],
    without: 'the tests in a browser are left out',
  },
  mosquitto: {
    program: 'mosquitto',
    without: 'there is no other broker to measure ours by',
    service: 'mosquitto',
  },
  'redis-server': {
    program: 'redis-server',
    without: 'the job queue is tested on PostgreSQL only',
    service: 'redis-server',
  },
};

const atMostMs = 10 * 60_000;

/**
 * Makes sure of them where apt may be used; never a reason to fail.
 * @returns the names of those that are missing in the end
 */
export async function installPackages(progress, names) {
  const missing = names.filter((name) => !has(name));
  if (missing.length === 0) return [];
  const apt = mayUseApt();
  if (apt) {
    try {
      await progress.step(`Installing ${missing.join(', ')} with apt`, () => install(apt, missing));
    } catch (fault) {
      progress.say(`  apt did not succeed: ${fault.message}`);
    }
  }
  const still = missing.filter((name) => !has(name));
  for (const name of still) {
    const hint = apt ? '' : ` (to have it: apt-get install ${name})`;
    progress.say(`• ${packages[name].program} is not there, so ${packages[name].without}${hint}`);
  }
  return still;
}

function has(name) {
  const { program, also = [] } = packages[name];
  // an ordinary user's path does not lead to where Debian keeps its servers
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return [program, ...also].some((file) => folders.some((folder) => existsSync(join(folder, file))));
}

/** The words before `apt-get`: none as root, sudo where it asks for no password; undefined where apt may not be used. */
function mayUseApt() {
  if (!existsSync('/usr/bin/apt-get')) return undefined;
  if (process.getuid() === 0) return [];
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore', timeout: 10_000 });
  return sudo.status === 0 ? ['sudo', '-n'] : undefined;
}

async function install(before, names) {
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=120'];
  const network = ['-o', 'Acquire::http::Timeout=20', '-o', 'Acquire::Retries=2'];
  await run([...before, ...apt, ...network, 'update']);
  // one by one: a package that this release lacks must not keep out the others
  const faults = [];
  for (const name of names) {
    try {
      await run([...before, ...apt, ...network, 'install', '-y', '--no-install-recommends', name]);
      await silence(before, packages[name].service);
    } catch (fault) {
      faults.push(fault.message);
    }
  }
  if (faults.length > 0) throw new Error(faults.join(' '));
}

async function silence(before, service) {
  if (!service) return;
  const commands = existsSync('/run/systemd/system')
    ? [['systemctl', 'disable', '--now', service]]
    : [
        ['service', service, 'stop'],
        ['update-rc.d', service, 'disable'],
      ];
  for (const command of commands) await run([...before, ...command]).catch(() => {});
}

async function run(command) {
  const { code, output } = await runProgram(command, { atMostMs });
  if (code === 0) return;
  const words = output.split('\n').find((line) => line.startsWith('E: '));
  throw new Error(words ?? `${command.join(' ')} failed.`);
}
