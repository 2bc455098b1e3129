import { expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { type Expects, type Heard, RadioFault } from '../../gateway-agent/radio/radio.ts';
import { uuid16 } from '../../simulators/bluez/air.ts';
import {
  bloodPressure,
  type CreateRadio,
  deviceInformation,
  measurement,
  modelNumber,
  radioRoom,
  systolicIn,
} from '../support/radio-room.ts';
import { until } from '../support/until.ts';

const address = 'AA:BB:CC:00:05:01';
const path = '/org/bluez/hci0/dev_AA_BB_CC_00_05_01';
const device1 = 'org.bluez.Device1';

/** What the gateway expects of a Radio when two things happen at once, or somebody interferes. */
export function radioRaces(createRadio: CreateRadio): void {
  const room = radioRoom(createRadio);

  it('counts an answer that the device gave before it hung up, though both come in one breath', async () => {
    await room.begin(undefined, { sendsDisconnected: true });
    const kept: string[] = [];
    const peripheral = room.bluez.addPeripheral('hci0', {
      address,
      advertises: [bloodPressure],
      pairing: 'none',
      services: [
        {
          uuid: bloodPressure,
          characteristics: [
            {
              uuid: uuid16(0x2a08),
              flags: ['write'],
              write: (value, link) => {
                kept.push(value.toString('hex'));
                // the answer is written before the hang-up, and this process reads neither before the bus has both
                process.nextTick(() => {
                  link.disconnect();
                  stall(20);
                  systemClock.after(0, () => stall(250));
                });
              },
            },
          ],
        },
      ],
    });
    peripheral.startAdvertising();
    await room.heardOf(address);
    const link = await room.radio.connect(address, () => {});
    await link.write(bloodPressure, uuid16(0x2a08), Buffer.from('ea07', 'hex'));
    expect(kept).toEqual(['ea07']);
    expect(await link.ended).toBe('device');
  });

  it('takes over a link that an earlier life has left behind: the device is silent as long as it is held', async () => {
    await room.begin();
    await room.radio.close();
    const cuff = room.cuffWith({ address });
    const earlier = await room.client();
    await earlier.discover('hci0', [bloodPressure]);
    cuff.measure({ systolic: 120, diastolic: 80 });
    await earlier.until(({ member, body }) => member === 'InterfacesAdded' && body[0] === path);
    await earlier.call(path, device1, 'Connect');
    room.advertisements.length = 0;
    room.radio = room.listen();
    await room.heardOf(address);
    expect((await room.visit(address)).map(systolicIn)).toEqual([120]);
  });

  it('hangs up when it closes, on those being reached, too: BlueZ would hold them on', async () => {
    await room.begin();
    const client = await room.client();
    const held = room.cuffWith({ address, hangsUpAfterMs: 60_000 });
    await room.measure(held, 120);
    const link = await room.radio.connect(address, () => {});
    const slow = room.cuffWith({ address: 'AA:BB:CC:00:05:02', connectMs: 300 });
    await room.measure(slow, 121);
    const reaching = room.radio.connect(slow.address, () => {});
    const refused = expect(reaching).rejects.toBeInstanceOf(RadioFault);
    await systemClock.sleep(50);
    await room.radio.close();
    expect(await link.ended).toBe('gateway');
    await refused;
    expect(await client.property(path, device1, 'Connected')).toBe(false);
    await client.call('/org/bluez/hci0/dev_AA_BB_CC_00_05_02', device1, 'Connect');
    await expect(room.radio.connect(address, () => {})).rejects.toMatchObject({ code: 'radio-away' });
  });

  it('keeps its links while bluetoothd is stuck, says so, and goes on with them', async () => {
    await room.begin();
    await room.radio.close();
    // so that nobody waits for deadlines of seconds
    const hurried = { ...systemClock, after: (ms: number, run: () => void) => systemClock.after(ms / 20, run) };
    room.radio = room.listen({}, room.advertisements, hurried);
    const cuff = room.cuffWith({ address, hangsUpAfterMs: 60_000, connectMs: 0, discoverMs: 0 });
    await room.measure(cuff, 120);
    const heard: Heard[] = [];
    const link = await room.radio.connect(address, (value) => heard.push(value));
    const goOn = room.bluez.hang();
    room.radio.watch([bloodPressure], () => {}); // makes it look afresh
    await expect(link.read(deviceInformation, modelNumber)).rejects.toMatchObject({ code: 'late' });
    await until(() => room.radio.health().detail === 'bluetoothd does not answer');
    goOn();
    room.radio.watch([bloodPressure], () => {});
    await room.listens();
    await link.pair();
    await link.subscribe(bloodPressure, measurement);
    await until(() => heard.length === 1);
    await link.disconnect();
    expect(await link.ended).toBe('gateway');
  });

  it('gives passkeys to bluetoothd only, whoever else asks', async () => {
    await room.begin();
    const asked: string[] = [];
    const radio = room.listen({
      passkey: async (of) => {
        asked.push(of);
        return 123_456;
      },
    });
    await room.listens(radio);
    const cuff = room.cuffWith({ address, hangsUpAfterMs: 60_000 });
    await room.measure(cuff, 120);
    await until(() =>
      radio
        .connect(address, () => {})
        .then(
          () => true,
          () => false,
        ),
    );
    const stranger = await room.client();
    expect(await stranger.askEveryAgent('/hearthbeat/agent', path)).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('is not deaf because the clock was set, nor takes long ago for just now', async () => {
    await room.begin();
    await room.radio.close();
    let aheadMs = 0;
    let laterMs = 0;
    const clock = {
      ...systemClock,
      now: () => systemClock.now() + aheadMs,
      elapsed: () => systemClock.elapsed() + laterMs,
    };
    room.radio = room.listen({}, room.advertisements, clock);
    const cuff = room.cuffWith({ address });
    await room.measure(cuff, 120);
    aheadMs = 40 * 24 * 3_600_000;
    expect(room.radio.health()).toEqual({ state: 'ok' });
    cuff.vanish();
    aheadMs = -24 * 3_600_000;
    laterMs = 11_000;
    await expect(room.radio.connect(address, () => {})).rejects.toMatchObject({ code: 'not-advertising' });
  });

  it('hears a bonded device that speaks before it is asked again, after a restart of the gateway, too', async () => {
    await room.begin();
    const cuff = room.cuffWith({ address, hangsUpAfterMs: 200, speaksUnaskedAfterMs: 1_000 });
    await room.measure(cuff, 120);
    expect((await room.visit(address)).map(systolicIn)).toEqual([120]);
    await room.radio.close();
    room.radio = room.listen();
    await room.measure(cuff, 121);
    const heard: Heard[] = [];
    const link = await room.radio.connect(address, (value) => heard.push(value), expectsMeasurements);
    // a visit asks for the model, the battery and the clock first
    await until(() => cuff.pending() === 0);
    await link.subscribe(bloodPressure, measurement);
    expect(await link.ended).toBe('device');
    expect(heard.map(systolicIn)).toEqual([121]);
  });

  it('hears it after a restart of bluetoothd, which has forgotten what there is on the device', async () => {
    await room.begin();
    const cuff = room.cuffWith({ address, hangsUpAfterMs: 200, discoverMs: 20, speaksUnaskedAfterMs: 1_000 });
    await room.measure(cuff, 120);
    await room.visit(address);
    await room.bluez.stop();
    await room.bluez.start();
    await room.listens();
    await room.measure(cuff, 121);
    const heard: Heard[] = [];
    const link = await room.radio.connect(address, (value) => heard.push(value), expectsMeasurements);
    await until(() => cuff.pending() === 0);
    expect(await link.ended).toBe('device');
    expect(heard.map(systolicIn)).toEqual([121]);
  });

  it.each(['bluetoothd is restarted', 'the adapter is pulled', 'the device is forgotten'])(
    'ends what is under way, and can begin anew, whenever %s',
    async (what) => {
      await room.begin();
      const cuff = room.cuffWith({ address, connectMs: 20, discoverMs: 20, pairMs: 20, hangsUpAfterMs: 40 });
      for (const ms of [0, 10, 30, 50, 70, 90]) {
        await room.measure(cuff, 100 + ms);
        const visiting = room.visit(address).catch((fault) => fault);
        await systemClock.sleep(ms);
        if (what === 'the device is forgotten') await room.radio.forget(address);
        else if (what === 'the adapter is pulled') {
          room.bluez.unplug('hci0');
          room.bluez.plugIn('hci0');
        } else {
          await room.bluez.stop();
          await room.bluez.start();
        }
        const end = await visiting;
        if (!Array.isArray(end)) expect(String(end)).toMatch(/RadioFault|'device'/);
        await room.listens();
      }
      await room.measure(cuff, 99);
      expect((await room.visit(address)).map(systolicIn)).toContain(99);
      expect(cuff.pending()).toBe(0);
    },
  );
}

const expectsMeasurements: Expects = (has) =>
  [{ service: bloodPressure, characteristic: measurement }].filter((one) => has(one.service, one.characteristic));

/** Holds this process up, as a machine does that has more to do than it can. */
function stall(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
