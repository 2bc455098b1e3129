import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { SetupFault } from '#domain/errors.ts';
import type { SourceId } from '#domain/ids.ts';
import type { Mark } from '#domain/reading.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { createLog, faultDetails, type Log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { createGatewayAgent } from '../../gateway-agent/agent.ts';
import { chooseRadio, defaultRadio } from '../../gateway-agent/radio/choose-radio.ts';
import { createSimulatedBluez } from '../bluez/bluez.ts';
import { startBus } from '../bus.ts';
import { createBloodPressureCuff } from '../peripherals/blood-pressure-cuff.ts';
import type { CuffStatus } from '../peripherals/frames/blood-pressure.ts';
import { createPhysiology } from '../physiology/physiology.ts';
import { furtherDevices } from './further-devices.ts';
import { bodyOf, cuffHistory, furtherHistory, randomOf, sendHistory, watchHistory } from './history.ts';
import { type Entrance, signInOf } from './moving-in.ts';
import { type News, Order } from './orders.ts';
import { type Resident, residents } from './people.ts';
import { createWearer } from './wearer.ts';

/**
 * The twelve homes, a process of their own, started by neighbourhood.ts and gone with it. One simulated bluetoothd with an
 * adapter for each home; ten real gateway agents with a cuff near each; two watches that speak MQTT themselves, one of them with a token; all others have certificates.
 */
type MoveIn = Extract<Order, { order: 'move-in' }>;

/** One home, lived in. */
type Home = {
  measure(systolic: number, diastolic: number, pulse: number, marks: Mark[]): void;
  /** With the cuff, and every other time with the device beside it. */
  measureAsUsual(): void;
  measureBeside(): void;
  takeOffWatch(): void;
  leave(): Promise<void>;
};

/** A cuff in Beijing shows Beijing time. */
const cuffClockOffsetMs = 8 * 3_600_000;
const watchEveryMs = 10_000;

/** Less than the parent's patience. */
const leaveAtMostMs = 8_000;
const homes = new Map<SourceId, Home>();
/** In the order of moving in; the last is left first. */
const leaving: (() => Promise<void>)[] = [];

const tell = (news: News) => process.send?.(news);

process.on('message', (message) => {
  const order = Order.parse(message);
  if (order.order === 'move-in') return void moveIn(order).catch(cannotMoveIn);
  const home = homes.get(order.source);
  if (order.order === 'measure') home?.measure(order.systolic, order.diastolic, order.pulse, order.marks);
  if (order.order === 'measure-as-usual') home?.measureAsUsual();
  if (order.order === 'use-further-device') home?.measureBeside();
  if (order.order === 'take-off-watch') home?.takeOffWatch();
});
// Ctrl-C reaches the whole group of processes; the parent says when to go
process.on('SIGINT', () => {});
process.on('SIGTERM', () => void leave());
process.on('disconnect', () => void leave());

async function moveIn(order: MoveIn): Promise<void> {
  mkdirSync(order.dataDir, { recursive: true, mode: 0o700 });
  const log = createLog('warn', pino.destination(join(order.dataDir, 'homes.log')));
  const bus = await startBus();
  leaving.push(() => bus.stop());
  const cuffHomes = residents.filter((resident) => resident.home.kind === 'cuff');
  const bluez = createSimulatedBluez(
    { clock, random },
    { busAddress: bus.address, adapters: cuffHomes.map((_, index) => `hci${index}`) },
  );
  await bluez.start();
  leaving.push(() => bluez.stop());
  for (const [index, resident] of residents.entries()) {
    if (order.revoked.includes(resident.home.source)) continue;
    const adapter = `hci${cuffHomes.indexOf(resident)}`;
    const enter = resident.home.kind === 'cuff' ? enterCuffHome : enterWatchHome;
    const home = await enter({ order, resident, adapter, bluez, busAddress: bus.address, log });
    homes.set(resident.home.source, home);
    leaving.push(() => home.leave());
    tell({ news: 'moving-in', done: index + 1, of: residents.length });
  }
  tell({ news: 'moved-in', bus: bus.kind });
}

const entrance = ({ dataDir, url, codes }: MoveIn, source: SourceId, wants: Entrance['wants']): Entrance => ({
  folder: dataDir,
  url,
  code: codes[source],
  source,
  wants,
});

type Entering = {
  order: MoveIn;
  resident: Resident;
  adapter: string;
  bluez: ReturnType<typeof createSimulatedBluez>;
  busAddress: string;
  log: Log;
};

async function enterCuffHome({ order, resident, adapter, bluez, busAddress, log }: Entering): Promise<Home> {
  const { source, device, model, further } = resident.home;
  const deps = { clock, log: log.child({ service: source }) };
  const { signIn, papers } = await signInOf({ ...deps, random }, entrance(order, source, 'certificate'));
  const until = resident.silentSinceDays
    ? order.settledAt - resident.silentSinceDays * 86_400_000
    : clock.now() - 20 * 60_000;
  const span = (of: string) => ({ settledAt: order.settledAt, from: order.historyFrom[of]!, to: until });
  await sendHistory({ mqttUrl: order.mqttUrl, signIn }, resident, [
    ...cuffHistory(resident, span(device), clock.now()),
    ...(further ? furtherHistory(resident, span(further.device), clock.now()) : []),
  ]);

  const cuff = createBloodPressureCuff(bluez, {
    adapter,
    address: device,
    model,
    clockOffsetMs: cuffClockOffsetMs,
  });
  const radio = await chooseRadio(defaultRadio, deps, { adapter, busAddress });
  const agent = createGatewayAgent(
    { ...deps, radio, random },
    {
      source,
      credential: papers ?? signIn.current(),
      mqttUrl: order.mqttUrl,
      dataDir: join(order.dataDir, source),
      timeZone: 'Asia/Shanghai',
      // an adapter of the simulation hears its own home only
      devices: 'any',
    },
  );
  agent.onCommand(() => tell({ news: 'asked-to-measure-again', source }));
  await agent.start();
  const body = createPhysiology(randomOf(resident), bodyOf(resident, order.settledAt));
  const beside = further && furtherDevices[further.kind];
  const { use } = beside?.place(bluez, { adapter, address: further!.device, model: further!.model }, body) ?? {};
  let turn = 0;
  const home: Home = {
    measure(systolic, diastolic, pulse, marks) {
      cuff.measure({ systolic, diastolic, pulse, status: marks as CuffStatus[] });
      tell({ news: 'measured', source, systolic, diastolic });
    },
    measureAsUsual() {
      if (use && turn++ % 2 === 1) return home.measureBeside();
      const { systolic, diastolic, pulse } = body.bloodPressureAt(clock.now());
      home.measure(systolic, diastolic, pulse, []);
    },
    measureBeside() {
      if (!use) return;
      use();
      tell({ news: 'used', source, device: beside!.name });
    },
    takeOffWatch: () => {},
    leave: async () => {
      await agent.stop();
      await radio.close();
    },
  };
  return home;
}

async function enterWatchHome({ order, resident, log }: Entering): Promise<Home> {
  const { source, device, model, token } = resident.home;
  const deps = { clock, random, log: log.child({ service: source }) };
  const { signIn, papers } = await signInOf(deps, entrance(order, source, token ? 'token' : 'certificate'));
  const watch = await createWearer(clock, {
    mqttUrl: order.mqttUrl,
    source,
    signIn,
    device,
    model,
    refused: (reasons) => deps.log.warn('the platform refused samples of a watch', { reasons }),
  });
  papers?.begin({ serverNow: clock.now, renewed: watch.signInAnew, changed: () => {} });
  const body = createPhysiology(randomOf(resident), bodyOf(resident, order.settledAt));
  const sample = () => {
    const takenAt = clock.now();
    return { takenAt, heartRate: body.heartRateAt(takenAt), ...body.pulseOximetryAt(takenAt) };
  };
  await watch.publish(watchHistory(resident, order.settledAt, order.historyFrom[device]!, clock.now()));
  await watch.publish([sample()]);
  // what cannot be sent now, because the platform is going down, is no loss: it is a simulation of a watch with no memory
  const stop = clock.every(watchEveryMs, () => void watch.publish([sample()]).catch(() => {}));
  return {
    measure: () => {},
    measureAsUsual: () => {},
    measureBeside: () => {},
    takeOffWatch: stop,
    leave: async () => {
      stop();
      await papers?.end();
      await watch.stop();
    },
  };
}

function cannotMoveIn(fault: unknown): void {
  const why = fault instanceof SetupFault ? fault.message : JSON.stringify(faultDetails(fault));
  tell({ news: 'cannot-move-in', why });
}

let left: Promise<void> | undefined;
function leave(): Promise<void> {
  left ??= (async () => {
    // whoever waits for a platform that hangs waits for ever, and nobody is there any more to end us
    clock.after(leaveAtMostMs, () => process.exit(1));
    for (const out of leaving.splice(0).reverse()) await out().catch(() => {});
    process.exit(0);
  })();
  return left;
}
