import { Variant } from 'dbus-next';
import type { Peripheral } from './air.ts';
import { type Connection, createConnection } from './connection.ts';
import { refused } from './faults.ts';
import { createGatt } from './gatt.ts';
import { type Interface, readOnly } from './objects.ts';
import { createPairing } from './pairing.ts';
import { deviceInterface, type Stack } from './stack.ts';

/** Device1: what bluetoothd knows of one peripheral, from its first advertisement until it is forgotten. */
export interface Device {
  readonly path: string;
  readonly isTemporary: () => boolean;
  readonly link: Connection['link'];
  /** Puts it on the bus; again after a restart of bluetoothd. */
  show(): void;
  /** An advertisement that passed somebody's discovery filter. @param delta smaller changes of strength are not told, dB. */
  noteStrength(rssi: number, delta: number): void;
  /** Nobody discovers any more. */
  forgetStrength(): void;
  /** An advertisement, whether or not anybody discovers. */
  advertised(): void;
  drop: Connection['drop'];
  remove(): void;
  clientGone(sender: string): void;
  /** bluetoothd ends: the link drops, sessions are gone, a bond stays. */
  shutDown(): void;
}

/** What a device needs to know of the adapter it belongs to. */
export type Host = {
  path: string;
  isPowered(): boolean;
  /** Has a client registered a GattProfile1 for one of these, so that bluetoothd connects by itself? */
  wants(uuids: readonly string[]): boolean;
  forgotten(device: Device): void;
};

export type DeviceState = {
  connected: boolean;
  resolved: boolean;
  paired: boolean;
  bonded: boolean;
  trusted: boolean;
  blocked: boolean;
  temporary: boolean;
  encrypted: boolean;
  /** Paired, but not told before the services are resolved. */
  pairedUntold: boolean;
  rssi: number | undefined;
  alias: string | undefined;
  uuids: string[];
};

export const pathOf = (adapterPath: string, address: string) => `${adapterPath}/dev_${address.replaceAll(':', '_')}`;

export function createDevice(stack: Stack, host: Host, peripheral: Peripheral): Device {
  const { clock, tree, timings } = stack;
  const { profile } = peripheral;
  const path = pathOf(host.path, profile.address);
  const state: DeviceState = {
    connected: false,
    resolved: false,
    paired: false,
    bonded: false,
    trusted: false,
    blocked: false,
    temporary: true,
    encrypted: false,
    pairedUntold: false,
    rssi: undefined,
    alias: undefined,
    uuids: [...profile.advertises],
  };
  let cancelExpiry = () => {};

  const changed = (property: string) => tree.changed(path, deviceInterface, property);
  const setTemporary = (temporary: boolean) => {
    state.temporary = temporary;
    cancelExpiry();
    if (temporary && !state.connected) cancelExpiry = clock.after(timings.temporaryTimeoutMs, () => device.remove());
  };

  const gatt = createGatt(stack, {
    path,
    profile,
    link: () => connection.link(),
    secure: (characteristic) => {
      if (!characteristic.encrypted || state.encrypted) return undefined;
      return pairing.raiseSecurity().then(() => {
        if (!connection.link()) throw refused.notConnected();
      });
    },
    silent: () => connection.drop('Timeout'),
  });
  const connection = createConnection(stack, state, {
    path,
    peripheral,
    gatt,
    changed,
    setTemporary,
    wanted: () => host.wants(state.uuids),
    isPairing: () => pairing.isUnderWay(),
    down: () => pairing.cancel(),
  });
  const pairing = createPairing(stack, state, { path, peripheral, connection, changed, setTemporary });

  const device: Device = {
    path,
    isTemporary: () => state.temporary,
    link: connection.link,
    show() {
      tree.add(path, { [deviceInterface]: describe() });
      setTemporary(state.temporary);
    },
    noteStrength(rssi, delta) {
      if (state.temporary) setTemporary(true);
      if (state.rssi !== undefined && Math.abs(state.rssi - rssi) < delta) return;
      state.rssi = rssi;
      changed('RSSI');
    },
    forgetStrength() {
      if (state.rssi === undefined) return;
      state.rssi = undefined;
      changed('RSSI');
    },
    advertised: connection.advertised,
    drop: connection.drop,
    remove() {
      cancelExpiry();
      connection.abandon();
      tree.remove(path);
      host.forgotten(device);
    },
    clientGone(sender) {
      gatt.clientGone(sender);
      pairing.clientGone(sender);
    },
    shutDown() {
      cancelExpiry();
      connection.abandon();
      connection.drop('Local');
      gatt.hide();
      state.rssi = undefined;
    },
  };

  function describe(): Interface {
    const manufacturer = profile.manufacturerSpecific;
    return {
      properties: {
        Address: readOnly('s', () => profile.address),
        AddressType: readOnly('s', () => profile.addressType ?? 'public'),
        Name: readOnly('s', () => profile.name),
        Alias: {
          type: 's',
          read: () => state.alias ?? profile.name ?? profile.address.replaceAll(':', '-'),
          write: (alias) => {
            state.alias = String(alias) || undefined;
            changed('Alias');
          },
        },
        Appearance: readOnly('q', () => profile.appearance),
        Paired: readOnly('b', () => state.paired && !state.pairedUntold),
        Bonded: readOnly('b', () => state.bonded),
        Trusted: {
          type: 'b',
          read: () => state.trusted,
          write: (trusted) => {
            state.trusted = trusted === true;
            changed('Trusted');
          },
        },
        Blocked: {
          type: 'b',
          read: () => state.blocked,
          write: (blocked) => {
            state.blocked = blocked === true;
            changed('Blocked');
            if (state.blocked) connection.drop('Local');
          },
        },
        LegacyPairing: readOnly('b', () => false),
        RSSI: readOnly('n', () => state.rssi),
        Connected: readOnly('b', () => state.connected),
        UUIDs: readOnly('as', () => state.uuids),
        Adapter: readOnly('o', () => host.path),
        ServicesResolved: readOnly('b', () => state.resolved),
        ManufacturerData: readOnly('a{qv}', () =>
          manufacturer
            ? Object.fromEntries(Object.entries(manufacturer).map(([id, bytes]) => [id, new Variant('ay', bytes)]))
            : undefined,
        ),
      },
      methods: {
        Connect: { takes: '', gives: '', run: () => connect() },
        Disconnect: { takes: '', gives: '', run: () => connection.disconnect() },
        Pair: { takes: '', gives: '', run: (_, sender) => pairing.pair(sender) },
        CancelPairing: {
          takes: '',
          gives: '',
          run: () => {
            if (!pairing.isUnderWay()) throw refused.doesNotExist();
            pairing.cancel();
          },
        },
        ConnectProfile: { takes: 's', gives: '', run: () => connect() },
        DisconnectProfile: { takes: 's', gives: '', run: () => {} },
      },
    };
  }

  function connect(): Promise<void> | undefined {
    if (!host.isPowered()) throw refused.notReady();
    return connection.connect();
  }

  return device;
}
