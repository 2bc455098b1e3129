import { type ChildProcess, fork } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { startBus } from '../../simulators/bus.ts';
import type { Figures } from '../support/visiting-process.ts';

/**
 * The two adapters of the Radio against each other, node-ble being the yardstick: `npm run bench:radio`. Bus, simulated bluetoothd and
 * radio are processes of their own; the simulated cuffs take no time for anything, so the times are those of the software of the
 * gateway and the bus, and what a real radio takes comes on top. The adapters take turns.
 */
const devices = 10;
const rounds = 3;
const visits = 300;
const kinds = ['node-ble', 'dbus'] as const;

const support = join(import.meta.dirname, '../support');
const bus = await startBus();
const air = fork(join(support, 'air-process.ts'), [bus.address, String(devices)]);
try {
  const { ready: addresses } = (await nextMessage(air)) as { ready: string[] };
  const run = (kind: string, many: number) => visiting(kind, addresses, many);
  // pairs them all, which every run finds and leaves so
  await run('dbus', 0);
  const found = { 'node-ble': [] as Figures[], dbus: [] as Figures[] };
  for (let round = 0; round < rounds; round++)
    for (const kind of kinds) {
      found[kind].push(await run(kind, visits));
      process.stderr.write(`round ${round + 1} of ${rounds}: ${kind}\n`);
    }
  report(found);
} finally {
  air.disconnect();
  await bus.stop();
}

async function visiting(kind: string, addresses: string[], many: number): Promise<Figures> {
  const child = fork(join(support, 'visiting-process.ts'), [kind, bus.address, addresses.join(), String(many)], {
    execArgv: ['--expose-gc'],
  });
  child.on('message', (message) => {
    if (Array.isArray(message)) air.send(message);
  });
  for (;;) {
    const message = await nextMessage(child);
    if (!Array.isArray(message)) return message as Figures;
  }
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`a process of the bench ended with code ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}

function report(found: Record<(typeof kinds)[number], Figures[]>): void {
  const line = (cells: string[]) =>
    console.log(cells.map((cell, n) => (n ? cell.padStart(12) : cell.padEnd(62))).join(''));
  const row = (name: string, unit: string, figure: (of: Figures[]) => number) => {
    const [yardstick, direct] = kinds.map((kind) => figure(found[kind]));
    const ratio = yardstick! > 0 && direct! > 0 ? `${(direct! / yardstick!).toFixed(2)} x` : '–';
    line([`${name}, ${unit}`, yardstick!.toFixed(1), direct!.toFixed(1), ratio]);
  };
  const times = (name: string, of: (one: Figures) => number[]) => {
    for (const [word, q] of [['p50', 0.5], ['p99', 0.99]] as const) // biome-ignore format: a table
      row(`${name}, ${word}`, 'ms', (all) => quantile(all.flatMap(of), q));
  };
  const load = `${cpus().length} processors, load ${loadavg()[0]!.toFixed(1)}`;
  console.log(`\n${rounds} rounds of ${visits} visits to ${devices} devices, on ${bus.kind}, ${load}\n`);
  line(['', ...kinds, 'ratio']);
  times('first reading of a device never seen', (one) => one.new);
  times('first reading after a restart of the gateway', (one) => one.afterRestart);
  times('first reading of a device that comes again', (one) => one.known);
  row('ten new devices at once, until all have spoken', 'ms', (all) =>
    quantile(
      all.flatMap((one) => one.allNew),
      0.5,
    ),
  );
  row('ten known devices at once', 'ms', (all) =>
    quantile(
      all.flatMap((one) => one.allKnown),
      0.5,
    ),
  );
  row('processor time of a visit to a new device', 'ms', (all) => mean(all.map((one) => one.cpuPerNewVisit)));
  row('processor time of a visit to a known device', 'ms', (all) => mean(all.map((one) => one.cpuPerKnownVisit)));
  row('growth of the heap with each visit, warming up included', 'bytes', (all) =>
    mean(all.map((one) => one.heapGrowthPerVisit)),
  );
  row('resident memory', 'MB', (all) => mean(all.map((one) => one.residentMb)));
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
