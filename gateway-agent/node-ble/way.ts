import { dbus } from '../bluez/dbus-next.ts';
import { isError } from '../bluez/faults.ts';
import type { Peer, WayTo } from '../bluez/way.ts';
import { type Heard, RadioFault } from '../radio/radio.ts';
import {
  type BleAdapter,
  type BleCharacteristic,
  type BleDevice,
  type BleServer,
  bluetoothOn,
  releaseServer,
} from './node-ble.ts';

/** GATT trees kept for devices that will come again; a tree holds one match rule for each characteristic. */
const keptAtMost = 16;

/**
 * Speaking to devices by node-ble. The GATT tree of a device and its subscriptions are kept from visit to visit, as BlueZ keeps them: the
 * first value may be there before the services are resolved, so the listener must never have gone away.
 */
export const nodeBleWay: WayTo = (clock, bus, adapterName, holds) => {
  const kept = new Map<string, Tree>();
  let adapter: BleAdapter | undefined;

  const release = (path: string) => {
    const tree = kept.get(path);
    if (!tree) return;
    kept.delete(path);
    if (tree.server) releaseServer(tree.server);
    tree.device.removeAllListeners();
    tree.device.helper.removeListeners();
  };

  return {
    peer: async ({ path, address }) => {
      adapter ??= (await bluetoothOn(bus.raw).getAdapter(adapterName)) as BleAdapter;
      const tree = kept.get(path) ?? {
        device: (await adapter.getDevice(address)) as BleDevice,
        subscribed: new Set<string>(),
        hear: () => {},
      };
      kept.delete(path);
      kept.set(path, tree); // the one used last stands last
      for (const old of kept.keys()) if (kept.size > keptAtMost && !holds(old)) release(old);
      return peerOn(tree, () => clock.now());
    },
    hear: () => {},
    forget: (path) => {
      for (const at of [...kept.keys()])
        if (path === undefined || at === path || path.startsWith(`${at}/`)) release(at);
      if (path === undefined) adapter = undefined;
    },
  };
};

type Tree = {
  device: BleDevice;
  server?: BleServer;
  subscribed: Set<string>;
  hear: (heard: Heard) => void;
};

function peerOn(tree: Tree, now: () => number): Peer {
  const { device } = tree;
  const find = (service: string, characteristic: string): BleCharacteristic | undefined =>
    tree.server?._services[service]?._characteristics[characteristic];
  const get = (service: string, characteristic: string): BleCharacteristic => {
    const found = find(service, characteristic);
    if (!found) throw new RadioFault('no-such', 'the device has no such characteristic');
    return found;
  };
  const notify = async (service: string, characteristic: string): Promise<void> => {
    const found = get(service, characteristic);
    const key = `${service}/${characteristic}`;
    if (tree.subscribed.has(key)) {
      // BlueZ has subscribed again by itself; saying so once more costs nothing and heals what it may have lost
      await found.helper.callMethod('StartNotify').catch((thrown) => {
        if (!isError(thrown, 'InProgress')) throw thrown;
      });
      return;
    }
    // the listener first: a cuff that speaks at once would not be heard by one that comes after startNotifications()
    found.on('valuechanged', (bytes) => tree.hear({ service, characteristic, bytes: Buffer.from(bytes), at: now() }));
    tree.subscribed.add(key);
    try {
      await found.startNotifications();
    } catch (thrown) {
      tree.subscribed.delete(key);
      found.removeAllListeners('valuechanged');
      found.helper.removeAllListeners('PropertiesChanged');
      throw thrown;
    }
  };
  return {
    listen: (hear) => {
      tree.hear = hear;
    },
    expect: (those) => {
      for (const { service, characteristic } of those)
        if (find(service, characteristic)) notify(service, characteristic).catch(() => {});
    },
    connect: async () => {
      await device.connect();
      // node-ble adds a listener with each connect() and its own events are not used here
      device.helper.removeAllListeners('PropertiesChanged');
    },
    look: async () => {
      tree.server ??= (await device.gatt()) as BleServer;
    },
    disconnect: () => device.disconnect(),
    pair: () => device.pair(),
    // node-ble's cancelPair() calls a method that BlueZ does not have
    cancelPairing: () => device.helper.callMethod('CancelPairing'),
    trust: () => device.helper.set('Trusted', new dbus.Variant('b', true)),
    has: (service, characteristic) => find(service, characteristic) !== undefined,
    read: async (service, characteristic) => Buffer.from(await get(service, characteristic).readValue()),
    // node-ble's plain writeValue() asks for a reliable write, which most meters refuse
    write: (service, characteristic, bytes) => get(service, characteristic).writeValueWithResponse(bytes),
    notify,
  };
}
