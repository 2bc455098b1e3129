import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock as clock } from '#runtime/clock.ts';
import { type Random, seededRandom } from '#runtime/random.ts';
import { createSimulatedBluez, type SimulatedBluez } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import {
  createFaults,
  type Fault,
  type Faults,
  faultsAt,
  type Occasion,
  type ScriptedFault,
} from '../../simulators/peripherals/faults.ts';
import { kinds, scaleUser, variants } from '../../simulators/peripherals/kinds.ts';
import type { Simulated } from '../../simulators/peripherals/peripheral.ts';
import { type BluezClient, connectToBluez } from '../support/bluez-client.ts';
import { rawVisit } from '../support/raw-gateway.ts';
import { until } from '../support/until.ts';

/** What every simulated device keeps, whatever it measures: held against all of the folder, over D-Bus and by no code of the gateway. */
const adapter = 'hci0';
const quick = {
  adapter,
  connectMs: 5,
  discoverMs: 10,
  pairMs: 5,
  advertisesForMs: 20_000,
  hangsUpAfterMs: 60,
  patienceMs: 2_000,
  everyMs: 20,
  lingersMs: 60,
};
/** Where it is not over by then, it never is; on a busy machine some visits come to nothing. */
const visitsAtMost = 40;
const every = { ...kinds, ...variants };
/** Devices of one kind that meet the faults at the same time, each its share of them. */
const atATime = 2;
const met = new Set<string>();
type Planned = { at: Occasion; fault: Fault };
const everyFault = Object.entries(faultsAt).flatMap(([at, those]) =>
  those.map((fault): Planned => ({ at: at as Occasion, fault })),
);
const framesOfAStream = 3;

let bus: Bus;
let bluez: SimulatedBluez;
let client: BluezClient;
let count = 0;
const nextAddress = () => `C0:DE:00:00:${[++count >> 8, count & 0xff].map(hex).join(':')}`;
const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0');

beforeAll(async () => {
  bus = await startBus();
  bluez = createSimulatedBluez(
    { clock, random: seededRandom(11) },
    {
      busAddress: bus.address,
      adapters: [adapter],
      advertisingIntervalMs: 60,
      temporaryTimeoutMs: 60_000,
      connectTimeoutMs: 400,
      disconnectLingerMs: 5,
      attTimeoutMs: 120,
    },
  );
  await bluez.start();
  client = await connectToBluez(bus.address);
  await client.discover(adapter, []);
});
afterAll(async () => {
  client.close();
  await bluez.stop();
  await bus.stop();
});

type Met = { device: Simulated; faults: Faults; random: Random };

function meet(name: string): Met {
  const random = seededRandom(count);
  const faults = createFaults({ clock, random }, { slowMs: 30 });
  return { device: every[name]!(faults.around(bluez), { ...quick, address: nextAddress() }), faults, random };
}

/** Uses it, and visits it until nothing is left to take; what was heard in all of it. */
async function emptied({ device, faults, random }: Met, fault?: Planned) {
  faults.follow(fault ? { script: [{ ...fault, nth: 1 } as ScriptedFault] } : {});
  const told = device.use(random);
  const isStream = told.becomes === 'stream';
  const path = `/org/bluez/${adapter}/dev_${device.address.replaceAll(':', '_')}`;
  await until(() => client.property(path, 'org.bluez.Device1', 'Address').catch(() => undefined));
  const heard: string[] = [];
  const enough = (all: { hex: string }[]) => (isStream ? all.length >= framesOfAStream : device.pending() === 0);
  let isOver = false;
  let lastFault: unknown;
  for (let visits = 0; !isOver; visits++) {
    if (visits === visitsAtMost)
      throw new Error(`not empty after ${visits} visits with ${JSON.stringify(fault)}`, { cause: lastFault });
    if (visits > 0) device.wake();
    const visit = await rawVisit(client, path, { user: scaleUser, enough });
    lastFault = visit.fault;
    heard.push(...visit.heard.map((one) => one.hex));
    isOver = enough(visit.heard);
  }
  const unheard = faults.takeUnheard().map(({ value }) => value.toString('hex'));
  return { told, heard, unheard, given: device.takeHandedOver().flatMap(({ frames }) => frames) };
}

describe('the folder of simulated devices', () => {
  it('lists every device in `kinds`', () => {
    const folder = join(import.meta.dirname, '../../simulators/peripherals');
    const devices = readdirSync(folder).filter(
      (file) =>
        file.endsWith('.ts') &&
        /export interface \w+ extends (?:[^{]*, )?Simulated \{/.test(readFileSync(join(folder, file), 'utf8')),
    );
    const listed = readFileSync(join(folder, 'kinds.ts'), 'utf8');
    expect(devices.length).toBeGreaterThan(7);
    expect(devices.filter((file) => !listed.includes(`'./${file}'`))).toEqual([]);
  });
});

it.concurrent.for(Object.keys(every))('%s is heard, and hands over what it measured, once', async (name) => {
  const one = meet(name);
  const { told, heard, given } = await emptied(one);
  one.device.remove();
  if (told.becomes === 'stream') return expect(heard.length).toBeGreaterThanOrEqual(framesOfAStream);
  expect(given).toEqual(expect.arrayContaining([...told.frames]));
  expect(heard.filter((frame) => given.includes(frame))).toEqual(given);
});

it.concurrent.for(Object.keys(kinds))(
  '%s survives each fault: nothing stays with it, and what it believes delivered was heard',
  async (name) => {
    const lots = Array.from({ length: atATime }, (_, lot) => everyFault.filter((_, n) => n % atATime === lot));
    const injected = await Promise.all(lots.map((lot) => survived(meet(name), lot)));
    expect(injected.flat().some((one) => /^(notify|indicate)/.test(one))).toBe(true);
    for (const one of injected.flat()) met.add(one);
  },
);

it('every fault of the list came true for some device', () => {
  expect(everyFault.map(({ at, fault }) => `${at}/${fault}`).filter((one) => !met.has(one))).toEqual([]);
});

/** One after the other. @returns what came true. */
async function survived(one: Met, planned: readonly Planned[]): Promise<string[]> {
  for (const fault of planned) {
    const { told, heard, unheard, given } = await emptied(one, fault);
    // a sensor packs several records into one notification
    const missed = given.filter((frame) => ![...heard, ...unheard].some((said) => said.includes(frame)));
    expect({ fault, missed }).toEqual({ fault, missed: [] });
    if (told.becomes !== 'stream')
      expect({ fault, given }).toEqual({ fault, given: expect.arrayContaining([...told.frames]) });
  }
  one.device.remove();
  return Object.keys(one.faults.injected());
}
