import type { Variant } from 'dbus-next';
import { createAdvertiser, type Peripheral, type PeripheralProfile, uuid16 } from './air.ts';
import { createDevice, type Device, pathOf } from './device.ts';
import { refused } from './faults.ts';
import { type Interface, readOnly } from './objects.ts';
import { adapterInterface, type Stack } from './stack.ts';

/** One Bluetooth radio (`hci0`…) with its own air: the peripherals that it, and no other adapter, can hear. */
export interface Adapter {
  readonly name: string;
  readonly path: string;
  addPeripheral(profile: PeripheralProfile): Peripheral;
  removePeripheral(peripheral: Peripheral): void;
  /** Puts it and the devices it remembers on the bus. */
  show(): void;
  clientGone(sender: string): void;
  shutDown(): void;
  /** shutDown, in the sight of all clients. */
  unplug(): void;
}

/** Asks a client for the GattProfile1 objects it offers: their UUIDs. */
export type ReadProfiles = (sender: string, path: string) => Promise<Set<string>>;

type Filter = { UUIDs?: string[]; RSSI?: number; Pattern?: string };
const filterTypes: Record<string, string> = {
  UUIDs: 'as',
  RSSI: 'n',
  Pathloss: 'q',
  Transport: 's',
  DuplicateData: 'b',
  Discoverable: 'b',
  Pattern: 's',
  AutoConnect: 'b',
};
/** Without any filter bluetoothd tells only changes of strength of so many dB (RSSI_THRESHOLD in src/adapter.c). */
const unfilteredDelta = 8;
const usualStrength = -60;
const strengthSpread = 4;

export function createAdapter(
  stack: Stack,
  config: { name: string; address: string; readProfiles: ReadProfiles },
): Adapter {
  const { clock, random, tree, timings } = stack;
  const path = `/org/bluez/${config.name}`;
  const peripherals = new Map<string, Peripheral>();
  const devices = new Map<string, Device>();
  const discoverers = new Set<string>();
  const filters = new Map<string, Filter>();
  const profiles = new Map<string, Set<string>>();
  let powered = true;
  let discovering = false;

  const changed = (property: string) => tree.changed(path, adapterInterface, property);
  const mustBePowered = () => {
    if (!powered) throw refused.notReady();
  };

  const host = {
    path,
    isPowered: () => powered,
    wants: (uuids: readonly string[]) =>
      [...profiles.values()].some((wanted) => uuids.some((uuid) => wanted.has(uuid))),
    forgotten: (device: Device) => devices.delete(device.path),
  };

  function addPeripheral(profile: PeripheralProfile): Peripheral {
    if (peripherals.has(profile.address)) throw new Error(`two peripherals with one address on ${config.name}`);
    const device = () => devices.get(pathOf(path, profile.address));
    const advertiser = createAdvertiser(clock, timings.advertisingIntervalMs, () => hear(peripheral));
    const peripheral: Peripheral = {
      profile,
      startAdvertising: advertiser.start,
      stopAdvertising: advertiser.stop,
      isAdvertising: advertiser.isOn,
      link: () => device()?.link() ?? null,
      vanish: () => {
        advertiser.stop();
        device()?.drop('Timeout');
      },
    };
    peripherals.set(profile.address, peripheral);
    return peripheral;
  }

  function hear(peripheral: Peripheral) {
    if (!powered || !tree.isCarried()) return;
    const { profile } = peripheral;
    const spread = (random.next() - 0.5) * strengthSpread;
    const rssi = Math.round((profile.rssi ?? usualStrength) + spread);
    const known = devices.get(pathOf(path, profile.address));
    if (passesDiscovery(profile, rssi)) {
      const filtered = [...discoverers].some((client) => filters.has(client));
      if (known) known.noteStrength(rssi, filtered ? 0 : unfilteredDelta);
      else discover(peripheral, rssi);
    }
    devices.get(pathOf(path, profile.address))?.advertised();
  }

  function discover(peripheral: Peripheral, rssi: number) {
    const device = createDevice(stack, host, peripheral);
    devices.set(device.path, device);
    device.noteStrength(rssi, 0);
    device.show();
  }

  /** The filters of all who discover are merged: one of them is enough. */
  function passesDiscovery(profile: PeripheralProfile, rssi: number): boolean {
    return [...discoverers].some((client) => {
      const filter = filters.get(client);
      if (!filter) return true;
      const { UUIDs: uuids, RSSI: weakest, Pattern: pattern } = filter;
      const offers = !uuids?.length || uuids.some((uuid) => profile.advertises.includes(uuid.toLowerCase()));
      const isNear = weakest === undefined || rssi >= weakest;
      const matches = !pattern || profile.address.startsWith(pattern) || profile.name?.startsWith(pattern) === true;
      return offers && isNear && matches;
    });
  }

  function updateDiscovering() {
    const now = discoverers.size > 0;
    if (now === discovering) return;
    discovering = now;
    changed('Discovering');
    if (!now) for (const device of devices.values()) device.forgetStrength();
  }

  function setPowered(next: boolean) {
    if (next === powered) return;
    powered = next;
    if (!powered) {
      for (const device of devices.values()) device.drop('Local');
      discoverers.clear();
      updateDiscovering();
    }
    changed('Powered');
  }

  function describe(): Interface {
    return {
      properties: {
        Address: readOnly('s', () => config.address),
        AddressType: readOnly('s', () => 'public'),
        Name: readOnly('s', () => config.name),
        Alias: { type: 's', read: () => config.name, write: () => {} },
        Class: readOnly('u', () => 0),
        Powered: { type: 'b', read: () => powered, write: (on) => setPowered(on === true) },
        Discoverable: readOnly('b', () => false),
        Pairable: { type: 'b', read: () => true, write: () => {} },
        Discovering: readOnly('b', () => discovering),
        UUIDs: readOnly('as', () => [uuid16(0x1800), uuid16(0x1801)]),
        Roles: readOnly('as', () => ['central', 'peripheral']),
      },
      methods: {
        StartDiscovery: { takes: '', gives: '', run: (_, sender) => startDiscovery(sender) },
        StopDiscovery: {
          takes: '',
          gives: '',
          run: (_, sender) => {
            mustBePowered();
            if (!discoverers.delete(sender)) throw refused.failed('No discovery started');
            updateDiscovering();
          },
        },
        SetDiscoveryFilter: {
          takes: 'a{sv}',
          gives: '',
          run: ([given], sender) => {
            mustBePowered();
            const filter = readFilter(given as Record<string, Variant>);
            if (filter) filters.set(sender, filter);
            else filters.delete(sender);
          },
        },
        GetDiscoveryFilters: { takes: '', gives: 'as', run: () => Object.keys(filterTypes) },
        RemoveDevice: {
          takes: 'o',
          gives: '',
          run: async ([devicePath]) => {
            const device = devices.get(String(devicePath));
            if (!device) throw refused.doesNotExist();
            mustBePowered();
            // one that is connected goes, and the call is answered, when its link has ended (remove_device in src/adapter.c)
            if (device.link()) await clock.sleep(timings.disconnectLingerMs);
            device.drop('Local');
            if (devices.get(device.path) === device) device.remove();
          },
        },
      },
    };
  }

  function startDiscovery(sender: string) {
    mustBePowered();
    if (discoverers.has(sender)) throw refused.inProgress();
    discoverers.add(sender);
    updateDiscovering();
    // whoever advertises is heard soon after the scan begins, not before the call is answered
    clock.after(0, () => {
      for (const peripheral of peripherals.values()) if (peripheral.isAdvertising()) hear(peripheral);
    });
  }

  function describeGattManager(): Interface {
    return {
      properties: {},
      methods: {
        RegisterApplication: {
          takes: 'oa{sv}',
          gives: '',
          run: async ([application], sender) => {
            if (profiles.has(sender)) throw refused.alreadyExists();
            const uuids = await config.readProfiles(sender, String(application));
            if (uuids.size === 0) throw refused.failed('No object received');
            profiles.set(sender, uuids);
          },
        },
        UnregisterApplication: {
          takes: 'o',
          gives: '',
          run: (_, sender) => {
            if (!profiles.delete(sender)) throw refused.doesNotExist();
          },
        },
      },
    };
  }

  const adapter: Adapter = {
    name: config.name,
    path,
    addPeripheral,
    removePeripheral(peripheral) {
      peripheral.vanish();
      peripherals.delete(peripheral.profile.address);
    },
    show() {
      tree.add(path, { [adapterInterface]: describe(), 'org.bluez.GattManager1': describeGattManager() });
      for (const device of devices.values()) device.show();
    },
    clientGone(sender) {
      discoverers.delete(sender);
      filters.delete(sender);
      profiles.delete(sender);
      updateDiscovering();
      for (const device of devices.values()) device.clientGone(sender);
    },
    shutDown() {
      discoverers.clear();
      filters.clear();
      profiles.clear();
      discovering = false;
      for (const device of [...devices.values()]) {
        device.shutDown();
        if (device.isTemporary()) devices.delete(device.path);
      }
    },
    unplug() {
      adapter.shutDown();
      tree.remove(path);
    },
  };
  return adapter;
}

/** @returns undefined when nothing is asked for. @throws BluezFault */
function readFilter(given: Record<string, Variant>): Filter | undefined {
  const filter: Record<string, unknown> = {};
  for (const [key, variant] of Object.entries(given)) {
    if (filterTypes[key] !== variant.signature) throw refused.invalidArguments();
    filter[key] = variant.value;
  }
  return Object.keys(filter).length > 0 ? filter : undefined;
}
