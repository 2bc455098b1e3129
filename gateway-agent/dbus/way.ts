import { propertiesFace } from '../bluez/bus.ts';
import { dbus } from '../bluez/dbus-next.ts';
import { deviceFace } from '../bluez/devices.ts';
import { isError } from '../bluez/faults.ts';
import type { WayTo } from '../bluez/way.ts';
import { type Heard, RadioFault } from '../radio/radio.ts';
import { characteristicFace, createCharacteristics } from './characteristics.ts';

/**
 * Speaking to devices straight on D-Bus. What a device has is known from ObjectManager before anybody asks, and every value comes by the one
 * rule for PropertiesChanged, so a visit costs the calls that reach the device and no others.
 */
export const dbusWay: WayTo = (clock, bus) => {
  const characteristics = createCharacteristics();
  /** Paths on which BlueZ was asked to notify, and who asked last. A value comes on others, too, when it is read: that is none. */
  const notified = new Map<string, object>();
  const listeners = new Map<string, (heard: Heard) => void>();
  const { Variant } = dbus;

  const hearValue = (path: string, value: unknown) => {
    const from = notified.has(path) ? characteristics.at(path) : undefined;
    if (!from || !(value instanceof Uint8Array)) return;
    const { device, service, characteristic } = from;
    // copied: the library's buffer is a piece of a larger one
    listeners.get(device)?.({ service, characteristic, bytes: Buffer.from(value), at: clock.now() });
  };

  /** Asked for already, by what is expected. */
  const starting = new Map<string, Promise<void>>();
  const startNotify = async (path: string) => {
    await starting.get(path)?.catch(() => {});
    const before = notified.has(path);
    const mine = {};
    notified.set(path, mine);
    try {
      await bus.ask(path, characteristicFace, 'StartNotify');
    } catch (thrown) {
      // BlueZ is subscribing already
      if (before && isError(thrown, 'InProgress')) return;
      if (!before && notified.get(path) === mine) notified.delete(path);
      throw thrown;
    }
  };

  const startExpected = (path: string | undefined) => {
    if (path === undefined || notified.has(path)) return;
    const started = startNotify(path).finally(() => starting.delete(path));
    started.catch(() => {});
    starting.set(path, started);
  };

  return {
    hear: (event) => {
      if (event.kind === 'changed') {
        if (event.face === characteristicFace && 'Value' in event.values) hearValue(event.path, event.values.Value);
      } else if (event.kind === 'added') characteristics.add(event.path, event.faces);
      else if (event.kind === 'everything') {
        characteristics.replace(event.objects);
        for (const path of notified.keys()) if (!characteristics.at(path)) notified.delete(path);
      } else if (event.kind === 'removed' && event.faces.some((face) => face.startsWith('org.bluez.Gatt'))) {
        characteristics.remove(event.path);
        notified.delete(event.path);
      }
    },
    forget: (path) => {
      if (path === undefined) {
        characteristics.replace({});
        notified.clear();
        listeners.clear();
      } else listeners.delete(path);
    },
    peer: async ({ path: device }) => {
      const onDevice = (member: string) => bus.ask(device, deviceFace, member);
      const get = (service: string, characteristic: string): string => {
        const path = characteristics.path(device, service, characteristic);
        if (path === undefined) throw new RadioFault('no-such', 'the device has no such characteristic');
        return path;
      };
      return {
        listen: (hear) => listeners.set(device, hear),
        expect: (those) => {
          for (const { service, characteristic } of those)
            startExpected(characteristics.path(device, service, characteristic));
        },
        connect: () => onDevice('Connect'),
        look: async () => {},
        disconnect: () => onDevice('Disconnect'),
        pair: () => onDevice('Pair'),
        cancelPairing: () => onDevice('CancelPairing'),
        trust: () =>
          bus.ask(device, propertiesFace, 'Set', {
            signature: 'ssv',
            body: [deviceFace, 'Trusted', new Variant('b', true)],
          }),
        has: (service, characteristic) => characteristics.path(device, service, characteristic) !== undefined,
        read: async (service, characteristic) => {
          const path = get(service, characteristic);
          const [value] = await bus.ask(path, characteristicFace, 'ReadValue', { signature: 'a{sv}', body: [{}] });
          return Buffer.from(value as Uint8Array);
        },
        write: async (service, characteristic, bytes) =>
          bus.ask(get(service, characteristic), characteristicFace, 'WriteValue', {
            signature: 'aya{sv}',
            body: [bytes, { type: new Variant('s', 'request') }],
          }),
        notify: async (service, characteristic) => startNotify(get(service, characteristic)),
      };
    },
  };
};
