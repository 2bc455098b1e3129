import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { seededRandom } from '#runtime/random.ts';
import { createBluezRadio } from '../../gateway-agent/bluez-radio.ts';
import type { Advertisement, Heard, Link, Radio } from '../../gateway-agent/radio.ts';
import { sigUuid } from '../../gateway-agent/uuid.ts';
import { createSimulatedBluez, type SimulatedBluez, type SimulatedBluezConfig } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import {
  type BloodPressureCuff,
  type BloodPressureCuffConfig,
  createBloodPressureCuff,
} from '../../simulators/peripherals/blood-pressure-cuff.ts';
import { connectToBluez } from '../support/bluez-client.ts';
import { until } from '../support/until.ts';

/** What the gateway expects of a Radio, held against the simulated bluetoothd, on each kind of bus there is. */
const adapters: [string, typeof createBluezRadio][] = [['node-ble', createBluezRadio]];

const bloodPressure = sigUuid(0x1810);
const measurement = sigUuid(0x2a35);
const dis = sigUuid(0x180a);
const model = sigUuid(0x2a24);
const address = 'AA:BB:CC:00:00:01';

const installed = await startBus();
await installed.stop();
const kinds: Bus['kind'][] = installed.kind === 'dbus-daemon' ? ['dbus-daemon', 'dbus-native'] : ['dbus-native'];

describe.each(adapters)('a radio on %s', (_name, createRadio) => {
  let bus: Bus;
  let bluez: SimulatedBluez;
  let radio: Radio;
  let advertisements: Advertisement[];
  const toClose: (() => unknown)[] = [];

  const begin = async (kind = kinds[0]!, timings: Partial<SimulatedBluezConfig> = {}) => {
    bus = await startBus({ prefer: kind });
    bluez = simulation(timings);
    await bluez.start();
    radio = listen();
  };
  const simulation = (timings: Partial<SimulatedBluezConfig> = {}) =>
    createSimulatedBluez(
      { clock: systemClock, random: seededRandom(1) },
      {
        busAddress: bus.address,
        adapters: ['hci0', 'hci3'],
        advertisingIntervalMs: 40,
        disconnectLingerMs: 20,
        connectTimeoutMs: 400,
        pairingTimeoutMs: 400,
        ...timings,
      },
    );
  const listen = (options: Partial<Parameters<typeof createBluezRadio>[1]> = {}, into = advertisements) => {
    const opened = createRadio(
      { clock: systemClock, log: silentLog },
      { adapter: 'hci0', busAddress: bus.address, ...options },
    );
    opened.watch([bloodPressure], (advertisement) => into.push(advertisement));
    toClose.push(() => opened.close());
    return opened;
  };
  const cuffWith = (config: Partial<BloodPressureCuffConfig> = {}) =>
    createBloodPressureCuff(bluez, {
      adapter: 'hci0',
      address,
      connectMs: 5,
      discoverMs: 10,
      pairMs: 5,
      hangsUpAfterMs: 30,
      ...config,
    });
  const heardOf = (of = address) => until(() => advertisements.some((a) => a.address === of));
  const measure = async (cuff: BloodPressureCuff, systolic: number) => {
    advertisements.length = 0;
    cuff.measure({ systolic, diastolic: 80 });
    await heardOf(cuff.address);
  };
  const systolicIn = ({ bytes }: Heard) => bytes.readUInt16LE(1);
  /** From advertisement to hang-up. */
  const visit = async (of = address, into: Heard[] = [], with_ = radio): Promise<Heard[]> => {
    const link = await with_.connect(of, (heard) => into.push(heard));
    await link.pair();
    await link.subscribe(bloodPressure, measurement);
    expect(await link.ended).toBe('device');
    return into;
  };
  const listens = (one = radio) => until(() => one.health().state === 'ok');

  beforeEach(() => {
    advertisements = [];
  });
  afterEach(async () => {
    for (const close of toClose.splice(0)) await close();
    await bluez.stop();
    await bus.stop();
  });

  it.each(kinds)('hears, connects, pairs, reads, is told, and sees the hang-up, on %s', async (kind) => {
    await begin(kind);
    const cuff = cuffWith({ model: 'BM96' });
    await measure(cuff, 128);
    expect(advertisements[0]).toMatchObject({ address, paired: false, rssi: expect.any(Number) });
    const heard: Heard[] = [];
    const link = await radio.connect(address, (value) => heard.push(value));
    expect(link.paired()).toBe(false);
    await link.pair();
    await link.pair();
    expect(link.paired()).toBe(true);
    expect(link.has(dis, model)).toBe(true);
    expect(link.has(bloodPressure, sigUuid(0x2a36))).toBe(false);
    expect((await link.read(dis, model)).toString()).toBe('BM96');
    await expect(link.read(bloodPressure, sigUuid(0x2a36))).rejects.toMatchObject({ code: 'no-such' });
    await link.write(bloodPressure, sigUuid(0x2a08), Buffer.from('ea070b160e000000'.slice(0, 14), 'hex'));
    await expect(link.write(dis, model, Buffer.from([1]))).rejects.toMatchObject({ name: 'RadioFault' });
    await link.subscribe(bloodPressure, measurement);
    expect(await link.ended).toBe('device');
    expect(heard.map(systolicIn)).toEqual([128]);
    expect(heard[0]).toMatchObject({ service: bloodPressure, characteristic: measurement });
    await expect(link.read(dis, model)).rejects.toMatchObject({ code: 'link-lost' });
    const client = await connectToBluez(bus.address);
    toClose.push(() => client.close());
    const path = `/org/bluez/hci0/dev_${address.replaceAll(':', '_')}`;
    expect(await client.property(path, 'org.bluez.Device1', 'Trusted')).toBe(true);
  });

  it('hears every indication of every visit exactly once, from the very first on', async () => {
    await begin();
    const cuff = cuffWith();
    const all: number[] = [];
    for (let n = 0; n < 12; n++) {
      for (let stored = 0; stored < 3; stored++) cuff.measure({ systolic: 100 + 3 * n + stored, diastolic: 80 });
      advertisements.length = 0;
      await heardOf();
      all.push(...(await visit()).map(systolicIn));
    }
    expect(all).toEqual(Array.from({ length: 36 }, (_, i) => 100 + i));
    expect(cuff.stored()).toBe(0);
  });

  it('does not try to reach a device that is silent', async () => {
    await begin();
    await listens();
    cuffWith();
    const began = performance.now();
    await expect(radio.connect(address, () => {})).rejects.toMatchObject({ code: 'not-advertising' });
    expect(performance.now() - began).toBeLessThan(200);
  });

  it('never takes what BlueZ remembers for an advertisement', async () => {
    await begin();
    const cuff = cuffWith();
    await measure(cuff, 120);
    await visit();
    const later: Advertisement[] = [];
    const another = listen({}, later);
    await listens(another);
    await expect(another.connect(address, () => {})).rejects.toMatchObject({ code: 'not-advertising' });
    expect(later).toEqual([]);
    await measure(cuff, 121);
    await until(() => later.length > 0);
    expect(later[0]).toMatchObject({ address, paired: true });
  });

  it('says that a device went away while it was being reached, and reaches it when it comes back', async () => {
    await begin();
    const cuff = cuffWith({ connectMs: 200 });
    await measure(cuff, 120);
    const reaching = radio.connect(address, () => {});
    await systemClock.sleep(50);
    cuff.vanish();
    await expect(reaching).rejects.toMatchObject({
      name: 'RadioFault',
      code: expect.stringMatching(/not-reached|link-lost/),
    });
    await measure(cuff, 121);
    expect((await visit()).map(systolicIn)).toEqual([120, 121]);
  });

  it('ends a link, and what is asked over it, when the device walks out of range', async () => {
    await begin();
    const cuff = cuffWith({ discoverMs: 10, pairMs: 300 });
    await measure(cuff, 120);
    const link = await radio.connect(address, () => {});
    const pairing = link.pair();
    pairing.catch(() => {});
    await systemClock.sleep(50);
    cuff.vanish();
    await expect(pairing).rejects.toMatchObject({ name: 'RadioFault' });
    expect(await link.ended).toBe('device');
  });

  it('says that a device refuses to pair, by a word or by silence', async () => {
    await begin();
    for (const [n, pairing] of (['none', 'never-answers'] as const).entries()) {
      const cuff = cuffWith({ pairing, address: `AA:BB:CC:00:03:0${n}` });
      await measure(cuff, 120);
      const link = await radio.connect(cuff.address, () => {});
      await expect(link.pair()).rejects.toMatchObject({ code: 'pairing-refused' });
      await link.disconnect();
    }
  });

  it('gives the passkey where somebody knows it, and pairs with nobody who demands one where nobody does', async () => {
    await begin();
    const cuff = cuffWith({ pairing: 'passkey', passkey: 123_456 });
    await measure(cuff, 120);
    const link = await radio.connect(address, () => {});
    await expect(link.pair()).rejects.toMatchObject({ code: 'pairing-refused' });
    await link.disconnect();
    await radio.close();
    const asked: string[] = [];
    radio = listen({
      passkey: async (of) => {
        asked.push(of);
        return 123_456;
      },
    });
    await measure(cuff, 121);
    expect((await visit()).map(systolicIn)).toEqual([120, 121]);
    expect(asked).toEqual([address]);
  });

  it('hears only what its own adapter hears, with several radios in one process', async () => {
    await begin();
    const others: Advertisement[] = [];
    const other = listen({ adapter: 'hci3' }, others);
    await Promise.all([listens(), listens(other)]);
    const far = cuffWith({ adapter: 'hci3', address: 'AA:BB:CC:00:00:02' });
    const near = cuffWith();
    far.measure({ systolic: 150, diastolic: 80 });
    near.measure({ systolic: 120, diastolic: 80 });
    await until(() => others.length > 0 && advertisements.length > 0);
    const [nearHeard, farHeard] = await Promise.all([visit(), visit('AA:BB:CC:00:00:02', [], other)]);
    expect(nearHeard.map(systolicIn)).toEqual([120]);
    expect(farHeard.map(systolicIn)).toEqual([150]);
    expect(new Set(advertisements.map((a) => a.address))).toEqual(new Set([address]));
    expect(new Set(others.map((a) => a.address))).toEqual(new Set(['AA:BB:CC:00:00:02']));
  });

  it('holds several links at a time', async () => {
    await begin();
    const addresses = ['01', '02', '03', '04'].map((n) => `AA:BB:CC:00:01:${n}`);
    const cuffs = addresses.map((one) => cuffWith({ address: one, hangsUpAfterMs: 300 }));
    for (const [n, cuff] of cuffs.entries()) cuff.measure({ systolic: 101 + n, diastolic: 80 });
    await Promise.all(addresses.map(heardOf));
    const heard = await Promise.all(addresses.map((one) => visit(one)));
    expect(heard.map((values) => values.map(systolicIn))).toEqual([[101], [102], [103], [104]]);
  });

  it('goes on after bluetoothd was restarted: its links end, its watch lives', async () => {
    await begin();
    const cuff = cuffWith({ hangsUpAfterMs: 60_000 });
    await measure(cuff, 120);
    const link = await radio.connect(address, () => {});
    await link.pair();
    await bluez.stop();
    expect(await link.ended).toBe('radio');
    await until(() => radio.health().state === 'down');
    await expect(radio.connect(address, () => {})).rejects.toMatchObject({ code: 'radio-away' });
    await bluez.start();
    await listens();
    await measure(cuff, 121);
    const heard: Heard[] = [];
    const again: Link = await radio.connect(address, (value) => heard.push(value));
    await again.subscribe(bloodPressure, measurement);
    await until(() => heard.length === 2);
    expect(heard.map(systolicIn)).toEqual([120, 121]);
    await again.disconnect();
    expect(await again.ended).toBe('gateway');
  });

  it('waits for a bluetoothd that is not there yet', async () => {
    await begin();
    await radio.close();
    await bluez.stop();
    radio = listen();
    await until(() => radio.health().detail === 'bluetoothd is not running');
    await bluez.start();
    await listens();
  });

  it('switches an adapter on again that somebody has switched off', async () => {
    await begin();
    await listens();
    const client = await connectToBluez(bus.address);
    toClose.push(() => client.close());
    const { Variant } = await import('dbus-next');
    const off = ['org.bluez.Adapter1', 'Powered', new Variant('b', false)];
    await client.call('/org/bluez/hci0', 'org.freedesktop.DBus.Properties', 'Set', 'ssv', off);
    await until(() => client.property('/org/bluez/hci0', 'org.bluez.Adapter1', 'Discovering'));
    const cuff = cuffWith();
    await measure(cuff, 120);
    expect((await visit()).map(systolicIn)).toEqual([120]);
  });

  it('opens the bus again when it is lost, and everything that was under way has ended', async () => {
    await begin();
    const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-radio-'));
    toClose.push(() => rmSync(folder, { recursive: true, force: true }));
    const socket = join(folder, 'bus');
    const pointTo = (to: Bus) => {
      rmSync(socket, { force: true });
      symlinkSync(/path=([^,;]+)/.exec(to.address)![1]!, socket);
    };
    pointTo(bus);
    await radio.close();
    radio = listen({ busAddress: `unix:path=${socket}` });
    const cuff = cuffWith({ hangsUpAfterMs: 60_000 });
    await measure(cuff, 120);
    const link = await radio.connect(address, () => {});
    await link.pair();
    await bus.stop();
    expect(await link.ended).toBe('radio');
    await expect(link.read(dis, model)).rejects.toMatchObject({ code: 'radio-away' });
    await until(() => radio.health().state === 'down');
    await bluez.stop();
    bus = await startBus();
    bluez = simulation();
    await bluez.start();
    pointTo(bus);
    await listens();
    const next = cuffWith();
    await measure(next, 121);
    expect((await visit()).map(systolicIn)).toEqual([121]);
  });

  it('visits sixty devices, one after the other, within the match rules that a system bus grants', async () => {
    await begin(kinds[0], { advertisingIntervalMs: 15 });
    for (let n = 1; n <= 60; n++) {
      const of = `AA:BB:CC:00:02:${n.toString(16).toUpperCase().padStart(2, '0')}`;
      const cuff = cuffWith({ address: of, connectMs: 0, discoverMs: 1, pairMs: 0, hangsUpAfterMs: 0 });
      await measure(cuff, 100 + n);
      expect((await visit(of)).map(systolicIn)).toEqual([100 + n]);
      cuff.remove();
    }
  }, 60_000);
});
