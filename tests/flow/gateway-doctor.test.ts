import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import { systemClock } from '#runtime/clock.ts';
import { seededRandom, systemRandom } from '#runtime/random.ts';
import { checkBluetooth } from '../../gateway-agent/checks/bluetooth.ts';
import { doctor } from '../../gateway-agent/command/doctor.ts';
import { createTerminal } from '../../gateway-agent/command/terminal.ts';
import { readConfig } from '../../gateway-agent/config.ts';
import { credentialsFile, keepCredentials } from '../../gateway-agent/identity/credentials.ts';
import { createSimulatedBluez, type SimulatedBluez } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import { type ReceiptingServer, startReceiptingServer } from '../support/receipting-server.ts';
import { freePort } from '../support/run.ts';

/** Every part of a box that can be broken, broken, and what the doctor says of it. */
const source = SourceId.parse('box-of-the-doctor');
const token = 'a-token-of-thirty-two-bytes-or-so';

let bus: Bus;
let bluez: SimulatedBluez;
let server: ReceiptingServer;
let platform: Server;
let platformAheadMs = 0;
let dataDir: string;

type Told = { check: string; mark: string; says: string; remedy?: string }[];

async function examined(environment: Record<string, string> = {}, words = ['--json']) {
  const output = new PassThrough();
  const stand = {
    terminal: createTerminal('en', new PassThrough(), output),
    clock: systemClock,
    random: systemRandom,
    config: readConfig({ DATA_DIR: dataDir, BUS_ADDRESS: bus.address, ...environment }),
  };
  const code = await doctor.run(words, stand);
  const text = String(output.read());
  return { code, text, told: words.length > 0 ? (JSON.parse(text) as Told) : [] };
}
const badIn = (told: Told) => told.filter(({ mark }) => mark === 'bad').map(({ check }) => check);

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'hearthbeat-doctor-'));
  bus = await startBus();
  bluez = createSimulatedBluez(
    { clock: systemClock, random: seededRandom(1) },
    { busAddress: bus.address, adapters: ['hci0'] },
  );
  await bluez.start();
  server = await startReceiptingServer(source, token);
  platformAheadMs = 0;
  platform = createServer((_, response) => {
    response.setHeader('date', new Date(Date.now() + platformAheadMs).toUTCString());
    response.end();
  });
  await new Promise<void>((resolve) => platform.listen(0, '127.0.0.1', resolve));
  keepCredentials(dataDir, {
    v: 1,
    source,
    mqttUrl: `mqtt://127.0.0.1:${server.port()}`,
    credential: { kind: 'token', token },
    url: `http://127.0.0.1:${(platform.address() as { port: number }).port}/`,
    enrolledAt: '2026-11-01T10:00:00.000Z',
    key: 'a key',
  });
});
afterEach(async () => {
  platform.close();
  await server.down().catch(() => {});
  await bluez.stop();
  await bus.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('the doctor', () => {
  it('finds nothing bad in a box where all is well, says so, and tells no secret', async () => {
    const { code, told } = await examined();
    expect(badIn(told)).toEqual([]);
    expect(code).toBe(0);
    const good = told.filter(({ mark }) => mark === 'good').map(({ check }) => check);
    for (const check of ['bus', 'bluetoothd', 'adapter', 'disk', 'credentials', 'clock', 'name', 'reach', 'accepted'])
      expect(good).toContain(check);
    const { text } = await examined({}, []);
    expect(text).toContain('✔');
    expect(text).not.toContain(token);
  });

  const broken: [string, string, () => Promise<Record<string, string>> | Record<string, string>, RegExp][] = [
    ['a bus that is not there', 'bus', () => ({ BUS_ADDRESS: `unix:path=${dataDir}/nothing` }), /apt-get install dbus/],
    ['a bluetoothd that does not run', 'bluetoothd', () => bluez.stop().then(() => ({})), /apt-get install bluez/],
    ['an adapter that is not there', 'adapter', () => ({ BLUETOOTH_ADAPTER: 'hci7' }), /BLUETOOTH_ADAPTER to hci0/],
    ['a data folder that is not there', 'disk', () => ({ DATA_DIR: `${dataDir}/gone` }), /enrolling makes it/],
    ['a data folder that is a file', 'disk', () => ({ DATA_DIR: credentialsFile(dataDir) }), /Set DATA_DIR/],
    [
      'a box that was not enrolled',
      'credentials',
      () => ({ DATA_DIR: mkdtempSync(join(dataDir, 'new-')) }),
      /enroll <url> <code>/,
    ],
    [
      'credentials that others may read',
      'credentials',
      () => {
        chmodSync(credentialsFile(dataDir), 0o644);
        return {};
      },
      /chmod 600/,
    ],
    [
      'credentials that are damaged',
      'credentials',
      () => {
        writeFileSync(credentialsFile(dataDir), '{"v":1,');
        return {};
      },
      /--again/,
    ],
    [
      'a clock that is an hour behind',
      'clock',
      () => {
        platformAheadMs = 3_600_000;
        return {};
      },
      /set-ntp true/,
    ],
    ['a server whose name is unknown', 'name', () => ({ MQTT_URL: 'mqtt://platform.invalid:1883' }), /name server/],
    [
      'a server that does not listen',
      'reach',
      async () => ({ MQTT_URL: `mqtt://127.0.0.1:${await freePort()}` }),
      /firewall/,
    ],
    [
      'a token that is no longer good',
      'accepted',
      () => ({
        GATEWAY_SOURCE: source,
        GATEWAY_SECRET: 'withdrawn-token-of-a-box',
        MQTT_URL: `mqtt://127.0.0.1:${server.port()}`,
      }),
      /new code/,
    ],
  ];
  it.each(broken)('finds %s, and says what to do', async (_, check, breakIt, remedy) => {
    const { code, told } = await examined(await breakIt());
    expect(badIn(told)).toContain(check);
    expect(told.find((one) => one.check === check)!.remedy).toMatch(remedy);
    expect(code).toBe(1);
  });

  it('sees a radio that a program or a switch on the case has turned off', async () => {
    const look = async () =>
      (await checkBluetooth(systemClock, { adapter: 'hci0', busAddress: bus.address, rfkillDir: dataDir }))[0]!;
    const folder = join(dataDir, 'rfkill0');
    mkdirSync(folder);
    const set = (type: string, soft: string, hard: string) => {
      for (const [file, value] of Object.entries({ type, soft, hard })) writeFileSync(join(folder, file), `${value}\n`);
    };
    set('wlan', '1', '1');
    expect((await look()).mark).toBe('unknown');
    set('bluetooth', '1', '0');
    expect((await look()).remedy?.en).toContain('rfkill unblock');
    set('bluetooth', '0', '1');
    expect((await look()).remedy?.en).toContain('on the case');
    set('bluetooth', '0', '0');
    expect((await look()).mark).toBe('good');
  });
});
