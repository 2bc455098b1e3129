import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PatientId } from '#domain/ids.ts';
import type { ReadingsView } from '#domain/views.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { createProgress } from '#runtime/setup/progress.mjs';
import { createGatewayAgent, type GatewayAgent } from '../../gateway-agent/agent.ts';
import { createDbusRadio } from '../../gateway-agent/radio/dbus-radio.ts';
import type { Radio } from '../../gateway-agent/radio/radio.ts';
import { type Platform, startPlatform } from '../../main.ts';
import { createSimulatedBluez } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import { type BloodPressureCuff, createBloodPressureCuff } from '../../simulators/peripherals/blood-pressure-cuff.ts';
import { startMailServer } from '../support/mail.ts';
import {
  assign,
  makeClinician,
  makeDevice,
  makePatient,
  makeRota,
  makeSource,
  makeTeam,
  password,
} from '../support/people.ts';
import { freePort } from '../support/run.ts';
import { hasInflux, testDatabase, testInflux } from '../support/servers.ts';
import { until } from '../support/until.ts';

/**
 * The whole house on real parts: frames captured from real cuffs go in at the radio, and come out exactly in InfluxDB, in the
 * API's answer and in the mail to the doctor on call. The cuffs' clocks stand where they stood when the frames were captured.
 */
const captures = [
  {
    // Stack Overflow 78168365: Beurer BM96, exponent -1, MAP is NaN, undefined flag and status bits set
    frame: 'def6f416f3ff07e4070114082b00b2f2018000',
    model: 'BM96',
    clock: '2020-01-20T08:43:30',
    deviceTime: '2020-01-20T08:43:00',
    values: { systolic: 127, diastolic: 79, 'pulse-rate': 69 },
    userSlot: 1,
    marks: [],
  },
  {
    // Stack Overflow 78184770: Beurer BM96
    frame: 'dee2f43ef3ff07e807031302210034f301c000',
    model: 'BM96',
    clock: '2024-03-19T02:33:40',
    deviceTime: '2024-03-19T02:33:00',
    values: { systolic: 125, diastolic: 83, 'pulse-rate': 82 },
    userSlot: 1,
    marks: [],
  },
  {
    // derdilla/blood-pressure-monitor-fl: sample with status
    frame: '167c0056006100e807060f11111b33002700',
    model: 'UA-651BLE',
    clock: '2024-06-15T17:17:50',
    deviceTime: '2024-06-15T17:17:27',
    values: { systolic: 124, diastolic: 86, 'mean-arterial-pressure': 97, 'pulse-rate': 51 },
    userSlot: undefined,
    marks: ['body-movement', 'cuff-too-loose', 'irregular-pulse', 'improper-position'],
  },
  {
    // derdilla/blood-pressure-monitor-fl: Beurer BM85, big-endian pulse and status, user byte without its flag
    frame: '566a0047000000ea07080b121f00003f000000',
    model: 'BM85',
    clock: '2026-08-11T18:31:45',
    deviceTime: '2026-08-11T18:31:00',
    values: { systolic: 106, diastolic: 71, 'pulse-rate': 63 },
    userSlot: 0,
    marks: [],
  },
] as const;

const address = (index: number) => `C0:DE:00:00:00:${String(index + 1).padStart(2, '0')}`;

let folder: string;
let bus: Bus;
let bluez: ReturnType<typeof createSimulatedBluez>;
let database: Awaited<ReturnType<typeof testDatabase>>;
/** Where this machine has it; else the house keeps its readings in PostgreSQL. */
let influx: Awaited<ReturnType<typeof testInflux>> | undefined;
let mail: Awaited<ReturnType<typeof startMailServer>>;
let platform: Platform;
let radio: Radio;
let gateway: GatewayAgent;
let patients: PatientId[];
let cookie: string;
const cuffs: BloodPressureCuff[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearthbeat-house-'));
  [database, influx, mail, bus] = await Promise.all([
    testDatabase(),
    hasInflux() ? testInflux() : undefined,
    startMailServer(),
    startBus(),
  ]);
  const { records } = database;
  const team = await makeTeam(records);
  const doctor = await makeClinician(records, { teams: [team], role: 'doctor', language: 'zh' });
  await makeRota(records, team, [doctor]);
  const { source, secret } = await makeSource(records);
  patients = [];
  for (const [index, capture] of captures.entries()) {
    const { id } = await makePatient(records, { team, name: `Patient ${index}` });
    patients.push(id);
    await makeDevice(records, { source, id: address(index), model: capture.model, patient: id });
  }
  // whoever wears the BM85 is frail: 110 is low already. A second cuff of the same patient will confirm it.
  await records
    .insertInto('care_plan')
    .values({
      patient_id: patients[3]!,
      overrides: JSON.stringify({ 'blood-pressure-low': { 'systolic-below': 110, 'min-gap-seconds': 10 } }),
      silent_after_minutes: 1800,
      updated_by: null,
    })
    .execute();
  const second = await makeDevice(records, { source, id: address(captures.length) });
  await assign(records, { device: second, patient: patients[3]! });

  const environment = {
    PATH: process.env.PATH,
    DATA_DIR: join(folder, 'data'),
    CANARY_SECONDS: 'off',
    HTTP_PORT: String(await freePort()),
    MQTT_PORT: String(await freePort()),
    MQTTS_PORT: String(await freePort()),
    DATABASE_URL: database.url,
    ...(influx && {
      INFLUX_URL: influx.url,
      INFLUX_USER: influx.user,
      INFLUX_PASSWORD: influx.password,
      INFLUX_DATABASE: influx.database,
    }),
    SMTP_URL: mail.url,
    SMTP_CONFIDENTIAL: 'true',
    PAGE_GROUP_SECONDS: '1',
  };
  platform = await startPlatform(environment, createProgress(), { openLog: () => log });
  bluez = createSimulatedBluez({ clock, random }, { busAddress: bus.address, adapters: ['hci0'] });
  await bluez.start();
  radio = createDbusRadio({ clock, log }, { adapter: 'hci0', busAddress: bus.address });
  const mqttUrl = `mqtt://127.0.0.1:${environment.MQTT_PORT}`;
  gateway = createGatewayAgent(
    { radio, clock, random, log },
    { source, credential: { secret }, mqttUrl, dataDir: join(folder, 'gateway'), devices: 'any' },
  );
  await gateway.start();
  const signedIn = await fetch(`${platform.config.PUBLIC_URL}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: platform.config.PUBLIC_URL },
    body: JSON.stringify({ email: doctor.email, password }),
  });
  cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!;
});

afterAll(async () => {
  await gateway?.stop();
  await radio?.close();
  await bluez?.stop();
  await bus?.stop();
  await platform?.stop();
  await Promise.all([mail?.stop(), influx?.stop(), database?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const ask = async <T>(path: string): Promise<T> =>
  (await (await fetch(`${platform.config.PUBLIC_URL}/api/v1${path}`, { headers: { cookie } })).json()) as T;

async function readingsOf(patient: PatientId) {
  const day = 86_400_000;
  const range = `from=${new Date(Date.now() - day).toISOString()}&to=${new Date(Date.now() + day).toISOString()}`;
  const view = await ask<ReadingsView>(`/patients/${patient}/readings?panel=blood-pressure&resolution=raw&${range}`);
  if (view.resolution !== 'raw') throw new Error('asked for raw readings');
  return view.readings;
}

/** What is stored, asked of InfluxDB in its own language. */
async function pointsOf(patient: PatientId): Promise<Record<string, unknown>[]> {
  if (!influx) return rowsOf(patient);
  const query = new URLSearchParams({
    db: influx.database,
    q: `SELECT * FROM "blood-pressure" WHERE "patient" = '${patient}'`,
  });
  const authorization = `Basic ${Buffer.from(`${influx.user}:${influx.password}`).toString('base64')}`;
  const answer = await fetch(`${influx.url}/query?${query}`, { headers: { authorization } });
  const { results } = (await answer.json()) as { results: { series?: { columns: string[]; values: unknown[][] }[] }[] };
  const series = results[0]?.series?.[0];
  return (series?.values ?? []).map((row) => Object.fromEntries(series!.columns.map((column, i) => [column, row[i]])));
}

async function rowsOf(patient: PatientId): Promise<Record<string, unknown>[]> {
  const span = { from: 0, to: Date.now() + 86_400_000, limit: 10 };
  const readings = await platform.store.read({ patient, panel: 'blood-pressure', ...span });
  return readings.map(({ id, device, raw, values }) => ({
    ...Object.fromEntries(values.map(({ vital, value }) => [vital, value])),
    ...{ raw, device, reading: id },
  }));
}

it.each(captures.map((capture, index) => ({ ...capture, index })))(
  'a frame of a real $model arrives exactly, in the vitals store and in the API',
  async ({ frame, model, clock: frozen, deviceTime, values, userSlot, marks, index }) => {
    const patient = patients[index]!;
    const cuff = createBloodPressureCuff(bluez, {
      adapter: 'hci0',
      address: address(index),
      model,
      clockFrozenAt: frozen,
    });
    cuffs.push(cuff);
    const before = Date.now();
    cuff.replay([Buffer.from(frame, 'hex')]);
    await until(async () => (await readingsOf(patient)).length > 0);

    const [reading, ...more] = await readingsOf(patient);
    expect(more).toEqual([]);
    expect(Object.fromEntries(reading!.values.map(({ vital, value }) => [vital, value]))).toEqual(values);
    expect(reading).toMatchObject({ model, deviceTime, raw: frame, clock: 'corrected', marks });
    expect(reading!.userSlot).toBe(userSlot);
    // taken as long ago as the device's own clock says, whatever year it believes in
    const ago = Date.parse(`${frozen}Z`) - Date.parse(`${deviceTime}Z`);
    expect(Math.abs(Date.parse(reading!.takenAt) - (before - ago))).toBeLessThan(10_000);

    const points = await pointsOf(patient);
    expect(points).toHaveLength(1);
    expect(points[0]).toMatchObject({ ...values, raw: frame, device: address(index) });
    expect(String(points[0]!.reading).slice(0, 32)).toBe(reading!.id);
  },
);

it('two low readings, the first a real frame, page the doctor on call once, with both values', async () => {
  const patient = patients[3]!;
  const cuff = createBloodPressureCuff(bluez, { adapter: 'hci0', address: address(captures.length), clockOffsetMs: 0 });
  cuff.measure({ systolic: 104, diastolic: 68, pulse: 64 });
  await until(() => mail.received.length > 0);
  const [page, ...more] = mail.received;
  expect(more).toEqual([]);
  expect(page!.text).toMatch(/106\/71 mmHg，脉率 63/);
  expect(page!.text).toMatch(/104\/68 mmHg，脉率 64/);
  expect(page!.text).toMatch(/Patient 3|女士/);
  const id = /alerts\/([0-9a-f-]{36})/.exec(page!.text)![1];
  const { alerts } = await ask<{ alerts: { id: string; evidence: unknown[] }[] }>(`/alerts?patient=${patient}`);
  expect(alerts).toHaveLength(1);
  expect(alerts[0]).toMatchObject({ id, rule: 'blood-pressure-low', state: 'open' });
  expect(alerts[0]!.evidence).toHaveLength(2);
  const { tasks } = await ask<{ tasks: { alert: string; kind: string }[] }>(`/tasks?patient=${patient}`);
  expect(tasks).toMatchObject([{ alert: id, kind: 'call' }]);
});

it('the artefact among the frames has raised nothing', async () => {
  const { alerts } = await ask<{ alerts: unknown[] }>(`/alerts?patient=${patients[2]}`);
  expect(alerts).toEqual([]);
});

it('everything that was receipted has left the outbox', async () => {
  await until(() => gateway.waiting() === 0);
});

it('a cuff that replays its memory changes nothing', async () => {
  const [cuff] = cuffs;
  cuff!.replay([Buffer.from(captures[0].frame, 'hex')]);
  await cuff!.empty();
  await until(() => gateway.waiting() === 0);
  expect(await readingsOf(patients[0]!)).toHaveLength(1);
  expect(await pointsOf(patients[0]!)).toHaveLength(1);
});
