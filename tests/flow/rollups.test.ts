import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { Outage } from '#domain/errors.ts';
import type { PatientId } from '#domain/ids.ts';
import { dayAround } from '#domain/zone.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { readingId } from '#runtime/reading-id.ts';
import { markRollups } from '#runtime/records/rollups.ts';
import { withRetention } from '#runtime/retention.ts';
import { retentionOf } from '#runtime/servers/vitals.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { createRetention } from '../../ingest/retention.ts';
import { createRollups } from '../../ingest/rollups.ts';
import { summary } from '../contracts/vitals-rollups.ts';
import { minutesAgo, openIngest } from '../support/ingest.ts';
import { makePatient, makeTeam } from '../support/people.ts';
import { privateInflux } from '../support/private-servers.ts';
import { cuffReading, storedReading } from '../support/readings.ts';
import { hasInflux, testDatabase, testInflux } from '../support/servers.ts';

const hour = 3_600_000;
const panel = 'blood-pressure' as const;
const wide = { panel, from: 0, to: 4e12 };
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Rollups beside a store, for a patient of a team in this zone. `measured` is what ingest does: stored first, marked then. */
async function openRollups(timeZone: string, wish: { store?: VitalsStore; retention?: { readings?: number } } = {}) {
  const { records, stop } = await testDatabase();
  ends.push(stop);
  const store = wish.store ?? (await openStore(records));
  const team = await makeTeam(records, { timeZone });
  const patient = (await makePatient(records, { team })).id;
  const make = () =>
    createRollups(
      { records, store, clock, log },
      { retention: wish.retention ?? {}, settleMs: 0, runningMs: 0, everyMs: 20 },
    );
  let rollups = make();
  const start = async () => {
    rollups = make();
    await rollups.start();
  };
  ends.push(() => rollups.stop());
  return {
    records,
    store,
    patient,
    start,
    stop: () => rollups.stop(),
    another: async () => (await makePatient(records, { team })).id,
    async measured(at: number[], systolic: (i: number) => number, whose = patient) {
      const readings = at.map((ms, i) =>
        storedReading(whose, { takenAt: new Date(ms).toISOString(), systolic: systolic(i) }),
      );
      await store.write(readings);
      await markRollups(records, readings, clock.now());
      return readings;
    },
    async caughtUp() {
      while (await records.selectFrom('rollup_due').select('hour').limit(1).executeTakeFirst()) await clock.sleep(20);
    },
    days: () => store.readRollups({ ...wide, patient, period: '1d' }),
    hours: () => store.readRollups({ ...wide, patient, period: '1h' }),
  };
}

async function bareStore(): Promise<VitalsStore> {
  const { records, stop } = await testDatabase();
  ends.push(stop);
  return openStore(records);
}

async function openStore(records: Awaited<ReturnType<typeof testDatabase>>['records']): Promise<VitalsStore> {
  if (!hasInflux()) return createPostgresStore({ records, clock, log });
  const influx = await testInflux();
  ends.push(influx.stop);
  const store = await createInfluxStore({ clock, log, random }, influx);
  ends.push(store.close);
  return store;
}

describe('rollups', () => {
  it('are by hour, and by the day where the care team is: an evening in Shanghai is no morning of the next', async () => {
    const house = await openRollups('Asia/Shanghai');
    // 23:30 on 1 July and 00:30 on 2 July, both within 1 July of UTC
    const at = [Date.UTC(2026, 6, 1, 15, 30), Date.UTC(2026, 6, 1, 16, 30), Date.UTC(2026, 6, 1, 16, 45)];
    await house.measured(at, (i) => 140 + i);
    await house.start();
    await house.caughtUp();
    const [first, second] = [dayAround('Asia/Shanghai', at[0]!), dayAround('Asia/Shanghai', at[1]!)];
    expect(new Date(second.from).toISOString()).toBe('2026-07-01T16:00:00.000Z');
    expect(await house.days()).toEqual([
      { ...first, values: { systolic: summary([140]), diastolic: summary([88]) } },
      { ...second, values: { systolic: summary([141, 142]), diastolic: summary([88, 88]) } },
    ]);
    const hours = await house.hours();
    expect(hours.map(({ from, values }) => [from, values.systolic?.count])).toEqual([
      [Date.UTC(2026, 6, 1, 15), 1],
      [Date.UTC(2026, 6, 1, 16), 2],
    ]);
  });

  it('are of 23 and 25 hours where clocks are changed, and of half an hour of UTC where a zone is between two', async () => {
    const lengths = (zone: string, ...days: number[]) =>
      days.map((at) => {
        const { from, to } = dayAround(zone, at);
        return [new Date(from).toISOString(), (to - from) / hour];
      });
    expect(lengths('Europe/Berlin', Date.UTC(2026, 2, 29, 12), Date.UTC(2026, 9, 25, 12))).toEqual([
      ['2026-03-28T23:00:00.000Z', 23],
      ['2026-10-24T22:00:00.000Z', 25],
    ]);
    // there is no midnight on that day
    expect(lengths('America/Santiago', Date.UTC(2026, 8, 6, 12))).toEqual([['2026-09-06T04:00:00.000Z', 23]]);

    const house = await openRollups('Asia/Kolkata');
    await house.measured([Date.UTC(2026, 6, 1, 18, 29), Date.UTC(2026, 6, 1, 18, 31)], (i) => 150 + i);
    await house.start();
    await house.caughtUp();
    expect(
      (await house.days()).map(({ from, values }) => [new Date(from).toISOString(), values.systolic?.sum]),
    ).toEqual([
      ['2026-06-30T18:30:00.000Z', 150],
      ['2026-07-01T18:30:00.000Z', 151],
    ]);
    expect((await house.hours()).map(({ values }) => values.systolic?.count)).toEqual([2]);
  });

  it('are made anew for what comes late, also while they are being computed, and end up as if all had come in order', async () => {
    const house = await openRollups('Asia/Shanghai');
    await house.start();
    const at = Array.from({ length: 240 }, (_, i) => Date.UTC(2026, 5, 1) + ((i * 7919) % 240) * 900_000);
    const written: number[] = [];
    for (let i = 0; i < at.length; i += 12) {
      await house.measured(at.slice(i, i + 12), (k) => 100 + i + k);
      written.push(...at.slice(i, i + 12).map((_, k) => 100 + i + k));
    }
    await house.caughtUp();
    await house.stop();
    const total = (list: Awaited<ReturnType<typeof house.days>>) =>
      list.reduce((sum, { values }) => [sum[0]! + values.systolic!.count, sum[1]! + values.systolic!.sum], [0, 0]);
    const expected = [written.length, written.reduce((a, b) => a + b, 0)];
    expect(total(await house.days())).toEqual(expected);
    expect(total(await house.hours())).toEqual(expected);
    // doing it again changes nothing
    const before = [await house.days(), await house.hours()];
    await house.records
      .insertInto('rollup_due')
      .values(
        [...new Set(at.map((ms) => Math.floor(ms / hour)))].map((number) => ({
          ...{ patient_id: house.patient, panel, hour: number },
          ...{ taken: true, marked_at: new Date() },
        })),
      )
      .execute();
    await house.start();
    await house.caughtUp();
    expect([await house.days(), await house.hours()]).toEqual(before);
  });

  it('are marked as due also where whoever stored a late reading died before it left anything else', async () => {
    const database = await testDatabase();
    const store = await openStore(database.records);
    const house = await openIngest({ ...database, store });
    const late = cuffReading({ device: house.device, takenAt: minutesAgo(90) });
    const { ref: _, ...told } = late;
    const stored = { ...told, id: readingId(told), source: house.source, patient: house.patient };
    await store.write([{ ...stored, storedAt: minutesAgo(1), flags: ['late'] }]);
    await house.sent(house.source, [late]);
    expect(await house.records.selectFrom('rollup_due').select('hour').execute()).toEqual([
      { hour: Math.floor(Date.parse(late.takenAt) / hour) },
    ]);
    expect(await house.records.selectFrom('latest_value').select('vital').execute()).toHaveLength(2);
    expect((await house.read(house.patient)).map(({ storedAt }) => storedAt)).toHaveLength(1);
  });

  it('keep what was made of readings that have been removed since', async () => {
    const house = await openRollups('UTC', { retention: { readings: 10 } });
    const old = clock.now() - 11 * 24 * hour;
    const [reading] = await house.measured([old], () => 150);
    await house.store.writeRollups([
      {
        patient: house.patient,
        panel,
        period: '1d',
        ...dayAround('UTC', old),
        values: { systolic: summary([150, 160]) },
      },
    ]);
    await house.start();
    await house.caughtUp();
    expect((await house.days()).map(({ values }) => values.systolic?.count)).toEqual([2]);
    expect(reading?.patient).toBe(house.patient);
  });

  it('of patients that the store refuses hold up nobody else, and are tried again', async () => {
    const bare = await bareStore();
    const refused = new Set<PatientId>();
    const store: VitalsStore = {
      ...bare,
      async writeRollups(rollups, signal) {
        if (rollups.some(({ patient }) => refused.has(patient)))
          throw new Outage('vitals-store-refused-rollups', 'refused', { retry: false });
        await bare.writeRollups(rollups, signal);
      },
    };
    const house = await openRollups('UTC', { store });
    // one for each that works at a time
    for (const patient of [house.patient, await house.another()]) refused.add(patient);
    const others = [await house.another(), await house.another(), await house.another()];
    for (const patient of [...refused, ...others]) await house.measured([Date.UTC(2026, 6, 1, 3)], () => 150, patient);
    await house.start();
    const daysOf = (patient: PatientId) => store.readRollups({ ...wide, patient, period: '1d' });
    for (const patient of others)
      await expect.poll(async () => (await daysOf(patient)).length, { timeout: 20_000 }).toBe(1);
    expect(await house.days()).toEqual([]);
    refused.clear();
    await house.caughtUp();
    expect(await house.days()).toHaveLength(1);
  });

  it('are never computed anew while those of an earlier round are still in hand', async () => {
    const bare = await bareStore();
    let [inHand, most, failures] = [0, 0, 0];
    let failing: PatientId | undefined;
    const store: VitalsStore = {
      ...bare,
      async summarise(query) {
        if (query.patient !== failing || failures >= 2) return bare.summarise(query);
        failures++;
        throw new Outage('vitals-store-away', 'away');
      },
      async writeRollups(rollups, signal) {
        most = Math.max(most, ++inHand);
        // longer than it takes until the next round
        await clock.sleep(200);
        await bare.writeRollups(rollups, signal);
        inHand--;
      },
    };
    const house = await openRollups('UTC', { store });
    failing = await house.another();
    for (const patient of [failing, house.patient]) await house.measured([Date.UTC(2026, 6, 1, 3)], () => 150, patient);
    await house.start();
    await expect.poll(() => failures, { timeout: 20_000 }).toBe(2);
    await expect.poll(async () => (await house.days()).length, { timeout: 20_000 }).toBe(1);
    expect(most).toBe(1);
  });

  if (hasInflux())
    it('wait while InfluxDB is away, and are caught up when it is back', async () => {
      const influx = await privateInflux();
      ends.push(influx.stop);
      const store = await createInfluxStore({ clock, log, random }, influx);
      ends.push(store.close);
      const house = await openRollups('Asia/Shanghai', { store });
      await house.measured([Date.UTC(2026, 6, 1, 3)], () => 150);
      await influx.end();
      await house.start();
      await expect
        .poll(() => house.records.selectFrom('rollup_due').where('taken', '=', true).selectAll().execute(), {
          timeout: 20_000,
        })
        .toHaveLength(1);
      await influx.begin();
      await house.caughtUp();
      expect((await house.days()).map(({ values }) => values.systolic?.sum)).toEqual([150]);
    });
});

describe('retention', () => {
  it('of rollups is never shorter than of what is worn, whose charts of a long time are made of them', () => {
    const of = (readings?: number, worn?: number, rollups?: number) =>
      retentionOf({
        RETENTION_READINGS_DAYS: readings,
        RETENTION_CONTINUOUS_DAYS: worn,
        RETENTION_ROLLUPS_DAYS: rollups,
      });
    expect(of(400, 90, 1000)).toEqual({ readings: 400, continuous: 90, rollups: 1000 });
    expect(of(400, 90, 30).rollups).toBe(90);
    expect(of(400, undefined, 30).rollups).toBe(400);
    expect(of(undefined, undefined, 30).rollups).toBeUndefined();
    expect(of()).toEqual({});
  });

  it('refuses what is older, shows none of it, and removes it; rollups stay as long as they are to', async () => {
    const { records, stop } = await testDatabase();
    onTestFinished(stop);
    const bare = await openStore(records);
    const retention = { readings: 30, continuous: 5, rollups: 100 };
    const store = withRetention(bare, { clock }, retention);
    const patient = (await makePatient(records, { team: await makeTeam(records) })).id;
    const at = (days: number) => new Date(clock.now() - days * 24 * hour).toISOString();
    const [young, old] = [10, 31].map((days) => storedReading(patient, { takenAt: at(days) }));
    expect(await store.write([old!, young!])).toEqual([{ reading: old, reason: 'older than the store keeps' }]);
    const worn = { panel: 'heart-rate' as const, values: [{ vital: 'heart-rate' as const, value: 70, unit: '/min' }] };
    const heartRate = storedReading(patient, { ...worn, takenAt: at(6) });
    expect(await store.write([heartRate])).toHaveLength(1);

    await bare.write([old!, heartRate]);
    expect(await store.read({ ...wide, patient, limit: 9 })).toEqual([young]);
    const rollup = { patient, panel, period: '1d' as const, values: { systolic: summary([140]) } };
    const bounds = (days: number) => ({ from: Date.parse(at(days)), to: Date.parse(at(days)) + 24 * hour });
    await store.writeRollups([101, 50].map((days) => ({ ...rollup, ...bounds(days) })));

    const service = createRetention({ store, clock, log }, { retention, everyMs: 20 });
    await service.start();
    ends.push(service.stop);
    await expect.poll(() => bare.read({ ...wide, patient, limit: 9 }), { timeout: 20_000 }).toEqual([young]);
    await expect
      .poll(() => bare.read({ ...wide, panel: 'heart-rate', patient, limit: 9 }), { timeout: 20_000 })
      .toEqual([]);
    await expect
      .poll(async () => (await store.readRollups({ ...wide, patient, period: '1d' })).length, { timeout: 20_000 })
      .toBe(1);
  });
});
