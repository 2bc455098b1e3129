import { expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { type Advertisement, type Heard, RadioFault, radioLimits } from '../../gateway-agent/radio/radio.ts';
import { sigUuid } from '../../gateway-agent/radio/uuid.ts';
import {
  address,
  bloodPressure,
  busKinds,
  type CreateRadio,
  deviceInformation,
  measurement,
  modelNumber,
  radioRoom,
  systolicIn,
} from '../support/radio-room.ts';
import { until } from '../support/until.ts';

const kinds = await busKinds();

/** What the gateway expects of a Radio while everything below it is well, held against the simulated bluetoothd. */
export function radioContract(createRadio: CreateRadio): void {
  const room = radioRoom(createRadio);

  it.each(kinds)('hears, connects, pairs, reads, is told, and sees the hang-up, on %s', async (kind) => {
    await room.begin(kind);
    const cuff = room.cuffWith({ model: 'BM96' });
    await room.measure(cuff, 128);
    expect(room.advertisements[0]).toMatchObject({ address, paired: false, rssi: expect.any(Number) });
    const heard: Heard[] = [];
    const link = await room.radio.connect(address, (value) => heard.push(value));
    expect(link.paired()).toBe(false);
    await link.pair();
    await link.pair();
    expect(link.paired()).toBe(true);
    expect(link.has(deviceInformation, modelNumber)).toBe(true);
    expect(link.has(bloodPressure, sigUuid(0x2a18))).toBe(false);
    expect((await link.read(deviceInformation, modelNumber)).toString()).toBe('BM96');
    await expect(link.read(bloodPressure, sigUuid(0x2a18))).rejects.toMatchObject({ code: 'no-such' });
    await link.write(bloodPressure, sigUuid(0x2a08), Buffer.from('ea070b160e000000'.slice(0, 14), 'hex'));
    await expect(link.write(deviceInformation, modelNumber, Buffer.from([1]))).rejects.toMatchObject({
      name: 'RadioFault',
    });
    await link.subscribe(bloodPressure, measurement);
    expect(await link.ended).toBe('device');
    expect(heard.map(systolicIn)).toEqual([128]);
    expect(heard[0]).toMatchObject({ service: bloodPressure, characteristic: measurement });
    await expect(link.read(deviceInformation, modelNumber)).rejects.toMatchObject({ code: 'link-lost' });
    const client = await room.client();
    const path = `/org/bluez/hci0/dev_${address.replaceAll(':', '_')}`;
    expect(await client.property(path, 'org.bluez.Device1', 'Trusted')).toBe(true);
  });

  it('hears every indication of every visit exactly once, from the very first on', async () => {
    await room.begin();
    const cuff = room.cuffWith();
    const all: number[] = [];
    for (let n = 0; n < 12; n++) {
      for (let stored = 0; stored < 3; stored++) cuff.measure({ systolic: 100 + 3 * n + stored, diastolic: 80 });
      room.advertisements.length = 0;
      await room.heardOf();
      all.push(...(await room.visit()).map(systolicIn));
    }
    expect(all).toEqual(Array.from({ length: 36 }, (_, i) => 100 + i));
    expect(cuff.pending()).toBe(0);
  });

  it('does not try to reach a device that is silent', async () => {
    await room.begin(kinds[0], { connectTimeoutMs: 20_000 });
    await room.listens();
    room.cuffWith();
    const began = performance.now();
    await expect(room.radio.connect(address, () => {})).rejects.toMatchObject({ code: 'not-advertising' });
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('never takes what BlueZ remembers for an advertisement', async () => {
    await room.begin();
    const cuff = room.cuffWith();
    await room.measure(cuff, 120);
    await room.visit();
    const later: Advertisement[] = [];
    const another = room.listen({}, later);
    await room.listens(another);
    await expect(another.connect(address, () => {})).rejects.toMatchObject({ code: 'not-advertising' });
    expect(later).toEqual([]);
    await room.measure(cuff, 121);
    await until(() => later.length > 0);
    expect(later[0]).toMatchObject({ address, paired: true });
  });

  it('says that a device went away while it was being reached, and reaches it when it comes back', async () => {
    await room.begin();
    const cuff = room.cuffWith({ connectMs: 200 });
    await room.measure(cuff, 120);
    const reaching = room.radio.connect(address, () => {});
    await systemClock.sleep(50);
    cuff.vanish();
    await expect(reaching).rejects.toMatchObject({
      name: 'RadioFault',
      code: expect.stringMatching(/not-reached|link-lost/),
    });
    await room.measure(cuff, 121);
    expect((await room.visit()).map(systolicIn)).toEqual([120, 121]);
  });

  it('ends a link, and what is asked over it, when the device walks out of range', async () => {
    await room.begin();
    const cuff = room.cuffWith({ discoverMs: 10, pairMs: 300 });
    await room.measure(cuff, 120);
    const link = await room.radio.connect(address, () => {});
    const pairing = link.pair();
    pairing.catch(() => {});
    await systemClock.sleep(50);
    cuff.vanish();
    await expect(pairing).rejects.toMatchObject({ name: 'RadioFault' });
    expect(await link.ended).toBe('device');
  });

  it('says that a device refuses to pair, by a word or by silence', async () => {
    await room.begin();
    for (const [n, pairing] of (['none', 'never-answers'] as const).entries()) {
      const cuff = room.cuffWith({ pairing, address: `AA:BB:CC:00:03:0${n}` });
      await room.measure(cuff, 120);
      const link = await room.radio.connect(cuff.address, () => {});
      await expect(link.pair()).rejects.toMatchObject({ code: 'pairing-refused' });
      await link.disconnect();
    }
  });

  it('gives the passkey where somebody knows it, and pairs with nobody who demands one where nobody does', async () => {
    await room.begin();
    const cuff = room.cuffWith({ pairing: 'passkey', passkey: 123_456 });
    await room.measure(cuff, 120);
    const link = await room.radio.connect(address, () => {});
    await expect(link.pair()).rejects.toMatchObject({ code: 'pairing-refused' });
    await link.disconnect();
    await room.radio.close();
    const asked: string[] = [];
    room.radio = room.listen({
      passkey: async (of) => {
        asked.push(of);
        return 123_456;
      },
    });
    await room.measure(cuff, 121);
    expect((await room.visit()).map(systolicIn)).toEqual([120, 121]);
    expect(asked).toEqual([address]);
  });

  it('hears only what its own adapter hears, with several radios in one process', async () => {
    await room.begin();
    const others: Advertisement[] = [];
    const other = room.listen({ adapter: 'hci3' }, others);
    await Promise.all([room.listens(), room.listens(other)]);
    const far = room.cuffWith({ adapter: 'hci3', address: 'AA:BB:CC:00:00:02' });
    const near = room.cuffWith();
    far.measure({ systolic: 150, diastolic: 80 });
    near.measure({ systolic: 120, diastolic: 80 });
    await until(() => others.length > 0 && room.advertisements.length > 0);
    const [nearHeard, farHeard] = await Promise.all([room.visit(), room.visit('AA:BB:CC:00:00:02', [], other)]);
    expect(nearHeard.map(systolicIn)).toEqual([120]);
    expect(farHeard.map(systolicIn)).toEqual([150]);
    expect(new Set(room.advertisements.map((a) => a.address))).toEqual(new Set([address]));
    expect(new Set(others.map((a) => a.address))).toEqual(new Set(['AA:BB:CC:00:00:02']));
  });

  it('holds several links at a time', async () => {
    await room.begin();
    const addresses = ['01', '02', '03', '04'].map((n) => `AA:BB:CC:00:01:${n}`);
    const cuffs = addresses.map((one) => room.cuffWith({ address: one, hangsUpAfterMs: 300 }));
    for (const [n, cuff] of cuffs.entries()) cuff.measure({ systolic: 101 + n, diastolic: 80 });
    await Promise.all(addresses.map((one) => room.heardOf(one)));
    const heard = await Promise.all(addresses.map((one) => room.visit(one)));
    expect(heard.map((values) => values.map(systolicIn))).toEqual([[101], [102], [103], [104]]);
  });

  it('hears what a device says before its services are resolved', async () => {
    await room.begin();
    const cuff = room.cuffWith({ discoverMs: 60, hangsUpAfterMs: 1_000 });
    await room.measure(cuff, 120);
    await room.visit();
    await room.measure(cuff, 121);
    const heard: Heard[] = [];
    const link = await room.radio.connect(address, (value) => heard.push(value));
    expect(heard.map(systolicIn)).toEqual([121]);
    await link.disconnect();
  });

  it('reaches a device whose first link bluetoothd does not tell', async () => {
    await room.begin(kinds[0], { omitsFirstConnected: true, sendsDisconnected: true });
    const cuff = room.cuffWith();
    for (const systolic of [120, 121]) {
      await room.measure(cuff, systolic);
      expect((await room.visit()).map(systolicIn)).toEqual([systolic]);
    }
  });

  it('hears everything that was handed over, whenever the device walks out of range', async () => {
    await room.begin();
    const cuff = room.cuffWith({ discoverMs: 15, hangsUpAfterMs: 10 });
    const heard: Heard[] = [];
    const momentsMs = [0, 3, 6, 9, 12, 16, 20, 25, 30, 40, 60];
    for (const [n, ms] of momentsMs.entries()) {
      await room.measure(cuff, 100 + n);
      const visiting = room.visit(address, heard).catch((fault) => fault);
      await systemClock.sleep(ms);
      cuff.vanish();
      const end = await visiting;
      if (!Array.isArray(end)) expect(end).toBeInstanceOf(RadioFault);
    }
    await room.measure(cuff, 100 + momentsMs.length);
    await room.visit(address, heard);
    expect(cuff.pending()).toBe(0);
    expect([...new Set(heard.map(systolicIn))].sort()).toEqual([...momentsMs, 0].map((_, n) => 100 + n));
  });

  it('has one link to a device at a time', async () => {
    await room.begin();
    const cuff = room.cuffWith({ hangsUpAfterMs: 300 });
    await room.measure(cuff, 120);
    const first = room.radio.connect(address, () => {});
    await expect(room.radio.connect(address, () => {})).rejects.toMatchObject({ code: 'busy' });
    const link = await first;
    await expect(room.radio.connect(address, () => {})).rejects.toMatchObject({ code: 'busy' });
    await link.disconnect();
    expect(await link.ended).toBe('gateway');
  });

  it('visits ten devices that wake up together, never more at a time than its limit', async () => {
    await room.begin();
    const client = await room.client();
    const addresses = Array.from({ length: 10 }, (_, n) => `AA:BB:CC:00:04:0${n}`);
    const cuffs = addresses.map((one) => room.cuffWith({ address: one, hangsUpAfterMs: 1_000 }));
    for (const [n, cuff] of cuffs.entries()) cuff.measure({ systolic: 101 + n, diastolic: 80 });
    await Promise.all(addresses.map((one) => room.heardOf(one)));
    const heard = await Promise.all(addresses.map((one) => room.visit(one)));
    expect(heard.map((values) => values.map(systolicIn))).toEqual(addresses.map((_, n) => [101 + n]));
    const standing = new Set<string>();
    let most = 0;
    for (const { path, member, body } of client.heard) {
      const connected = member === 'PropertiesChanged' && (body[1] as Record<string, { value: unknown }>).Connected;
      if (!connected) continue;
      if (connected.value) standing.add(path);
      else standing.delete(path);
      most = Math.max(most, standing.size);
    }
    expect(most).toBe(radioLimits.links);
  });

  it('forgets a device, which must then pair anew', async () => {
    await room.begin();
    const cuff = room.cuffWith({ hangsUpAfterMs: 60_000 });
    await room.measure(cuff, 120);
    const link = await room.radio.connect(address, () => {});
    await link.pair();
    await room.radio.forget(address);
    expect(await link.ended).toBe('gateway');
    await room.radio.forget(address);
    await room.measure(cuff, 121);
    expect(room.advertisements[0]!.paired).toBe(false);
    const heard: Heard[] = [];
    const again = await room.radio.connect(address, (value) => heard.push(value));
    expect(again.paired()).toBe(false);
    await again.pair();
    await again.subscribe(bloodPressure, measurement);
    await until(() => heard.length === 2);
    await again.disconnect();
  });

  it('visits sixty devices, one after the other, within the match rules that a system bus grants', async () => {
    await room.begin(kinds[0], { advertisingIntervalMs: 15 });
    for (let n = 1; n <= 60; n++) {
      const of = `AA:BB:CC:00:02:${n.toString(16).toUpperCase().padStart(2, '0')}`;
      const cuff = room.cuffWith({ address: of, connectMs: 0, discoverMs: 1, pairMs: 0, hangsUpAfterMs: 0 });
      await room.measure(cuff, 100 + n);
      expect((await room.visit(of)).map(systolicIn)).toEqual([100 + n]);
      cuff.remove();
    }
  });
}
