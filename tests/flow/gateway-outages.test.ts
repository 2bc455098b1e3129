import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { vitalIn } from '#domain/reading.ts';
import { systemClock } from '#runtime/clock.ts';
import { agentLimits } from '../../gateway-agent/agent.ts';
import { openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import { createHeartRateStrap } from '../../simulators/peripherals/heart-rate-strap.ts';
import { address, gatewayRoom } from '../support/gateway-room.ts';
import { heardFrame } from '../support/heard-frames.ts';
import { until } from '../support/until.ts';
import { clockAhead } from '../support/uplinks.ts';

/** From a cuff to the far end of the uplink, where something on the way fails. */
const room = gatewayRoom();

describe('a gateway', () => {
  it('keeps what it hears while the broker is away, and delivers when it is back', async () => {
    await room.agent.start();
    await until(() => room.agent.health().state === 'ok');
    await room.server.down();
    await until(() => room.agent.health().state === 'degraded');
    const cuff = room.cuffWith();
    for (const systolic of [121, 122, 123]) cuff.measure({ systolic, diastolic: 80 });
    await until(() => room.agent.waiting() === 3);
    await room.server.up();
    await until(() => room.agent.waiting() === 0);
    expect(room.systolics()).toEqual([121, 122, 123]);
  });

  it('keeps what the server refused at home, and is not held up by it', async () => {
    room.server.receipt((reading) => (vitalIn(reading, 'systolic') === 121 ? 'quarantined' : 'stored'));
    await room.agent.start();
    const cuff = room.cuffWith();
    cuff.measure({ systolic: 121, diastolic: 80 });
    cuff.measure({ systolic: 122, diastolic: 80 });
    await until(() => room.server.readings.length === 2);
    await until(() => room.agent.waiting() === 0);
    await room.agent.stop();
    const outbox = openOutbox(systemClock, join(room.dataDir, 'outbox.sqlite'));
    expect(outbox.aside(9)).toMatchObject([{ device: address, reason: 'server: not-assigned' }]);
    outbox.close();
  });

  it('hears on after bluetoothd was restarted', async () => {
    await room.agent.start();
    const cuff = room.cuffWith();
    cuff.measure({ systolic: 121, diastolic: 80 });
    await until(() => room.server.readings.length === 1);
    await room.bluez.stop();
    await until(() => room.agent.health().state === 'down');
    await room.bluez.start();
    cuff.measure({ systolic: 122, diastolic: 80 });
    await until(() => room.server.readings.length === 2);
    expect(room.systolics()).toEqual([121, 122]);
  });

  it('brings over what an earlier life had heard and not yet read', async () => {
    const outbox = openOutbox(systemClock, join(room.dataDir, 'outbox.sqlite'));
    outbox.hear({ ...heardFrame(9), profile: 'of-another-version' });
    outbox.hear(heardFrame(1));
    outbox.close();
    await room.agent.start();
    await until(() => room.server.readings.length === 1 && room.agent.waiting() === 0);
  });

  it('tells no device the time by a clock that is wrong, and dates rightly what it hears meanwhile', async () => {
    await room.agent.stop();
    room.agent = room.agentWith(
      {},
      clockAhead(() => 7_200_000),
    );
    await room.agent.start();
    await until(() => room.agent.state().status.clockOffsetMs !== undefined);
    room.cuffWith().measure({ systolic: 121, diastolic: 80 });
    await until(() => room.server.readings.length === 1);
    expect(Math.abs(Date.parse(room.server.readings[0]!.takenAt) - systemClock.now())).toBeLessThan(60_000);
    await until(() => (room.agent.state().status.devices?.[0]?.clockOffsetMs ?? 0) < -7_100_000);
  });

  it('brings over what an earlier visit could not read, also of a device that it goes on listening to', async () => {
    await room.agent.stop();
    // only what tidies up is quick
    const every = (ms: number, run: () => void) => systemClock.every(ms === agentLimits.tidyMs ? 100 : ms, run);
    room.agent = room.agentWith({}, { ...systemClock, every });
    await room.agent.start();
    const strap = createHeartRateStrap(room.bluez, {
      adapter: 'hci0',
      address,
      connectMs: 5,
      discoverMs: 10,
      pairMs: 5,
    });
    strap.putOn();
    await until(() => strap.told() > 0);
    const outbox = openOutbox(systemClock, join(room.dataDir, 'outbox.sqlite'));
    outbox.hear(heardFrame(1));
    outbox.close();
    await until(() => room.systolics().includes(120));
    strap.remove();
  });

  it('outlives what it cannot read of a device, and hears the device when it can', async () => {
    await room.agent.start();
    const file = new DatabaseSync(join(room.dataDir, 'outbox.sqlite'), { timeout: 5_000 });
    file.exec('ALTER TABLE device_notes RENAME TO gone');
    const cuff = room.cuffWith({ advertisesForMs: 120_000 });
    cuff.measure({ systolic: 121, diastolic: 80 });
    await until(() => room.agent.nearby().length === 1);
    file.exec('ALTER TABLE gone RENAME TO device_notes');
    file.close();
    await until(() => room.server.readings.length === 1);
  });

  it('moves a damaged outbox aside and begins a new one, rather than falling silent', async () => {
    writeFileSync(join(room.dataDir, 'outbox.sqlite'), 'this was a database once'.repeat(500));
    await room.agent.start();
    room.cuffWith().measure({ systolic: 128, diastolic: 82 });
    await until(() => room.server.readings.length === 1);
    expect(readdirSync(room.dataDir).some((name) => name.startsWith('outbox.sqlite.damaged-'))).toBe(true);
  });

  it('shows as offline when it vanishes without a word', async () => {
    await room.agent.start();
    await until(() => room.server.statuses.at(-1)?.state === 'online');
    room.server.drop();
    await until(() => room.server.statuses.some((s) => s.state === 'offline'));
  });
});
