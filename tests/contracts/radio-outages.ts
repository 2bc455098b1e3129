import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import type { Heard, Link } from '../../gateway-agent/radio/radio.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import {
  address,
  bloodPressure,
  type CreateRadio,
  deviceInformation,
  measurement,
  modelNumber,
  radioRoom,
  systolicIn,
} from '../support/radio-room.ts';
import { until } from '../support/until.ts';

/** What the gateway expects of a Radio when what is below it goes away, and comes back. */
export function radioOutages(createRadio: CreateRadio): void {
  const room = radioRoom(createRadio);

  it('goes on after bluetoothd was restarted: its links end, its watch lives', async () => {
    await room.begin();
    const cuff = room.cuffWith({ hangsUpAfterMs: 60_000 });
    await room.measure(cuff, 120);
    const link = await room.radio.connect(address, () => {});
    await link.pair();
    await room.bluez.stop();
    expect(await link.ended).toBe('radio');
    await until(() => room.radio.health().state === 'down');
    await expect(room.radio.connect(address, () => {})).rejects.toMatchObject({ code: 'radio-away' });
    await room.bluez.start();
    await room.listens();
    await room.measure(cuff, 121);
    const heard: Heard[] = [];
    const again: Link = await room.radio.connect(address, (value) => heard.push(value));
    await again.subscribe(bloodPressure, measurement);
    await until(() => heard.length === 2);
    expect(heard.map(systolicIn)).toEqual([120, 121]);
    await again.disconnect();
    expect(await again.ended).toBe('gateway');
  });

  it('waits for a bluetoothd that is not there yet', async () => {
    await room.begin();
    await room.radio.close();
    await room.bluez.stop();
    room.radio = room.listen();
    await until(() => room.radio.health().detail === 'bluetoothd is not running');
    await room.bluez.start();
    await room.listens();
  });

  it('switches an adapter on again that somebody has switched off', async () => {
    await room.begin();
    await room.listens();
    const client = await room.client();
    const { Variant } = await import('dbus-next');
    const off = ['org.bluez.Adapter1', 'Powered', new Variant('b', false)];
    await client.call('/org/bluez/hci0', 'org.freedesktop.DBus.Properties', 'Set', 'ssv', off);
    await until(() => client.property('/org/bluez/hci0', 'org.bluez.Adapter1', 'Discovering'));
    const cuff = room.cuffWith();
    await room.measure(cuff, 120);
    expect((await room.visit()).map(systolicIn)).toEqual([120]);
  });

  it('opens the bus again when it is lost, and everything that was under way has ended', async () => {
    await room.begin();
    const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-radio-'));
    room.closeLater(() => rmSync(folder, { recursive: true, force: true }));
    const socket = join(folder, 'bus');
    const pointTo = (to: Bus) => {
      rmSync(socket, { force: true });
      symlinkSync(/path=([^,;]+)/.exec(to.address)![1]!, socket);
    };
    pointTo(room.bus);
    await room.radio.close();
    room.radio = room.listen({ busAddress: `unix:path=${socket}` });
    const cuff = room.cuffWith({ hangsUpAfterMs: 60_000 });
    await room.measure(cuff, 120);
    const link = await room.radio.connect(address, () => {});
    await link.pair();
    await room.bus.stop();
    expect(await link.ended).toBe('radio');
    await expect(link.read(deviceInformation, modelNumber)).rejects.toMatchObject({ code: 'radio-away' });
    await until(() => room.radio.health().state === 'down');
    await room.bluez.stop();
    room.bus = await startBus();
    room.bluez = room.simulation();
    await room.bluez.start();
    pointTo(room.bus);
    await room.listens();
    const next = room.cuffWith();
    await room.measure(next, 121);
    expect((await room.visit()).map(systolicIn)).toEqual([121]);
  });

  it('waits for an adapter that is not there, and goes on when one was pulled and is back', async () => {
    await room.begin();
    room.bluez.unplug('hci0');
    await room.radio.close();
    room.radio = room.listen();
    await until(() => room.radio.health().detail === 'there is no adapter hci0');
    room.bluez.plugIn('hci0');
    await room.listens();
    const cuff = room.cuffWith({ hangsUpAfterMs: 60_000 });
    await room.measure(cuff, 120);
    const link = await room.radio.connect(address, () => {});
    room.bluez.unplug('hci0');
    await link.ended;
    await until(() => room.radio.health().detail === 'adapter hci0 was unplugged');
    await expect(room.radio.connect(address, () => {})).rejects.toMatchObject({ code: 'radio-away' });
    room.bluez.plugIn('hci0');
    await room.listens();
    await room.measure(cuff, 121);
    await (await room.radio.connect(address, () => {})).disconnect();
  });

  it('says that it may be deaf when nothing at all was heard for very long, until it hears something', async () => {
    await room.begin();
    await room.listens();
    expect(room.radio.health()).toEqual({ state: 'ok' });
    const deaf = room.listen({ deafAfterMs: 150 });
    await until(() => deaf.health().state === 'degraded');
    expect(deaf.health().detail).toContain('deaf');
    const cuff = room.cuffWith();
    await room.measure(cuff, 120);
    await until(() => deaf.health().state === 'ok');
  });

  it('scans afresh when it has heard nothing for long, for a scan may have died without a word', async () => {
    await room.begin();
    await room.radio.close();
    let laterMs = 0;
    const clock = { ...systemClock, elapsed: () => systemClock.elapsed() + laterMs };
    const radio = createRadio({ clock, log: silentLog }, { adapter: 'hci0', busAddress: room.bus.address });
    room.closeLater(() => radio.close());
    radio.watch([bloodPressure], () => {});
    await room.listens(radio);
    const client = await room.client();
    const scans = () =>
      client.heard
        .filter(({ path, member }) => path === '/org/bluez/hci0' && member === 'PropertiesChanged')
        .map(({ body }) => (body[1] as Record<string, { value: unknown }>).Discovering?.value);
    // looking again changes nothing while the silence is short
    radio.watch([bloodPressure], () => {});
    await systemClock.sleep(100);
    expect(scans()).toEqual([]);
    laterMs = 20 * 60_000;
    radio.watch([bloodPressure], () => {});
    await until(() => scans().length === 2);
    expect(scans()).toEqual([false, true]);
    expect(radio.health()).toEqual({ state: 'ok' });
  });
}
