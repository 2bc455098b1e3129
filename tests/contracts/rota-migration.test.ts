import { readdir, readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { callDue, Escalation, Policies } from '#domain/escalation.ts';
import { AlertId, ClinicianId, TeamId } from '#domain/ids.ts';
import { Rota } from '#domain/rota.ts';
import { findAlert } from '#runtime/records/alerts.ts';
import { callableOf } from '#runtime/records/on-call.ts';
import { policiesOf } from '#runtime/records/policies.ts';
import { findRota } from '#runtime/records/rota.ts';
import { testDatabase } from '../support/servers.ts';

/** Whoever was on call before an update is on call after it, and what called goes on calling. */

const folder = new URL('../../runtime/records/migrations/', import.meta.url);
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const [team, gapped, alert] = [TeamId.parse(id(1)), TeamId.parse(id(2)), AlertId.parse(id(3))];
const people = [11, 12, 13].map((n) => ClinicianId.parse(id(n)));

it('the list of people on call becomes the first layer of the rota, and escalations keep whom they call', async ({
  onTestFinished,
}) => {
  const { records, stop } = await testDatabase();
  onTestFinished(stop);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  const run = async (some: string[]) => {
    for (const file of some) await sql.raw(await readFile(new URL(file, folder), 'utf8')).execute(records);
  };
  await sql.raw('drop schema public cascade; create schema public;').execute(records);
  await run(files.filter((file) => file < '0016'));

  const policy = (steps: object[]) => JSON.stringify({ steps, repeatAfterSeconds: 900, rounds: 3 });
  const escalation = policy([
    { afterSeconds: 0, recipients: [people[0]] },
    { afterSeconds: 300, recipients: [people[1], people[2]] },
  ]);
  const policies = [
    policy([
      { afterSeconds: 0, onCall: [0] },
      { afterSeconds: 300, onCall: [1, 2] },
    ]),
    policy([{ afterSeconds: 0, onCall: [] }]),
  ];
  for (const [i, one] of [team, gapped].entries())
    await sql`insert into care_team (id, name, time_zone, escalation)
      values (${one}, '{"en": "Team", "zh": "组"}', 'Asia/Shanghai', ${policies[i]}::jsonb)`.execute(records);
  for (const [position, who] of people.entries()) {
    await sql`insert into clinician (id, email, name, role, language, password_hash)
      values (${who}, ${`${position}@clinic.example`}, '{"en": "Ann", "zh": "安"}', 'doctor', 'en', 'x')`.execute(
      records,
    );
    for (const one of [team, gapped])
      await sql`insert into team_member (team_id, clinician_id) values (${one}, ${who})`.execute(records);
    await sql`insert into on_call (team_id, position, clinician_id) values (${team}, ${position}, ${who})`.execute(
      records,
    );
  }
  // nobody had the first two places here
  await sql`insert into on_call (team_id, position, clinician_id) values (${gapped}, 2, ${people[0]})`.execute(records);
  await sql`insert into patient (id, team_id, name, birth_date, sex)
    values (${id(4)}, ${team}, '{"en": "Ann", "zh": "安"}', '1948-03-09', 'female')`.execute(records);
  await sql`insert into alert (id, patient_id, team_id, rule, problem, rule_version, parameters, severity, state, title, explanation,
      evidence, escalation, opened_at, raised_at)
    values (${alert}, ${id(4)}, ${team}, 'a', 'a', 1, '{}', 'critical', 'open', '{"en": "A", "zh": "甲"}', '{"en": "A", "zh": "甲"}',
      '[{}]', ${escalation}::jsonb, now(), now())`.execute(records);

  await run(files.filter((file) => file >= '0016'));
  const now = Date.UTC(2026, 10, 23);
  for (const one of [team, gapped]) Rota.parse((await findRota(records, one)).rota);
  expect([...(await callableOf(records, team, now)).onCall]).toEqual(people.map((who, place) => [place, who]));
  expect([...(await callableOf(records, gapped, now)).onCall]).toEqual([[2, people[0]]]);

  const kept = await policiesOf(records, team);
  expect(Policies.parse(kept.policies)).toMatchObject({
    critical: {
      steps: [
        { afterSeconds: 0, targets: [{ kind: 'on-call', place: 0 }], channels: null },
        {
          afterSeconds: 300,
          targets: [
            { kind: 'on-call', place: 1 },
            { kind: 'on-call', place: 2 },
          ],
        },
      ],
      repeatAfterSeconds: 900,
      rounds: 3,
    },
    urgent: { steps: [{ targets: [{ kind: 'on-call', place: 0 }] }] },
    routine: null,
  });
  expect(Policies.parse((await policiesOf(records, gapped)).policies).critical.steps).toHaveLength(1);

  const calling = Escalation.parse((await findAlert(records, alert))?.escalation);
  const callable = await callableOf(records, team, now);
  expect([0, 1].map((nth) => callDue(calling, nth, callable))).toMatchObject([
    { kind: 'call', recipients: [people[0]] },
    { kind: 'call', recipients: [people[1], people[2]] },
  ]);
});
