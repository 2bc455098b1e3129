import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { PatientId } from '#domain/ids.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { keepLatestValues } from '#runtime/records/latest-values.ts';
import { wasDeaf } from '#runtime/records/silence.ts';
import { recordStatus } from '#runtime/records/sources.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { ago, openWard, seconds } from '../support/judged-ward.ts';
import { makeDevice, makePatient, makeSource } from '../support/people.ts';
import { storedReading } from '../support/readings.ts';
import { testDatabase } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** From what has not come to an alert that says whose silence it is. */

const days = (n: number): number => seconds(86_400 * n);
const often = { everyMs: 200, settleMs: 0 };

/** A ward in which several patients measured once a day and stopped six days ago. */
async function openSilentWard(test: Parameters<typeof openWard>[0]) {
  const ward = await openWard(test);
  await ward.stop();
  const { records, team } = ward;
  const store = await createPostgresStore({ records, clock, log });

  const status = (source: typeof ward.source, state: 'online' | 'offline', agoMs: number) =>
    recordStatus(records, source, { v: 1, state, at: ago(agoMs) }, Date.now() - agoMs);
  const measuredBefore = async (of: { patient: PatientId; device: typeof ward.device; source: typeof ward.source }) => {
    const readings = [8, 7, 6].map((n) => ({
      ...storedReading(of.patient, { device: of.device, takenAt: ago(days(n)), heardAt: ago(days(n)) }),
      source: of.source,
      storedAt: ago(days(n)),
    }));
    await store.write(readings);
    await keepLatestValues(records, readings);
  };
  const expectDaily = (patient: PatientId, pause: object | null = null) =>
    records
      .insertInto('care_plan')
      .values({
        patient_id: patient,
        overrides: JSON.stringify({ 'measurements-missed': { 'missed-at-least': 3 } }),
        expected: JSON.stringify([{ panel: 'blood-pressure', times: 1, everyDays: 1 }]),
        pause: pause && JSON.stringify(pause),
        silent_after_minutes: 1_800,
        // too short to speak of how often somebody measures
        updated_at: ago(days(5)),
        updated_by: null,
      })
      .execute();
  const addHome = async (state: 'online' | 'offline', wish: { measured: boolean; pause?: object }) => {
    const { source } = await makeSource(records);
    const { id: patient } = await makePatient(records, { team });
    const device = await makeDevice(records, { source, patient });
    await status(source, state, days(4));
    if (wish.measured) await measuredBefore({ patient, device, source });
    await expectDaily(patient, wish.pause);
    return { patient, device, source };
  };
  return { ...ward, addHome, status };
}

it('says whose silence it is, once, and leaves alone who is paused or never began', async (test) => {
  const ward = await openSilentWard(test);
  const idle = await ward.addHome('online', { measured: true });
  const cutOff = await ward.addHome('offline', { measured: true });
  const pause = { from: ago(days(7)), until: ago(-days(7)), reason: 'holiday' };
  await ward.addHome('online', { measured: true, pause });
  await ward.addHome('online', { measured: false });
  await ward.restart({ listening: often });
  await until(async () => (await ward.alerts()).length >= 2);
  // some rounds more change nothing
  await clock.sleep(1_000);
  const said = (await ward.alerts()).map(({ patient, rule, severity }) => ({ patient, rule, severity }));
  expect(said).toHaveLength(2);
  expect(said).toContainEqual({ patient: idle.patient, rule: 'measurements-missed', severity: 'routine' });
  expect(said).toContainEqual({ patient: cutOff.patient, rule: 'gateway-silent', severity: 'routine' });
  expect(await ward.pages()).toEqual([]);
  expect(ward.judging().rules.health()).toEqual({ state: 'ok' });
});

it('tells of all others when the plan of one patient is faulty', async (test) => {
  const ward = await openSilentWard(test);
  const idle = await ward.addHome('online', { measured: true });
  const strange = await ward.addHome('online', { measured: true });
  await ward.records
    .updateTable('care_plan')
    .set({ expected: 'null' })
    .where('patient_id', '=', strange.patient)
    .execute();
  await ward.restart({ listening: often });
  await until(async () => (await ward.alerts()).length > 0);
  expect((await ward.alerts()).map(({ patient }) => patient)).toEqual([idle.patient]);
});

it('closes by itself when something comes', async (test) => {
  const ward = await openSilentWard(test);
  const { device, source } = await ward.addHome('online', { measured: true });
  await ward.restart({ listening: often });
  await until(async () => (await ward.alerts()).length === 1);
  await ward.judging().journal.append({
    shard: 1,
    ...{ source, kind: 'readings', receivedAt: Date.now() },
    payload: Buffer.from(JSON.stringify({ v: 1, readings: [ward.measured(128, 81, seconds(5), { device })] })),
  });
  await until(async () => (await ward.theAlert()).state === 'resolved');
  expect(await ward.theAlert()).toMatchObject({ resolvedBy: null, outcome: 'recovered' });
});

it('accuses nobody while most homes are away, and says that this is our own silence', async (test) => {
  const ward = await openSilentWard(test);
  await ward.addHome('online', { measured: true });
  for (let home = 0; home < 6; home++) await ward.addHome('offline', { measured: true });
  await ward.restart({ listening: often });
  await until(() => ward.judging().rules.health().trouble === 'homes-unheard');
  await clock.sleep(1_000);
  expect(await ward.alerts()).toEqual([]);
});

it.each([
  ['the broker’s process has ended', 'process broker', 'process-silent', true],
  ['the recorder and the judge have ended together', 'process ingest+rules', 'process-silent', true],
  ['the broker does not run', 'broker', 'not-running', true],
  ['nothing is recorded, not even who is away', 'ingest', 'recording-waits', true],
  ['the console’s process has ended', 'process api', 'process-silent', false],
  ['the console does not run', 'api', 'not-running', false],
] as const)('knows whether we hear while %s', async (_, component, trouble, isDeaf) => {
  const database = await testDatabase();
  try {
    const at = new Date();
    const alert = { id: randomUUID(), process: 'api', component, trouble, state: 'down' as const, detail: null };
    await database.records
      .insertInto('platform_alert')
      .values({ ...alert, since: at, opened_at: at, closed_at: null, mailed_at: null })
      .execute();
    expect(await wasDeaf(database.records, Date.now())).toBe(isDeaf);
  } finally {
    await database.stop();
  }
});
