import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Variant } from 'dbus-next';
import { createBluetooth } from 'node-ble';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { seededRandom } from '#runtime/random.ts';
import { uuid16 } from '../../simulators/bluez/air.ts';
import { createSimulatedBluez, type SimulatedBluez } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import {
  type BloodPressureCuffConfig,
  bloodPressureMeasurement,
  bloodPressureService,
  createBloodPressureCuff,
} from '../../simulators/peripherals/blood-pressure-cuff.ts';
import { dateTime } from '../../simulators/peripherals/clock-services.ts';
import { type BluezClient, changedTo, changes, connectToBluez, type Heard } from '../support/bluez-client.ts';

/**
 * What a gateway may rely on in org.bluez, held against the simulation on both kinds of bus. Each of these was seen on a
 * real bluetoothd 5.66 or stands in its documents; the order of signals is the point of most.
 */
const device1 = 'org.bluez.Device1';
const characteristic1 = 'org.bluez.GattCharacteristic1';
const address = 'C0:FF:EE:00:00:01';
const path = '/org/bluez/hci0/dev_C0_FF_EE_00_00_01';
const reading = { systolic: 128, diastolic: 82, mean: 97, pulse: 71 };

const installed = await startBus();
await installed.stop();
const kinds: Bus['kind'][] = installed.kind === 'dbus-daemon' ? ['dbus-daemon', 'dbus-native'] : ['dbus-native'];

describe.each(kinds)('org.bluez on %s', (kind) => {
  let bus: Bus;
  let bluez: SimulatedBluez;
  let client: BluezClient;

  const cuffWith = (config: Partial<BloodPressureCuffConfig> = {}) =>
    createBloodPressureCuff(bluez, {
      adapter: 'hci0',
      address,
      connectMs: 10,
      discoverMs: 20,
      pairMs: 10,
      hangsUpAfterMs: 30,
      ...config,
    });
  const call = (member: string, at = path, name = device1) => client.call(at, name, member);
  const added = (at: string) => (one: Heard) => one.member === 'InterfacesAdded' && one.body[0] === at;
  const resolved = () => client.until(changedTo(path, 'ServicesResolved', true));
  const subscribe = async () =>
    client.call(await client.characteristic(path, bloodPressureMeasurement), characteristic1, 'StartNotify');
  const values = () =>
    client.heard.filter((one) => changes(one.path, 'Value')(one) && one.body[0] === characteristic1).map(frameOf);

  beforeAll(async () => {
    bus = await startBus({ prefer: kind });
  });
  afterAll(() => bus.stop());
  beforeEach(async () => {
    bluez = createSimulatedBluez(
      { clock: systemClock, random: seededRandom(7) },
      {
        busAddress: bus.address,
        adapters: ['hci0', 'hci1'],
        advertisingIntervalMs: 30,
        temporaryTimeoutMs: 400,
        connectTimeoutMs: 250,
        disconnectLingerMs: 20,
        pairingTimeoutMs: 80,
      },
    );
    await bluez.start();
    client = await connectToBluez(bus.address);
  });
  afterEach(async () => {
    client.close();
    await bluez.stop();
  });

  it('tells of a device that advertises a service somebody looks for, and of no other', async () => {
    await client.discover('hci0', [uuid16(0x1808)]);
    const cuff = cuffWith();
    cuff.measure(reading);
    await client.discover('hci1', [bloodPressureService]);
    await systemClock.sleep(100);
    expect(client.heard.filter((one) => one.member === 'InterfacesAdded')).toEqual([]);
    const other = await connectToBluez(bus.address);
    await other.discover('hci0', [bloodPressureService]);
    const { body } = await other.until(added(path));
    const shown = (body[1] as Record<string, Record<string, { value: unknown }>>)[device1]!;
    expect(shown.UUIDs!.value).toEqual([bloodPressureService]);
    expect(shown.RSSI!.value).toBeTypeOf('number');
    other.close();
  });

  it('lets each adapter hear its own peripherals only', async () => {
    const near = cuffWith();
    const next = cuffWith({ adapter: 'hci1', address: 'C0:FF:EE:00:00:02' });
    await client.discover('hci0', [bloodPressureService]);
    await client.discover('hci1', [bloodPressureService]);
    near.measure(reading);
    next.measure(reading);
    await client.until(added(path));
    await client.until(added('/org/bluez/hci1/dev_C0_FF_EE_00_00_02'));
    const devices = Object.keys(await client.objects()).filter((at) => at.includes('/dev_'));
    expect(devices.sort()).toEqual([path, '/org/bluez/hci1/dev_C0_FF_EE_00_00_02']);
  });

  it('says Connected before ServicesResolved, and shows the battery after both', async () => {
    await found(cuffWith({ battery: 42 }));
    await call('Connect');
    expect(await client.property(path, device1, 'ServicesResolved')).toBe(false);
    await resolved();
    await client.until(added(path), indexOf(changes(path, 'ServicesResolved')));
    expect(await client.property(path, 'org.bluez.Battery1', 'Percentage')).toBe(42);
    expect(indexOf(changes(path, 'Connected'))).toBeLessThan(indexOf(changes(path, 'ServicesResolved')));
  });

  it('indicates what the cuff stored, oldest first, and the first value comes before StartNotify is answered', async () => {
    const cuff = cuffWith({ clockFrozenAt: '2024-06-15T17:17:27' });
    cuff.measure({ systolic: 124, diastolic: 86, mean: 97, pulse: 51 });
    cuff.measure(reading);
    await connected(cuff);
    await subscribe();
    expect(values()[0]).toBe('167c0056006100e807060f11111b33000000');
    await cuff.empty();
    expect(values()).toEqual(['167c0056006100e807060f11111b33000000', '16800052006100e807060f11111b47000000']);
  });

  it('tells a hang-up by the cuff in one signal', async () => {
    const cuff = cuffWith();
    await connected(cuff);
    await subscribe();
    const { body } = await client.until(changedTo(path, 'Connected', false));
    expect(Object.keys(body[1] as object).sort()).toEqual(['Connected', 'ServicesResolved']);
  });

  it('disconnects with success, twice, and tells it in two signals', async () => {
    await connected(cuffWith());
    await call('Disconnect');
    await call('Disconnect');
    const { body } = await client.until(changedTo(path, 'Connected', false));
    expect(Object.keys(body[1] as object)).not.toContain('ServicesResolved');
    expect(indexOf(changedTo(path, 'ServicesResolved', false))).toBeGreaterThan(-1);
  });

  it('lets Connect to a silent device fail after its time-out with the text of BlueZ', async () => {
    const cuff = cuffWith();
    await found(cuff);
    cuff.vanish();
    const began = systemClock.now();
    await expect(call('Connect')).rejects.toMatchObject({
      type: 'org.bluez.Error.Failed',
      text: 'le-connection-abort-by-local',
    });
    expect(systemClock.now() - began).toBeGreaterThanOrEqual(240);
  });

  it('refuses a second Connect while the first is under way', async () => {
    await found(cuffWith({ connectMs: 50 }));
    const first = call('Connect');
    await expect(call('Connect')).rejects.toMatchObject({ type: 'org.bluez.Error.InProgress' });
    await first;
  });

  it('forgets a device nobody wanted, and takes its strength back when nobody scans', async () => {
    const cuff = cuffWith();
    await found(cuff);
    cuff.vanish();
    await client.call('/org/bluez/hci0', 'org.bluez.Adapter1', 'StopDiscovery');
    await client.until((one) => one.path === path && (one.body[2] as string[] | undefined)?.includes('RSSI') === true);
    await client.until((one) => one.member === 'InterfacesRemoved' && one.body[0] === path);
    expect(Object.keys(await client.objects())).not.toContain(path);
  });

  it('bonds by just works when a protected value is asked for', async () => {
    const cuff = cuffWith();
    await connected(cuff);
    expect(await client.property(path, device1, 'Paired')).toBe(false);
    await subscribe();
    expect(await client.property(path, device1, 'Paired')).toBe(true);
    await cuff.empty();
  });

  it('asks the agent of the one who pairs for the passkey, and refuses a wrong one', async () => {
    let typed = 111_111;
    const asked = await client.actAsAgent(() => typed);
    const cuff = cuffWith({ pairing: 'passkey', passkey: 123_456 });
    await found(cuff);
    await expect(call('Pair')).rejects.toMatchObject({ type: 'org.bluez.Error.AuthenticationFailed' });
    typed = 123_456;
    await client.until(changedTo(path, 'Connected', false));
    await client.until(changes(path, 'RSSI'), client.heard.length);
    await call('Pair');
    expect(asked).toEqual(['RequestPasskey', 'RequestPasskey']);
    expect(await client.property(path, device1, 'Paired')).toBe(true);
    await expect(call('Pair')).rejects.toMatchObject({ type: 'org.bluez.Error.AlreadyExists' });
  });

  it('refuses to pair when nobody can type the passkey, says that the bond is missing, and then loses the link', async () => {
    await connected(cuffWith({ pairing: 'passkey', passkey: 1, intervalMs: 1_000 }));
    await expect(call('Pair')).rejects.toMatchObject({ type: 'org.bluez.Error.AuthenticationFailed' });
    expect(await client.property(path, device1, 'Connected')).toBe(true);
    await expect(subscribe()).rejects.toMatchObject({ type: 'org.bluez.Error.NotPermitted', text: 'Not paired' });
    await client.until(changedTo(path, 'Connected', false));
  });

  it('tells the agent when the link is lost while it is asked', async () => {
    const answer = Promise.withResolvers<number>();
    const asked = await client.actAsAgent(() => answer.promise);
    const cuff = cuffWith({ pairing: 'passkey', passkey: 123_456 });
    await found(cuff);
    const pairing = call('Pair');
    pairing.catch(() => {});
    while (!asked.includes('RequestPasskey')) await systemClock.sleep(5);
    cuff.vanish();
    await expect(pairing).rejects.toMatchObject({ type: 'org.bluez.Error.AuthenticationCanceled' });
    while (!asked.includes('Cancel')) await systemClock.sleep(5);
    answer.resolve(0);
  });

  it('ends a pairing the device never answers with ATT error 0x0e', async () => {
    await connected(cuffWith({ pairing: 'never-answers' }));
    await expect(subscribe()).rejects.toMatchObject({
      type: 'org.bluez.Error.Failed',
      text: 'Operation failed with ATT error: 0x0e',
    });
  });

  it('writes a subscription again at the next connection of a bond, and its value may come before ServicesResolved', async () => {
    const cuff = cuffWith();
    cuff.measure(reading);
    await connected(cuff);
    await subscribe();
    await client.until(changedTo(path, 'Connected', false));
    const from = client.heard.length;
    cuff.measure({ ...reading, systolic: 131 });
    await call('Connect');
    await cuff.empty();
    await client.until(changedTo(path, 'ServicesResolved', true), from);
    const later = client.heard.slice(from);
    const value = later.findIndex((one) => changes(one.path, 'Value')(one));
    expect(value).toBeGreaterThan(-1);
    expect(value).toBeLessThan(later.findIndex(changedTo(path, 'ServicesResolved', true)));
  });

  it('keeps a reading in the cuff until it was confirmed: cut off, it comes again', async () => {
    const cuff = cuffWith({ intervalMs: 500 });
    cuff.measure(reading);
    await connected(cuff);
    const subscribed = subscribe();
    await client.until((one) => changes(one.path, 'Value')(one));
    cuff.vanish();
    await subscribed;
    expect(cuff.pending()).toBe(1);
    cuff.wake();
    await call('Connect');
    await cuff.empty();
    expect(values()).toHaveLength(2);
    expect(new Set(values()).size).toBe(1);
  });

  it('sets the clock of the cuff, by a plain write and not by a reliable one, and shows it again', async () => {
    const cuff = cuffWith({ clockNeverSet: true, pairing: 'none' });
    await connected(cuff);
    const at = await client.characteristic(path, dateTime);
    expect(await client.call(at, characteristic1, 'ReadValue', 'a{sv}', [{}])).toEqual([Buffer.alloc(7)]);
    const set = Buffer.from('ea070b160e2b2c', 'hex');
    await client.call(at, characteristic1, 'WriteValue', 'aya{sv}', [set, {}]);
    const reliable = { type: new Variant('s', 'reliable') };
    await expect(client.call(at, characteristic1, 'WriteValue', 'aya{sv}', [set, reliable])).rejects.toMatchObject({
      type: 'org.bluez.Error.NotSupported',
    });
    const [shown] = (await client.call(at, characteristic1, 'ReadValue', 'a{sv}', [{}])) as [Buffer];
    expect(shown.subarray(0, 5)).toEqual(set.subarray(0, 5));
    await expect(
      client.call(at, characteristic1, 'WriteValue', 'aya{sv}', [set.subarray(1), {}]),
    ).rejects.toMatchObject({ type: 'org.bluez.Error.InvalidArguments', text: 'Invalid Length' });
  });

  it('ends the scan and the sessions of a client that leaves the bus', async () => {
    const scanner = await connectToBluez(bus.address);
    await scanner.discover('hci0', [bloodPressureService]);
    expect(await client.property('/org/bluez/hci0', 'org.bluez.Adapter1', 'Discovering')).toBe(true);
    scanner.close();
    await client.until(changedTo('/org/bluez/hci0', 'Discovering', false));
  });

  it('comes back from a restart with its bonds and without anybody’s scan', async () => {
    const cuff = cuffWith();
    cuff.measure(reading);
    await connected(cuff);
    await subscribe();
    await cuff.empty();
    await bluez.stop();
    await bluez.start();
    const shown = (await client.objects())[path]![device1]!;
    expect([shown.Paired!.value, shown.Connected!.value]).toEqual([true, false]);
    expect(await client.property('/org/bluez/hci0', 'org.bluez.Adapter1', 'Discovering')).toBe(false);
    expect(client.heard.some((one) => one.member === 'NameOwnerChanged')).toBe(true);
  });

  it('carries unmodified node-ble from discovery to the last indication, the home next door beside it', async () => {
    process.env.DBUS_SYSTEM_BUS_ADDRESS = bus.address;
    const { bluetooth, destroy } = createBluetooth();
    const cuff = cuffWith({ hangsUpAfterMs: 60 });
    const nextDoor = cuffWith({ adapter: 'hci1', address: 'C0:FF:EE:00:00:02' });
    try {
      expect(await bluetooth.adapters()).toEqual(['hci0', 'hci1']);
      const adapter = await bluetooth.getAdapter('hci0');
      await adapter.startDiscovery();
      cuff.measure(reading);
      nextDoor.measure(reading);
      const device = await adapter.waitDevice(address, 30_000, 20);
      expect(await adapter.devices()).toEqual([address]);
      const gone = new Promise((resolve) => device.once('disconnect', resolve));
      await device.connect();
      await device.pair();
      const server = await device.gatt();
      expect(await server.services()).toContain(bloodPressureService);
      expect(await server.services()).not.toContain(uuid16(0x1800));
      const service = await server.getPrimaryService(bloodPressureService);
      const measurement = await service.getCharacteristic(bloodPressureMeasurement);
      const frames: string[] = [];
      measurement.on('valuechanged', (frame) => frames.push(frame.toString('hex')));
      await measurement.startNotifications();
      await gone;
      expect(frames).toHaveLength(1);
      expect(frames[0]).toMatch(/^16800052006100.{14}47000000$/);
      expect([cuff.pending(), nextDoor.pending()]).toEqual([0, 1]);
    } finally {
      destroy();
    }
  });

  /** The cuff has measured, and was discovered. */
  async function found(cuff: ReturnType<typeof cuffWith>) {
    if (cuff.pending() === 0) cuff.measure(reading);
    await client.discover('hci0', [bloodPressureService]);
    await client.until(added(path));
  }

  async function connected(cuff: ReturnType<typeof cuffWith>) {
    await found(cuff);
    await call('Connect');
    await resolved();
  }

  const indexOf = (fits: (one: Heard) => boolean) => client.heard.findIndex(fits);
});

describe.each(kinds)('the bus %s', (kind) => {
  it('carries one bluetoothd and refuses a second, and when the bus goes the one says so', async () => {
    const adapters = ['hci0'];
    const bus = await startBus({ prefer: kind });
    const deps = { clock: systemClock, random: seededRandom(1) };
    const bluez = createSimulatedBluez(deps, { busAddress: bus.address, adapters });
    await bluez.start();
    const second = createSimulatedBluez(deps, { busAddress: bus.address, adapters });
    await expect(second.start()).rejects.toThrow(/Another Bluetooth service/);
    expect(bluez.health().state).toBe('ok');
    await bus.stop();
    while (bluez.health().state === 'ok') await systemClock.sleep(5);
    await bluez.stop();
    await expect(bluez.start()).rejects.toMatchObject({ code: 'bus-away' });
  });

  it('dies with the process that started it, by kill -9 too', async () => {
    const script = `
      const { startBus } = await import('./simulators/bus.ts');
      console.log((await startBus({ prefer: '${kind}' })).address);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: new URL('../..', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(parent.stdout, 'data');
    const client = await connectToBluez(String(line).trim());
    parent.kill('SIGKILL');
    await client.ended;
    const socket = /path=([^,]+)/.exec(String(line))![1]!;
    while (existsSync(dirname(socket))) await systemClock.sleep(10);
    const next = await startBus({ prefer: kind });
    await next.stop();
  });
});

const frameOf = (one: Heard) =>
  ((one.body[1] as Record<string, { value: Buffer }>).Value?.value ?? Buffer.alloc(0)).toString('hex');
