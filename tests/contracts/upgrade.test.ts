import { readdir, readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import { ReadingId } from '#domain/ids.ts';
import { book } from '../../rules/book/index.ts';
import { readState } from '../../rules/evaluate.ts';
import { anyPatient } from '../support/readings.ts';
import { testDatabase } from '../support/servers.ts';

/** A database of an earlier version, with what was going on in it, brought up to date. */

const folder = new URL('../../runtime/records/migrations/', import.meta.url);
const team = '00000000-0000-4000-8000-000000000001';
const escalation = JSON.stringify({ steps: [{ afterSeconds: 0, onCall: [0] }], repeatAfterSeconds: 900, rounds: 3 });
const at = '2026-11-20T08:00:00.000Z';
const id = ReadingId.parse('0123456789abcdef0123456789abcdef');
const evidence = {
  reading: id,
  panel: 'blood-pressure',
  takenAt: at,
  heardAt: at,
  values: [{ vital: 'systolic', value: 191, unit: 'mm[Hg]' }],
  marks: [],
};
const kept = { evidence, device: 'cuff', source: 'gw-1', receivedAt: Date.parse(at), used: false, asked: true };
const rule = (name: string) => book.find((one) => one.rule === name)!;

it('keeps countdowns and open episodes of rules that remembered readings', async () => {
  const { records, stop } = await testDatabase();
  onTestFinished(stop);
  await sql`drop schema public cascade; create schema public`.execute(records);
  const files = (await readdir(folder)).sort();
  const before = files.filter((file) => file < '0014');
  const run = async (some: string[]) => {
    for (const file of some) await sql.raw(await readFile(new URL(file, folder), 'utf8')).execute(records);
  };
  await run(before);
  await sql`insert into care_team (id, name, time_zone, escalation) values (${team}, '{}', 'UTC', ${escalation})`.execute(
    records,
  );

  const remember = async (name: string, memory: object, alert?: 'open' | 'resolved') => {
    const patient = anyPatient();
    await sql`insert into patient (id, team_id, name, birth_date, sex)
      values (${patient}, ${team}, '{}', '1950-01-01', 'female')`.execute(records);
    await sql`insert into rule_memory values (${patient}, ${name}, ${JSON.stringify(memory)})`.execute(records);
    if (alert)
      await sql`insert into alert (id, patient_id, team_id, rule, rule_version, parameters, severity, state, title,
          explanation, evidence, opened_at)
        values (gen_random_uuid(), ${patient}, ${team}, ${name}, 1, '{}', 'routine', ${alert}, '{}',
          '{"en": "Rising", "zh": "上升"}', ${JSON.stringify([evidence])}, ${at})`.execute(records);
    return patient;
  };
  const idle = { kind: 'confirmed', kept: [kept], countdown: null, episode: null, known: [] };
  const counting = { ...idle, countdown: { first: id, at: Date.parse(at) + 300_000 }, known: [id.slice(0, 16)] };
  const rising = { kind: 'rising-average', kept: [], episode: true, raisedOn: 20_777 };
  const patients = {
    idle: await remember('blood-pressure-severe', idle),
    counting: await remember('blood-pressure-severe', counting),
    open: await remember('blood-pressure-rising', rising, 'open'),
    closed: await remember('blood-pressure-rising', rising, 'resolved'),
    never: await remember('blood-pressure-rising', { ...rising, episode: false, raisedOn: null }),
  };
  await run(files.filter((file) => file > '0014'));

  const memories = await records.selectFrom('rule_memory').selectAll().execute();
  const of = (patient: string) => memories.find(({ patient_id }) => patient_id === patient)?.memory;
  expect(of(patients.idle)).toBeUndefined();
  expect(of(patients.never)).toBeUndefined();
  expect(readState(rule('blood-pressure-severe'), of(patients.counting))).toEqual(counting);
  expect(readState(rule('blood-pressure-rising'), of(patients.open))).toMatchObject({
    kind: 'course',
    episode: {
      severity: 'routine',
      opening: { en: 'Rising', zh: '上升' },
      from: Date.parse(at),
      toldAt: Date.parse(at),
    },
    raisedBy: 20_777 * 86_400_000,
  });
  expect(readState(rule('blood-pressure-rising'), of(patients.closed))).toMatchObject({
    kind: 'course',
    episode: null,
  });
});
