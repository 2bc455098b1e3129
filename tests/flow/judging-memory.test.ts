import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { Outage } from '#domain/errors.ts';
import type { Reading } from '#domain/reading.ts';
import { shardOf } from '#domain/topics.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { changeAlert } from '#runtime/records/alerts.ts';
import { createJudgedChanges } from '#runtime/records/judged-changes.ts';
import { keepLatestValues } from '#runtime/records/latest-values.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { ago, openWard, seconds } from '../support/judged-ward.ts';
import { startJudging } from '../support/judging.ts';
import { makeDevice, makePatient, makeSource } from '../support/people.ts';
import { storedReading } from '../support/readings.ts';
import { testDatabase } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** What the judge keeps in memory, and what becomes of it when it is not alone or begins anew. */

const hours = (n: number): number => seconds(3_600 * n);

it('judges all others of a batch when the care plan of one patient is faulty', async (test) => {
  const ward = await openWard(test);
  const { records, source } = ward;
  const neighbour = await makePatient(records, { team: ward.team });
  const device = await makeDevice(records, { source, patient: neighbour.id });
  await records
    .insertInto('care_plan')
    .values({ patient_id: neighbour.id, overrides: 'null', silent_after_minutes: 1_800, updated_by: null })
    .execute();
  await ward.send([
    ward.measured(192, 121, seconds(90)),
    ward.measured(192, 121, seconds(90), { device }),
    ward.measured(188, 118, seconds(20)),
  ]);
  await until(async () => (await ward.alerts()).length === 1);
  expect(ward.judging().rules.health()).toMatchObject({ state: 'degraded', trouble: 'judging-failed' });
  await ward.acknowledge();
});

it('judges a countdown that is over as soon as the faulty row that kept it from that is mended', async (test) => {
  const ward = await openWard(test);
  const { records } = ward;
  await ward.send([ward.measured(194, 112, seconds(299))], clock.now() - seconds(296));
  const waiting = await records.selectFrom('rule_memory').select('patient_id').executeTakeFirstOrThrow();
  const plan = { ...waiting, silent_after_minutes: 1_800, updated_by: null };
  await records
    .insertInto('care_plan')
    .values({ ...plan, overrides: 'null' })
    .execute();
  await until(() => ward.judging().rules.health().trouble === 'judging-failed');
  expect(await ward.alerts()).toEqual([]);
  await records.updateTable('care_plan').set({ overrides: '{}' }).execute();
  await until(async () => (await ward.alerts()).length === 1);
  await ward.acknowledge();
});

it('asks PostgreSQL for nothing about alerts, plans or memories when an ordinary reading comes', async (test) => {
  const ward = await openWard(test);
  await ward.send([ward.measured(131, 82, hours(2))]);
  await ward.records.transaction().execute(async (db) => {
    // whoever so much as reads one of them waits for the end of this
    await sql`lock table rule_memory, alert, care_plan, care_team in access exclusive mode`.execute(db);
    await ward.send([ward.measured(129, 80, hours(1)), ward.measured(133, 84, seconds(60))]);
  });
  expect(await ward.alerts()).toEqual([]);
  await ward.send([ward.measured(187, 118, seconds(50)), ward.measured(188, 119, seconds(5))]);
  await until(async () => (await ward.alerts()).length === 1);
  await ward.acknowledge();
});

it('believes nothing it kept once the session it asked by has gone: after a crash numbers of transactions may come again', async (test) => {
  const database = await testDatabase();
  test.onTestFinished(() => database.stop());
  const { records } = database;
  const changes = createJudgedChanges();
  await records.connection().execute(async (other) => {
    expect(await changes.look(records)).toBe('all');
    expect(await changes.look(records)).toEqual(new Set());
    expect(await changes.look(other)).toEqual(new Set());
    expect(await changes.look(records)).toEqual(new Set());
    await sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(other);
    expect(await changes.look(other)).toBe('all');
    expect(await changes.look(other)).toEqual(new Set());
  });
});

it('obeys a plan that changes between two readings', async (test) => {
  const ward = await openWard(test);
  await ward.send([ward.measured(171, 92, seconds(120)), ward.measured(172, 93, seconds(80))]);
  expect(await ward.alerts()).toEqual([]);
  await ward.records
    .insertInto('care_plan')
    .values({
      patient_id: ward.patient.id,
      overrides: JSON.stringify({ 'blood-pressure-severe': { 'systolic-at-least': 170 } }),
      silent_after_minutes: 1_800,
      updated_by: null,
    })
    .execute();
  await ward.send([ward.measured(173, 92, seconds(40))]);
  await ward.send([ward.measured(174, 92, seconds(2))]);
  await until(async () => (await ward.alerts()).length === 1);
  await ward.acknowledge();
});

it('opens one alert and writes each page once when two judges hear the same', async (test) => {
  const ward = await openWard(test);
  const other = await startJudging({ ...ward.options, journalFolder: `${ward.options.journalFolder}-other` });
  test.onTestFinished(() => other.stop());
  const crisis = [ward.measured(192, 121, seconds(90)), ward.measured(188, 118, seconds(20))];
  const receivedAt = Date.now();
  await Promise.all([
    ward.send(crisis, receivedAt),
    other.journal.append({
      shard: shardOf(ward.source),
      source: ward.source,
      kind: 'readings',
      receivedAt,
      payload: Buffer.from(JSON.stringify({ v: 1, readings: crisis })),
    }),
  ]);
  await until(() => other.journal.backlog().entries === 0);
  const alerts = await ward.alerts();
  expect(alerts).toHaveLength(1);
  expect(alerts[0]?.evidence).toHaveLength(2);
  await ward.acknowledge();
  // the one that did not open it knows of it all the same
  await ward.send([ward.measured(121, 79, seconds(1))]);
  expect((await ward.theAlert()).evidence).toHaveLength(3);
});

it('hears its own shards and no others', async (test) => {
  const ward = await openWard(test);
  await ward.stop();
  const own = shardOf(ward.source);
  let other = await makeSource(ward.records);
  while (shardOf(other.source) === own) other = await makeSource(ward.records);
  const neighbour = await makePatient(ward.records, { team: ward.team });
  const device = await makeDevice(ward.records, { source: other.source, patient: neighbour.id });
  const crisisOf = (more: Partial<Reading>) => [
    ward.measured(192, 121, seconds(90), more),
    ward.measured(188, 118, seconds(20), more),
  ];
  await ward.restart({ shards: [shardOf(other.source)] });
  const { journal } = ward.judging();
  for (const [source, readings] of [
    [ward.source, crisisOf({})],
    [other.source, crisisOf({ device })],
  ] as const)
    await journal.append({
      shard: shardOf(source),
      ...{ source, kind: 'readings', receivedAt: Date.now() },
      payload: Buffer.from(JSON.stringify({ v: 1, readings })),
    });
  await until(async () => (await ward.alerts()).length > 0);
  expect((await ward.alerts()).map(({ patient }) => patient)).toEqual([neighbour.id]);
  await ward.stop();
  await ward.restart({ shards: [own] });
  await until(async () => (await ward.alerts()).length === 2);
  for (const { id } of await ward.alerts())
    await changeAlert(ward.records, id, { kind: 'acknowledge', by: ward.first.id, note: null, at: ago(0) });
});

it('judges limits while the store is away, and trends once the past is there', async (test) => {
  const ward = await openWard(test);
  await rememberRising(ward);
  await ward.stop();
  let away = true;
  const real = await createPostgresStore({ records: ward.records, clock, log });
  const store = {
    read: async (query: Parameters<typeof real.read>[0]) => {
      if (away) throw new Outage('vitals-store-away', 'away', { retry: true });
      return real.read(query);
    },
  };
  await ward.restart({ store });
  await ward.send([ward.measured(149, 93, seconds(30))]);
  await ward.crisis();
  await until(async () => (await ward.alerts()).length === 1);
  expect(ward.judging().rules.health()).toMatchObject({ state: 'degraded', trouble: 'trends-wait' });
  away = false;
  await until(async () => (await ward.alerts()).length === 2, 40_000);
  expect((await ward.alerts()).map(({ rule }) => rule).sort()).toEqual([
    'blood-pressure-rising',
    'blood-pressure-severe',
  ]);
  await until(() => ward.judging().rules.health().state === 'ok');

  // begun once more, it finds nothing new in the same past
  await ward.stop();
  await ward.restart({ store });
  await until(() => ward.judging().rules.health().state === 'ok');
  expect(await ward.alerts()).toHaveLength(2);
});

/** Two weeks: the second is worse than the first, and its last reading was never judged. */
async function rememberRising({ records, patient, device, source }: Awaited<ReturnType<typeof openWard>>) {
  const store = await createPostgresStore({ records, clock, log });
  const readings = Array.from({ length: 14 }, (_, day) => day).flatMap((day) =>
    [0, 1, 12, 13].map((hour) => {
      const at = ago(hours((13 - day) * 24 + 14 - hour));
      const systolic = day < 7 ? 128 : 146;
      return {
        ...storedReading(patient.id, { device, systolic, diastolic: 82, takenAt: at, heardAt: at }),
        source,
        storedAt: at,
      };
    }),
  );
  await store.write(readings);
  await keepLatestValues(records, readings);
}
