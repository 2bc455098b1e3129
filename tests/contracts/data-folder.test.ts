import { spawn } from 'node:child_process';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SetupFault } from '#domain/errors.ts';
import { readSecrets } from '#runtime/secrets.ts';
import { type DataFolder, openDataFolder } from '#runtime/servers/data-folder.ts';
import { chooseVitals } from '#runtime/servers/vitals-choice.ts';
import { until } from '../support/until.ts';

let parent: string;
let path: string;
const opened: DataFolder[] = [];
const open = () => {
  const folder = openDataFolder(path);
  opened.push(folder);
  return folder;
};

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'hearthbeat-data-'));
  path = join(parent, 'data');
});
afterEach(() => {
  for (const folder of opened.splice(0)) folder.release();
  rmSync(parent, { recursive: true });
});

const isRoot = process.getuid?.() === 0;
const modeOf = (file: string) => statSync(file).mode & 0o777;

describe('the data folder', () => {
  it('is its owner’s alone', () => {
    open();
    expect(modeOf(path)).toBe(0o700);
  });

  it('has one Hearthbeat at a time, and the second says so', () => {
    open();
    expect(open).toThrow(
      `Hearthbeat is already running on ${path} (process ${process.pid}): stop it first, or set DATA_DIR and the ports to others.`,
    );
  });

  it('is free again when its Hearthbeat has stopped', () => {
    open().release();
    expect(open).not.toThrow();
  });

  it('is not held by a process that was killed', async () => {
    // nothing of ours is inherited: a process that outlives a failed test would keep the whole run from ending
    const holder = spawn(process.execPath, [join(import.meta.dirname, '../support/lone-holder.ts'), path], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      await new Promise((resolve) => holder.stdout.once('data', resolve));
      expect(open).toThrow(`(process ${holder.pid})`);
    } finally {
      holder.kill('SIGKILL');
    }
    await until(() => holder.signalCode);
    expect(open).not.toThrow();
  });

  it('cannot stand where nobody may write, and says what to do', () => {
    writeFileSync(join(parent, 'file'), '');
    path = join(parent, 'file', 'data');
    expect(open).toThrow(new SetupFault(`${path} cannot be written (ENOTDIR): set DATA_DIR to a folder that can.`));
  });

  it('cannot stand under /proc, and says so at once', () => {
    path = '/proc/hearthbeat/data';
    expect(open).toThrow(
      new SetupFault('/proc/hearthbeat/data cannot be written (ENOENT): set DATA_DIR to a folder that can.'),
    );
  });

  if (isRoot) {
    it('of another user is not used, as its owner could not use it afterwards', () => {
      open().release();
      chownSync(path, 12_345, 12_345);
      expect(open).toThrow(`${path} belongs to another user (uid 12345)`);
    });

    it('of root holds a link to where the servers’ account can reach', () => {
      const folder = open().serverFolder('postgresql');
      try {
        expect(lstatSync(join(path, 'postgresql')).isSymbolicLink()).toBe(true);
        expect(realpathSync(join(path, 'postgresql'))).toBe(folder);
        expect(modeOf(folder)).toBe(0o711);
      } finally {
        rmSync(dirname(folder), { recursive: true });
      }
    });

    it('of root, once removed, begins anew, and what was there is set aside', () => {
      const first = open();
      const folder = first.serverFolder('influxdb');
      try {
        writeFileSync(join(folder, 'kept'), 'readings');
        expect(first.serverFolder('influxdb')).toBe(folder);
        expect(existsSync(join(folder, 'kept'))).toBe(true);
        unlinkSync(join(path, 'influxdb'));
        expect(first.serverFolder('influxdb')).toBe(folder);
        expect(existsSync(join(folder, 'kept'))).toBe(false);
        expect(readFileSync(join(`${folder}.removed-1`, 'kept'), 'utf8')).toBe('readings');
      } finally {
        rmSync(dirname(folder), { recursive: true });
      }
    });
  } else {
    it('of an ordinary user holds the servers’ data itself', () => {
      const folder = open().serverFolder('postgresql');
      expect(folder).toBe(join(path, 'postgresql'));
      expect(modeOf(folder)).toBe(0o700);
    });
  }
});

describe('secrets', () => {
  it('are made once, long and each its own, and for the owner’s eyes only', () => {
    open();
    const made = readSecrets(path);
    expect(new Set(Object.values(made)).size).toBe(Object.keys(made).length);
    for (const secret of Object.values(made)) expect(secret).toMatch(/^[\w-]{43}$/);
    expect(readSecrets(path)).toEqual(made);
    expect(modeOf(join(path, 'secrets.json'))).toBe(0o600);
  });

  it('that are missing are added, and the others stay', () => {
    open();
    const { webhookSecret, ...others } = readSecrets(path);
    writeFileSync(join(path, 'secrets.json'), JSON.stringify(others));
    const completed = readSecrets(path);
    expect(completed).toMatchObject(others);
    expect(completed.webhookSecret).not.toBe(webhookSecret);
  });

  it.each(['', '{"influxPassword":', '{"influxPassword":"short"}', '[]'])(
    'in a damaged file (%j) end the start, and the file is left for its owner to mend',
    (damaged) => {
      open();
      const file = join(path, 'secrets.json');
      writeFileSync(file, damaged);
      expect(() => readSecrets(path)).toThrow(/secrets.json is damaged or cannot be read: put back your copy/);
      expect(readFileSync(file, 'utf8')).toBe(damaged);
    },
  );
});

describe('readings', () => {
  const there = { ownUrl: false, influxd: { influxd: '/usr/bin/influxd' } };
  const missing = { ownUrl: false, influxd: { missing: 'influxd is not installed' } };

  it('are kept in InfluxDB where it can be had, and stay there', () => {
    open();
    expect(chooseVitals(path, there)).toEqual({ readings: 'influxdb' });
    expect(() => chooseVitals(path, missing)).toThrow(
      /kept in InfluxDB, but influxd is not installed: "apt-get install/,
    );
  });

  it('are kept in PostgreSQL where it cannot, and stay there when it comes', () => {
    open();
    expect(chooseVitals(path, missing)).toEqual({ readings: 'postgresql', because: 'influxd is not installed' });
    expect(chooseVitals(path, there)).toMatchObject({ readings: 'postgresql' });
  });

  it('go to the InfluxDB that its owner named, whatever is installed', () => {
    open();
    expect(chooseVitals(path, { ...missing, ownUrl: true })).toEqual({ readings: 'influxdb' });
  });
});
