import type { Clock } from '#runtime/clock.ts';
import type { Heard, Link, LinkEnd } from '../radio.ts';
import { RadioFault } from '../radio.ts';
import { type BluezBus, callWithinMs, type Properties } from './bus.ts';
import type { KnownDevice } from './devices.ts';
import { faultOf, isError } from './faults.ts';
import {
  type BleAdapter,
  type BleCharacteristic,
  type BleDevice,
  type BleServer,
  dbus,
  releaseServer,
} from './node-ble.ts';

/** How long the radio waits for what. BlueZ itself gives up a connection after about 42 s and a pairing after 30 s. */
export const deadlines = {
  connectMs: 45_000,
  resolveMs: 15_000,
  gattMs: 15_000,
  pairMs: 40_000,
  readMs: 10_000,
  writeMs: 10_000,
  /** The first subscription may make BlueZ pair on the way. */
  subscribeMs: 40_000,
  disconnectMs: 8_000,
} as const;

/** GATT trees kept for devices that will come again; a tree holds one match rule for each characteristic. */
const keptAtMost = 16;

/**
 * The links to devices, over node-ble, for one life of bluetoothd. The GATT tree of a device and its subscriptions are kept from visit to
 * visit, as BlueZ keeps them: it subscribes again by itself when the device comes back, and the first value may be there before
 * the services are resolved, so the listener must never have gone away. Nothing is unsubscribed: clearing the
 * subscription made some cuffs forget their pairing.
 */
export type Links = {
  connect(device: KnownDevice, hear: (heard: Heard) => void): Promise<Link>;
  /** A link to it stands or is being made. */
  holds(path: string): boolean;
  /** BlueZ told something new of the device. */
  changed(path: string, values: Properties): void;
  /** BlueZ forgot objects at or below the device. */
  forget(path: string): void;
  forgetAll(): void;
};

type Kept = {
  device: BleDevice;
  server?: BleServer;
  subscribed: Set<string>;
  hear?: (heard: Heard) => void;
};

type Open = { changed(values: Properties): void; end(by: LinkEnd): void };

export function createLinks(clock: Clock, bus: BluezBus, adapter: BleAdapter): Links {
  const kept = new Map<string, Kept>();
  const open = new Map<string, Open>();

  const release = (path: string) => {
    const tree = kept.get(path);
    if (!tree) return;
    kept.delete(path);
    if (tree.server) releaseServer(tree.server);
    tree.device.removeAllListeners();
    tree.device.helper.removeListeners();
  };

  const take = async (device: KnownDevice): Promise<Kept> => {
    let tree = kept.get(device.path);
    if (!tree) {
      const ble = (await bus.bounded(
        adapter.getDevice(device.address),
        callWithinMs,
        'finding the device',
      )) as BleDevice;
      tree = { device: ble, subscribed: new Set() };
    }
    kept.delete(device.path);
    kept.set(device.path, tree); // the one used last stands last
    for (const path of kept.keys()) if (kept.size > keptAtMost && !open.has(path)) release(path);
    return tree;
  };

  const connect: Links['connect'] = async (known, hear) => {
    const { path } = known;
    if (open.has(path)) throw new RadioFault('busy', 'a link to the device stands already');
    const { promise: ended, resolve: settle } = Promise.withResolvers<LinkEnd>();
    const { promise: resolved, resolve } = Promise.withResolvers<void>();
    let over = false;
    let leaving = false;
    const entry: Open = {
      changed: ({ Connected, ServicesResolved }) => {
        if (ServicesResolved === true) resolve();
        if (Connected === false) entry.end(leaving ? 'gateway' : 'device');
      },
      end: (by) => {
        if (over) return;
        over = true;
        if (open.get(path) === entry) open.delete(path);
        settle(by);
      },
    };
    // before Connect(): what happens while it runs must not be missed
    open.set(path, entry);
    const unlessEnded = <T>(promise: Promise<T>, ms: number, what: string): Promise<T> => {
      const lost = ended.then((by): never => {
        throw new RadioFault(by === 'radio' ? 'radio-away' : 'link-lost', `${what}: the link is gone`);
      });
      lost.catch(() => {});
      promise.catch(() => {});
      return bus.bounded(Promise.race([promise, lost]), ms, what);
    };

    const leave = async () => {
      leaving = true;
      await bus.bounded(tree.device.disconnect(), deadlines.disconnectMs, 'disconnecting').catch(() => {});
      entry.end('gateway');
    };

    let tree: Kept;
    try {
      tree = await take(known);
    } catch (thrown) {
      entry.end('radio');
      throw faultOf(thrown, 'connecting');
    }
    tree.hear = hear;
    try {
      await unlessEnded(tree.device.connect(), deadlines.connectMs, 'connecting');
      // node-ble adds a listener with each connect() and its own events are not used here
      tree.device.helper.removeAllListeners('PropertiesChanged');
      const already = await unlessEnded(
        tree.device.helper.prop('ServicesResolved'),
        callWithinMs,
        'asking for services',
      );
      if (already !== true) await unlessEnded(resolved, deadlines.resolveMs, 'resolving services');
      tree.server ??= await serverOf(tree.device, unlessEnded);
    } catch (thrown) {
      const fault = faultOf(thrown, 'connecting');
      void leave();
      throw fault;
    }
    const { server } = tree;

    const find = (service: string, characteristic: string): BleCharacteristic | undefined =>
      server._services[service]?._characteristics[characteristic];
    const get = (service: string, characteristic: string): BleCharacteristic => {
      const found = find(service, characteristic);
      if (!found) throw new RadioFault('no-such', 'the device has no such characteristic');
      return found;
    };

    return {
      address: known.address,
      ended,
      paired: () => known.paired,
      has: (service, characteristic) => find(service, characteristic) !== undefined,
      pair: async () => {
        if (!known.paired) {
          try {
            await unlessEnded(tree.device.pair(), deadlines.pairMs, 'pairing');
          } catch (thrown) {
            const fault = faultOf(thrown, 'pairing');
            if (!isError(fault.cause, 'AlreadyExists')) throw fault;
          }
          known.paired = true;
        }
        if (!known.trusted)
          await unlessEnded(
            tree.device.helper.set('Trusted', new dbus.Variant('b', true)),
            callWithinMs,
            'trusting the device',
          );
      },
      read: async (service, characteristic) => {
        const value = await unlessEnded(get(service, characteristic).readValue(), deadlines.readMs, 'reading');
        return Buffer.from(value);
      },
      write: (service, characteristic, bytes) =>
        // node-ble's plain writeValue() asks for a reliable write, which most meters refuse
        unlessEnded(
          Promise.resolve().then(() => get(service, characteristic).writeValueWithResponse(bytes)),
          deadlines.writeMs,
          'writing',
        ),
      subscribe: (service, characteristic) =>
        subscribe(clock, tree, get(service, characteristic), service, characteristic, unlessEnded),
      disconnect: async () => {
        if (!over) await leave();
      },
    };
  };

  return {
    connect,
    holds: (path) => open.has(path),
    changed: (path, values) => open.get(path)?.changed(values),
    forget: (path) => {
      for (const at of [...kept.keys()]) if (at === path || path.startsWith(`${at}/`)) release(at);
      open.get(path)?.end('radio');
    },
    forgetAll: () => {
      for (const entry of [...open.values()]) entry.end('radio');
      for (const path of [...kept.keys()]) release(path);
    },
  };
}

type Unless = <T>(promise: Promise<T>, ms: number, what: string) => Promise<T>;

/** node-ble waits for ever when the link drops while it looks; what it finds too late is released again. */
async function serverOf(device: BleDevice, unlessEnded: Unless): Promise<BleServer> {
  const looking = device.gatt() as Promise<BleServer>;
  try {
    return await unlessEnded(looking, deadlines.gattMs, 'looking at the services');
  } catch (thrown) {
    looking.then(releaseServer, () => {});
    throw thrown;
  }
}

async function subscribe(
  clock: Clock,
  tree: Kept,
  found: BleCharacteristic,
  service: string,
  characteristic: string,
  unlessEnded: Unless,
): Promise<void> {
  const key = `${service}/${characteristic}`;
  if (tree.subscribed.has(key)) {
    // BlueZ has subscribed again by itself; saying so once more costs nothing and heals what it may have lost
    const again = found.helper.callMethod('StartNotify');
    await unlessEnded(again, deadlines.subscribeMs, 'subscribing').catch((thrown: Error) => {
      if (!isError(thrown.cause, 'InProgress')) throw thrown;
    });
    return;
  }
  // the listener first: a cuff that speaks at once would not be heard by one that comes after startNotifications()
  found.on('valuechanged', (bytes) => {
    tree.hear?.({ service, characteristic, bytes: Buffer.from(bytes), at: clock.now() });
  });
  tree.subscribed.add(key);
  try {
    await unlessEnded(found.startNotifications(), deadlines.subscribeMs, 'subscribing');
  } catch (thrown) {
    tree.subscribed.delete(key);
    found.removeAllListeners('valuechanged');
    found.helper.removeAllListeners('PropertiesChanged');
    throw thrown;
  }
}
