import { systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { createBluezRadio } from '../../gateway-agent/radio/bluez-radio.ts';
import { createDbusRadio } from '../../gateway-agent/radio/dbus-radio.ts';
import { type Advertisement, RadioFault } from '../../gateway-agent/radio/radio.ts';
import { sigUuid } from '../../gateway-agent/radio/uuid.ts';

/**
 * A radio that visits, as a process of its own, so that its processor time and memory are its own: `node --expose-gc visiting-process.ts
 * <node-ble or dbus> <bus address> <address,…> <visits>`. Asks its parent to let devices measure, and at the end tells what it found.
 * The devices must be paired when it begins, and are when it ends.
 */
export type Figures = {
  /** From advertisement to first reading, ms: the first visit of this process to a device that is paired; later ones; and to one never seen. */
  afterRestart: number[];
  known: number[];
  new: number[];
  /** From the first advertisement until each of all devices has given its first reading, ms. */
  allKnown: number[];
  allNew: number[];
  /** Processor time of this process, user and system, ms. */
  cpuPerKnownVisit: number;
  cpuPerNewVisit: number;
  /** After collecting garbage, over the visits to known devices less the first fifth. */
  heapGrowthPerVisit: number;
  residentMb: number;
};

const [kind, busAddress, list, count] = process.argv.slice(2);
const addresses = list!.split(',');
const visits = Number(count);
const bloodPressure = sigUuid(0x1810);
const measurement = sigUuid(0x2a35);

const createRadio = kind === 'dbus' ? createDbusRadio : createBluezRadio;
const radio = createRadio({ clock: systemClock, log: silentLog }, { adapter: 'hci0', busAddress });
const waiting = new Map<string, (advertisement: Advertisement) => void>();
radio.watch([bloodPressure], (advertisement) => {
  const { address } = advertisement;
  const tell = waiting.get(address);
  waiting.delete(address);
  tell?.(advertisement);
});
while (radio.health().state !== 'ok') await systemClock.sleep(5);

/** @returns ms from its advertisement to its first reading. */
async function visit(address: string): Promise<number> {
  await new Promise<Advertisement>((resolve) => waiting.set(address, resolve));
  const heardAt = performance.now();
  let readAfter = Number.NaN;
  try {
    const link = await radio.connect(address, () => {
      if (Number.isNaN(readAfter)) readAfter = performance.now() - heardAt;
    });
    if (!link.paired()) await link.pair();
    await link.subscribe(bloodPressure, measurement);
    await link.ended;
  } catch (fault) {
    // one that comes again speaks without being asked, and may hang up while it is asked
    if (!(fault instanceof RadioFault && fault.code === 'link-lost')) throw fault;
  }
  if (Number.isNaN(readAfter)) throw new Error('a visit brought no reading');
  return readAfter;
}

const measure = (measuring: readonly string[]) => process.send!(measuring);
const one = (address: string) => {
  const visited = visit(address);
  measure([address]);
  return visited;
};
/** @returns ms until all have given their first reading. */
async function all(): Promise<number> {
  const startedAt = performance.now();
  const visited = Promise.all(addresses.map((address) => visit(address).then(() => performance.now())));
  measure(addresses);
  return Math.max(...(await visited)) - startedAt;
}
const forgetAll = async () => {
  for (const address of addresses) await radio.forget(address);
};
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const heap = () => {
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
};

const afterRestart: number[] = [];
for (const address of addresses) afterRestart.push(await one(address));

const known: number[] = [];
let heapBefore = heap();
let cpuBefore = cpuMs();
for (let n = 0; n < visits; n++) {
  if (n === Math.floor(visits / 5)) heapBefore = heap();
  known.push(await one(addresses[n % addresses.length]!));
}
const cpuPerKnownVisit = (cpuMs() - cpuBefore) / visits;
const heapGrowthPerVisit = (heap() - heapBefore) / (visits - Math.floor(visits / 5));
const residentMb = process.memoryUsage().rss / 2 ** 20;

const allKnown = [await all(), await all(), await all()];

const fresh: number[] = [];
cpuBefore = cpuMs();
for (let n = 0; n < visits / 5; n++) {
  const address = addresses[n % addresses.length]!;
  await radio.forget(address);
  fresh.push(await one(address));
}
const cpuPerNewVisit = (cpuMs() - cpuBefore) / fresh.length;

const allNew: number[] = [];
for (let n = 0; n < 3; n++) {
  await forgetAll();
  allNew.push(await all());
}
await radio.close();
const figures: Figures = {
  afterRestart,
  known,
  new: fresh,
  allKnown,
  allNew,
  cpuPerKnownVisit,
  cpuPerNewVisit,
  heapGrowthPerVisit,
  residentMb,
};
process.send!(figures, () => process.disconnect());
