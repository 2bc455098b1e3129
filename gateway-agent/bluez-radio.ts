import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Health } from '#runtime/service.ts';
import {
  type BluezBus,
  type BluezEvent,
  objectManagerFace,
  openBluezBus,
  type Properties,
  plainFaces,
  propertiesFace,
} from './bluez/bus.ts';
import { addressIn, applyTo, deviceFace, devicePath, type KnownDevice, newDevice } from './bluez/devices.ts';
import { isError } from './bluez/faults.ts';
import { createLinks, type Links } from './bluez/links.ts';
import { type BleAdapter, bluetoothOn, dbus } from './bluez/node-ble.ts';
import { answerPairing, type PairingPolicy, registerAgent } from './bluez/pairing-agent.ts';
import { type Advertisement, type Radio, RadioFault } from './radio.ts';

/**
 * The Radio over BlueZ, by node-ble. It opens the bus when it is first needed and keeps it: when bluetoothd restarts, the adapter is pulled
 * or switched off, or the bus itself goes, links end and watches go on as soon as everything is back.
 * @param adapter as in `/org/bluez/hci0`. @param busAddress a D-Bus address; absent: the system bus.
 * @param passkey asks somebody for the six digits a device shows; absent: only devices that pair without are paired.
 */
export function createBluezRadio(
  { clock, log }: { clock: Clock; log: Log },
  options: { adapter: string; busAddress?: string; passkey?: (address: string) => Promise<number | undefined> },
): Radio {
  const adapterPath = `/org/bluez/${options.adapter}`;
  const watches = new Set<{ services: ReadonlySet<string>; heard: (advertisement: Advertisement) => void }>();
  const devices = new Map<string, KnownDevice>();
  const closing = new AbortController();
  let health: Health = { state: 'down', detail: 'not opened yet' };
  let links: Links | undefined;
  let opened: Promise<void> | undefined;
  let lookAfresh = () => {};
  /** One attempt to connect at a time, as the controller has it. */
  let turn: Promise<unknown> = Promise.resolve();

  const policy: PairingPolicy = {
    expects: (path) => links?.holds(path) === true,
    ...(options.passkey ? { passkey: (path: string) => options.passkey!(addressIn(path) ?? '') } : {}),
  };

  const away = (detail: string) => {
    if (health.detail !== detail && !closing.signal.aborted) log.warn('the radio is away', { detail });
    health = { state: 'down', detail };
    links?.forgetAll();
    links = undefined;
    devices.clear();
  };

  /** Opens the bus, again and again, until close(). */
  const keepOpen = async () => {
    let pauseMs: number = reopen.firstMs;
    while (!closing.signal.aborted) {
      try {
        await attend();
        pauseMs = reopen.firstMs;
      } catch (fault) {
        away('no D-Bus');
        log.debug('opening the bus failed', faultDetails(fault));
      }
      await clock.sleep(pauseMs, closing.signal).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, reopen.mostMs);
    }
  };

  /** One life of the bus connection: resolves when it is lost. */
  const attend = async () => {
    const bus = await openBluezBus(clock, options.busAddress, adapterPath, (event) => {
      if (hear(event)) lookAfresh();
    });
    answerPairing(bus, policy);
    const settler = createSettler(clock, async () => {
      try {
        await settle(bus);
        return true;
      } catch (fault) {
        log.debug('the radio did not settle', faultDetails(fault));
        return false;
      }
    });
    lookAfresh = settler.now;
    settler.now();
    await Promise.race([bus.lost, aborted(closing.signal)]);
    settler.stop();
    lookAfresh = () => {};
    away(closing.signal.aborted ? 'closed' : 'the D-Bus connection was lost');
    bus.close();
  };

  /** Looks at everything afresh and makes the adapter listen. Cheap when all is well. */
  const settle = async (bus: BluezBus) => {
    let objects: Record<string, Record<string, Properties>>;
    try {
      const [found] = await bus.call('/', objectManagerFace, 'GetManagedObjects');
      objects = found as typeof objects;
    } catch (fault) {
      away('bluetoothd is not running');
      throw fault;
    }
    const adapterProperties = objects[adapterPath]?.[adapterFace];
    if (!adapterProperties) return away(`there is no adapter ${options.adapter}`);
    if (!links) {
      const adapter = (await bus.bounded(
        bluetoothOn(bus.raw).getAdapter(options.adapter),
        5_000,
        'finding the adapter',
      )) as BleAdapter;
      links = createLinks(clock, bus, adapter);
      await registerAgent(bus, policy);
    }
    for (const [path, faces] of Object.entries(objects)) {
      const values = plainFaces(faces)[deviceFace];
      if (!values || !path.startsWith(`${adapterPath}/`)) continue;
      const known = devices.get(path);
      if (known) applyTo(known, values, []);
      else devices.set(path, newDevice(path, values));
    }
    const onAdapter = (face: string, member: string, signature = '', body: unknown[] = []) =>
      bus.call(adapterPath, face, member, { signature, body });
    const { Variant } = dbus;
    try {
      if (plainFaces({ adapterProperties }).adapterProperties?.Powered !== true)
        await onAdapter(propertiesFace, 'Set', 'ssv', [adapterFace, 'Powered', new Variant('b', true)]);
      // node-ble's startDiscovery() overwrites the filter and refuses when anybody else scans already
      const services = [...new Set([...watches].flatMap((watch) => [...watch.services]))];
      const filter = {
        Transport: new Variant('s', 'le'),
        UUIDs: new Variant('as', services),
        DuplicateData: new Variant('b', true),
      };
      await onAdapter(adapterFace, 'SetDiscoveryFilter', 'a{sv}', [filter]);
      await onAdapter(adapterFace, 'StartDiscovery').catch((fault: Error) => {
        if (!isError(fault.cause, 'InProgress')) throw fault;
      });
    } catch (fault) {
      health = { state: 'down', detail: `adapter ${options.adapter} does not scan` };
      throw fault;
    }
    if (health.state !== 'ok') log.info('the radio listens', { adapter: options.adapter });
    health = { state: 'ok' };
  };

  /** Whether the radio must look at everything afresh. */
  const hear = (event: BluezEvent): boolean => {
    if (event.kind === 'bluetoothd') {
      away(event.present ? 'bluetoothd has just started' : 'bluetoothd is not running');
      return event.present;
    }
    if (event.path === adapterPath) return hearAdapter(event);
    if (!event.path.startsWith(`${adapterPath}/`)) return false;
    if (event.kind === 'removed') {
      if (event.faces.includes(deviceFace)) devices.delete(event.path);
      // values keep coming while a tree loses a part, for instance its battery: only what GATT is made of counts
      if (event.faces.some((face) => face === deviceFace || face.startsWith('org.bluez.Gatt')))
        links?.forget(event.path);
      return false;
    }
    const values =
      event.kind === 'added' ? event.faces[deviceFace] : event.face === deviceFace ? event.values : undefined;
    if (!values) return false;
    const device = devices.get(event.path) ?? newDevice(event.path, {});
    devices.set(event.path, device);
    applyTo(device, values, event.kind === 'changed' ? event.invalidated : []);
    links?.changed(event.path, values);
    // RSSI comes from the air; the list of services may follow it in the scan response
    if ('RSSI' in values) device.heardAt = clock.now();
    if (('RSSI' in values || 'UUIDs' in values) && isFresh(device)) advertise(device);
    return false;
  };

  const hearAdapter = (event: BluezEvent): boolean => {
    if (event.kind === 'added') return adapterFace in event.faces;
    if (event.kind === 'removed') {
      if (event.faces.includes(adapterFace)) away(`adapter ${options.adapter} was unplugged`);
      return false;
    }
    if (event.kind !== 'changed' || event.face !== adapterFace) return false;
    const { Powered, Discovering } = event.values;
    return Powered === false || Powered === true || Discovering === false;
  };

  const isFresh = (device: KnownDevice) => device.heardAt !== undefined && clock.now() - device.heardAt <= freshForMs;

  const advertise = (device: KnownDevice) => {
    if (device.connected || links?.holds(device.path)) return;
    const { address, name, rssi, paired } = device;
    for (const watch of watches)
      if ([...device.services].some((uuid) => watch.services.has(uuid)))
        watch.heard({
          address,
          paired,
          at: clock.now(),
          ...(name ? { name } : {}),
          ...(rssi === undefined ? {} : { rssi }),
        });
  };

  return {
    watch: (services, heard) => {
      const watch = { services: new Set(services.map((uuid) => uuid.toLowerCase())), heard };
      watches.add(watch);
      opened ??= keepOpen();
      lookAfresh();
      return () => watches.delete(watch);
    },
    connect: (address, hearValue) => {
      const attempt = turn.then(() => {
        if (!links) throw new RadioFault('radio-away', health.detail ?? 'the radio is away');
        const device = devices.get(devicePath(adapterPath, address));
        if (!device || !isFresh(device))
          throw new RadioFault('not-advertising', 'the device has not been heard just now');
        return links.connect(device, hearValue);
      });
      turn = attempt.catch(() => {});
      return attempt;
    },
    health: () => health,
    close: async () => {
      watches.clear();
      closing.abort();
      links?.forgetAll();
      await opened;
    },
  };
}

const adapterFace = 'org.bluez.Adapter1';

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** A cuff advertises several times a second while it wants to be visited, and falls silent a minute after. */
const freshForMs = 10_000;

/** Pauses between attempts to open a bus that is not there. */
const reopen = { firstMs: 500, mostMs: 30_000 } as const;

/** Even when nothing was said, the radio looks whether it still listens: a lost signal must not make it deaf for good. */
const lookAgainMs = 60_000;
const settleAgain = { firstMs: 1_000, mostMs: 30_000 } as const;

/** Runs `settle` one at a time: when asked, after a failure with growing pauses, and now and then anyway. */
function createSettler(clock: Clock, settle: () => Promise<boolean>) {
  let running = false;
  let asked = false;
  let stopped = false;
  let pauseMs: number = settleAgain.firstMs;
  let cancel = () => {};
  const run = async () => {
    if (stopped) return;
    if (running) {
      asked = true;
      return;
    }
    cancel();
    running = true;
    asked = false;
    const settled = await settle();
    running = false;
    if (stopped) return;
    if (asked) return void run();
    pauseMs = settled ? settleAgain.firstMs : Math.min(pauseMs * 2, settleAgain.mostMs);
    cancel = clock.after(settled ? lookAgainMs : pauseMs, () => void run());
  };
  return {
    now: () => void run(),
    stop: () => {
      stopped = true;
      cancel();
    },
  };
}
