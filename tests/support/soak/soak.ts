import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '#runtime/clock.ts';
import { seededRandom } from '#runtime/random.ts';
import { openOutbox } from '../../../gateway-agent/outbox/outbox.ts';
import { type Bus, startBus } from '../../../simulators/bus.ts';
import { type Fault, randomFaults } from '../../../simulators/peripherals/faults.ts';
import { kinds, scaleUser, variants } from '../../../simulators/peripherals/kinds.ts';
import { darkness, type Kill, wasAccepted } from './dark.ts';
import type { Arrived, FarEnd } from './far-ends.ts';
import { type Judgement, judge } from './judge.ts';
import {
  type AirAsk,
  type AirOrder,
  type AirReport,
  type GatewaysAsk,
  type GatewaysOrder,
  type GatewaysReport,
  type HandedOver,
  heardLog,
} from './words.ts';

/**
 * Many devices of every kind, each home with a gateway of its own, and everything that can go wrong between the two, for so many connections.
 * Then the air is calm until every device and every outbox is empty, and each measurement that a device handed over is looked for at the far end.
 * Air and gateways are processes of their own; the latter may be killed every now and then.
 */
export type SoakWish = {
  seed: number;
  homes: number;
  devices: number;
  /** At least; no more is begun once so many were made. */
  connects: number;
  /** Of a fault at each occasion. */
  rate: number;
  except?: readonly Fault[];
  /** Of `kinds` and `variants`; all, unless some are to be looked at closely. */
  kinds?: readonly string[];
  /** SIGKILL of all gateways about so often. */
  killEveryMs?: number;
  /** Instead of a number of connections. */
  forMs?: number;
  /** Given up after so long. */
  mostMs: number;
  farEnd: (homes: AirOrder['homes']) => Promise<FarEnd>;
  tell?: (line: string) => void;
};

export type SoakFigures = Judgement & {
  connects: number;
  injected: Record<string, number>;
  kills: Kill[];
  tookMs: number;
  /** After collecting garbage, with the connections made until then. */
  heaps: { connects: number; heapBytes: number; residentBytes: number }[];
  /** Left when it ended: all of these are 0. */
  pending: number;
  waiting: number;
  asideByReason: Record<string, number>;
  arrived: Arrived[];
  handedOver: HandedOver[];
};

const lookEveryMs = 250;
const heapEveryMs = 2_000;
/** Nobody has said anything for so long: it has all been said. */
const quietMs = 1_500;

export async function soak(wish: SoakWish): Promise<SoakFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-soak-'));
  const random = seededRandom(wish.seed);
  const buses: Bus[] = [];
  for (let home = 0; home < wish.homes; home++) buses.push(await startBus());
  const homes = settle(wish, buses);
  const farEnd = await wish.farEnd(homes);
  const air = await start('air.ts', {
    homes,
    seed: wish.seed,
    rates: randomFaults(wish.rate, { except: wish.except }).rates!,
  } satisfies AirOrder);
  const gatewaysOrder: GatewaysOrder = {
    homes: farEnd.homes.map((home, n) => {
      const dataDir = join(folder, String(n));
      mkdirSync(dataDir);
      return { ...home, busAddress: buses[n]!.address, dataDir };
    }),
    consents: homes.flatMap(({ devices }) =>
      devices.map(({ address }) => ({ address, user: scaleUser.index, code: scaleUser.code })),
    ),
  };
  let gateways = await start('gateways.ts', gatewaysOrder);

  const startedAt = clock.now();
  const handedOver: HandedOver[] = [];
  const unheard: AirReport['unheard'] = [];
  const heaps: SoakFigures['heaps'] = [];
  const kills: Kill[] = [];
  const look = async (): Promise<AirReport> => {
    const report = await ask<AirReport>(air, { ask: 'report' } satisfies AirAsk);
    handedOver.push(...report.handedOver);
    unheard.push(...report.unheard);
    return report;
  };
  const lookIn = () => ask<GatewaysReport>(gateways, { ask: 'report' } satisfies GatewaysAsk);
  const inTime = () => clock.now() - startedAt < wish.mostMs;

  try {
    let report = await look();
    let killAt = nextKill();
    let heapAt = clock.now() + heapEveryMs;
    const isOver = () =>
      wish.forMs === undefined ? report.connects >= wish.connects : clock.now() - startedAt >= wish.forMs;
    for (; !isOver() && inTime(); report = await look()) {
      await clock.sleep(lookEveryMs);
      if (clock.now() >= killAt) {
        const at = clock.now();
        await kill(gateways);
        kills.push({ at, goneAt: clock.now() });
        gateways = await start('gateways.ts', gatewaysOrder);
        killAt = nextKill();
      }
      if (clock.now() >= heapAt) {
        const { heapBytes, residentBytes, waiting } = await lookIn();
        heaps.push({ connects: report.connects, heapBytes, residentBytes });
        heapAt = clock.now() + heapEveryMs;
        wish.tell?.(
          `${report.connects} connections, ${handedOver.length} handed over, ${report.pending} pending, ${waiting} waiting, heap ${(heapBytes / 2 ** 20).toFixed(1)} MB`,
        );
      }
    }
    const { connects, injected } = report;
    air.send({ ask: 'calm' } satisfies AirAsk);
    // begun anew, they have no reason to leave anybody alone for a while
    await stop(gateways);
    gateways = await start('gateways.ts', gatewaysOrder);
    let left = await lookIn();
    let lastWordAt = clock.now();
    do {
      await clock.sleep(lookEveryMs);
      const before = handedOver.length;
      report = await look();
      left = await lookIn();
      if (handedOver.length > before) lastWordAt = clock.now();
    } while ((report.pending > 0 || left.waiting > 0 || clock.now() - lastWordAt < quietMs) && inTime());
    wish.tell?.(`calm: ${report.pending} pending, ${left.waiting} waiting`);

    await stop(gateways);
    await look();
    const aside = gatewaysOrder.homes.flatMap(({ dataDir }) => {
      const outbox = openOutbox(clock, join(dataDir, 'outbox.sqlite'));
      const all = outbox.aside(asideAtMost);
      outbox.close();
      return all;
    });
    const arrived = await farEnd.arrived();
    const accepted = acceptedIn(gatewaysOrder);
    const homeOf = (address: string) =>
      homes.findIndex(({ devices }) => devices.some((one) => one.address === address));
    return {
      ...judge(
        handedOver,
        unheard,
        arrived,
        aside,
        (one) => wasAccepted(accepted, one),
        darkness(handedOver, accepted, homeOf, kills),
      ),
      connects,
      injected,
      kills,
      tookMs: clock.now() - startedAt,
      heaps,
      pending: report.pending,
      waiting: left.waiting,
      asideByReason: countBy(aside.map(({ reason }) => reason)),
      arrived,
      handedOver,
    };
  } finally {
    await kill(gateways);
    await kill(air);
    await farEnd.stop();
    for (const bus of buses) await bus.stop();
    rmSync(folder, { recursive: true, force: true });
  }

  function nextKill(): number {
    const { killEveryMs } = wish;
    return killEveryMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + killEveryMs * (0.5 + random.next());
  }
}

/** By `<address> <hexadecimal>`, every time it was accepted. */
function acceptedIn({ homes }: GatewaysOrder): Map<string, number[]> {
  const lines = homes.flatMap(({ dataDir }) => readFileSync(join(dataDir, heardLog), 'utf8').trim().split('\n'));
  const accepted = new Map<string, number[]>();
  for (const [at, address, hex] of lines.map((line) => line.split(' '))) {
    const key = `${address} ${hex}`;
    accepted.set(key, [...(accepted.get(key) ?? []), Number(at)]);
  }
  return accepted;
}

const asideAtMost = 1_000_000;

/** The kinds take turns through all homes. */
function settle(
  { homes, devices, kinds: names = Object.keys({ ...kinds, ...variants }) }: SoakWish,
  buses: readonly Bus[],
): AirOrder['homes'] {
  return buses.map(({ address: busAddress }, home) => ({
    busAddress,
    devices: Array.from({ length: devices }, (_, n) => n)
      .filter((n) => n % homes === home)
      .map((n) => ({
        address: `5A:0A:00:00:${hex(n >> 8)}:${hex(n & 0xff)}`,
        kind: names[Math.floor(n / homes + home) % names.length]!,
      })),
  }));
}

const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0');

async function start(file: string, order: object): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, file), [JSON.stringify(order)], { execArgv: ['--expose-gc'] });
  await nextMessage(child);
  return child;
}

function ask<T>(child: ChildProcess, what: object): Promise<T> {
  const answered = nextMessage(child);
  child.send(what);
  return answered as Promise<T>;
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null) => reject(new Error(`a process of the soak ended with code ${code}`));
    child.once('exit', gone);
    child.once('message', (message) => {
      child.off('exit', gone);
      resolve(message);
    });
  });
}

async function stop(gateways: ChildProcess): Promise<void> {
  gateways.send({ ask: 'stop' } satisfies GatewaysAsk);
  await ended(gateways);
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended(child);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null)
    await new Promise<void>((resolve) => child.once('exit', () => resolve()));
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
