import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { expect, it, onTestFinished } from 'vitest';
import { AlertId, type ClinicianId, type TeamId } from '#domain/ids.ts';
import { shardOf } from '#domain/topics.ts';
import { changeAlert, findAlert, listAlerts } from '#runtime/records/alerts.ts';
import { migrate, type Records } from '#runtime/records/connect.ts';
import { listTasks } from '#runtime/records/tasks.ts';
import { detailOfAlert } from '../../clinician-api/alert-views.ts';
import { startJudging } from '../support/judging.ts';
import { startMailServer } from '../support/mail.ts';
import { makeDevice, makeSource } from '../support/people.ts';
import { anyPatient, cuffReading } from '../support/readings.ts';
import { testDatabase } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** A platform of an earlier version that ended in the midst of judging and calling, brought up to date in one go, goes on with both. */

const folder = new URL('../../runtime/records/migrations/', import.meta.url);
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
const severe = 'blood-pressure-severe';

async function databaseBefore(records: Records): Promise<void> {
  await sql.raw('drop schema public cascade; create schema public;').execute(records);
  const files = (await readdir(folder)).filter((file) => file < '0014').sort();
  const getMigrations = async () =>
    Object.fromEntries(
      files.map((file) => {
        const up = async () => void (await sql.raw(await readFile(new URL(file, folder), 'utf8')).execute(records));
        return [file, { up }];
      }),
    );
  const { error } = await new Migrator({ db: records, provider: { getMigrations } }).migrateToLatest();
  if (error) throw error;
}

const words = (en: string) => JSON.stringify({ en, zh: en });
const evidenceOf = (reading: string, systolic: number, takenAt: string) => ({
  ...{ reading, panel: 'blood-pressure', takenAt, heardAt: takenAt, marks: [] },
  values: [
    { vital: 'systolic', value: systolic, unit: 'mm[Hg]' },
    { vital: 'diastolic', value: 121, unit: 'mm[Hg]' },
  ],
});

/** Team, two people on call, and two patients: one with an alert that calls, one with a countdown that is nearly over. */
async function settle(records: Records) {
  const [team, alert, page] = [randomUUID() as TeamId, AlertId.parse(randomUUID()), randomUUID()];
  const people = [randomUUID(), randomUUID()] as ClinicianId[];
  const policy = {
    steps: [
      { afterSeconds: 0, onCall: [0] },
      { afterSeconds: 300, onCall: [1] },
    ],
    ...{ repeatAfterSeconds: 900, rounds: 3 },
  };
  await sql`insert into care_team (id, name, time_zone, escalation)
    values (${team}, ${words('Team')}, 'UTC', ${JSON.stringify(policy)})`.execute(records);
  for (const [position, who] of people.entries()) {
    await sql`insert into clinician (id, email, name, role, language, password_hash)
      values (${who}, ${`${position}@clinic.example`}, ${words('Ann')}, 'doctor', 'en', 'x')`.execute(records);
    await sql`insert into team_member (team_id, clinician_id) values (${team}, ${who})`.execute(records);
    await sql`insert into on_call (team_id, position, clinician_id) values (${team}, ${position}, ${who})`.execute(
      records,
    );
  }
  const [called, counting] = [anyPatient(), anyPatient()];
  for (const patient of [called, counting])
    await sql`insert into patient (id, team_id, name, birth_date, sex)
      values (${patient}, ${team}, ${words('Mary')}, '1950-01-01', 'female')`.execute(records);

  const at = ago(60_000);
  const frozen = {
    steps: people.map((who, i) => ({ afterSeconds: 300 * i, recipients: [who] })),
    ...{ repeatAfterSeconds: 900, rounds: 3 },
  };
  const [first, second] = ['a', 'b'].map((letter) => letter.repeat(32)) as [string, string];
  const evidence = [evidenceOf(first, 192, ago(180_000)), evidenceOf(second, 190, at)];
  await sql`insert into alert (id, patient_id, team_id, rule, rule_version, parameters, severity, state, title, explanation,
      evidence, escalation, opened_at)
    values (${alert}, ${called}, ${team}, ${severe}, 1, '{}', 'critical', 'open', ${words('Severe')}, ${words('Why')},
      ${JSON.stringify(evidence)}, ${JSON.stringify(frozen)}, ${at})`.execute(records);
  await sql`insert into alert_event (alert_id, at, kind) values (${alert}, ${at}, 'opened')`.execute(records);
  const memory = { kind: 'confirmed', kept: [], countdown: null };
  const episode = { ...memory, episode: { severity: 'critical', readings: [first, second] }, known: [] };
  const countdown = {
    ...{
      ...memory,
      episode: null,
      known: ['c'.repeat(16)],
      countdown: { first: 'c'.repeat(32), at: Date.now() - 1_000 },
    },
    kept: [
      {
        evidence: evidenceOf('c'.repeat(32), 193, ago(301_000)),
        ...{ device: 'cuff', source: 'gw-1', receivedAt: Date.now() - 301_000, used: false, asked: true },
      },
    ],
  };
  for (const [patient, memory] of [
    [called, episode],
    [counting, countdown],
  ] as const)
    await sql`insert into rule_memory values (${patient}, ${severe}, ${JSON.stringify(memory)})`.execute(records);
  await sql`insert into page (id, alert_id, step, channel, recipient, created_at, due_at, state)
    values (${page}, ${alert}, 0, 'smtp', ${people[0]!}, ${at}, ${at}, 'due')`.execute(records);
  await sql`insert into task (id, patient_id, team_id, alert_id, kind, title, role, due_at, created_at)
    values (gen_random_uuid(), ${called}, ${team}, ${alert}, 'call', ${words('Call')}, 'nurse', ${at}, ${at})`.execute(
    records,
  );
  for (const [kind, subject, step, key] of [
    ['page-send', `${page}/0`, 0, `page-send-${page}-first`],
    ['page-step', `${alert}/0`, 1, `page-step-${alert}-0-1`],
    ['confirmation-lapse', `${counting}/${severe}`, 0, `lapse-${counting}-${severe}-1`],
  ] as const)
    await sql`insert into agenda (key, kind, subject, step, due_at) values (${key}, ${kind}, ${subject}, ${step}, ${at})`.execute(
      records,
    );
  return { team, alert, people, called, counting };
}

it('goes on calling, counts down to its end, joins what is open, and closes what was begun', async () => {
  const { records, url, stop } = await testDatabase();
  onTestFinished(stop);
  await databaseBefore(records);
  const { team, alert, people, called, counting } = await settle(records);
  await migrate(records);

  const { source } = await makeSource(records);
  const device = await makeDevice(records, { source, patient: called });
  const mail = await startMailServer();
  onTestFinished(mail.stop);
  const journalFolder = mkdtempSync(join(tmpdir(), 'hearthbeat-upgrade-'));
  const judging = await startJudging({ databaseUrl: url, journalFolder, smtpUrl: mail.url });
  onTestFinished(async () => {
    await judging.stop();
    rmSync(journalFolder, { recursive: true, force: true });
  });
  const alertsOf = (patient: string) => listAlerts(records, { teams: [team], patient: patient as never, limit: 9 });

  // who was being called is called, and so is the next
  await until(() =>
    ['0@clinic.example', '1@clinic.example'].every((to) => mail.received.some((one) => one.to.includes(to))),
  );
  // one value, and nothing came after it
  await until(async () => (await alertsOf(counting)).length > 0);
  expect(await alertsOf(counting)).toMatchObject([
    { rule: severe, problem: 'blood-pressure-high', severity: 'critical' },
  ]);

  const more = [50_000, 10_000].map((ms) =>
    cuffReading({ device, systolic: 195, diastolic: 122, takenAt: ago(ms), heardAt: ago(ms) }),
  );
  const payload = Buffer.from(JSON.stringify({ v: 1, readings: more }));
  await judging.journal.append({ shard: shardOf(source), source, kind: 'readings', receivedAt: Date.now(), payload });
  await until(async () => ((await findAlert(records, alert))?.evidence.length ?? 0) > 2);
  expect(await alertsOf(called)).toHaveLength(1);

  const detail = await detailOfAlert(records, [team], alert, Date.now());
  expect(detail).toMatchObject({ alert: { state: 'open' }, clock: { measured: expect.any(String) } });
  expect(detail?.tasks).toHaveLength(1);
  const [by] = people;
  await changeAlert(records, alert, { kind: 'acknowledge', by: by!, note: null, at: ago(0) });
  const resolved = await changeAlert(records, alert, {
    kind: 'resolve',
    by: null,
    outcome: 'recovered',
    note: null,
    at: ago(0),
  });
  expect(resolved).toMatchObject({ alert: { state: 'resolved' } });
  expect(await listTasks(records, { teams: [team], alert, done: false, limit: 9 })).toEqual([]);
});
