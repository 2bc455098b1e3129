import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Command } from '#domain/downward.ts';
import { SourceId } from '#domain/ids.ts';
import { systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { seededRandom, systemRandom } from '#runtime/random.ts';
import { createGatewayAgent, type GatewayAgent } from '../../gateway-agent/agent.ts';
import { createAnnounce } from '../../gateway-agent/announcement.ts';
import { ask, converse } from '../../gateway-agent/control/client.ts';
import { createControl } from '../../gateway-agent/control/server.ts';
import { controlLimits, socketName } from '../../gateway-agent/control/words.ts';
import { createDbusRadio } from '../../gateway-agent/radio/dbus-radio.ts';
import { createSimulatedBluez, type SimulatedBluez } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import { type ReceiptingServer, startReceiptingServer } from '../support/receipting-server.ts';
import { until } from '../support/until.ts';

/** What a gateway is asked from above and from its own terminal, and what it keeps of it. */
const source = SourceId.parse('home-that-is-asked');
const secret = 'a-token-of-thirty-two-bytes-or-so';
const device = 'AA:BB:CC:00:00:01';

let bus: Bus;
let bluez: SimulatedBluez;
let server: ReceiptingServer;
let folder: string;
let dataDir: string;
let agent: GatewayAgent;
let control: ReturnType<typeof createControl>;
let stop = async () => {};

async function begin(options: { program?: string; deafAfterMs?: number; devices?: string[] } = {}) {
  const shared = { clock: systemClock, log: silentLog };
  const { program, deafAfterMs, devices } = options;
  const radio = createDbusRadio(shared, {
    adapter: 'hci0',
    busAddress: bus.address,
    ...(deafAfterMs ? { deafAfterMs } : {}),
  });
  agent = createGatewayAgent(
    { ...shared, radio, random: systemRandom, ...(program ? { announce: createAnnounce(shared, program) } : {}) },
    {
      source,
      credential: { secret },
      mqttUrl: `mqtt://127.0.0.1:${server.port()}`,
      dataDir,
      timeZone: 'UTC',
      ...(devices ? { devices } : {}),
    },
  );
  control = createControl({ agent, ...shared }, dataDir);
  await control.start();
  await agent.start();
  stop = async () => {
    stop = async () => {};
    await control.stop();
    await agent.stop();
  };
  await until(() => server.statuses.at(-1)?.state === 'online');
}
const asked = { v: 1, device, command: 'measure-again' } as const;
async function command(
  what:
    | { command: 'measure-again'; device?: string }
    | Omit<Extract<Command, { command: 'set-interval' }>, 'v' | 'id' | 'by'>,
) {
  const id = systemRandom.uuid();
  const by = new Date(Date.now() + 60_000).toISOString();
  server.command({ ...asked, ...what, id, by } as Command);
  await until(() => server.answers.some((answer) => answer.id === id));
  return server.answers.find((answer) => answer.id === id)!;
}
/** A program that writes down what it was told, and ends with this code. */
function program(code: number): { path: string; told: () => string } {
  const path = join(dataDir, 'announce');
  writeFileSync(path, `#!/bin/sh\necho "$# $1 $GATEWAY_SECRET" >> "${dataDir}/told"\nexit ${code}\n`);
  chmodSync(path, 0o700);
  return { path, told: () => readFileSync(join(dataDir, 'told'), 'utf8') };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hearthbeat-home-'));
  dataDir = folder;
  bus = await startBus();
  bluez = createSimulatedBluez(
    { clock: systemClock, random: seededRandom(1) },
    { busAddress: bus.address, adapters: ['hci0'] },
  );
  await bluez.start();
  server = await startReceiptingServer(source, secret);
});
afterEach(async () => {
  await stop();
  await server.down().catch(() => {});
  await bluez.stop();
  await bus.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('measure again, asked by the platform', () => {
  it('is announced at home by a program that is told the device and no secret, and then answered as done', async () => {
    process.env.GATEWAY_SECRET = secret;
    const announcing = program(0);
    await begin({ program: announcing.path, devices: [device] });
    expect(await command({ command: 'measure-again' })).toMatchObject({ outcome: 'done' });
    delete process.env.GATEWAY_SECRET;
    expect(announcing.told()).toBe(`1 ${device} \n`);
  });

  it('is refused where nobody at home can be told, and where the program fails', async () => {
    await begin({ devices: [device] });
    expect(await command({ command: 'measure-again' })).toMatchObject({ outcome: 'refused', reason: 'nobody-to-ask' });
    await stop();
    server.statuses.length = 0;
    await begin({ program: program(1).path, devices: [device] });
    const failed = { outcome: 'refused', reason: 'announcement-failed' };
    expect(await command({ command: 'measure-again' })).toMatchObject(failed);
  });

  it('is refused for a device that is not visited here, however it is called, and nobody is told', async () => {
    const announcing = program(0);
    await begin({ program: announcing.path, devices: [device] });
    for (const strange of ['AA:BB:CC:00:00:02', '--help', 'a\0b', ''])
      expect(await command({ command: 'measure-again', device: strange })).toMatchObject({
        outcome: 'refused',
        reason: 'not-here',
      });
    expect(await command({ command: 'measure-again' })).toMatchObject({ outcome: 'done' });
    expect(announcing.told()).toBe(`1 ${device} \n`);
    const announce = createAnnounce({ clock: systemClock, log: silentLog }, announcing.path);
    for (const strange of ['-rf', 'a\0b', 'a b', '']) expect(await announce(strange)).toBe(false);
    expect(await announce(device)).toBe(true);
  });

  it('is told to whoever listens at the control socket, which then is somebody', async () => {
    await begin({ devices: [device] });
    const { answers, close } = await converse(systemClock, dataDir, { ask: 'listen' });
    const heard = answers[Symbol.asyncIterator]();
    expect((await heard.next()).value).toEqual({ say: 'listening' });
    expect(await command({ command: 'measure-again' })).toMatchObject({ outcome: 'done' });
    expect((await heard.next()).value).toMatchObject({ say: 'command', command: asked });
    close();
  });
});

describe('a gateway of a home', () => {
  it('keeps an interval it was told, also when its process ends', async () => {
    await begin();
    expect(await command({ command: 'set-interval', of: 'stream', seconds: 300 })).toMatchObject({ outcome: 'done' });
    expect(await command({ command: 'set-interval', of: 'status', seconds: 90 })).toMatchObject({ outcome: 'done' });
    await stop();
    const kept = JSON.parse(readFileSync(join(dataDir, 'home.json'), 'utf8'));
    expect(kept.seconds).toEqual({ stream: 300, status: 90 });
  });

  it('tells that it may be deaf when nothing was heard for too long', async () => {
    await begin({ deafAfterMs: 300 });
    await until(() => server.statuses.some((status) => status.radio?.state === 'degraded'));
    expect(agent.health()).toMatchObject({ state: 'degraded', detail: expect.stringContaining('deaf') });
  });

  it('moves a damaged list of devices aside, goes on, and says that it has none', async () => {
    writeFileSync(join(dataDir, 'home.json'), '{"v":1,"devices":[{');
    await begin();
    expect(readdirSync(dataDir).some((name) => name.startsWith('home.json.damaged-'))).toBe(true);
    await until(() => agent.health().detail === 'no device was introduced yet');
  });
});

describe('the control socket', () => {
  const raw = (text: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(join(dataDir, socketName), () => socket.write(text));
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(answer));
    });

  it("is its owner's alone, and gone with the agent", async () => {
    await begin();
    expect(statSync(join(dataDir, socketName)).mode & 0o777).toBe(0o600);
    expect(await ask(systemClock, dataDir, { ask: 'devices' })).toEqual({ say: 'devices', home: [], near: [] });
    await stop();
    await expect(ask(systemClock, dataDir, { ask: 'state' })).rejects.toMatchObject({ code: 'not-running' });
  });

  it.each([
    ['no JSON', 'hello\n'],
    ['a question nobody knows', '{"ask":"everything"}\n'],
    ['an impossible device', '{"ask":"forget","device":"../../etc"}\n'],
    ['a line without end', 'x'.repeat(controlLimits.lineBytes + 2)],
  ])('answers %s with a word, hangs up, and serves the next', async (_, text) => {
    await begin();
    expect(JSON.parse(await raw(text))).toEqual({ say: 'fault', reason: 'malformed' });
    expect(await ask(systemClock, dataDir, { ask: 'state' })).toMatchObject({ say: 'state', state: { source } });
  });

  it('begins in a folder that is not there yet', async () => {
    dataDir = join(dataDir, 'of', 'a', 'new-box');
    await begin();
    expect(await ask(systemClock, dataDir, { ask: 'devices' })).toMatchObject({ say: 'devices' });
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });

  it('takes over from a gateway that was killed and left its socket', async () => {
    writeFileSync(join(dataDir, socketName), '');
    await begin();
    expect(await ask(systemClock, dataDir, { ask: 'devices' })).toMatchObject({ say: 'devices' });
  });
});
