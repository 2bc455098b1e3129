import { Variant } from 'dbus-next';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { seededRandom } from '#runtime/random.ts';
import { createSimulatedBluez, type SimulatedBluez } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import type { Simulated } from '../../simulators/peripherals/peripheral.ts';
import { type BluezClient, changedTo, changes, connectToBluez, type Heard } from './bluez-client.ts';

const device1 = 'org.bluez.Device1';
const characteristic1 = 'org.bluez.GattCharacteristic1';

export const quick = { adapter: 'hci0', connectMs: 5, discoverMs: 10, pairMs: 5 } as const;

/** A simulated device and a bare D-Bus client, with nothing of a gateway between them. */
export type PeripheralRoom = {
  bluez: SimulatedBluez;
  client: BluezClient;
  /** Finds the device, which must advertise, and connects. */
  connect(device: Simulated): Promise<Visit>;
};

export type Visit = {
  path: string;
  read(uuid: string): Promise<Buffer>;
  write(uuid: string, bytes: Buffer | string): Promise<void>;
  subscribe(uuid: string): Promise<void>;
  pair(): Promise<void>;
  /** Every value notified or indicated since the visit began: those of one characteristic, hexadecimal, in order. */
  heard(uuid: string): string[];
  /** Resolves with the first `n` values of this characteristic, once there are so many. */
  hears(uuid: string, n: number): Promise<string[]>;
  ended: Promise<Heard>;
  hangUp(): Promise<void>;
};

/** One bus for a file, a simulation of its own for every test. */
export function peripheralRoom(): PeripheralRoom {
  let bus: Bus;
  const room = {} as PeripheralRoom;
  beforeAll(async () => {
    bus = await startBus();
  });
  afterAll(() => bus.stop());
  beforeEach(async () => {
    room.bluez = createSimulatedBluez(
      { clock: systemClock, random: seededRandom(11) },
      {
        busAddress: bus.address,
        adapters: ['hci0'],
        advertisingIntervalMs: 30,
        connectTimeoutMs: 2_000,
        disconnectLingerMs: 10,
        attTimeoutMs: 150,
      },
    );
    await room.bluez.start();
    room.client = await connectToBluez(bus.address);
  });
  afterEach(async () => {
    room.client.close();
    await room.bluez.stop();
  });
  room.connect = (device) => visit(room.client, device);
  return room;
}

async function visit(client: BluezClient, device: Simulated): Promise<Visit> {
  const path = `/org/bluez/hci0/dev_${device.address.replaceAll(':', '_')}`;
  const from = client.heard.length;
  if (!(await client.objects())[path]) {
    if (!(await client.property('/org/bluez/hci0', 'org.bluez.Adapter1', 'Discovering')))
      await client.discover('hci0', []);
    await client.until((one) => one.member === 'InterfacesAdded' && one.body[0] === path);
  }
  const begun = client.heard.length;
  await client.call(path, device1, 'Connect');
  await client.until((one) => resolvedOrLost(path, one), begun);
  const uuids = new Map<string, string>();
  for (const [at, shown] of Object.entries(await client.objects())) {
    const uuid = shown[characteristic1]?.UUID?.value;
    if (at.startsWith(`${path}/`) && typeof uuid === 'string') uuids.set(uuid, at);
  }
  const at = (uuid: string) => {
    const found = uuids.get(uuid);
    if (!found) throw new Error(`no characteristic ${uuid}`);
    return found;
  };
  // a value that is read changes the property too: those are no telling
  const readValues: string[] = [];
  const heard = (uuid: string) =>
    client.heard
      .slice(from)
      .filter(changes(at(uuid), 'Value'))
      .map(({ body }) => Buffer.from((body[1] as Record<string, Variant>).Value!.value as Uint8Array).toString('hex'))
      .filter((hex) => !readValues.includes(hex));
  return {
    path,
    read: async (uuid) => {
      const [bytes] = await client.call(at(uuid), characteristic1, 'ReadValue', 'a{sv}', [{}]);
      const value = Buffer.from(bytes as Uint8Array);
      readValues.push(value.toString('hex'));
      return value;
    },
    write: async (uuid, bytes) => {
      const value = typeof bytes === 'string' ? Buffer.from(bytes, 'hex') : bytes;
      const type = { type: new Variant('s', 'request') };
      await client.call(at(uuid), characteristic1, 'WriteValue', 'aya{sv}', [value, type]);
    },
    subscribe: async (uuid) => void (await client.call(at(uuid), characteristic1, 'StartNotify')),
    pair: async () => void (await client.call(path, device1, 'Pair')),
    heard,
    hears: async (uuid, n) => {
      await client.until(() => heard(uuid).length >= n, from);
      return heard(uuid).slice(0, n);
    },
    ended: client.until(changedTo(path, 'Connected', false), begun),
    hangUp: async () => {
      await client.call(path, device1, 'Disconnect');
      await client.until(changedTo(path, 'Connected', false), begun);
    },
  };
}

const resolvedOrLost = (path: string, one: Heard) =>
  changedTo(path, 'ServicesResolved', true)(one) || changedTo(path, 'Connected', false)(one);
