import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { newAlert } from '#domain/alert.ts';
import type { AlertId, PatientId } from '#domain/ids.ts';
import type { Patient } from '#domain/people.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { putEntry } from '#runtime/records/agenda.ts';
import { changeAlert, findAlert, openAlert } from '#runtime/records/alerts.ts';
import type { Records } from '#runtime/records/connect.ts';
import { askErasure, findErasure, listErasures } from '#runtime/records/erasures.ts';
import { changePlan } from '#runtime/records/plans.ts';
import { saveMemories } from '#runtime/records/rule-memory.ts';
import { applyTaskChange } from '#runtime/records/tasks.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { createErasures } from '../../ingest/erasures.ts';
import { createRollups } from '../../ingest/rollups.ts';
import { summary } from '../contracts/vitals-rollups.ts';
import { makePage, makeTask } from '../support/episodes.ts';
import { minutesAgo, openIngest } from '../support/ingest.ts';
import { makeClinician, makeDevice, makePatient } from '../support/people.ts';
import { makeBacktest } from '../support/plans.ts';
import { privateInflux } from '../support/private-servers.ts';
import { cuffReading } from '../support/readings.ts';
import { hasInflux, testDatabase, testInflux } from '../support/servers.ts';

const by = 'operator:test' as const;
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

type House = Awaited<ReturnType<typeof openIngest>>;

async function openHouse(influx?: Parameters<typeof createInfluxStore>[1]): Promise<House> {
  const database = await testDatabase();
  const { records } = database;
  let store: VitalsStore;
  if (influx) store = await createInfluxStore({ clock, log, random }, influx);
  else if (hasInflux()) {
    const own = await testInflux();
    ends.push(own.stop);
    store = await createInfluxStore({ clock, log, random }, own);
  } else store = await createPostgresStore({ records, clock, log });
  return openIngest({ ...database, store });
}

const erasing = (house: House, settleMs = 0, store = house.store) => {
  const service = createErasures({ records: house.records, store, clock, log }, { everyMs: 20, settleMs });
  ends.push(service.stop);
  return service;
};

const ask = (house: House, patient = house.patient, keepUntil: string | null = null) =>
  askErasure(house.records, { patient, by, reason: 'consent withdrawn', keepUntil, at: new Date().toISOString() });

const isDone = (house: House, patient = house.patient) =>
  expect.poll(async () => (await findErasure(house.records, patient))?.state, { timeout: 20_000 }).toBe('done');

/** Every row of the database and every reading in which an id of the patient stands. */
async function tracesOf(house: House, patient: PatientId): Promise<Record<string, number>> {
  const tables = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'
  `.execute(house.records);
  const traces: Record<string, number> = {};
  for (const { name } of tables.rows) {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from ${sql.table(name)} as row where to_jsonb(row)::text like ${`%${patient}%`}
    `.execute(house.records);
    if (rows[0]!.n > 0) traces[name] = rows[0]!.n;
  }
  const readings = (await house.read(patient)).length;
  return { ...traces, ...(readings ? { readings } : {}) };
}

/** Somebody about whom there is something everywhere. */
async function fullLife(house: House, patient: PatientId, device = house.device) {
  const told = [20, 10].map((minutes) =>
    cuffReading({
      device,
      takenAt: minutesAgo(minutes),
      deviceTime: minutesAgo(minutes).slice(0, 19),
      clock: 'device',
    }),
  );
  await house.sent(house.source, told);
  await house.sent(house.source, [cuffReading({ device, systolic: 299, diastolic: 299 })]);
  const { records } = house;
  const alert = randomUUID() as AlertId;
  const at = new Date().toISOString();
  await openAlert(
    records,
    newAlert({
      ...{
        id: alert,
        patient,
        team: house.team,
        rule: 'crisis',
        problem: 'crisis',
        ruleVersion: 1,
        parameters: {},
        severity: 'critical',
      },
      ...{
        title: { en: 'x', zh: 'x' },
        explanation: { en: 'x', zh: 'x' },
        escalation: null,
        openedAt: at,
      },
      evidence: [
        { reading: 'a'.repeat(32) as never, panel: 'blood-pressure', takenAt: at, heardAt: at, values: [], marks: [] },
      ],
    }),
  );
  await saveMemories(records, [{ patient, rule: 'crisis', memory: { seen: 1 } }]);
  await judgedLife(records, { ...someone, id: patient, team: house.team }, alert);
  await house.store.writeRollups([
    { patient, panel: 'blood-pressure', period: '1d', from: 0, to: 86_400_000, values: { systolic: summary([140]) } },
  ]);
  return told;
}

const someone = { name: { en: 'x', zh: 'x' }, birthDate: '1950-01-01', sex: 'female' as const, conditions: [] };

/** What people and rules leave behind when they look after somebody. */
async function judgedLife(records: Records, patient: Patient, alert: AlertId): Promise<void> {
  const at = new Date().toISOString();
  const doctor = await makeClinician(records, { teams: [patient.team], role: 'doctor' });
  await makePage(records, (await findAlert(records, alert))!, doctor);
  await changeAlert(records, alert, {
    ...{ kind: 'snooze', by: doctor.id, note: 'x', at },
    until: new Date(Date.parse(at) + 1_800_000).toISOString(),
  });
  await putEntry(records, {
    ...{ key: `lapse-${patient.id}-crisis-1`, kind: 'confirmation-lapse', subject: `${patient.id}/crisis` },
    ...{ step: 0, dueAt: Date.parse(at) },
  });
  const task = await makeTask(records, patient, { alert });
  await applyTaskChange(records, task.id, { kind: 'take', by: doctor.id, at });
  await changePlan(records, patient, { part: 'programmes', programmes: ['copd'] }, { by: doctor.id, at });
  await makeBacktest(records, patient);
}

/** That they were here and had a device, that they were erased, and when the judge had to look at them anew. */
const onlyTheBareId = { patient: 1, assignment: 1, erasure: 1, audit: 2, judged_change: 1 };

describe('erasing a patient', () => {
  it('leaves of them nothing but their bare id, and of others everything; what they send again is refused and not kept', async () => {
    const house = await openHouse();
    const other = (await makePatient(house.records, { team: house.team })).id;
    const device = await makeDevice(house.records, { source: house.source, patient: other });
    const told = await fullLife(house, house.patient);
    await fullLife(house, other, device);
    const before = await tracesOf(house, other);
    expect(before).toMatchObject({
      readings: 2,
      latest_value: 2,
      alert: 1,
      rule_memory: 1,
      rollup_due: expect.any(Number),
      first_hearing: 2,
    });

    const ofOne = { task_event: 2, alert_event: 2, page: 1, agenda: 2, plan_change: 1, backtest: 1 };
    expect(await ask(house)).toBe('asked');
    await erasing(house).start();
    await isDone(house);
    // a change of the plan was audited too
    const left = { ...onlyTheBareId, audit: 3 };
    expect(await tracesOf(house, house.patient)).toEqual(left);
    for (const table of ['task_event', 'alert_event', 'page', 'agenda', 'plan_change', 'backtest'] as const)
      expect(await house.records.selectFrom(table).selectAll().execute(), table).toHaveLength(ofOne[table]);
    const shell = await house.records
      .selectFrom('patient')
      .selectAll()
      .where('id', '=', house.patient)
      .executeTakeFirst();
    expect(shell).toMatchObject({ name: { en: 'Erased', zh: '已删除' }, birth_date: '1900-01-01', conditions: [] });
    expect(
      await house.store.readRollups({
        patient: house.patient,
        panel: 'blood-pressure',
        period: '1d',
        from: 0,
        to: 4e12,
      }),
    ).toEqual([]);
    expect(await tracesOf(house, other)).toEqual(before);
    // the quarantined one of the other patient is still there
    expect((await house.quarantined()).map((row) => row.device_id)).toEqual([device]);

    await house.sent(house.source, [...told, cuffReading({ device: house.device, takenAt: minutesAgo(0) })]);
    const last = house.receipts(house.source).slice(-3);
    expect(last.map(({ outcome, reason }) => [outcome, reason])).toEqual(Array(3).fill(['quarantined', 'erased']));
    expect(await house.quarantined()).toHaveLength(1);
    expect(await tracesOf(house, house.patient)).toEqual(left);

    const report = await findErasure(house.records, house.patient);
    expect(report?.parts).toMatchObject({
      hearings: { removed: 2 },
      quarantine: { removed: 1 },
      person: { removed: 3 },
    });
    expect(await ask(house)).toBe('done-before');
    expect(await ask(house, randomUUID() as PatientId)).toBe('unknown-patient');
  });

  it('hides and stops everything at once, and waits with deleting for as long as a law demands keeping', async () => {
    const house = await openHouse();
    await fullLife(house, house.patient);
    const keepUntil = new Date(Date.now() + 3_600_000).toISOString();
    await ask(house, house.patient, keepUntil);
    await erasing(house).start();
    await house.sent(house.source, [cuffReading({ device: house.device, takenAt: minutesAgo(5) })]);
    expect(house.receipts(house.source).at(-1)).toMatchObject({ outcome: 'quarantined', reason: 'erased' });
    expect(await house.read(house.patient)).toHaveLength(2);
    expect((await listErasures(house.records, 9)).map(({ state }) => state)).toEqual(['kept']);
    const alert = await house.records.selectFrom('alert').select('state').executeTakeFirst();
    expect(alert?.state).toBe('resolved');
    // a team would go on seeing what it says of them
    expect(await house.records.selectFrom('backtest').select('id').execute()).toEqual([]);
    // whoever may do it sooner
    expect(await ask(house, house.patient, minutesAgo(1))).toBe('asked-again');
    await isDone(house);
    expect(await house.read(house.patient)).toEqual([]);
  });

  it('gives the device to somebody else, whose readings come in', async () => {
    const house = await openHouse();
    await ask(house);
    const next = (await makePatient(house.records, { team: house.team })).id;
    await house.records
      .insertInto('assignment')
      .values({ id: randomUUID(), device_id: house.device, user_slot: null, patient_id: next, from_at: new Date() })
      .execute();
    await house.sent(house.source, [
      cuffReading({ device: house.device, takenAt: minutesAgo(3) }),
      cuffReading({ device: house.device, takenAt: new Date().toISOString() }),
    ]);
    expect(house.receipts(house.source).map(({ outcome }) => outcome)).toEqual(['quarantined', 'stored']);
    expect(await house.read(next)).toHaveLength(1);
  });

  it('goes on where it was stopped: what the vitals store could not do is done later, and nothing twice for nothing', async () => {
    const house = await openHouse();
    await fullLife(house, house.patient);
    await ask(house);
    const away = { ...house.store, erase: () => Promise.reject(new Error('away')) };
    const first = erasing(house, 0, away);
    await first.start();
    await expect
      .poll(async () => Object.keys((await findErasure(house.records, house.patient))!.parts).length, {
        timeout: 20_000,
      })
      .toBe(6);
    await first.stop();
    const half = await findErasure(house.records, house.patient);
    expect(half?.state).toBe('under-way');
    expect(await house.read(house.patient)).toHaveLength(2);
    await erasing(house).start();
    await isDone(house);
    expect(await house.read(house.patient)).toEqual([]);
  });

  it('of one that fails does not hold up that of another', async () => {
    const house = await openHouse();
    const other = (await makePatient(house.records, { team: house.team })).id;
    await ask(house);
    await ask(house, other);
    const erase: VitalsStore['erase'] = async (patient) => {
      if (patient === house.patient) throw new Error('away');
      return house.store.erase(patient);
    };
    await erasing(house, 0, { ...house.store, erase }).start();
    await isDone(house, other);
    expect((await findErasure(house.records, house.patient))?.state).toBe('under-way');
  });

  it('reaches a rollup that was in hand, and was written when all else was gone', async () => {
    const house = await openHouse();
    await fullLife(house, house.patient);
    const [inHand, mayGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const writeRollups: VitalsStore['writeRollups'] = async (rollups, signal) => {
      inHand.resolve();
      await mayGo.promise;
      await house.store.writeRollups(rollups, signal);
    };
    const rollups = createRollups(
      { records: house.records, store: { ...house.store, writeRollups }, clock, log },
      { retention: {}, settleMs: 0, runningMs: 0, everyMs: 20 },
    );
    ends.push(rollups.stop);
    await rollups.start();
    await inHand.promise;
    await ask(house);
    await erasing(house).start();
    await isDone(house);
    const before = (await findErasure(house.records, house.patient))?.doneAt;
    mayGo.resolve();
    await expect
      .poll(async () => (await findErasure(house.records, house.patient))?.doneAt, { timeout: 20_000 })
      .not.toBe(before);
    await isDone(house);
    const span = { patient: house.patient, panel: 'blood-pressure' as const, from: 0, to: 4e12 };
    expect(await house.store.readRollups({ ...span, period: '1h' })).toEqual([]);
    expect(await house.store.readRollups({ ...span, period: '1d' })).toEqual([]);
  });

  it('says what the vitals store cannot erase', async () => {
    const house = await openHouse();
    await ask(house);
    await erasing(house, 0, { ...house.store, erase: async () => ({ cannot: 'it never does' }) }).start();
    await isDone(house);
    expect((await findErasure(house.records, house.patient))?.parts.readings).toMatchObject({
      obstacle: 'it never does',
    });
  });

  if (hasInflux())
    it('reaches a reading that was in hand while InfluxDB was away, and came into it afterwards', async () => {
      const influx = await privateInflux();
      ends.push(influx.stop);
      const house = await openHouse(influx);
      await house.sent(house.source, [cuffReading({ device: house.device, takenAt: minutesAgo(30) })]);
      await influx.end();
      await house.append(
        house.source,
        'readings',
        Buffer.from(
          JSON.stringify({ v: 1, readings: [cuffReading({ device: house.device, takenAt: minutesAgo(9) })] }),
        ),
      );
      await expect.poll(() => house.store.health().state, { timeout: 20_000 }).toBe('down');
      await ask(house);
      await influx.begin();
      await erasing(house).start();
      await house.done();
      await isDone(house);
      expect(await house.read(house.patient)).toEqual([]);
      const { audit, ...left } = onlyTheBareId;
      // and once more in the trail, where the reading came when all else was gone already
      const inTrail = expect.toBeOneOf([audit, audit + 1]);
      expect(await tracesOf(house, house.patient)).toEqual({ ...left, audit: inTrail });
    });
});
