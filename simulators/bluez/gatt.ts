import type { Variant } from 'dbus-next';
import { type Asked, type Characteristic, type Link, type PeripheralProfile, usualMtu, uuid16 } from './air.ts';
import { AttFault, att, refused } from './faults.ts';
import { createSession, type Session } from './notify.ts';
import { type Interface, type Method, readOnly } from './objects.ts';
import { characteristicInterface, descriptorInterface, type Stack, serviceInterface } from './stack.ts';

/** The attribute table of one device as objects on the bus. */
export interface Gatt {
  show(): void;
  hide(): void;
  /** Subscriptions outlive the link: bluetoothd writes them again at the next one, before it says ServicesResolved. */
  subscribeAgain(): void;
  linkLost(): void;
  /** A bonded peer sends what it was told to send in an earlier link. */
  speakUnasked(): void;
  /** A value from the peer; false when it was not told to send. */
  deliver(uuid: string, value: Buffer): boolean;
  isSubscribed(uuid: string): boolean;
  reader(uuid: string): (() => Buffer) | undefined;
  clientGone(sender: string): void;
}

export type GattParts = {
  path: string;
  profile: PeripheralProfile;
  link: () => Link | null;
  /** undefined: nothing to do. @throws AttFault when the link cannot be encrypted. */
  secure: (characteristic: Characteristic) => Promise<void> | undefined;
  /** The peer has left a question without an answer for too long. */
  silent: () => void;
};

type Entry = { characteristic: Characteristic; path: string; value: Buffer; session: Session; writing: boolean };

/** bluetoothd keeps 0x1800 (Generic Access) to itself, and a peer always has 0x1801 (Generic Attribute). */
const genericAccess = uuid16(0x1800);
const genericAttribute = {
  uuid: uuid16(0x1801),
  characteristics: [{ uuid: uuid16(0x2a05), flags: ['indicate'] as const }],
};
const clientConfiguration = uuid16(0x2902);
const firstHandle = 0x0a;

export function createGatt(stack: Stack, parts: GattParts): Gatt {
  const { tree } = stack;
  const { profile } = parts;
  const entries = new Map<string, Entry>();
  const mtu = profile.mtu ?? usualMtu;
  /** Questions that wait for their answer: the end of the link is one. */
  const unanswered = new Set<(fault: AttFault) => void>();

  const linkOrRefuse = (): Link => {
    const link = parts.link();
    if (!link) throw refused.notConnected();
    return link;
  };

  const gatt: Gatt = {
    show() {
      if (entries.size > 0) return;
      let handle = firstHandle;
      const hex = () => handle.toString(16).padStart(4, '0');
      for (const service of [genericAttribute, ...profile.services.filter(({ uuid }) => uuid !== genericAccess)]) {
        const servicePath = `${parts.path}/service${hex()}`;
        handle++;
        tree.add(servicePath, { [serviceInterface]: describeService(service.uuid) });
        for (const characteristic of service.characteristics) {
          const path = `${servicePath}/char${hex()}`;
          const entry = createEntry(characteristic, path);
          entries.set(characteristic.uuid, entry);
          tree.add(path, { [characteristicInterface]: describe(entry, servicePath, handle) });
          handle += 2;
          if (!entry.session.possible) continue;
          tree.add(`${path}/desc${hex()}`, { [descriptorInterface]: describeConfiguration(path) });
          handle++;
        }
      }
    },

    hide() {
      for (const { path } of entries.values()) tree.remove(path.slice(0, path.lastIndexOf('/')));
      entries.clear();
    },

    subscribeAgain() {
      for (const { session } of entries.values()) session.resume();
    },

    linkLost() {
      for (const { session } of entries.values()) session.linkLost();
      for (const giveUp of [...unanswered]) giveUp(new AttFault(att.unlikely));
    },

    speakUnasked() {
      for (const { session } of entries.values()) session.speakUnasked();
    },

    deliver(uuid, value) {
      const entry = entries.get(uuid);
      if (!entry?.session.isSubscribed()) return false;
      if (!entry.session.isHeard()) return true;
      entry.value = value.subarray(0, mtu - 3);
      tree.changed(entry.path, characteristicInterface, 'Value', 'now');
      return true;
    },

    isSubscribed: (uuid) => entries.get(uuid)?.session.isSubscribed() ?? false,
    reader: (uuid) => entries.get(uuid)?.characteristic.read,
    clientGone: (sender) => {
      for (const { session } of entries.values()) session.leave(sender);
    },
  };

  function createEntry(characteristic: Characteristic, path: string): Entry {
    const session = createSession({
      characteristic,
      link: parts.link,
      secure: () => admit(characteristic, 'subscribe'),
      changed: () => tree.changed(path, characteristicInterface, 'Notifying'),
    });
    return { characteristic, path, value: Buffer.alloc(0), session, writing: false };
  }

  function describeService(uuid: string): Interface {
    return {
      properties: {
        UUID: readOnly('s', () => uuid),
        Primary: readOnly('b', () => true),
        Device: readOnly('o', () => parts.path),
        Includes: readOnly('ao', () => []),
      },
      methods: {},
    };
  }

  function describe(entry: Entry, servicePath: string, handle: number): Interface {
    const { characteristic, session } = entry;
    const has = (flag: Characteristic['flags'][number]) => characteristic.flags.includes(flag);
    const unsupported: Method['run'] = () => {
      throw refused.notSupported();
    };
    return {
      properties: {
        Handle: readOnly('q', () => handle),
        UUID: readOnly('s', () => characteristic.uuid),
        Service: readOnly('o', () => servicePath),
        Value: readOnly('ay', () => entry.value),
        Flags: readOnly('as', () => characteristic.flags),
        Notifying: readOnly('b', () => (session.possible ? session.isOn() : undefined)),
        NotifyAcquired: readOnly('b', () => (has('notify') ? false : undefined)),
        WriteAcquired: readOnly('b', () => (has('write-without-response') ? false : undefined)),
        MTU: readOnly('q', () => mtu),
      },
      methods: {
        ReadValue: { takes: 'a{sv}', gives: 'ay', run: ([options]) => read(entry, options as Options) },
        WriteValue: {
          takes: 'aya{sv}',
          gives: '',
          run: ([value, options]) => write(entry, Buffer.from(value as Uint8Array), options as Options),
        },
        StartNotify: { takes: '', gives: '', run: (_, sender) => session.join(sender) },
        StopNotify: {
          takes: '',
          gives: '',
          run: (_, sender) => {
            if (!session.leave(sender)) throw refused.failed('No notify session started');
          },
        },
        AcquireNotify: { takes: 'a{sv}', gives: '', run: unsupported },
        AcquireWrite: { takes: 'a{sv}', gives: '', run: unsupported },
      },
    };
  }

  /** Lets a question through to the peer; undefined when nothing stands in its way. */
  function admit(characteristic: Characteristic, asked: Asked): Promise<void> | undefined {
    const securing = parts.secure(characteristic);
    if (!characteristic.hold) return securing;
    if (securing) return securing.then(() => held(characteristic, asked));
    return held(characteristic, asked);
  }

  function held(characteristic: Characteristic, asked: Asked): Promise<void> | undefined {
    const holding = characteristic.hold?.(asked);
    if (!holding) return undefined;
    return new Promise<void>((resolve, reject) => {
      const finish = () => {
        cancelTimeout();
        unanswered.delete(fail);
      };
      const fail = (fault: unknown) => {
        finish();
        reject(fault);
      };
      const cancelTimeout = stack.clock.after(stack.timings.attTimeoutMs, parts.silent);
      unanswered.add(fail);
      holding.then(() => {
        finish();
        resolve();
      }, fail);
    });
  }

  async function read(entry: Entry, options: Options): Promise<Buffer> {
    const { characteristic } = entry;
    const link = linkOrRefuse();
    await admit(characteristic, 'read');
    if (!characteristic.read) throw new AttFault(att.readNotPermitted);
    entry.value = characteristic.read();
    if (parts.link() !== link) throw new AttFault(att.unlikely);
    tree.changed(entry.path, characteristicInterface, 'Value', 'now');
    return entry.value.subarray(Number(options.offset?.value ?? 0));
  }

  async function write(entry: Entry, value: Buffer, options: Options): Promise<void> {
    const { characteristic } = entry;
    const type = options.type?.value;
    const has = (flag: Characteristic['flags'][number]) => characteristic.flags.includes(flag);
    linkOrRefuse();
    if (entry.writing) throw refused.writeInProgress();
    if (!characteristic.write) throw new AttFault(att.writeNotPermitted);
    if (type === 'reliable' && !has('reliable-write') && !characteristic.preparesWrites)
      throw new AttFault(att.requestNotSupported);
    if (!type && !has('write') && !has('write-without-response')) throw refused.notSupported();
    if (options.offset?.value) throw new AttFault(att.requestNotSupported);
    if (type === 'command' && value.length > mtu - 3) throw refused.failed('Failed to initiate write');
    entry.writing = true;
    try {
      await admit(characteristic, 'write');
      const link = linkOrRefuse();
      characteristic.write(value, link);
      // it hung up before it answered
      if (parts.link() !== link) throw new AttFault(att.unlikely);
    } finally {
      entry.writing = false;
    }
  }

  return gatt;
}

type Options = Record<string, Variant>;

/** The configuration descriptor shows, but only StartNotify may change it. */
function describeConfiguration(characteristicPath: string): Interface {
  return {
    properties: {
      UUID: readOnly('s', () => clientConfiguration),
      Characteristic: readOnly('o', () => characteristicPath),
      Value: readOnly('ay', () => Buffer.alloc(0)),
    },
    methods: {
      ReadValue: { takes: 'a{sv}', gives: 'ay', run: () => Buffer.from([0, 0]) },
      WriteValue: {
        takes: 'aya{sv}',
        gives: '',
        run: () => {
          throw refused.writeNotPermitted();
        },
      },
    },
  };
}
