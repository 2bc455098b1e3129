import { type Link, type Peripheral, usualIntervalMs, uuid16 } from './air.ts';
import type { DeviceState } from './device.ts';
import { refused } from './faults.ts';
import type { Gatt } from './gatt.ts';
import { batteryInterface, deviceInterface, type Stack } from './stack.ts';

/**
 * The link to one peripheral, from Connect over resolved services to its end, with the orderings measured on a real
 * bluetoothd 5.66: Connected before ServicesResolved, subscriptions written again before ServicesResolved, Battery1 after
 * it, and on a hang-up by the peer one signal for both.
 */
export interface Connection {
  /** Device1.Connect: waits for an advertisement, undefined when already connected. */
  connect(): Promise<void> | undefined;
  /** Device1.Disconnect: success even when not connected. */
  disconnect(): Promise<void> | undefined;
  /** Answers an advertisement if somebody waits for one. */
  advertised(): void;
  /** @throws BluezFault when the peripheral no longer advertises. */
  establish(): Promise<void>;
  drop(reason: DropReason): void;
  /** Gives up what is under way without a word. */
  abandon(): void;
  link(): Link | null;
  isConnecting(): boolean;
  /** Changes whenever a link begins or ends. */
  generation(): number;
  /** Resolves when services are resolved or the link has ended. */
  settled(): Promise<void>;
}

/** As in Device1.Disconnected. */
export type DropReason = 'Timeout' | 'Local' | 'Remote' | 'Authentication';

export type ConnectionParts = {
  path: string;
  peripheral: Peripheral;
  gatt: Gatt;
  changed: (property: string) => void;
  setTemporary: (temporary: boolean) => void;
  /** Does a registered profile want this device connected whenever it is heard? */
  wanted: () => boolean;
  isPairing: () => boolean;
  down: () => void;
};

type Waiting = { resolve: () => void; reject: (fault: Error) => void; cancelTimeout: () => void };

export function createConnection(stack: Stack, state: DeviceState, parts: ConnectionParts): Connection {
  const { clock, tree, timings } = stack;
  const { peripheral, gatt, changed } = parts;
  const { profile } = peripheral;
  let link: Link | null = null;
  let waiting: Waiting | null = null;
  let establishing: Promise<void> | null = null;
  let generation = 0;
  let connectedBefore = false;
  let showsBattery = false;
  let settledListeners: (() => void)[] = [];

  const settle = () => {
    const listeners = settledListeners;
    settledListeners = [];
    for (const listener of listeners) listener();
  };
  /** Ends the pending Connect, if it is still this one. */
  const finish = (which: Waiting | null, fault?: Error) => {
    if (!which || waiting !== which) return;
    waiting = null;
    which.cancelTimeout();
    if (fault) which.reject(fault);
    else which.resolve();
  };

  const connection: Connection = {
    connect() {
      if (parts.isPairing() || waiting) throw refused.inProgress();
      if (state.connected) return undefined;
      parts.setTemporary(false);
      return new Promise<void>((resolve, reject) => {
        const mine: Waiting = { resolve, reject, cancelTimeout: () => {} };
        mine.cancelTimeout = clock.after(timings.connectTimeoutMs, () => finish(mine, refused.connectAborted()));
        waiting = mine;
        if (peripheral.isAdvertising()) connection.advertised();
      });
    },

    disconnect() {
      // an attempt that a pairing began is given up, too (device_request_disconnect in src/device.c)
      if (waiting || (establishing && !state.connected)) {
        generation++;
        establishing = null;
        finish(waiting, refused.connectAborted());
        return undefined;
      }
      if (!state.connected) return undefined;
      const mine = generation;
      return clock.sleep(timings.disconnectLingerMs).then(() => {
        if (mine === generation) connection.drop('Local');
      });
    },

    advertised() {
      if (state.connected || state.blocked) return;
      if (waiting) {
        const mine = waiting;
        connection.establish().then(
          () => finish(mine),
          (fault: Error) => finish(mine, fault),
        );
      } else if (state.bonded && !establishing && parts.wanted()) {
        connection.establish().catch(() => {
          // nobody asked for this connection: the next advertisement is the next attempt
        });
      }
    },

    establish() {
      if (establishing) return establishing;
      const mine = establish().finally(() => {
        if (establishing === mine) establishing = null;
      });
      establishing = mine;
      return mine;
    },

    drop(reason) {
      if (!state.connected) return;
      generation++;
      state.connected = false;
      state.encrypted = false;
      link = null;
      gatt.linkLost();
      parts.down();
      hideBattery();
      if (state.resolved) {
        state.resolved = false;
        changed('ServicesResolved');
        // a hang-up by the peer reaches clients as one signal, our own as two
        if (reason === 'Local') tree.flush();
      }
      finish(waiting, refused.failed('br-connection-canceled'));
      if (state.paired && !state.bonded) {
        state.paired = false;
        changed('Paired');
      }
      if (timings.sendsDisconnected)
        tree.signal(parts.path, deviceInterface, 'Disconnected', 'ss', [`org.bluez.Reason.${reason}`, reason]);
      changed('Connected');
      settle();
      if (state.temporary) parts.setTemporary(true);
      profile.onDisconnect?.();
    },

    abandon() {
      generation++;
      establishing = null;
      const pending = waiting;
      waiting = null;
      pending?.cancelTimeout();
    },

    link: () => link,
    isConnecting: () => waiting !== null,
    generation: () => generation,
    settled: () =>
      state.resolved || !state.connected
        ? Promise.resolve()
        : new Promise((resolve) => {
            settledListeners.push(resolve);
          }),
  };

  async function establish() {
    generation++;
    const mine = generation;
    await pause(profile.connectMs);
    if (mine !== generation || !peripheral.isAdvertising()) throw refused.connectAborted();
    peripheral.stopAdvertising();
    state.connected = true;
    state.encrypted = state.bonded;
    parts.setTemporary(state.temporary);
    link = createLink();
    if (connectedBefore || !timings.omitsFirstConnected) changed('Connected');
    connectedBefore = true;
    profile.onConnect?.(link);
    void resolveServices(mine);
    if (profile.speaksUnaskedAfterMs !== undefined && state.bonded)
      clock.after(profile.speaksUnaskedAfterMs, () => {
        if (mine === generation && state.connected) gatt.speakUnasked();
      });
  }

  async function resolveServices(mine: number) {
    await pause(profile.discoverMs);
    if (mine !== generation || !state.connected) return;
    gatt.show();
    gatt.subscribeAgain();
    const services = profile.services.map((service) => service.uuid);
    state.uuids = [...new Set([uuid16(0x1800), uuid16(0x1801), ...state.uuids, ...services])];
    changed('UUIDs');
    state.resolved = true;
    changed('ServicesResolved');
    showBattery();
    if (state.pairedUntold) {
      state.pairedUntold = false;
      changed('Paired');
    }
    settle();
  }

  function showBattery() {
    const level = gatt.reader(uuid16(0x2a19));
    if (!level || showsBattery) return;
    showsBattery = true;
    tree.addInterface(parts.path, batteryInterface, {
      properties: {
        Percentage: { type: 'y', read: () => level()[0] },
        Source: { type: 's', read: () => 'GATT Battery Service' },
      },
      methods: {},
    });
  }

  function hideBattery() {
    if (showsBattery) tree.removeInterface(parts.path, batteryInterface);
    showsBattery = false;
  }

  function createLink(): Link {
    const created: Link = {
      notify: (characteristic, value) => link === created && gatt.deliver(characteristic, value),
      async indicate(characteristic, value) {
        if (link !== created || !gatt.deliver(characteristic, value)) return false;
        await clock.sleep(profile.intervalMs ?? usualIntervalMs);
        return link === created;
      },
      isSubscribed: (characteristic) => link === created && gatt.isSubscribed(characteristic),
      isEncrypted: () => link === created && state.encrypted,
      disconnect: () => {
        if (link === created) connection.drop('Remote');
      },
    };
    return created;
  }

  const pause = async (ms: number | undefined) => {
    if (ms) await clock.sleep(ms);
  };

  return connection;
}
