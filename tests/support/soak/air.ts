import { systemClock as clock } from '#runtime/clock.ts';
import { type Random, seededRandom } from '#runtime/random.ts';
import { createSimulatedBluez } from '../../../simulators/bluez/bluez.ts';
import { createFaults, type Faults } from '../../../simulators/peripherals/faults.ts';
import { kinds, variants } from '../../../simulators/peripherals/kinds.ts';
import type { Simulated } from '../../../simulators/peripherals/peripheral.ts';
import type { AirAsk, AirOrder, AirReport, HandedOver } from './words.ts';

/**
 * The air of several homes, as a process of its own: in each a simulated bluetoothd and people who use their devices as often as somebody takes
 * what they have to tell. Devices take less time than real ones for everything, and lose patience sooner.
 */
const order: AirOrder = JSON.parse(process.argv[2]!);

/** Of one device; a real one is used twice a day. */
const pauseMs = { least: 200, most: 1_200 };
const untoldAtMost = 3;
/** In the calm: nobody takes it, so its link is one that has nothing to do with it. */
const stuckAfterMs = 4_000;
const wornMs = 1_500;
const quick = {
  adapter: 'hci0',
  connectMs: 5,
  discoverMs: 15,
  pairMs: 5,
  advertisesForMs: 5_000,
  hangsUpAfterMs: 100,
  patienceMs: 1_500,
  everyMs: 250,
  lingersMs: 100,
};

/** Each device has chance, and bad luck, of its own. */
type Living = { device: Simulated; faults: Faults; random: Random; isStream: boolean; connectsAtCalm: number };

const handedOver: HandedOver[] = [];
const all: Living[] = [];
let calm = false;

for (const [home, { busAddress, devices }] of order.homes.entries()) {
  const bluez = createSimulatedBluez(
    { clock, random: seededRandom(order.seed + home) },
    {
      busAddress,
      adapters: ['hci0'],
      advertisingIntervalMs: 100,
      disconnectLingerMs: 20,
      connectTimeoutMs: 2_000,
      attTimeoutMs: 700,
    },
  );
  await bluez.start();
  for (const { address, kind } of devices) {
    const random = seededRandom(order.seed * 1_000 + all.length);
    const faults = createFaults({ clock, random: seededRandom(order.seed * 1_000_000 + all.length) }, { slowMs: 300 });
    faults.follow({ rates: order.rates });
    const device = { ...kinds, ...variants }[kind]!(faults.around(bluez), { ...quick, address });
    const living = { device, faults, random, isStream: false, connectsAtCalm: 0 };
    all.push(living);
    void live(living);
  }
}

async function live(living: Living) {
  const { device, random } = living;
  let stuckSince = clock.now();
  for (;;) {
    const before = outstanding(living);
    if (!calm && before < untoldAtMost) await use(living);
    else if (before > 0) device.wake();
    await clock.sleep(pauseMs.least + random.next() * (pauseMs.most - pauseMs.least));
    if (outstanding(living) !== before || before === 0) stuckSince = clock.now();
    if (clock.now() - stuckSince > stuckAfterMs) {
      stuckSince = clock.now();
      device.vanish();
      device.wake();
    }
  }
}

/** What nobody has taken yet; in the calm, a visit to everybody: a memory may hold what was told to one who was not heard to the end. */
function outstanding({ device, faults, isStream, connectsAtCalm }: Living): number {
  return device.pending() + (calm && !isStream && faults.occasions().connect === connectsAtCalm ? 1 : 0);
}

function calmDown() {
  calm = true;
  for (const living of all) {
    living.faults.heal();
    living.device.vanish();
    living.connectsAtCalm = living.faults.occasions().connect;
  }
}

async function use(living: Living) {
  living.isStream = living.device.use(living.random).becomes === 'stream';
  if (!living.isStream) return;
  await clock.sleep(wornMs);
  living.device.vanish();
}

// often, so that each has the moment at which it was told
clock.every(10, () => {
  for (const { device } of all)
    for (const told of device.takeHandedOver()) handedOver.push({ ...told, address: device.address, at: clock.now() });
});

function report(): AirReport {
  const injected: Record<string, number> = {};
  for (const { faults } of all)
    for (const [name, count] of Object.entries(faults.injected())) injected[name] = (injected[name] ?? 0) + count;
  return {
    connects: all.reduce((sum, { faults }) => sum + faults.occasions().connect, 0),
    injected,
    pending: all.reduce((sum, living) => sum + outstanding(living), 0),
    handedOver: handedOver.splice(0),
    unheard: all.flatMap(({ faults }) =>
      faults.takeUnheard().map(({ address, value }) => ({ address, hex: value.toString('hex') })),
    ),
  };
}

process.on('message', ({ ask }: AirAsk) => {
  if (ask === 'calm') calmDown();
  else process.send!(report());
});
process.on('disconnect', () => process.exit(0));
process.send!('ready');
