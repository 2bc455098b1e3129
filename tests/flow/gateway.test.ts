import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vitalIn } from '#domain/reading.ts';
import { type Clock, systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { seededRandom, systemRandom } from '#runtime/random.ts';
import { agentLimits, createGatewayAgent, type GatewayAgent, type GatewayConfig } from '../../gateway-agent/agent.ts';
import { openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import { createDbusRadio } from '../../gateway-agent/radio/dbus-radio.ts';
import { settleFrames } from '../../gateway-agent/visit/settle.ts';
import { createSimulatedBluez, type SimulatedBluez } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import {
  type BloodPressureCuffConfig,
  createBloodPressureCuff,
} from '../../simulators/peripherals/blood-pressure-cuff.ts';
import { createHeartRateStrap } from '../../simulators/peripherals/heart-rate-strap.ts';
import { heardFrame } from '../support/heard-frames.ts';
import { type ReceiptingServer, startReceiptingServer } from '../support/receipting-server.ts';
import { until } from '../support/until.ts';
import { clockAhead, secret, source } from '../support/uplinks.ts';
import vectors from '../vectors/blood-pressure.json' with { type: 'json' };

/** From a cuff to the far end of the uplink, every part on the way a real one. */
const address = 'AA:BB:CC:00:00:01';

let bus: Bus;
let bluez: SimulatedBluez;
let server: ReceiptingServer;
let dataDir: string;
let agent: GatewayAgent;

const agentWith = (config: Partial<GatewayConfig> = {}, clock: Clock = systemClock) =>
  createGatewayAgent(
    {
      radio: createDbusRadio({ clock, log: silentLog }, { adapter: 'hci0', busAddress: bus.address }),
      clock,
      random: systemRandom,
      log: silentLog,
    },
    {
      source,
      credential: { secret },
      mqttUrl: `mqtt://127.0.0.1:${server.port()}`,
      dataDir,
      timeZone: 'UTC',
      devices: 'any',
      ...config,
    },
  );
const cuffWith = (config: Partial<BloodPressureCuffConfig> = {}) =>
  createBloodPressureCuff(bluez, {
    adapter: 'hci0',
    address,
    model: 'UA-651BLE',
    connectMs: 5,
    discoverMs: 10,
    pairMs: 5,
    hangsUpAfterMs: 30,
    ...config,
  });
const simulation = () =>
  createSimulatedBluez(
    { clock: systemClock, random: seededRandom(1) },
    { busAddress: bus.address, adapters: ['hci0'], advertisingIntervalMs: 50, disconnectLingerMs: 20 },
  );
const systolics = () => server.readings.map((reading) => vitalIn(reading, 'systolic'));

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'hearthbeat-gateway-'));
  bus = await startBus();
  bluez = simulation();
  await bluez.start();
  server = await startReceiptingServer(source, secret);
  agent = agentWith();
});
afterEach(async () => {
  await agent.stop();
  await server.down().catch(() => {});
  await bluez.stop();
  await bus.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('a gateway', () => {
  it('brings a measurement from the cuff to the server, and forgets it when it is receipted', async () => {
    await agent.start();
    const cuff = cuffWith({ battery: 51 });
    cuff.measure({ systolic: 128, diastolic: 82, mean: 97, pulse: 71, userSlot: 2, status: ['irregular-pulse'] });
    await until(() => server.readings.length > 0);
    expect(server.readings).toHaveLength(1);
    expect(server.readings[0]).toMatchObject({
      device: address,
      model: 'UA-651BLE',
      userSlot: 2,
      panel: 'blood-pressure',
      values: [
        { vital: 'systolic', value: 128, unit: 'mm[Hg]', decimals: 0 },
        { vital: 'diastolic', value: 82, unit: 'mm[Hg]', decimals: 0 },
        { vital: 'mean-arterial-pressure', value: 97, unit: 'mm[Hg]', decimals: 0 },
        { vital: 'pulse-rate', value: 71, unit: '/min', decimals: 0 },
      ],
      marks: ['irregular-pulse'],
      clock: 'device',
    });
    await until(() => agent.waiting() === 0);
    expect(agent.health()).toEqual({ state: 'ok' });
    await until(() => server.statuses.some((s) => s.devices?.[0]?.battery === 51));
    expect(server.statuses.at(-1)).toMatchObject({ state: 'online', waiting: 0, devices: [{ device: address }] });
    await agent.stop();
    expect(server.statuses.at(-1)).toMatchObject({ state: 'offline' });
  });

  it('corrects the clock of a cuff in another year, and says so', async () => {
    await agent.start();
    cuffWith({ clockOffsetMs: -11 * 365 * 86_400_000 }).measure({ systolic: 128, diastolic: 82 });
    await until(() => server.readings.length > 0);
    const [reading] = server.readings;
    expect(reading).toMatchObject({ clock: 'corrected', deviceTime: expect.stringMatching(/^201/) });
    expect(Math.abs(Date.parse(reading!.takenAt) - Date.parse(reading!.heardAt))).toBeLessThan(5_000);
  });

  it('brings the captures of real cuffs over as they were measured', async () => {
    await agent.start();
    const captures = vectors.bloodPressure.filter((v) => v.kind === 'device-capture');
    for (const [n, { hex, expected, ...rest }] of captures.entries()) {
      const model = 'model' in rest ? rest.model : 'BM96';
      const time = (expected as { timestamp: string }).timestamp;
      const cuff = cuffWith({ address: `AA:BB:CC:00:01:0${n}`, model, clockFrozenAt: time });
      cuff.replay([Buffer.from(hex, 'hex')]);
      await until(() => server.readings.some((reading) => reading.raw === hex));
      const reading = server.readings.find((one) => one.raw === hex)!;
      const said = expected as { systolic: number; diastolic: number; pulse: number; userId: number };
      expect(reading).toMatchObject({ deviceTime: time, userSlot: said.userId, model });
      expect(['systolic', 'diastolic', 'pulse-rate'].map((v) => vitalIn(reading, v as 'systolic'))).toEqual([
        said.systolic,
        said.diastolic,
        said.pulse,
      ]);
      expect(vitalIn(reading, 'mean-arterial-pressure')).toBeUndefined();
    }
    expect(captures.length).toBe(5);
  });

  it('hears a cuff at once in a house full of straps that never stop speaking', async () => {
    await agent.start();
    const straps = Array.from({ length: 8 }, (_, n) =>
      createHeartRateStrap(bluez, {
        adapter: 'hci0',
        address: `AA:BB:CC:00:02:0${n}`,
        connectMs: 5,
        discoverMs: 10,
        pairMs: 5,
      }),
    );
    for (const strap of straps) strap.putOn();
    // three stay, one waits for a first reading
    await until(() => straps.filter((strap) => strap.told() > 0).length >= 4);
    for (const systolic of [121, 122, 123]) {
      cuffWith({ address: `AA:BB:CC:00:03:${systolic - 100}`, advertisesForMs: 60_000 }).measure({
        systolic,
        diastolic: 80,
      });
    }
    await until(() => systolics().filter((one) => one !== undefined).length === 3);
    for (const strap of straps) strap.remove();
  });

  it('keeps a frame that is no blood pressure at home, and brings over those before and after it', async () => {
    await agent.start();
    const cuff = cuffWith({ clockNeverSet: true });
    cuff.replay(['00780050005a00', '03020304050607', '00790050005a00'].map((hex) => Buffer.from(hex, 'hex')));
    await cuff.empty();
    await until(() => systolics().includes(121));
    await until(() => agent.waiting() === 0);
    // of two readings without any time, only the last one heard is known to be new
    expect(systolics()).toEqual([121]);
    await agent.stop();
    const outbox = openOutbox(systemClock, join(dataDir, 'outbox.sqlite'));
    expect(new Set(outbox.aside(9).map((one) => one.reason))).toEqual(new Set(['bytes-missing', 'time-unknown']));
    outbox.close();
  });

  it('sends nothing twice when the cuff replays its whole memory', async () => {
    await agent.start();
    const cuff = cuffWith();
    const frames = Array.from({ length: 20 }, (_, n) => heardFrame(n).bytes);
    cuff.replay(frames);
    await cuff.empty();
    await until(() => server.readings.length === 20);
    cuff.replay([...frames, heardFrame(21).bytes]);
    await cuff.empty();
    await until(() => server.readings.length === 21 && agent.waiting() === 0);
    expect(new Set(server.readings.map((r) => r.ref)).size).toBe(21);
  });

  it('keeps what it hears while the broker is away, and delivers when it is back', async () => {
    await agent.start();
    await until(() => agent.health().state === 'ok');
    await server.down();
    await until(() => agent.health().state === 'degraded');
    const cuff = cuffWith();
    for (const systolic of [121, 122, 123]) cuff.measure({ systolic, diastolic: 80 });
    await until(() => agent.waiting() === 3);
    await server.up();
    await until(() => agent.waiting() === 0);
    expect(systolics()).toEqual([121, 122, 123]);
  });

  it('keeps what the server refused at home, and is not held up by it', async () => {
    server.receipt((reading) => (vitalIn(reading, 'systolic') === 121 ? 'quarantined' : 'stored'));
    await agent.start();
    const cuff = cuffWith();
    cuff.measure({ systolic: 121, diastolic: 80 });
    cuff.measure({ systolic: 122, diastolic: 80 });
    await until(() => server.readings.length === 2);
    await until(() => agent.waiting() === 0);
    await agent.stop();
    const outbox = openOutbox(systemClock, join(dataDir, 'outbox.sqlite'));
    expect(outbox.aside(9)).toMatchObject([{ device: address, reason: 'server: not-assigned' }]);
    outbox.close();
  });

  it('hears on after bluetoothd was restarted', async () => {
    await agent.start();
    const cuff = cuffWith();
    cuff.measure({ systolic: 121, diastolic: 80 });
    await until(() => server.readings.length === 1);
    await bluez.stop();
    await until(() => agent.health().state === 'down');
    await bluez.start();
    cuff.measure({ systolic: 122, diastolic: 80 });
    await until(() => server.readings.length === 2);
    expect(systolics()).toEqual([121, 122]);
  });

  it('sends what was heard just now before what has waited for long, and that in order, in messages the broker takes', async () => {
    mkdirSync(dataDir, { recursive: true });
    const outbox = openOutbox(systemClock, join(dataDir, 'outbox.sqlite'));
    const frames = Array.from({ length: 350 }, (_, n) => outbox.hear({ ...heardFrame(n), visit: 'old' }));
    settleFrames(outbox, frames, true, 'UTC');
    const live = outbox.hear({ ...heardFrame(400), visit: 'new', heardAt: Date.now() });
    settleFrames(outbox, [live], true, 'UTC');
    outbox.close();
    await agent.start();
    await until(() => server.readings.length >= 351 && agent.waiting() === 0);
    expect(server.batches[0]).toBe(1);
    expect(Math.max(...server.batches)).toBeLessThanOrEqual(100);
    const order = server.readings.slice(1).map((reading) => Date.parse(reading.takenAt));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(new Set(server.readings.map((r) => r.ref)).size).toBe(351);
  });

  it('brings over what an earlier life had heard and not yet read', async () => {
    const outbox = openOutbox(systemClock, join(dataDir, 'outbox.sqlite'));
    outbox.hear({ ...heardFrame(9), profile: 'of-another-version' });
    outbox.hear(heardFrame(1));
    outbox.close();
    await agent.start();
    await until(() => server.readings.length === 1 && agent.waiting() === 0);
  });

  it('tells no device the time by a clock that is wrong, and dates rightly what it hears meanwhile', async () => {
    await agent.stop();
    agent = agentWith(
      {},
      clockAhead(() => 7_200_000),
    );
    await agent.start();
    await until(() => agent.state().status.clockOffsetMs !== undefined);
    cuffWith().measure({ systolic: 121, diastolic: 80 });
    await until(() => server.readings.length === 1);
    expect(Math.abs(Date.parse(server.readings[0]!.takenAt) - systemClock.now())).toBeLessThan(60_000);
    await until(() => (agent.state().status.devices?.[0]?.clockOffsetMs ?? 0) < -7_100_000);
  });

  it('brings over what an earlier visit could not read, also of a device that it goes on listening to', async () => {
    await agent.stop();
    // only what tidies up is quick
    const every = (ms: number, run: () => void) => systemClock.every(ms === agentLimits.tidyMs ? 100 : ms, run);
    agent = agentWith({}, { ...systemClock, every });
    await agent.start();
    const strap = createHeartRateStrap(bluez, { adapter: 'hci0', address, connectMs: 5, discoverMs: 10, pairMs: 5 });
    strap.putOn();
    await until(() => strap.told() > 0);
    const outbox = openOutbox(systemClock, join(dataDir, 'outbox.sqlite'));
    outbox.hear(heardFrame(1));
    outbox.close();
    await until(() => systolics().includes(120));
    strap.remove();
  });

  it('outlives what it cannot read of a device, and hears the device when it can', async () => {
    await agent.start();
    const file = new DatabaseSync(join(dataDir, 'outbox.sqlite'), { timeout: 5_000 });
    file.exec('ALTER TABLE device_notes RENAME TO gone');
    const cuff = cuffWith({ advertisesForMs: 120_000 });
    cuff.measure({ systolic: 121, diastolic: 80 });
    await until(() => agent.nearby().length === 1);
    file.exec('ALTER TABLE gone RENAME TO device_notes');
    file.close();
    await until(() => server.readings.length === 1);
  });

  it('hands a command on once, however often it comes, and not when its time has passed', async () => {
    const asked: string[] = [];
    agent.onCommand(({ id }) => asked.push(id));
    await agent.start();
    await until(() => agent.health().state === 'ok' && server.statuses.length > 0);
    const command = (id: string, by: string) => ({ v: 1, id, command: 'measure-again', device: address, by }) as const;
    const [late, good, last] = [systemRandom.uuid(), systemRandom.uuid(), systemRandom.uuid()];
    const soon = new Date(Date.now() + 60_000).toISOString();
    server.command(command(late, '2026-01-01T00:00:00.000Z'));
    server.command(command(good, soon));
    server.command(command(good, soon));
    server.command(command(last, soon));
    await until(() => asked.includes(last));
    expect(asked).toEqual([good, last]);
  });

  it('visits only the devices it is told to, where it is told', async () => {
    await agent.stop();
    agent = agentWith({ devices: ['AA:BB:CC:00:00:02'] });
    await agent.start();
    const [other, own] = [cuffWith(), cuffWith({ address: 'AA:BB:CC:00:00:02' })];
    other.measure({ systolic: 121, diastolic: 80 });
    own.measure({ systolic: 122, diastolic: 80 });
    await own.empty();
    await until(() => server.readings.length === 1);
    expect(systolics()).toEqual([122]);
    expect(other.pending()).toBe(1);
  });

  it('moves a damaged outbox aside and begins a new one, rather than falling silent', async () => {
    writeFileSync(join(dataDir, 'outbox.sqlite'), 'this was a database once'.repeat(500));
    await agent.start();
    cuffWith().measure({ systolic: 128, diastolic: 82 });
    await until(() => server.readings.length === 1);
    expect(readdirSync(dataDir).some((name) => name.startsWith('outbox.sqlite.damaged-'))).toBe(true);
  });

  it('shows as offline when it vanishes without a word', async () => {
    await agent.start();
    await until(() => server.statuses.at(-1)?.state === 'online');
    server.drop();
    await until(() => server.statuses.some((s) => s.state === 'offline'));
  });
});

describe('a gateway as a process', () => {
  const main = join(import.meta.dirname, '../../gateway-agent/main.ts');
  const run = (environment: Record<string, string>) => {
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    return { child, said: () => said, exited: once(child, 'exit') };
  };

  it('says what is missing and what is wrong, by name, and no secret', async () => {
    const { said, exited } = run({ GATEWAY_SECRET: 'short-secret', MQTT_URL: 'http://x', TIME_ZONE: 'Mars/Olympus' });
    expect((await exited)[0]).toBe(1);
    for (const name of ['GATEWAY_SOURCE', 'GATEWAY_SECRET', 'MQTT_URL', 'TIME_ZONE'])
      expect(said()).toContain(`${name}: `);
    expect(said()).not.toContain('short-secret');
    expect(said()).not.toContain('    at ');
  });

  it('brings measurements over, and ends in order on SIGTERM', async () => {
    const { child, said, exited } = run({
      GATEWAY_SOURCE: source,
      GATEWAY_SECRET: secret,
      MQTT_URL: `mqtt://127.0.0.1:${server.port()}`,
      DATA_DIR: dataDir,
      BUS_ADDRESS: bus.address,
      TIME_ZONE: 'Asia/Shanghai',
      DEVICES: 'any',
    });
    cuffWith({ advertisesForMs: 60_000 }).measure({ systolic: 187, diastolic: 121 });
    await until(() => server.readings.length === 1);
    child.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
    expect(server.statuses.at(-1)?.state).toBe('offline');
    expect(said()).not.toMatch(/187|121/);
    expect(said()).not.toContain(secret);
  });
});
