import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { canary } from '#domain/canary.ts';
import { Command, ReceiptsMessage, type StatusMessage } from '#domain/downward.ts';
import { SetupFault } from '#domain/errors.ts';
import { DeviceId, SourceId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import { type DeviceView, PatientView, SourceView, Worklist } from '#domain/views.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { byOperator } from '#runtime/records/actor.ts';
import { doing } from '#runtime/setup/home/doing.ts';
import { read } from '#runtime/setup/home/words.ts';
import { createProgress } from '#runtime/setup/progress.mjs';
import { readCredentials } from '../../gateway-agent/identity/credentials.ts';
import { type Platform, startPlatform } from '../../main.ts';
import { type Caller, createCaller } from '../support/api.ts';
import { connectAs, publish } from '../support/mqtt.ts';
import { makeClinician, password } from '../support/people.ts';
import { cuffReading } from '../support/readings.ts';
import { freePort } from '../support/run.ts';
import { hasInflux, testDatabase, testInflux } from '../support/servers.ts';
import { until } from '../support/until.ts';

/**
 * The way of an engineer who sets up the first home, on an empty database and by the commands of the README alone; and what a
 * care team sees of it.
 */

let folder: string;
let database: Awaited<ReturnType<typeof testDatabase>>;
let influx: Awaited<ReturnType<typeof testInflux>> | undefined;
let platform: Platform;
let environment: Record<string, string | undefined>;
let base: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hearthbeat-newcomer-'));
  [database, influx] = await Promise.all([testDatabase(), hasInflux() ? testInflux() : undefined]);
  environment = {
    PATH: process.env.PATH,
    DATA_DIR: folder,
    DATABASE_URL: database.url,
    HTTP_PORT: String(await freePort()),
    MQTT_PORT: String(await freePort()),
    MQTTS_PORT: String(await freePort()),
    ...(influx
      ? {
          INFLUX_URL: influx.url,
          INFLUX_USER: influx.user,
          INFLUX_PASSWORD: influx.password,
          INFLUX_DATABASE: influx.database,
        }
      : {}),
  };
  base = `http://127.0.0.1:${environment.HTTP_PORT}`;
  const nothing = { write: () => true } as unknown as NodeJS.WriteStream;
  platform = await startPlatform(environment, createProgress(nothing), { openLog: () => silentLog });
});
afterAll(async () => {
  await platform.stop();
  await influx?.stop();
  await database.stop();
  rmSync(folder, { recursive: true });
});

/** As a program of its own: what it printed. */
const run = async (name: 'clinician' | 'home', ...words: string[]): Promise<string> => {
  const file = join(import.meta.dirname, `../../runtime/setup/${name}.ts`);
  return (await promisify(execFile)(process.execPath, [file, ...words], { env: environment })).stdout;
};
/** The same without the second that a program takes to start. */
const home = async (...words: string[]): Promise<string> => {
  const said = read(words);
  const operator = { records: platform.records, clock, random, by: byOperator(), config: platform.config };
  return (await doing[said.word](operator, said)).join('\n');
};
const refusal = (...words: string[]): Promise<string> =>
  home(...words).then(
    () => 'it was taken',
    (fault) => (fault instanceof SetupFault ? fault.message : String(fault)),
  );
const found = (pattern: RegExp, text: string): string => {
  const [, part] = pattern.exec(text) ?? [];
  if (part === undefined) throw new Error(`${pattern} is not in: ${text}`);
  return part;
};

async function signIn(email: string, password: string): Promise<Caller> {
  const answer = await createCaller(base).post('/api/v1/session', { email, password });
  expect(answer.status).toBe(200);
  return createCaller(base, answer.cookie);
}

it('from nothing to a reading on the screen, and a home that is asked and answers', async () => {
  const made = await run('clinician', 'add', 'anna@example.org', '安娜', 'nurse', 'Ward 3', 'zh');
  const nurse = await signIn('anna@example.org', found(/password (\S+)/, made));

  const patient = found(/: ([0-9a-f-]{36})/, await home('add-patient', '王桂兰', '1948-03-02', 'female', 'Ward 3'));
  const registered = await home('register', 'gateway');
  const source = found(/^(gw-\w+) is registered/, registered);
  expect(registered).toContain(`hearthbeat-gateway enroll ${base} `);
  expect(await home('list')).toMatch(new RegExp(`${source} +gateway +not enrolled`));

  // on the box, the words that were printed
  const box = join(folder, 'box');
  const gateway = join(import.meta.dirname, '../../gateway-agent/main.ts');
  const typed = found(/hearthbeat-gateway (enroll .+)/, registered).split(' ');
  await promisify(execFile)(process.execPath, [gateway, ...typed], { env: { ...environment, DATA_DIR: box } });
  const enrolled = readCredentials(box);
  expect(enrolled).toMatchObject({ source, mqttUrl: `mqtts://127.0.0.1:${environment.MQTTS_PORT}` });
  if (enrolled?.credential.kind !== 'certificate') throw new Error('no certificate');
  const { certificate: cert, authority: ca } = enrolled.credential;
  const shown = { key: enrolled.key, cert, ca, username: undefined, password: undefined };
  const client = await connectAs(
    Number(new URL(enrolled.mqttUrl).port),
    { source: enrolled.source, secret: '' },
    { protocol: 'mqtts', host: '127.0.0.1', ...shown },
  );
  const device = DeviceId.parse('C0:FF:EE:00:00:01');
  const receipts: ReceiptsMessage['receipts'] = [];
  const commands: Command[] = [];
  client.on('message', (topic, payload) => {
    const json: unknown = JSON.parse(payload.toString());
    if (topic.endsWith('receipts')) receipts.push(...ReceiptsMessage.parse(json).receipts);
    else commands.push(Command.parse(json));
  });
  await client.subscribeAsync([topicOf(enrolled.source, 'receipts'), topicOf(enrolled.source, 'commands')], { qos: 1 });
  const heardAt = new Date().toISOString();
  const status: StatusMessage = {
    v: 1,
    state: 'online',
    at: heardAt,
    waiting: 0,
    clockOffsetMs: 400_000,
    devices: [{ device, model: 'UA-651BLE', heardAt, battery: 12, rssi: -58, clockOffsetMs: 28_800_000 }],
  };
  await publish(client, topicOf(enrolled.source, 'status'), JSON.stringify(status), { retain: true });
  await until(async () => (await home('list', source)).includes('not registered'));

  // the only gateway that hears the device is the one it belongs to; the address is taken as it stands on a label
  expect(await home('assign', 'c0-ff-ee-00-00-01', patient.slice(0, 8), '--from', '2026-01-01')).toContain(source);
  const takenAt = new Date(Date.now() - 1_000).toISOString();
  const reading = cuffReading({ device, takenAt, heardAt: takenAt });
  await publish(client, topicOf(enrolled.source, 'readings'), JSON.stringify({ v: 1, readings: [reading] }));
  await until(() => receipts.length === 1);
  expect(receipts[0]).toMatchObject({ ref: reading.ref, outcome: 'stored' });

  const view = async () => PatientView.parse((await nurse.get(`/api/v1/patients/${patient}`)).body);
  const worklist = Worklist.parse((await nurse.get('/api/v1/worklist')).body);
  expect(worklist.entries.map((entry) => entry.patient.name.zh)).toEqual(['王桂兰']);
  expect((await view()).latest.map(({ vital, value }) => [vital, value])).toContainEqual(['systolic', 142]);
  expect((await view()).devices[0]).toMatchObject({
    device,
    battery: 12,
    rssi: -58,
    troubles: ['battery-low', 'clock-wrong'],
    sourceState: 'online',
    sourceTroubles: ['clock-wrong'],
    asked: null,
  } satisfies Partial<DeviceView>);

  // the nurse asks for another measurement, twice, because the button is slow
  const asking = { command: 'measure-again', device };
  const answers = await Promise.all([1, 2].map(() => nurse.post(`/api/v1/patients/${patient}/commands`, asking)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  await until(() => commands.length === 1);
  await until(async () => (await view()).devices[0]?.asked?.state === 'sent');
  const answer = { v: 1, id: commands[0]?.id, outcome: 'done', at: new Date().toISOString() };
  await publish(client, topicOf(enrolled.source, 'answers'), JSON.stringify(answer));
  await until(async () => (await view()).devices[0]?.asked?.state === 'done');
  expect((await view()).devices[0]?.asked).toMatchObject({ by: { name: { zh: '安娜' } } });
  expect(commands).toHaveLength(1);

  // the operator asks too
  expect(await home('ask', source, 'set-interval', 'status', '600')).toContain(source);
  await until(() => commands.length === 2);
  expect(commands[1]).toMatchObject({ command: 'set-interval', of: 'status', seconds: 600 });

  const listed = await run('home', 'list');
  expect(listed).toMatch(/王桂兰/);
  expect(listed).toContain('battery 12 %');
  expect(listed).toContain('set-interval, sent, not answered yet');
  const widths = listed
    .split('\n')
    .map((line) => [...line].reduce((sum, c) => sum + (/[\u2e80-\uffe6]/.test(c) ? 2 : 1), 0));
  expect(Math.max(...widths)).toBeLessThanOrEqual(80);

  await home('take-back', device);
  expect((await view()).devices).toEqual([]);
  await home('revoke', source);
  expect(await home('list')).toMatch(/revoked/);
  client.end(true);

  const root = await makeClinician(platform.records, { teams: [], role: 'administrator' });
  const administrator = await signIn(root.email, password);
  const { sources } = (await administrator.get<{ sources: unknown[] }>('/api/v1/sources')).body;
  expect(SourceView.parse(sources[0])).toMatchObject({ id: source, troubles: ['revoked', 'clock-wrong'] });

  const by = await database.records
    .selectFrom('assignment')
    .select(['created_by', 'ended_by'])
    .where('patient_id', '<>', canary.patient)
    .execute();
  expect(by).toEqual([
    { created_by: expect.stringMatching(/^operator:/), ended_by: expect.stringMatching(/^operator:/) },
  ]);
});

it('what was done stands in a trail that is whole, and who signs is shown and can be succeeded', async () => {
  const trail = await home('audit');
  for (const action of ['source-registered', 'code-given', 'source-enrolled', 'device-assigned', 'source-revoked'])
    expect(trail).toContain(`  ${action}\n`);
  const noted = found(/^ {2}(\d+:[0-9a-f]{64})$/m, await home('verify'));
  const before = found(/^([0-9a-f-]{35}) {2}signs$/m, await home('authority'));
  expect(await home('authority', 'new')).toContain(`${before}  was succeeded`);
  expect(await home('verify', noted)).toContain('so is the one you noted');
  expect(
    await refusal(
      'verify',
      noted.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    ),
  ).toContain('another than');
  const [source = ''] = /gw-\w+/.exec(trail) ?? [];
  const fingerprint = found(/^([0-9a-f]{64})$/m, await home('certificates', source));
  expect(await home('revoke', source, '--certificate', fingerprint.slice(0, 32))).toContain('with this certificate');
  expect(await home('certificates', source)).toContain('withdrawn');
});

it('a device that cannot enrol is given its password, once, and signs in with the newest only', async () => {
  await home('register', 'device', 'watch-1');
  const passwordIn = (text: string) => found(/^password +(\S+)/m, text);
  const first = passwordIn(await home('credentials', 'watch-1'));
  const second = passwordIn(await home('credentials', 'watch-1'));
  const port = Number(environment.MQTT_PORT);
  const watch = SourceId.parse('watch-1');
  await expect(connectAs(port, { source: watch, secret: first })).rejects.toThrow();
  const client = await connectAs(port, { source: watch, secret: second });
  client.end(true);
});

it('what cannot be done ends in one sentence that says what can', async () => {
  await expect(run('home', 'explode')).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^\n"explode" is none of add-patient, .+\n$/),
  });
  expect(await run('home')).toContain('npm run home -- register gateway');
  const sentences = await Promise.all(
    [
      ['register', 'toaster'],
      ['register', 'gateway', 'Bett 3'],
      ['code', 'nowhere'],
      ['add-patient', '李雷', '1948-02-30', 'male', 'Ward 3'],
      ['add-patient', '李雷', '1948-02-03', 'male', 'Ward 9'],
      ['assign', 'C0:FF:EE:00:00:77', 'nobody'],
      ['assign', 'C0:FF:EE:00:00:77', '王桂兰'],
      ['assign', 'C0:FF:EE:00:00:01', '王桂兰', '--from', '2026-02-30'],
      ['take-back', 'C0:FF:EE:00:00:77'],
      ['ask', 'watch-1', 'dance'],
      ['ask', 'watch-1', 'set-interval', 'status', '5'],
      ['ask', 'watch-1', 'measure-again', 'C0:FF:EE:00:00:01'],
    ].map((words) => refusal(...words)),
  );
  expect(sentences).toMatchInlineSnapshot(`
    [
      "Say: npm run home -- register <gateway|device> [<source>]",
      ""Bett 3" cannot name a source: use up to 64 small letters, digits and hyphens.",
      "There is no source "nowhere": "npm run home -- list" shows all, "register" adds one.",
      "Say: npm run home -- add-patient "<name>" <birth date> <female|male|other|unknown> "<care team>" [--also …] [--condition …]",
      "There is no care team "Ward 9": there are "Ward 3".",
      "There is no patient "nobody": say the whole name, or the id that add-patient gave.",
      "No gateway has heard C0:FF:EE:00:00:77: say through which it comes, with --source.",
      ""2026-02-30" is no time: write it as 2026-03-01, "2026-03-01 08:00" or 2026-03-01T08:00:00+08:00.",
      "C0:FF:EE:00:00:77 is nobody’s then: "npm run home -- list" shows whose devices are.",
      "Say: npm run home -- ask <source> measure-again <device> | send-status | set-interval <status|stream> <seconds>",
      "Say: npm run home -- ask <source> measure-again <device> | send-status | set-interval <status|stream> <seconds>",
      "C0:FF:EE:00:00:01 is not registered with watch-1: "npm run home -- list" shows what is.",
    ]
  `);
});
