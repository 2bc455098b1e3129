import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ClinicianId, DeviceId } from '#domain/ids.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { createAdmitting } from '#runtime/intake/admitting.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { byClinician } from '#runtime/records/actor.ts';
import { listAudit } from '#runtime/records/audit.ts';
import { registerDevice } from '#runtime/records/devices.ts';
import { forgetQuarantined, type Quarantined, type QuarantineLimits, quarantine } from '#runtime/records/quarantine.ts';
import {
  countQuarantine,
  findQuarantined,
  listQuarantine,
  quarantineAccounts,
} from '#runtime/records/quarantine-list.ts';
import { releaseQuarantine } from '#runtime/records/releases.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { createReleases } from '../../ingest/releases.ts';
import { takeIn } from '../../rules/intake.ts';
import { minutesAgo, openIngest } from '../support/ingest.ts';
import { assign, makeSource } from '../support/people.ts';
import { cuffReading } from '../support/readings.ts';
import { testDatabase } from '../support/servers.ts';
import { until } from '../support/until.ts';

const by = byClinician(ClinicianId.parse(randomUUID()));
const now = () => new Date().toISOString();

async function house() {
  const database = await testDatabase();
  const store = await createPostgresStore({ records: database.records, clock, log });
  return { ...(await openIngest({ ...database, store })), store };
}

type House = Awaited<ReturnType<typeof house>>;
const heart = (device: DeviceId, values: (number | null)[], start: string) => ({
  ref: 'worn',
  device,
  panel: 'heart-rate',
  clock: 'source',
  heardAt: start,
  start,
  stepMs: 1_000,
  columns: [{ vital: 'heart-rate', unit: '/min', values }],
});
const seriesMessage = (series: object) => Buffer.from(JSON.stringify({ v: 1, series: [series] }));
const heartsOf = (house: House) =>
  house.store.read({ patient: house.patient, panel: 'heart-rate', from: 0, to: Date.now() + 60_000, limit: 5_000 });
/** Until the recorder has stored what was released. */
async function recorded({ records, store }: House): Promise<void> {
  const releases = createReleases({ records, store, clock, log, metrics: createMetrics() }, { everyMs: 20 });
  await releases.start();
  await until(async () => (await countQuarantine(records, { state: 'released' })).items === 0);
  await releases.stop();
}

describe('a series', () => {
  it('is stored sample by sample; its one receipt names those that were refused, and they alone lie in quarantine', async () => {
    const all = await house();
    const { append, done, receipts, device, source, quarantined } = all;
    const start = minutesAgo(2);
    const series = heart(device, [60, 999, null, 63, 998], start);
    await append(source, 'readings', seriesMessage(series));
    await append(source, 'readings', seriesMessage(series));
    await done();
    const receipt = {
      ref: 'worn',
      outcome: 'stored',
      refused: [1, 4].map((sample) => ({ sample, reason: 'impossible-value' })),
    };
    expect(receipts(source)).toEqual([receipt, receipt]);
    expect((await heartsOf(all)).map(({ takenAt, values }) => [takenAt, values[0]?.value]).reverse()).toEqual(
      [0, 3].map((i) => [new Date(Date.parse(start) + i * 1_000).toISOString(), 60 + i]),
    );
    const [row, ...more] = await quarantined();
    expect(more).toEqual([]);
    expect(JSON.parse(row!.payload.toString()).columns[0].values).toEqual([null, 999, null, null, 998]);
    expect(row).toMatchObject({ reason: 'impossible-value', ref: 'worn', readings: 2, panel: 'heart-rate' });
  });

  it('that may not enter at all is kept as it came, and its receipt says why', async () => {
    const { append, done, receipts, source, quarantined } = await house();
    const message = heart(DeviceId.parse('nobody-knows'), [60, 61], minutesAgo(2));
    await append(source, 'readings', seriesMessage(message));
    await done();
    expect(receipts(source)).toEqual([{ ref: 'worn', outcome: 'quarantined', reason: 'unknown-device' }]);
    expect(JSON.parse((await quarantined())[0]!.payload.toString())).toEqual({ ...message });
  });

  it('belongs to the same person for the judge as for the recorder, sample by sample', async () => {
    const { append, done, read, source, device, patient, records } = await house();
    await records
      .updateTable('assignment')
      .set({ from_at: minutesAgo(2) })
      .where('device_id', '=', device)
      .execute();
    const column = (vital: string, value: number) => ({ vital, unit: 'mm[Hg]', values: Array(5).fill(value) });
    const series = {
      ...heart(device, [], minutesAgo(5)),
      panel: 'blood-pressure',
      stepMs: 60_000,
      columns: [column('systolic', 151), column('diastolic', 91)],
    };
    await append(source, 'readings', seriesMessage(series));
    await done();
    const stored = await read(patient);
    const entry = { position: 1, shard: 0, source, kind: 'readings' as const, receivedAt: Date.now() };
    const judged: string[] = [];
    for await (const heard of takeIn(createAdmitting(records), [{ ...entry, payload: seriesMessage(series) }]))
      for (const { reading } of heard.get(patient) ?? []) judged.push(reading.evidence.reading);
    expect(judged.length).toBeGreaterThan(0);
    expect(judged.length).toBeLessThan(5);
    expect(judged.sort()).toEqual(stored.map(({ id }) => id).sort());
  });
});

describe('quarantine', () => {
  it('lets go, after the device was registered and assigned, what then may enter: stored once, as late, audited, never twice', async () => {
    const all = await house();
    const { sent, read, source, patient, records } = all;
    const device = DeviceId.parse('C0:FF:EE:00:00:77');
    const reading = cuffReading({ device, takenAt: minutesAgo(1) });
    await sent(source, [reading, cuffReading({ device, takenAt: minutesAgo(1), systolic: 999 })]);
    const { items } = await listQuarantine(records, { device }, { limit: 10 });
    const keys = items.map(({ key }) => key);
    expect(await releaseQuarantine(records, keys, { by, at: now() })).toMatchObject(
      items.map(({ key }) => ({ key, outcome: 'refused', reason: 'unknown-device' })),
    );
    await registerDevice(records, { id: device, source });
    await assign(records, { device, patient });
    const good = items.find(({ ref }) => ref === reading.ref)!.key;
    const outcomes = async () =>
      new Map((await releaseQuarantine(records, [...keys, 'none'], { by, at: now() })).map((one) => [one.key, one]));
    const first = await outcomes();
    expect(first.get(good)).toEqual({ key: good, outcome: 'released' });
    expect(first.get('none')).toEqual({ key: 'none', outcome: 'unknown' });
    expect([...first.values()]).toContainEqual(expect.objectContaining({ reason: 'impossible-value' }));
    expect((await outcomes()).get(good)).toEqual({ key: good, outcome: 'known' });

    await recorded(all);
    expect(await read(patient)).toMatchObject([{ takenAt: reading.takenAt, flags: ['late'], patient }]);
    expect(await findQuarantined(records, good)).toMatchObject({ state: 'recorded', releasedBy: by });
    expect((await outcomes()).get(good)?.outcome).toBe('known');
    const trail = await listAudit(records, { limit: 10, source });
    expect(trail.filter(({ action }) => action === 'quarantine-released')).toMatchObject([
      { by, device, outcome: 'done' },
    ]);
  });

  it('lets go the samples of a series that an assignment covers now, and keeps the others', async () => {
    const all = await house();
    const { append, done, source, device, records } = all;
    await records
      .updateTable('assignment')
      .set({ from_at: minutesAgo(0) })
      .where('device_id', '=', device)
      .execute();
    const start = minutesAgo(5);
    await append(source, 'readings', seriesMessage({ ...heart(device, [60, 61, 62], start), stepMs: 60_000 }));
    await done();
    await records
      .updateTable('assignment')
      .set({ from_at: minutesAgo(4.5) })
      .where('device_id', '=', device)
      .execute();
    const [item] = (await listQuarantine(records, {}, { limit: 10 })).items;
    expect(item).toMatchObject({ reason: 'not-assigned', readings: 3, state: 'waiting' });
    expect(await releaseQuarantine(records, [item!.key], { by, at: now() })).toMatchObject([{ outcome: 'released' }]);
    await recorded(all);
    expect((await heartsOf(all)).map(({ values }) => values[0]?.value).sort()).toEqual([61, 62]);
    expect((await listQuarantine(records, { state: 'waiting' }, { limit: 10 })).items).toMatchObject([
      { reason: 'not-assigned', readings: 1 },
    ]);
  });

  it('is shown newest first in pages that lose and double nothing, by source, reason and state', async () => {
    const { records } = await house();
    const { source } = await makeSource(records);
    const other = (await makeSource(records)).source;
    await records.transaction().execute((db) =>
      quarantine(
        db,
        Array.from({ length: 25 }, (_, i) => thing(i % 2 ? source : other, i, i % 5 ? 'unknown-device' : 'malformed')),
      ),
    );
    const pages = async (filter: Parameters<typeof listQuarantine>[1]) => {
      const seen: { key: string; receivedAt: string }[] = [];
      let after: string | undefined;
      do {
        const page = await listQuarantine(records, filter, { limit: 7, after });
        seen.push(...page.items);
        after = page.next ?? undefined;
      } while (after !== undefined);
      expect(new Set(seen.map(({ key }) => key)).size).toBe(seen.length);
      expect(seen.map(({ receivedAt }) => receivedAt)).toEqual(
        seen
          .map(({ receivedAt }) => receivedAt)
          .sort()
          .reverse(),
      );
      expect((await countQuarantine(records, filter)).items).toBe(seen.length);
      return seen.length;
    };
    expect(await pages({})).toBe(25);
    expect(await pages({ source })).toBe(12);
    expect(await pages({ reason: 'malformed' })).toBe(5);
    expect(await pages({ source, reason: 'unknown-device', state: 'waiting' })).toBe(10);
    expect(await pages({ state: 'recorded' })).toBe(0);
  });

  it('never grows beyond its limits: the oldest of the source that takes most give way first, and are counted', async () => {
    const { records } = await house();
    const quiet = (await makeSource(records)).source;
    const hostile = (await makeSource(records)).source;
    const limits: QuarantineLimits = { itemsOfSource: 20, bytesOfSource: 100_000, bytes: 1_500 };
    const put = (items: Quarantined[]) => records.transaction().execute((db) => quarantine(db, items, limits));
    expect(await put([0, 1, 2].map((i) => thing(quiet, i)))).toBe(0);
    let gaveWay = 0;
    for (let i = 0; i < 100; i += 10)
      gaveWay += await put(Array.from({ length: 10 }, (_, n) => thing(hostile, 100 + i + n)));
    const kept = (await listQuarantine(records, {}, { limit: 1_000 })).items;
    expect(kept.filter(({ source }) => source === quiet)).toHaveLength(3);
    const refs = kept.filter(({ source }) => source === hostile).map(({ ref }) => Number(ref));
    expect(refs.length).toBe(100 - gaveWay);
    expect(refs).toEqual(Array.from({ length: refs.length }, (_, i) => 199 - i));
    expect(kept.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(limits.bytes);
    expect(await quarantineAccounts(records, 10)).toEqual([
      { source: hostile, items: refs.length, bytes: refs.length * 50, gaveWay },
      { source: quiet, items: 3, bytes: 150, gaveWay: 0 },
    ]);
    expect(await forgetQuarantined(records, Date.UTC(2026, 0, 2), 100)).toBe(3 + refs.length);
    expect((await quarantineAccounts(records, 10)).map(({ items, bytes }) => [items, bytes])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
});

describe('a change of assignment', () => {
  it('holds for every reading that is received after it', async () => {
    const { sent, receipts, source, device, patient, read, records } = await house();
    const outcomes = () => receipts(source).map(({ outcome }) => outcome);
    await sent(source, [cuffReading({ device, takenAt: minutesAgo(3) })]);
    const ended = minutesAgo(2);
    await records.updateTable('assignment').set({ to_at: ended }).where('device_id', '=', device).execute();
    await sent(source, [cuffReading({ device, takenAt: minutesAgo(1) })]);
    await records.updateTable('assignment').set({ to_at: null }).where('device_id', '=', device).execute();
    await sent(source, [cuffReading({ device, takenAt: minutesAgo(0) })]);
    expect(outcomes()).toEqual(['stored', 'quarantined', 'stored']);
    expect(await read(patient)).toHaveLength(2);
  });
});

const thing = (source: Quarantined['source'], n: number, reason: Quarantined['reason'] = 'malformed'): Quarantined => ({
  source,
  receivedAt: Date.UTC(2026, 0, 1) + n,
  reason,
  detail: 'not JSON',
  ref: String(n),
  payload: Buffer.from(`${n}`.padEnd(50)),
});
