import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import { type Reading, ReadingsEnvelope } from '#domain/reading.ts';
import { systemClock } from '#runtime/clock.ts';
import type { Journal } from '#runtime/journal.ts';
import { seededRandom } from '#runtime/random.ts';
import { issueCode } from '#runtime/records/enrolment-codes.ts';
import { registerSource } from '#runtime/records/sources.ts';
import { ask } from '../../gateway-agent/control/client.ts';
import { createSimulatedBluez, type SimulatedBluez } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import {
  type BloodPressureCuffConfig,
  createBloodPressureCuff,
} from '../../simulators/peripherals/blood-pressure-cuff.ts';
import { createWeightScale } from '../../simulators/peripherals/weight-scale.ts';
import { testApi } from '../support/api.ts';
import { brokers, entriesOf, texts } from '../support/brokers.ts';
import { type Said, say } from '../support/gateway-command.ts';
import { testDatabase } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** The life of a box as an engineer lives it: every word typed at the real command, every part behind it a real one. */
const own = 'AA:BB:CC:00:00:01';
const neighbours = 'AA:BB:CC:00:00:02';

const { openBroker } = brokers();
let database: Awaited<ReturnType<typeof testDatabase>>;
let api: Awaited<ReturnType<typeof testApi>>;
let bus: Bus;
let bluez: SimulatedBluez;
let dataDir: string;
let boxes = 0;
const running: Said[] = [];

const environment = (more: Record<string, string> = {}) => ({
  DATA_DIR: dataDir,
  BUS_ADDRESS: bus.address,
  TIME_ZONE: 'UTC',
  ...more,
});
const command = (...words: string[]) => {
  const said = say(environment(), ...words);
  running.push(said);
  return said;
};
const cuffWith = (config: Partial<BloodPressureCuffConfig> = {}) =>
  createBloodPressureCuff(bluez, {
    adapter: 'hci0',
    address: own,
    name: 'A&D_UA-651BLE_1',
    model: 'UA-651BLE',
    advertisesForMs: 120_000,
    connectMs: 5,
    discoverMs: 10,
    pairMs: 5,
    hangsUpAfterMs: 30,
    ...config,
  });

async function codeFor(source: string): Promise<string> {
  const id = SourceId.parse(source);
  await registerSource(database.records, { id, kind: 'gateway' });
  return (await issueCode(database.records, { source: id, by: 'operator:test', now: Date.now() })).code;
}

/** A box that is enrolled, its agent running, and connected. */
async function aRunningBox(environmentOfAgent: Record<string, string> = {}) {
  const source = `box-${++boxes}`;
  const { port, journal } = await openBroker({ records: database.records });
  const { code: enrolled } = command('enroll', api.base, await codeFor(source));
  expect(await enrolled).toBe(0);
  const start = () => {
    const agent = say(environment({ MQTT_URL: `mqtt://127.0.0.1:${port}`, ...environmentOfAgent }), 'run');
    running.push(agent);
    return agent;
  };
  const agent = start();
  await until(async () => (await state())?.connected);
  return { source, journal, agent, start };
}

const told = async (...words: string[]) => {
  const said = command(...words, '--json');
  await said.code;
  return JSON.parse(said.text());
};
/** Whatever has come to the platform. */
let looks = 0;
const readings = async (journal: Journal) => {
  const entries = await entriesOf(journal, 1, `look-${++looks}`);
  return texts(entries).flatMap(
    (text) => ReadingsEnvelope.safeParse(JSON.parse(text)).data?.readings ?? [],
  ) as Reading[];
};
/** What the command line is told, without beginning a process for each look. */
const state = async () => {
  const answer = await ask(systemClock, dataDir, { ask: 'state' }).catch(() => undefined);
  return answer?.say === 'state' ? answer.state : undefined;
};
const devices = async () => {
  const answer = await ask(systemClock, dataDir, { ask: 'devices' });
  if (answer.say !== 'devices') throw new Error('an answer to another question');
  return answer;
};

beforeAll(async () => {
  database = await testDatabase();
  api = await testApi({ database });
});
afterAll(async () => {
  await api.stop();
  await database.stop();
});
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'hearthbeat-box-'));
  bus = await startBus();
  bluez = createSimulatedBluez(
    { clock: systemClock, random: seededRandom(1) },
    { busAddress: bus.address, adapters: ['hci0'], advertisingIntervalMs: 50, disconnectLingerMs: 20 },
  );
  await bluez.start();
});
afterEach(async () => {
  for (const { child, code } of running.splice(0)) {
    child.kill('SIGKILL');
    await code;
  }
  await bluez.stop();
  await bus.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('enrolling', () => {
  it('makes a key on the box, becomes the source that the code is for, and asks before it does so again', async () => {
    const code = await codeFor('home-of-enrolment');
    const first = command('enroll', api.base, ` ${code.toLowerCase()} `);
    expect(await first.code).toBe(0);
    expect(first.text()).toContain('Enrolled as home-of-enrolment');
    const file = join(dataDir, 'credentials.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    expect(kept).toMatchObject({ source: 'home-of-enrolment', mqttUrl: api.config.mqttUrl, url: `${api.base}/` });
    expect(kept.key).toContain('BEGIN PRIVATE KEY');
    expect(first.text()).not.toContain(kept.credential.token);
    expect(existsSync(join(dataDir, 'enrolment-key.json'))).toBe(false);

    const again = command('enroll', api.base, code);
    expect(await again.code).toBe(1);
    expect(again.text()).toContain('--again');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(kept);
    const other = command('enroll', api.base, code, '--again');
    expect(await other.code).toBe(1);
    expect(other.text()).toContain('used already');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(kept);
  });

  it('asks again with the same key when the answer got lost', async () => {
    const code = await codeFor('home-of-lost-answer');
    const away = command('enroll', 'http://127.0.0.1:9', code);
    expect(await away.code).toBe(1);
    expect(away.text()).toContain('cannot be reached');
    const file = join(dataDir, 'enrolment-key.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { key } = JSON.parse(readFileSync(file, 'utf8'));
    const there = command('enroll', api.base, code);
    expect(await there.code).toBe(0);
    expect(JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8')).key).toBe(key);
  });

  it('says in a sentence what is wrong with an address or a code', async () => {
    const cases: [string[], string][] = [
      [['http://platform.example.org', 'K7QM-2XPF'], 'must begin with https://'],
      [['platform', 'K7QM-2XPF'], 'is no address'],
      [[api.base, 'K7QM'], 'eight letters and digits'],
      [[api.base, 'ZZZZ-ZZZZ'], 'does not know this code'],
      [[api.base], 'enroll <url> <code>'],
    ];
    const saying = cases.map(([words, sentence]) => ({ said: command('enroll', ...words), sentence }));
    for (const { said, sentence } of saying) {
      expect(await said.code).toBeGreaterThan(0);
      expect(said.text()).toContain(sentence);
      expect(said.text()).not.toContain('    at ');
    }
  });
});

describe('a box in a home', () => {
  it('reads only the device that was paired, asks for the digits it shows, shows how it stands, and forgets it', async () => {
    const { source, journal } = await aRunningBox();
    const cuff = cuffWith({ pairing: 'passkey', passkey: 42_137, battery: 61 });
    const other = cuffWith({ address: neighbours, name: 'NEXT-DOOR' });
    cuff.measure({ systolic: 128, diastolic: 82 });
    other.measure({ systolic: 199, diastolic: 99 });
    await until(async () => (await devices()).near.length === 2);

    const wrong = command('pair', 'UA-651');
    await wrong.says('until the display shows "Pr"');
    await wrong.says('six digits');
    wrong.type('000001');
    expect(await wrong.code).toBe(1);
    expect(wrong.text()).toContain('not those of the device');
    expect((await devices()).home).toEqual([]);
    expect(cuff.takeHandedOver()).toEqual([]);

    // Ctrl-C with the digits half typed: nobody is kept waiting for them, and whoever pairs next begins anew
    const brokenOff = command('pair', own);
    await brokenOff.says('six digits');
    brokenOff.child.kill('SIGINT');
    await brokenOff.code;
    expect((await devices()).home).toEqual([]);

    const pairing = command('pair', own.toLowerCase());
    await pairing.says('six digits');
    pairing.type('042 137');
    expect(await pairing.code).toBe(0);
    await until(async () => (await readings(journal)).length === 1);
    expect(await readings(journal)).toMatchObject([{ device: own, values: [{ value: 128 }, { value: 82 }] }]);
    expect(cuff.takeHandedOver()).toHaveLength(1);
    expect(other.takeHandedOver()).toEqual([]);

    const now = await told('status');
    expect(now).toMatchObject({ running: true, source, connected: true, health: { state: 'ok' } });
    expect((await told('devices')).home).toMatchObject([{ device: own, profiles: ['blood-pressure'] }]);
    expect(now.status.devices).toMatchObject([{ device: own, model: 'UA-651BLE', battery: 61 }]);
    const shown = command('status');
    expect(await shown.code).toBe(0);
    expect(shown.text()).toMatch(/✔ {2}Server +connected/);
    expect(shown.text()).toMatch(/AA:BB:CC:00:00:01 +UA-651BLE +heard .* battery 61 %/);

    const forgotten = command('forget', own);
    expect(await forgotten.code).toBe(0);
    expect((await devices()).home).toEqual([]);
    cuff.measure({ systolic: 131, diastolic: 83 });
    await until(async () => (await devices()).near.some((one) => !one.paired));
    expect(cuff.takeHandedOver()).toEqual([]);
  });

  it('knows its devices after it was killed, and one folder has one gateway', async () => {
    const { journal, agent, start } = await aRunningBox();
    const cuff = cuffWith();
    cuff.measure({ systolic: 121, diastolic: 80 });
    const pairing = command('pair', own);
    expect(await pairing.code).toBe(0);
    await until(async () => (await readings(journal)).length === 1);
    const second = start();
    expect(await second.code).toBe(1);
    expect(second.text()).toContain('is running on');
    agent.child.kill('SIGKILL');
    await agent.code;
    const gone = command('status');
    expect(await gone.code).toBe(3);
    expect(gone.text()).toContain('No gateway is running');
    expect(gone.text()).toMatch(/1 reading waits/);
    start();
    cuff.measure({ systolic: 122, diastolic: 80 });
    await until(async () => (await readings(journal)).some(({ values }) => values[0]?.value === 122));
  });

  it('pairs a scale as the user that somebody types, and says so when that is not one of the scale', async () => {
    const { journal } = await aRunningBox();
    const scale = createWeightScale(bluez, {
      adapter: 'hci0',
      address: own,
      name: 'BF720',
      users: [{ index: 2, code: 4711 }],
      advertisesForMs: 120_000,
      connectMs: 5,
      discoverMs: 10,
      pairMs: 5,
      hangsUpAfterMs: 30,
      patienceMs: 2_000,
    });
    scale.measure({ kg: 71.5, userSlot: 2 });
    await until(async () => (await devices()).near.length === 1);
    const wrong = command('pair', 'BF720', '--user', '2', '--code', '1');
    expect(await wrong.code).toBe(1);
    expect(wrong.text()).toContain('wants number and PIN of a user');
    const pairing = command('pair', 'BF720');
    await pairing.says('as user of the scale');
    pairing.type('2');
    await pairing.says('PIN of this user');
    pairing.type('4711');
    scale.wake();
    expect(await pairing.code).toBe(0);
    await until(async () => (await readings(journal)).some(({ panel }) => panel === 'body-weight'));
  });

  it('tells a newcomer what it can do, in Chinese too, and what it did not understand', async () => {
    const [help, chinese, strange] = [say({}), say({ LANG: 'zh_CN.UTF-8' }, 'help'), say({}, 'fly')];
    expect(await help.code).toBe(0);
    for (const verb of ['enroll', 'run', 'status', 'devices', 'pair', 'forget', 'doctor', 'replay'])
      expect(help.text()).toContain(`  ${verb}`);
    expect(await chinese.code).toBe(0);
    expect(chinese.text()).toContain('诊断故障');
    expect(await strange.code).toBe(2);
    expect(strange.text()).toContain('"fly" is no word');
  });
});
