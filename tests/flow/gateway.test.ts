import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { vitalIn } from '#domain/reading.ts';
import { systemClock } from '#runtime/clock.ts';
import { systemRandom } from '#runtime/random.ts';
import { openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import { settleFrames } from '../../gateway-agent/visit/settle.ts';
import { createHeartRateStrap } from '../../simulators/peripherals/heart-rate-strap.ts';
import { address, gatewayRoom } from '../support/gateway-room.ts';
import { heardFrame } from '../support/heard-frames.ts';
import { until } from '../support/until.ts';
import { secret, source } from '../support/uplinks.ts';
import vectors from '../vectors/blood-pressure.json' with { type: 'json' };

/** From a cuff to the far end of the uplink. */
const room = gatewayRoom();

describe('a gateway', () => {
  it('brings a measurement from the cuff to the server, and forgets it when it is receipted', async () => {
    await room.agent.start();
    const cuff = room.cuffWith({ battery: 51 });
    cuff.measure({ systolic: 128, diastolic: 82, mean: 97, pulse: 71, userSlot: 2, status: ['irregular-pulse'] });
    await until(() => room.server.readings.length > 0);
    expect(room.server.readings).toHaveLength(1);
    expect(room.server.readings[0]).toMatchObject({
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
    await until(() => room.agent.waiting() === 0);
    expect(room.agent.health()).toEqual({ state: 'ok' });
    await until(() => room.server.statuses.some((s) => s.devices?.[0]?.battery === 51));
    expect(room.server.statuses.at(-1)).toMatchObject({ state: 'online', waiting: 0, devices: [{ device: address }] });
    await room.agent.stop();
    expect(room.server.statuses.at(-1)).toMatchObject({ state: 'offline' });
  });

  it('corrects the clock of a cuff in another year, and says so', async () => {
    await room.agent.start();
    room.cuffWith({ clockOffsetMs: -11 * 365 * 86_400_000 }).measure({ systolic: 128, diastolic: 82 });
    await until(() => room.server.readings.length > 0);
    const [reading] = room.server.readings;
    expect(reading).toMatchObject({ clock: 'corrected', deviceTime: expect.stringMatching(/^201/) });
    expect(Math.abs(Date.parse(reading!.takenAt) - Date.parse(reading!.heardAt))).toBeLessThan(5_000);
  });

  it('brings the captures of real cuffs over as they were measured', async () => {
    await room.agent.start();
    const captures = vectors.bloodPressure.filter((v) => v.kind === 'device-capture');
    for (const [n, { hex, expected, ...rest }] of captures.entries()) {
      const model = 'model' in rest ? rest.model : 'BM96';
      const time = (expected as { timestamp: string }).timestamp;
      const cuff = room.cuffWith({ address: `AA:BB:CC:00:01:0${n}`, model, clockFrozenAt: time });
      cuff.replay([Buffer.from(hex, 'hex')]);
      await until(() => room.server.readings.some((reading) => reading.raw === hex));
      const reading = room.server.readings.find((one) => one.raw === hex)!;
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
    await room.agent.start();
    const straps = Array.from({ length: 8 }, (_, n) =>
      createHeartRateStrap(room.bluez, {
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
      room.cuffWith({ address: `AA:BB:CC:00:03:${systolic - 100}`, advertisesForMs: 60_000 }).measure({
        systolic,
        diastolic: 80,
      });
    }
    await until(() => room.systolics().filter((one) => one !== undefined).length === 3);
    for (const strap of straps) strap.remove();
  });

  it('keeps a frame that is no blood pressure at home, and brings over those before and after it', async () => {
    await room.agent.start();
    const cuff = room.cuffWith({ clockNeverSet: true });
    cuff.replay(['00780050005a00', '03020304050607', '00790050005a00'].map((hex) => Buffer.from(hex, 'hex')));
    await cuff.empty();
    await until(() => room.systolics().includes(121));
    await until(() => room.agent.waiting() === 0);
    // of two readings without any time, only the last one heard is known to be new
    expect(room.systolics()).toEqual([121]);
    await room.agent.stop();
    const outbox = openOutbox(systemClock, join(room.dataDir, 'outbox.sqlite'));
    expect(new Set(outbox.aside(9).map((one) => one.reason))).toEqual(new Set(['bytes-missing', 'time-unknown']));
    outbox.close();
  });

  it('sends nothing twice when the cuff replays its whole memory', async () => {
    await room.agent.start();
    const cuff = room.cuffWith();
    const frames = Array.from({ length: 20 }, (_, n) => heardFrame(n).bytes);
    cuff.replay(frames);
    await cuff.empty();
    await until(() => room.server.readings.length === 20);
    cuff.replay([...frames, heardFrame(21).bytes]);
    await cuff.empty();
    await until(() => room.server.readings.length === 21 && room.agent.waiting() === 0);
    expect(new Set(room.server.readings.map((r) => r.ref)).size).toBe(21);
  });

  it('sends what was heard just now before what has waited for long, and that in order, in messages the broker takes', async () => {
    mkdirSync(room.dataDir, { recursive: true });
    const outbox = openOutbox(systemClock, join(room.dataDir, 'outbox.sqlite'));
    const frames = Array.from({ length: 350 }, (_, n) => outbox.hear({ ...heardFrame(n), visit: 'old' }));
    settleFrames(outbox, frames, true, 'UTC');
    const live = outbox.hear({ ...heardFrame(400), visit: 'new', heardAt: Date.now() });
    settleFrames(outbox, [live], true, 'UTC');
    outbox.close();
    await room.agent.start();
    await until(() => room.server.readings.length >= 351 && room.agent.waiting() === 0);
    expect(room.server.batches[0]).toBe(1);
    expect(Math.max(...room.server.batches)).toBeLessThanOrEqual(100);
    const order = room.server.readings.slice(1).map((reading) => Date.parse(reading.takenAt));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(new Set(room.server.readings.map((r) => r.ref)).size).toBe(351);
  });

  it('hands a command on once, however often it comes, and not when its time has passed', async () => {
    const asked: string[] = [];
    room.agent.onCommand(({ id }) => asked.push(id));
    await room.agent.start();
    await until(() => room.agent.health().state === 'ok' && room.server.statuses.length > 0);
    const command = (id: string, by: string) => ({ v: 1, id, command: 'measure-again', device: address, by }) as const;
    const [late, good, last] = [systemRandom.uuid(), systemRandom.uuid(), systemRandom.uuid()];
    const soon = new Date(Date.now() + 60_000).toISOString();
    room.server.command(command(late, '2026-01-01T00:00:00.000Z'));
    room.server.command(command(good, soon));
    room.server.command(command(good, soon));
    room.server.command(command(last, soon));
    await until(() => asked.includes(last));
    expect(asked).toEqual([good, last]);
  });

  it('visits only the devices it is told to, where it is told', async () => {
    await room.agent.stop();
    room.agent = room.agentWith({ devices: ['AA:BB:CC:00:00:02'] });
    await room.agent.start();
    const [other, own] = [room.cuffWith(), room.cuffWith({ address: 'AA:BB:CC:00:00:02' })];
    other.measure({ systolic: 121, diastolic: 80 });
    own.measure({ systolic: 122, diastolic: 80 });
    await own.empty();
    await until(() => room.server.readings.length === 1);
    expect(room.systolics()).toEqual([122]);
    expect(other.pending()).toBe(1);
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
      MQTT_URL: `mqtt://127.0.0.1:${room.server.port()}`,
      DATA_DIR: room.dataDir,
      BUS_ADDRESS: room.bus.address,
      TIME_ZONE: 'Asia/Shanghai',
      DEVICES: 'any',
    });
    room.cuffWith({ advertisesForMs: 60_000 }).measure({ systolic: 187, diastolic: 121 });
    await until(() => room.server.readings.length === 1);
    child.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
    expect(room.server.statuses.at(-1)?.state).toBe('offline');
    expect(said()).not.toMatch(/187|121/);
    expect(said()).not.toContain(secret);
  });
});
