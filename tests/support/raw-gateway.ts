import { type Message, Variant } from 'dbus-next';
import { systemClock as clock, within } from '#runtime/clock.ts';
import { uuid16 } from '../../simulators/bluez/air.ts';
import type { BluezClient } from './bluez-client.ts';

/**
 * The least that a gateway does, straight on D-Bus and without a line of ours in between: connect, pair, read what can be read, set
 * the clock, subscribe to everything, give a user's code, ask for all records, and listen until the device hangs up.
 */
export type RawVisit = {
  /** What it said by itself, hexadecimal, in order. */
  heard: { characteristic: string; hex: string }[];
  /** The first thing that did not work. */
  fault?: unknown;
};

export type RawVisitOptions = {
  /** For the user control point. */
  user?: { index: number; code: number };
  /** It has heard enough: a stream has no end. */
  enough?: (heard: RawVisit['heard']) => boolean;
  /** Before connecting is given up, and before the visit is. */
  patienceMs?: number;
};

const device1 = 'org.bluez.Device1';
const characteristic1 = 'org.bluez.GattCharacteristic1';
const dateTime = uuid16(0x2a08);
const currentTime = uuid16(0x2a2b);
const userControlPoint = uuid16(0x2a9f);
const recordAccess = uuid16(0x2a52);
/** Battery, service changed and clock tell nothing about anybody. */
const quiet = [uuid16(0x2a19), uuid16(0x2a05), currentTime];

export async function rawVisit(
  client: BluezClient,
  path: string,
  { user, enough = () => false, patienceMs = 6_000 }: RawVisitOptions = {},
): Promise<RawVisit> {
  /** Path to UUID. What is bonded speaks as soon as it is connected again, before anybody has looked at what it has. */
  const spoken = new Map<string, string>();
  const heard: RawVisit['heard'] = [];
  const [resolved, ended, satisfied] = [1, 2, 3].map(() => Promise.withResolvers<void>()) as Three;
  let linked = false;
  const listen = (message: Message) => {
    if (message.member !== 'PropertiesChanged' || !message.path?.startsWith(path)) return;
    const [name, changed] = message.body as [string, Record<string, Variant>];
    if (name === device1 && message.path === path) {
      if (changed.ServicesResolved?.value === true) resolved.resolve();
      if (changed.Connected?.value === false && linked) ended.resolve();
    }
    const characteristic = spoken.get(message.path);
    if (name !== characteristic1 || !characteristic || !changed.Value) return;
    heard.push({ characteristic, hex: (changed.Value.value as Buffer).toString('hex') });
    if (enough(heard)) satisfied.resolve();
  };
  know(places.get(client)?.get(path) ?? []);
  client.bus.setMaxListeners(0);
  client.bus.on('message', listen);
  try {
    const talked = talk();
    talked.catch(() => {});
    // one that hung up in the middle of our questions has said what it had to say
    const over = Promise.race([talked, ended.promise]);
    await within(clock, patienceMs, over, () => new Error('the visit took too long'));
    return { heard };
  } catch (fault) {
    await client.call(path, device1, 'Disconnect').catch(() => {});
    return { heard, fault };
  } finally {
    client.bus.off('message', listen);
  }

  function know(shown: readonly Shown[]) {
    for (const { at, uuid, flags } of shown) if (isHeard(flags) && !quiet.includes(uuid)) spoken.set(at, uuid);
  }

  /** What the device has; the same in every visit, and long to list where there are many devices. */
  async function look(): Promise<readonly Shown[]> {
    const known = places.get(client)?.get(path);
    if (known) return known;
    const shown = Object.entries(await client.objects())
      .filter(([at, is]) => at.startsWith(`${path}/`) && is[characteristic1])
      .map(([at, is]) => ({
        at,
        uuid: is[characteristic1]!.UUID!.value as string,
        flags: is[characteristic1]!.Flags!.value as string[],
      }));
    if (!places.has(client)) places.set(client, new Map());
    if (shown.length > 0) places.get(client)!.set(path, shown);
    return shown;
  }

  async function talk() {
    await client.call(path, device1, 'Connect');
    linked = true;
    if (!(await client.property(path, device1, 'Paired'))) await client.call(path, device1, 'Pair');
    if (!(await client.property(path, device1, 'ServicesResolved')))
      await Promise.race([resolved.promise, ended.promise]);
    const shown = await look();
    know(shown);
    const find = (uuid: string) => shown.find((one) => one.uuid === uuid)?.at;
    const write = (at: string, bytes: Buffer) =>
      client.call(at, characteristic1, 'WriteValue', 'aya{sv}', [bytes, { type: new Variant('s', 'request') }]);
    for (const { at, flags } of shown)
      if (flags.includes('read')) await client.call(at, characteristic1, 'ReadValue', 'a{sv}', [{}]);
    const [date, whole] = [find(dateTime), find(currentTime)];
    const now = Buffer.from('ea070b160e2b2c', 'hex');
    if (date) await write(date, now);
    if (whole) await write(whole, Buffer.concat([now, Buffer.from([7, 0, 2])]));
    // from the last: control points and newer versions of a characteristic stand after what would begin to speak at once
    for (const at of [...spoken.keys()].reverse()) await client.call(at, characteristic1, 'StartNotify');
    const [users, records] = [find(userControlPoint), find(recordAccess)];
    if (users && user) await write(users, Buffer.from([2, user.index, user.code & 0xff, user.code >> 8]));
    if (records) await write(records, Buffer.from([1, 1]));
    const left = satisfied.promise.then(() => client.call(path, device1, 'Disconnect'));
    await Promise.race([ended.promise, left]);
  }
}

type Shown = { at: string; uuid: string; flags: readonly string[] };
const places = new WeakMap<BluezClient, Map<string, readonly Shown[]>>();

type Three = [PromiseWithResolvers<void>, PromiseWithResolvers<void>, PromiseWithResolvers<void>];
const isHeard = (flags: readonly string[]) => flags.includes('indicate') || flags.includes('notify');
