import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Health } from '#runtime/service.ts';
import { type Advertisement, type Radio, RadioFault } from '../radio/radio.ts';
import { adapterFace, createAdapter } from './adapter.ts';
import { type BluezBus, type BluezEvent, openBluezBus, type Properties } from './bus.ts';
import { addressIn, applyTo, deviceFace, devicePath, type KnownDevice, newDevice } from './devices.ts';
import { createLinks, type Links } from './links.ts';
import { answerPairing, type PairingPolicy, registerAgent } from './pairing-agent.ts';
import { createSettler } from './settler.ts';
import type { Way, WayTo } from './way.ts';

export type BluezRadioOptions = {
  /** As in `/org/bluez/hci0`. */
  adapter: string;
  /** A D-Bus address; absent: the system bus. */
  busAddress?: string;
  /** Asks somebody for the six digits a device shows; absent: only devices that pair without are paired. */
  passkey?: (address: string) => Promise<number | undefined>;
  /** Having heard nothing for so long, the radio says that it may be deaf; default `deafAfterMs`. */
  deafAfterMs?: number;
};

/** Homes are silent for most of the day, but every care plan has a measurement once a day; two hours are for those who sleep in. */
export const deafAfterMs = 26 * 3_600_000;

/** A cuff advertises several times a second while it wants to be visited, and falls silent a minute after. */
const freshForMs = 10_000;

/** Pauses between attempts to open a bus that is not there. */
const reopen = { firstMs: 500, mostMs: 30_000 } as const;

/**
 * The Radio over BlueZ, whatever the way in which devices are spoken to. It opens the bus when it is first needed and keeps it: when
 * bluetoothd restarts, the adapter is pulled or switched off, or the bus itself goes, links end and watches go on as soon as
 * everything is back.
 */
export function createRadioOnBluez(
  wayTo: WayTo,
  { clock, log }: { clock: Clock; log: Log },
  options: BluezRadioOptions,
): Radio {
  const adapterPath = `/org/bluez/${options.adapter}`;
  const watches = new Set<{ services: ReadonlySet<string>; heard: (advertisement: Advertisement) => void }>();
  const devices = new Map<string, KnownDevice>();
  const adapter = createAdapter(clock, adapterPath);
  const closing = new AbortController();
  let health: Health = { state: 'down', detail: 'not opened yet' };
  /** While the bus is open. */
  let on: { bus: BluezBus; way: Way; links: Links } | undefined;
  /** Ours is bluetoothd's agent, and the adapter is there: devices may be connected to. */
  let ready = false;
  let opened: Promise<void> | undefined;
  let lookAfresh = () => {};
  /** By the clock's `elapsed`, for small computers wake up in the past and are then set right. */
  let heardAt = 0;
  let toldDeaf = false;
  let closed = false;

  const policy: PairingPolicy = {
    expects: (path) => on?.links.holds(path) === true,
    ...(options.passkey ? { passkey: (path: string) => options.passkey!(addressIn(path) ?? '') } : {}),
  };

  const trouble = (detail: string) => {
    if (health.detail !== detail && !closing.signal.aborted) log.warn('the radio is away', { detail });
    health = { state: 'down', detail };
  };

  const away = (detail: string) => {
    trouble(detail);
    ready = false;
    on?.links.endAll();
    on?.way.forget();
    devices.clear();
    adapter.forget();
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
    const way = wayTo(clock, bus, options.adapter, policy.expects);
    on = { bus, way, links: createLinks(clock, bus, way) };
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
    on = undefined;
    bus.close();
  };

  /** Looks at everything afresh and makes the adapter listen. Cheap when all is well. */
  const settle = async (bus: BluezBus) => {
    try {
      await bus.takeStock();
    } catch (fault) {
      // stuck it may be, but its links stand, and each question over them has a deadline of its own
      if (fault instanceof RadioFault && fault.code === 'late') trouble('bluetoothd does not answer');
      else away('bluetoothd is not running');
      throw fault;
    }
    if (!adapter.isThere()) return away(`there is no adapter ${options.adapter}`);
    try {
      if (!ready) await registerAgent(bus, policy);
      ready = true;
      await adapter.listen(bus, new Set([...watches].flatMap((watch) => [...watch.services])), heardAt);
    } catch (fault) {
      trouble(`adapter ${options.adapter} does not scan`);
      throw fault;
    }
    if (health.state !== 'ok') {
      log.info('the radio listens', { adapter: options.adapter });
      heardAt = clock.elapsed();
    }
    health = { state: 'ok' };
    if (isDeaf() && !toldDeaf) log.warn('the radio is alive but may be deaf', { silentForMs: silentForMs() });
    toldDeaf = isDeaf();
    for (const device of devices.values()) if (device.connected) advertise(device);
  };

  const silentForMs = () => Math.round(clock.elapsed() - heardAt);
  const isDeaf = () => silentForMs() > (options.deafAfterMs ?? deafAfterMs);

  /** Whether the radio must look at everything afresh. */
  const hear = (event: BluezEvent): boolean => {
    if (event.kind === 'bluetoothd') {
      away(event.present ? 'bluetoothd has just started' : 'bluetoothd is not running');
      return event.present;
    }
    if (event.kind === 'everything') {
      takeStock(event);
      return false;
    }
    if (event.path === adapterPath) {
      const lookAgain = adapter.hear(event);
      if (!adapter.isThere() && ready) away(`adapter ${options.adapter} was unplugged`);
      return lookAgain;
    }
    if (!event.path.startsWith(`${adapterPath}/`)) return false;
    if (event.kind === 'removed') hearRemoved(event);
    else if (event.kind === 'added') hearDevice(event.path, event.faces[deviceFace], []);
    else if (event.face === deviceFace) hearDevice(event.path, event.values, event.invalidated);
    else if ('Value' in event.values) heardAt = clock.elapsed();
    on?.way.hear(event);
    return false;
  };

  const takeStock = (event: BluezEvent & { kind: 'everything' }) => {
    adapter.take(event.objects[adapterPath]?.[adapterFace]);
    for (const path of [...devices.keys()]) if (!event.objects[path]?.[deviceFace]) forgetDevice(path);
    for (const [path, faces] of Object.entries(event.objects)) {
      const values = faces[deviceFace];
      if (!values || !path.startsWith(`${adapterPath}/`)) continue;
      const known = devices.get(path) ?? newDevice(path, {});
      devices.set(path, known);
      applyTo(known, values, []);
      on?.links.seen(known);
    }
    on?.way.hear(event);
  };

  const forgetDevice = (path: string) => {
    devices.delete(path);
    on?.links.end(path, 'radio');
    on?.way.forget(path);
  };

  const hearRemoved = ({ path, faces }: BluezEvent & { kind: 'removed' }) => {
    if (faces.includes(deviceFace)) forgetDevice(path);
    // values keep coming while a tree loses a part, for instance its battery: only what GATT is made of counts
    else if (faces.some((face) => face.startsWith('org.bluez.Gatt'))) on?.way.forget(path);
  };

  const hearDevice = (path: string, values: Properties | undefined, invalidated: string[]) => {
    if (!values) return;
    const device = devices.get(path) ?? newDevice(path, {});
    devices.set(path, device);
    applyTo(device, values, invalidated);
    on?.links.changed(path, values);
    // RSSI comes from the air; the list of services may follow it in the scan response
    if ('RSSI' in values) {
      device.heardAt = clock.elapsed();
      heardAt = device.heardAt;
    }
    if (('RSSI' in values || 'UUIDs' in values) && isFresh(device) && !device.connected) advertise(device);
    // somebody else has connected it: it will not advertise, and what it says is ours to hear
    if (values.Connected === true) advertise(device);
  };

  const isFresh = (device: KnownDevice) =>
    device.heardAt !== undefined && clock.elapsed() - device.heardAt <= freshForMs;

  const advertise = (device: KnownDevice) => {
    if (on?.links.holds(device.path)) return;
    const { address, name, rssi, paired } = device;
    for (const watch of watches)
      if ([...device.services].some((uuid) => watch.services.has(uuid)))
        watch.heard({
          address,
          services: [...device.services],
          paired,
          at: clock.now(),
          ...(name ? { name } : {}),
          ...(rssi === undefined ? {} : { rssi }),
        });
  };

  const present = () => {
    if (!on || !ready || closed) throw new RadioFault('radio-away', health.detail ?? 'the radio is away');
    return on;
  };

  const fresh = (path: string): KnownDevice => {
    present();
    const device = devices.get(path);
    // one that is held by a link of an earlier life cannot advertise, and is there
    if (!device || !(device.connected || isFresh(device)))
      throw new RadioFault('not-advertising', 'the device has not been heard just now');
    return device;
  };

  return {
    watch: (services, heard) => {
      const watch = { services: new Set(services.map((uuid) => uuid.toLowerCase())), heard };
      watches.add(watch);
      opened ??= keepOpen();
      lookAfresh();
      return () => watches.delete(watch);
    },
    connect: async (address, hearValue, expects = () => []) => {
      const path = devicePath(adapterPath, address);
      return present().links.connect(fresh(path), hearValue, expects, () => fresh(path));
    },
    forget: async (address) => {
      const path = devicePath(adapterPath, address);
      const { bus, links } = present();
      links.end(path, 'gateway');
      await adapter.removeDevice(bus, path);
    },
    health: () =>
      health.state === 'ok' && isDeaf()
        ? { state: 'degraded', detail: 'the radio is alive but may be deaf: nothing was heard for very long' }
        : health,
    close: async () => {
      closed = true;
      watches.clear();
      await on?.links.leaveAll();
      closing.abort();
      await opened;
    },
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
