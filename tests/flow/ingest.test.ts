import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { DeviceId } from '#domain/ids.ts';
import type { Reading } from '#domain/reading.ts';
import type { UpTopic } from '#domain/topics.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { type Change, listen } from '#runtime/records/changes.ts';
import { findLatestValues } from '#runtime/records/latest-values.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { envelope, minutesAgo, openIngest, until } from '../support/ingest.ts';
import { assign, makeDevice, makePatient, makeSource } from '../support/people.ts';
import { cuffReading } from '../support/readings.ts';
import { hasInflux, testDatabase, testInflux } from '../support/servers.ts';

describe.each(hasInflux() ? ['InfluxDB', 'PostgreSQL'] : ['PostgreSQL'])('ingest with readings in %s', (kind) => {
  const house = async () => {
    const database = await testDatabase();
    const influx = kind === 'InfluxDB' ? await testInflux() : undefined;
    const store = influx
      ? await createInfluxStore({ clock, log, random }, influx)
      : await createPostgresStore({ records: database.records, clock, log });
    return openIngest({
      ...database,
      store,
      stop: async () => void (await Promise.all([database.stop(), influx?.stop()])),
    });
  };

  it('stores a good reading, tells the source, and shows the latest values', async () => {
    const { sent, receipts, patient, device, source, read, records } = await house();
    const cuff = cuffReading({ device, takenAt: minutesAgo(1), model: 'Cuff "7"\n\0', marks: ['irregular-pulse'] });
    const [systolic, diastolic] = cuff.values;
    const reading = { ...cuff, values: [{ ...systolic!, decimals: 1 }, diastolic!] };
    await sent(source, [reading]);
    expect(receipts(source)).toEqual([{ ref: reading.ref, outcome: 'stored', reading: expect.any(String) }]);
    const [stored, ...more] = await read(patient);
    const { ref: _, ...content } = reading;
    expect(more).toEqual([]);
    expect(stored).toMatchObject({ ...content, patient, source, flags: [], id: receipts(source)[0]?.reading });
    const latest = (await findLatestValues(records, [patient])).get(patient);
    expect(latest?.map(({ vital, value, decimals, takenAt }) => ({ vital, value, decimals, takenAt }))).toEqual([
      { vital: 'systolic', value: 142, decimals: 1, takenAt: reading.takenAt },
      { vital: 'diastolic', value: 88, takenAt: reading.takenAt },
    ]);
  });

  it('receipts every copy of a reading and stores it once', async () => {
    const { sent, receipts, patient, device, source, read } = await house();
    const reading = cuffReading({ device, takenAt: minutesAgo(1) });
    await sent(source, [reading, { ...reading, ref: 'again' }]);
    await sent(source, [reading]);
    expect(receipts(source).map(({ ref, outcome }) => [ref, outcome])).toEqual([
      [reading.ref, 'stored'],
      ['again', 'stored'],
      [reading.ref, 'stored'],
    ]);
    expect(new Set(receipts(source).map((receipt) => receipt.reading)).size).toBe(1);
    expect(await read(patient)).toHaveLength(1);
  });

  it('lets the first copy count when a cuff replays its memory under a corrected clock or to another owner', async () => {
    const { sent, receipts, patient, team, device, source, read, records } = await house();
    const first = cuffReading({
      device,
      deviceTime: '2026-08-11T20:27:00',
      clock: 'corrected',
      takenAt: minutesAgo(9),
    });
    await sent(source, [first]);
    const before = await read(patient);
    const moved = await makePatient(records, { team });
    await records
      .updateTable('assignment')
      .set({ to_at: minutesAgo(5) })
      .where('device_id', '=', device)
      .execute();
    await assign(records, { device, patient: moved.id, from: minutesAgo(5) });
    await sent(source, [{ ...first, ref: 'replay', takenAt: minutesAgo(2), heardAt: minutesAgo(0) }]);
    expect(receipts(source).map(({ ref, outcome }) => [ref, outcome])).toEqual([
      [first.ref, 'stored'],
      ['replay', 'stored'],
    ]);
    expect(await read(patient)).toEqual(before);
    expect(await read(moved.id)).toEqual([]);
  });

  it('puts what may not enter into quarantine, whole and with its reason, and the good beside it into the store', async () => {
    const { sent, receipts, patient, device, source, read, quarantined, records } = await house();
    const neighbour = await makeSource(records);
    const foreign = await makeDevice(records, { source: neighbour.source, patient });
    const unassigned = await makeDevice(records, { source });
    const taken = { device, takenAt: minutesAgo(3) };
    const bad: Record<string, Partial<Reading> | object> = {
      malformed: { ...cuffReading(taken), values: 'none' },
      'foreign-device': cuffReading({ ...taken, device: foreign }),
      'unknown-device': cuffReading({ ...taken, device: 'DE:AD:00:00:00:00' as DeviceId }),
      'not-assigned': cuffReading({ ...taken, device: unassigned }),
      'impossible-value': cuffReading({ ...taken, systolic: 888 }),
      'wrong-unit': { ...cuffReading(taken), values: cuffReading().values.map((value) => ({ ...value, unit: 'kPa' })) },
      'wrong-panel': { ...cuffReading(taken), panel: 'heart-rate' },
      'taken-in-the-future': cuffReading({ ...taken, takenAt: minutesAgo(-60) }),
      'taken-too-long-ago': cuffReading({ ...taken, takenAt: '2001-01-01T00:00:00Z' }),
      'test-reading': cuffReading({ ...taken, marks: ['demo'] }),
    };
    const pieces = Object.entries(bad).map(([reason, piece]) => ({ ...piece, ref: reason }));
    const good = [cuffReading({ ...taken, systolic: 131 }), cuffReading({ ...taken, systolic: 132 })];
    await sent(source, [good[0], ...pieces, good[1]]);
    await sent(source, [good[0], ...pieces, good[1]]);

    expect(await read(patient)).toHaveLength(2);
    const expected = pieces.map(({ ref }) => ({ ref, outcome: 'quarantined', reason: ref }));
    expect(receipts(source).filter(({ outcome }) => outcome === 'quarantined')).toEqual([...expected, ...expected]);
    expect(receipts(source).filter(({ outcome }) => outcome === 'stored')).toHaveLength(4);
    const rows = await quarantined();
    expect(rows.map(({ reason }) => reason).sort()).toEqual(Object.keys(bad).sort());
    for (const row of rows) {
      expect(JSON.parse(row.payload.toString())).toEqual(pieces.find(({ ref }) => ref === row.reason));
      expect(row).toMatchObject({ ref: row.reason, source_id: source });
      expect(row.detail).not.toMatch(/888|131|DE:AD/);
    }
  });

  it('keeps messages that nobody can read, and goes on with the next', async () => {
    const { append, done, sent, receipts, patient, device, source, quarantined, read } = await house();
    const deep = `{"v":1,"readings":[${'['.repeat(30_000)}${']'.repeat(30_000)}]}`;
    const unreadable: [UpTopic, Buffer][] = [
      ['readings', Buffer.from('{"v":1,"readings":[')],
      ['readings', Buffer.alloc(0)],
      ['readings', Buffer.from([0xff, 0xfe, 0x00])],
      ['readings', Buffer.from('null')],
      ['readings', Buffer.from('{"v":2,"readings":[{"ref":"from-tomorrow"}]}')],
      ['readings', Buffer.from(deep)],
      ['readings', Buffer.from('{"v":1,"readings":[7,{"ref":"n\\u0000ul \\ud800","device":"\\u0000"}]}')],
      ['status', Buffer.from('{"v":1,"state":"asleep"}')],
      ['status', Buffer.from('nonsense')],
    ];
    for (const [kind, payload] of unreadable) await append(source, kind, payload);
    await done();
    await sent(source, [cuffReading({ device, takenAt: minutesAgo(1) })]);

    expect(await read(patient)).toHaveLength(1);
    expect(receipts(source).map(({ ref, reason }) => [ref, reason])).toEqual([
      ['from-tomorrow', 'malformed'],
      ['n\0ul \ud800', 'malformed'],
      [expect.any(String), undefined],
    ]);
    const rows = await quarantined();
    expect(rows).toHaveLength(unreadable.length + 1);
    for (const [, payload] of unreadable.filter(([, payload]) => !payload.includes('ul \\ud800')))
      expect(rows.some((row) => row.payload.equals(payload))).toBe(true);
  });

  it('keeps what the vitals store refuses, and says so', async () => {
    const { sent, receipts, patient, device, source, quarantined, read, records } = await house();
    await records.updateTable('assignment').set({ from_at: '1900-01-01T00:00:00Z' }).execute();
    // far ahead, but journalled by a broker whose clock was there too
    const beyond = cuffReading({ device, takenAt: '2600-01-01T00:00:00.000Z', ref: 'beyond' });
    const good = cuffReading({ device, takenAt: minutesAgo(1) });
    await sent(source, [good, beyond], Date.parse(beyond.takenAt));
    expect(receipts(source).map(({ ref, outcome, reason }) => [ref, outcome, reason])).toEqual([
      [good.ref, 'stored', undefined],
      ['beyond', 'quarantined', 'refused-by-store'],
    ]);
    expect(await read(patient)).toHaveLength(1);
    expect(await quarantined()).toMatchObject([{ reason: 'refused-by-store', ref: 'beyond' }]);
  });

  it('moves latest values forward only, however readings come', async () => {
    const { sent, patient, device, source, records } = await house();
    const reading = (minutes: number, systolic: number) =>
      cuffReading({ device, takenAt: minutesAgo(minutes), systolic });
    const systolic = async () =>
      (await findLatestValues(records, [patient])).get(patient)?.find(({ vital }) => vital === 'systolic')?.value;
    await sent(source, [reading(30, 130), reading(10, 110), reading(20, 120)]);
    expect(await systolic()).toBe(110);
    await sent(source, [reading(60 * 24, 99)]);
    expect(await systolic()).toBe(110);
    await sent(source, [reading(5, 105)]);
    expect(await systolic()).toBe(105);
  });

  it('splits 1,200 receipts into messages a source can read, and names every reading', async () => {
    const { append, done, messages, receipts, device, source } = await house();
    const readings = Array.from({ length: 1_200 }, (_, i) =>
      cuffReading({ device, takenAt: new Date(Date.now() - i * 1000).toISOString(), ref: `r${i}` }),
    );
    await Promise.all([0, 400, 800].map((i) => append(source, 'readings', envelope(readings.slice(i, i + 400)))));
    await done();
    expect(new Set(receipts(source).map(({ ref }) => ref)).size).toBe(1_200);
    for (const message of messages) expect(message.receipts.length).toBeLessThanOrEqual(500);
  });
});

describe('ingest', () => {
  const house = async () => {
    const database = await testDatabase();
    return openIngest({ ...database, store: await createPostgresStore({ records: database.records, clock, log }) });
  };

  it('keeps the newest status of a source, and tells who looks at its patients', async () => {
    const { append, done, records, source, patient, team, url } = await house();
    const heard: Change[] = [];
    let ready = false;
    const listening = listen(
      url,
      clock,
      (change) => heard.push(change),
      () => {
        ready = true;
      },
    );
    try {
      await until(() => ready);
      const now = Date.now();
      const status = (state: string, software: string) => Buffer.from(JSON.stringify({ v: 1, state, software }));
      await append(source, 'status', status('online', 'one \0'), now);
      await append(source, 'status', status('offline', 'two'), now + 1000);
      await done();
      await append(source, 'status', status('online', 'too late'), now - 5000);
      await done();
      const row = await records.selectFrom('source').selectAll().where('id', '=', source).executeTakeFirstOrThrow();
      expect(row.status).toEqual({ v: 1, state: 'offline', software: 'two' });
      expect(row.status_at?.getTime()).toBe(now + 1000);
      await until(() => heard.length > 0);
      expect(heard[0]).toEqual({ kind: 'status', team, patient });
    } finally {
      await listening.stop();
    }
  });

  it('tells once per patient and batch that there are new readings', async () => {
    const { sent, records, source, device, patient, team, url } = await house();
    const second = await makePatient(records, { team });
    const other = await makeDevice(records, { source, patient: second.id });
    const heard: Change[] = [];
    let ready = false;
    const listening = listen(
      url,
      clock,
      (change) => heard.push(change),
      () => {
        ready = true;
      },
    );
    try {
      await until(() => ready);
      const readings = Array.from({ length: 20 }, (_, i) =>
        cuffReading({ device: i % 2 ? device : other, takenAt: minutesAgo(i) }),
      );
      await sent(source, readings);
      await until(() => heard.length >= 2);
      expect(heard).toHaveLength(2);
      expect(heard).toEqual(
        expect.arrayContaining([patient, second.id].map((id) => ({ kind: 'reading', team, patient: id }))),
      );
    } finally {
      await listening.stop();
    }
  });

  it('puts one message aside that PostgreSQL refuses against all care, and records the others', async () => {
    const { append, done, records, receipts, quarantined, source, device, patient } = await house();
    await sql
      .raw(
        `create function refuse() returns trigger language plpgsql as
           $$ begin raise exception 'refused' using errcode = '22000'; end $$;
         create trigger refuse before insert on latest_value for each row when (new.value = 177) execute function refuse()`,
      )
      .execute(records);
    const readings = Array.from({ length: 9 }, (_, i) =>
      cuffReading({ device, takenAt: minutesAgo(9 - i), systolic: i === 8 ? 177 : 130 + i }),
    );
    await Promise.all(readings.map((reading) => append(source, 'readings', envelope([reading]))));
    await done();
    expect(await quarantined()).toMatchObject([
      { reason: 'refused-by-store', ref: readings[8]!.ref, payload: envelope([readings[8]]) },
    ]);
    const outcomes = new Map(receipts(source).map(({ ref, outcome }) => [ref, outcome]));
    expect(readings.map(({ ref }) => outcomes.get(ref))).toEqual(
      readings.map((_, i) => (i === 8 ? 'quarantined' : 'stored')),
    );
    const latest = (await findLatestValues(records, [patient])).get(patient);
    expect(latest?.[0]?.value).toBe(137);
  });

  it('puts a replay aside whose first copy belonged to a patient who was since removed, and records the others', async () => {
    const { sent, records, receipts, quarantined, source, device, patient, team, read, restart } = await house();
    const replayed = cuffReading({ device, takenAt: minutesAgo(30), deviceTime: '2026-08-11T20:27:00' });
    await sent(source, [replayed]);
    for (const table of ['latest_value', 'assignment', 'care_plan'] as const)
      await records.deleteFrom(table).where('patient_id', '=', patient).execute();
    await records.deleteFrom('patient').where('id', '=', patient).execute();
    const next = await makePatient(records, { team });
    await assign(records, { device, patient: next.id, from: minutesAgo(5) });
    const good = cuffReading({ device, takenAt: minutesAgo(1) });
    // one that was stored a moment ago is known, and nobody asks whose it was
    await restart();
    await sent(source, [{ ...replayed, ref: 'replay' }]);
    await sent(source, [good]);
    expect(receipts(source).map(({ ref, outcome }) => [ref, outcome])).toEqual([
      [replayed.ref, 'stored'],
      ['replay', 'quarantined'],
      [good.ref, 'stored'],
    ]);
    expect(await quarantined()).toMatchObject([{ reason: 'refused-by-store', ref: 'replay' }]);
    expect(await read(next.id)).toHaveLength(1);
  });

  it('has stored and receipted everything once more when it starts again where its cursor had not moved', async () => {
    const { append, done, restart, receipts, read, source, device, patient } = await house();
    const readings = Array.from({ length: 30 }, (_, i) => cuffReading({ device, takenAt: minutesAgo(i) }));
    for (const reading of readings) await append(source, 'readings', envelope([reading]));
    await restart();
    await done();
    expect(new Set(receipts(source).map(({ ref }) => ref))).toEqual(new Set(readings.map(({ ref }) => ref)));
    expect(await read(patient)).toHaveLength(30);
  });
});
