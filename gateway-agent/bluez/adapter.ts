import type { Clock } from '#runtime/clock.ts';
import { type BluezBus, type BluezEvent, type Properties, propertiesFace } from './bus.ts';
import { dbus } from './dbus-next.ts';
import { isError } from './faults.ts';

export const adapterFace = 'org.bluez.Adapter1';

/**
 * A scan may die in the controller without a word. Silence for so long is answered by a new one, which costs nothing in a home
 * that just is silent.
 */
const scanAfreshMs = 15 * 60_000;

/** The adapter: whether it is there, and how it is made to listen. */
export function createAdapter(clock: Clock, path: string) {
  let known: Properties | undefined;
  let scanBeganAt: number | undefined;
  const { Variant } = dbus;

  return {
    isThere: () => known !== undefined,
    take: (values: Properties | undefined) => {
      known = values && { ...values };
    },
    forget: () => {
      known = undefined;
    },
    /** Whether the radio must look at everything afresh. */
    hear: (event: BluezEvent): boolean => {
      if (event.kind === 'added' && adapterFace in event.faces) {
        known = { ...event.faces[adapterFace] };
        return true;
      }
      if (event.kind === 'removed' && event.faces.includes(adapterFace)) known = undefined;
      if (event.kind !== 'changed' || event.face !== adapterFace) return false;
      if (known) Object.assign(known, event.values);
      const { Powered, Discovering } = event.values;
      return typeof Powered === 'boolean' || Discovering === false;
    },
    /**
     * Switches it on, and scans for devices with these services. Rejects with a RadioFault.
     * @param heardAt when anything was heard last, by the clock's `elapsed`.
     */
    listen: async (bus: BluezBus, services: ReadonlySet<string>, heardAt: number): Promise<void> => {
      const ask = (face: string, member: string, signature = '', body: unknown[] = []) =>
        bus.call(path, face, member, { signature, body });
      if (known?.Powered !== true)
        await ask(propertiesFace, 'Set', 'ssv', [adapterFace, 'Powered', new Variant('b', true)]);
      if (scanBeganAt !== undefined && clock.elapsed() - Math.max(heardAt, scanBeganAt) > scanAfreshMs)
        await ask(adapterFace, 'StopDiscovery').catch((fault: Error) => {
          if (!isError(fault.cause, 'Failed')) throw fault; // another program's scan
        });
      // node-ble's startDiscovery() overwrites the filter and refuses when anybody else scans already
      const filter = {
        Transport: new Variant('s', 'le'),
        UUIDs: new Variant('as', [...services]),
        DuplicateData: new Variant('b', true),
      };
      await ask(adapterFace, 'SetDiscoveryFilter', 'a{sv}', [filter]);
      try {
        await ask(adapterFace, 'StartDiscovery');
        scanBeganAt = clock.elapsed();
      } catch (fault) {
        if (!isError((fault as Error).cause, 'InProgress')) throw fault;
        scanBeganAt ??= clock.elapsed();
      }
    },
    removeDevice: async (bus: BluezBus, device: string): Promise<void> => {
      try {
        await bus.call(path, adapterFace, 'RemoveDevice', { signature: 'o', body: [device] });
      } catch (fault) {
        if (!isError((fault as Error).cause, 'DoesNotExist')) throw fault;
      }
    },
  };
}
