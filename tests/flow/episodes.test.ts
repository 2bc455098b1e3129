import { describe, expect, it } from 'vitest';
import type { AlertChange } from '#domain/alert-change.ts';
import { onCallStep } from '#domain/escalation.ts';
import { dayIn } from '#domain/zone.ts';
import { changeAlert, eventsOfAlert } from '#runtime/records/alerts.ts';
import { eventsOfTask } from '#runtime/records/tasks.ts';
import { ago, openWard, seconds } from '../support/judged-ward.ts';
import { until } from '../support/until.ts';

/** Episodes as they go on: snoozed, over, back again; and what is to be done about them. */

type Ward = Awaited<ReturnType<typeof openWard>>;
const minutes = (n: number) => seconds(60 * n);

const kinds = async (ward: Ward) => (await eventsOfAlert(ward.records, (await ward.theAlert()).id)).map((e) => e.kind);

/** Of five minutes, all but `leftMs` of which are over. */
async function snooze(ward: Ward, leftMs: number): Promise<void> {
  const { id } = await ward.theAlert();
  const at = ago(minutes(5) - leftMs);
  const end = new Date(Date.parse(at) + minutes(5)).toISOString();
  const event: AlertChange = { kind: 'snooze', by: ward.first.id, until: end, note: null, at };
  expect(await changeAlert(ward.records, id, event)).toMatchObject({ alert: { state: 'acknowledged' } });
  ward.judging().agenda.nudge();
  // what was on its way already has arrived
  await until(async () => (await ward.pages()).every((page) => page.state !== 'due'));
}

describe.concurrent('a snoozed alert', () => {
  it('calls nobody, and calls again when its time is over', async (test) => {
    const ward = await openWard(test);
    await ward.crisis();
    await until(() => ward.mail.length >= 1);
    await snooze(ward, seconds(8));
    const before = ward.mail.length;
    await ward.send([ward.measured(196, 122, seconds(10))]);
    await ward.quiet(3_500);
    await until(() => ward.mail.length > before);
    expect(await ward.theAlert()).toMatchObject({ state: 'open', snooze: null, acknowledgedBy: null });
    expect(await kinds(ward)).toEqual(expect.arrayContaining(['snoozed', 'snooze-over']));
  });

  it('calls again when its time is over, although a call from before was still to come, an hour later', async (test) => {
    const steps = [onCallStep(0, 0), onCallStep(3_600, 1)];
    const ward = await openWard(test, { escalation: { steps, repeatAfterSeconds: 3_600, rounds: 1 } });
    await ward.crisis();
    await until(() => ward.mail.length === 1);
    await snooze(ward, seconds(1));
    await until(() => ward.mail.length === 2);
    expect(ward.mail[1]?.to).toEqual([ward.first.email]);
  });

  it('calls again when whoever snoozed it undoes that', async (test) => {
    const ward = await openWard(test);
    await ward.crisis();
    await until(() => ward.mail.length >= 1);
    await snooze(ward, minutes(5));
    // the calls that were under way come to their end
    await until(
      async () =>
        (
          await ward.records
            .selectFrom('agenda')
            .select('key')
            .where('kind', '=', 'page-step')
            .where('done_at', 'is', null)
            .execute()
        ).length === 0,
    );
    const before = ward.mail.length;
    await changeAlert(ward.records, (await ward.theAlert()).id, { kind: 'unsnooze', by: ward.first.id, at: ago(0) });
    ward.judging().agenda.nudge();
    await until(() => ward.mail.length > before);
    expect(await ward.theAlert()).toMatchObject({ state: 'open', snooze: null });
  });

  it('calls again when no data come any more, but not while the patient is paused', async (test) => {
    const ward = await openWard(test);
    const reason = 'hospital-stay' as const;
    const pause = { from: ago(minutes(60)), until: ago(-minutes(60)), reason };
    await ward.records
      .insertInto('care_plan')
      .values({ patient_id: ward.patient.id, silent_after_minutes: 1, overrides: '{}', pause: JSON.stringify(pause) })
      .execute();
    await ward.crisis();
    await until(() => ward.mail.length >= 1);
    await snooze(ward, minutes(2));
    const before = ward.mail.length;
    await ward.quiet();
    await ward.records.updateTable('care_plan').set({ pause: null }).execute();
    await snooze(ward, minutes(1));
    await until(() => ward.mail.length > before);
    const events = await eventsOfAlert(ward.records, (await ward.theAlert()).id);
    expect(events.find((e) => e.kind === 'snooze-over')?.detail).toEqual({ why: 'silence' });
  });
});

describe.concurrent('an episode', () => {
  it('says when the patient is back inside, and calls anew for a confirmed relapse', async (test) => {
    const ward = await openWard(test);
    await ward.crisis();
    await until(() => ward.mail.length >= 1);
    await ward.acknowledge();
    await ward.send([ward.measured(132, 78, seconds(15))]);
    await until(async () => (await ward.theAlert()).recoveredAt !== null);
    expect(await ward.theAlert()).toMatchObject({ state: 'acknowledged', severity: 'critical' });
    const before = ward.mail.length;
    await ward.send([ward.measured(197, 123, -seconds(40))]);
    expect(await ward.theAlert()).toMatchObject({ state: 'acknowledged' });
    await ward.send([ward.measured(195, 121, -seconds(80))]);
    await until(() => ward.mail.length > before);
    expect(await ward.theAlert()).toMatchObject({ state: 'open', recoveredAt: null });
    expect(await kinds(ward)).toEqual(expect.arrayContaining(['back-inside', 'renewed']));
  });

  it('that was resolved comes back on a relapse, with what is to be done about it', async (test) => {
    const ward = await openWard(test);
    await ward.crisis();
    const alert = await ward.theAlert();
    const [first] = await ward.tasks();
    await changeAlert(ward.records, alert.id, {
      kind: 'resolve',
      by: ward.first.id,
      outcome: 'treated',
      note: null,
      at: ago(0),
    });
    await ward.send([ward.measured(197, 123, -seconds(40))]);
    await ward.send([ward.measured(195, 121, -seconds(80))]);
    await until(async () => (await ward.theAlert()).state === 'open');
    expect(await ward.alerts()).toHaveLength(1);
    expect(await ward.theAlert()).toMatchObject({ id: alert.id, openedAt: alert.openedAt, outcome: null });
    expect(await kinds(ward)).toContain('reopened');
    // the first task is open still, and there is no second one beside it
    expect((await ward.tasks()).map(({ id }) => id)).toEqual([first?.id]);
  });

  it('that ends by recovery needs nothing more to be done', async (test) => {
    const ward = await openWard(test);
    await ward.crisis();
    const [task] = await ward.tasks();
    await changeAlert(ward.records, (await ward.theAlert()).id, {
      kind: 'resolve',
      by: null,
      outcome: 'recovered',
      note: null,
      at: ago(0),
    });
    expect(await ward.tasks()).toMatchObject([{ doneBy: null, outcome: 'not-needed' }]);
    expect((await eventsOfTask(ward.records, task!.id)).map(({ kind }) => kind)).toEqual(['created', 'dropped']);
  });
});

it('what the care plan asks for again and again is a task of the day, once', async (test) => {
  const ward = await openWard(test);
  await ward.stop();
  const followUp = {
    ...{ id: '00000000-0000-4000-8000-000000000040', kind: 'call', role: 'nurse', everyDays: 7 },
    ...{ title: { en: 'Weekly call', zh: '每周随访' }, checklist: [{ en: 'Weight', zh: '体重' }] },
    firstOn: dayIn('Asia/Shanghai', Date.now()),
  };
  await ward.records
    .insertInto('care_plan')
    .values({
      patient_id: ward.patient.id,
      silent_after_minutes: 600,
      overrides: '{}',
      follow_up: JSON.stringify([followUp]),
    })
    .execute();
  for (let turn = 0; turn < 2; turn++) {
    await ward.records.deleteFrom('agenda').where('kind', '=', 'follow-ups').execute();
    await ward.restart();
    const done = ward.records
      .selectFrom('agenda')
      .select('key')
      .where('kind', '=', 'follow-ups')
      .where('done_at', 'is not', null);
    await until(async () => (await done.execute()).length > 0);
    if (turn === 0) await ward.stop();
  }
  expect(await ward.tasks()).toMatchObject([
    {
      ...{ kind: 'call', title: followUp.title, createdBy: null, alert: null },
      followUp: { id: followUp.id, on: followUp.firstOn },
      checklist: [{ text: followUp.checklist[0], done: null }],
    },
  ]);
});
