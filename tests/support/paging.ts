import type { TestContext } from 'vitest';
import type { Alert, Severity } from '#domain/alert.ts';
import { onCallStep, type Policies, policiesFor } from '#domain/escalation.ts';
import type { AlertId } from '#domain/ids.ts';
import { createAgenda } from '#runtime/agenda.ts';
import { type Clock, systemClock } from '#runtime/clock.ts';
import { createLinks } from '#runtime/links.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { changeAlert, findAlert } from '#runtime/records/alerts.ts';
import type { Within } from '#runtime/records/connect.ts';
import { escalationOf } from '#runtime/records/policies.ts';
import { writePageChannels } from '#runtime/records/reachability.ts';
import type { Channel } from '../../rules/channels/channel.ts';
import { createSmtpChannel } from '../../rules/channels/smtp.ts';
import { createPaging } from '../../rules/paging/notify.ts';
import { makeAlert } from './episodes.ts';
import { publicUrl } from './judging.ts';
import { linkKey } from './link-key.ts';
import { startMailServer } from './mail.ts';
import { makeClinician, makePatient, makeRota, makeTeam } from './people.ts';
import { testDatabase } from './servers.ts';

/** Paging alone, without readings: a team of two doctors and a nurse, real PostgreSQL, real queue, real mail. */

const channelOf = (url: string): Channel =>
  createSmtpChannel(
    { clock: systemClock },
    { url, from: 'Hearthbeat <pages@hearthbeat.example>', confidential: false },
  );

export async function openPagingRoom(
  { onTestFinished }: TestContext,
  wish: {
    policies?: Policies;
    groupWithinMs?: number;
    mail?: 'works' | 'away';
    further?: Channel[];
    clock?: Clock;
  } = {},
) {
  const clock = wish.clock ?? systemClock;
  const database = await testDatabase();
  const { records } = database;
  const policies =
    wish.policies ?? policiesFor({ steps: [onCallStep(0, 0), onCallStep(600, 1)], repeatAfterSeconds: 900, rounds: 2 });
  const team = await makeTeam(records, { policies });
  const first = await makeClinician(records, { teams: [team], role: 'doctor', email: 'first@clinic.example' });
  const second = await makeClinician(records, { teams: [team], role: 'doctor', email: 'second@clinic.example' });
  const nurse = await makeClinician(records, { teams: [team], role: 'nurse', email: 'nurse@clinic.example' });
  await makeRota(records, team, [first, second]);
  const mail = await startMailServer();
  const channels = [channelOf(wish.mail === 'away' ? 'smtp://127.0.0.1:9' : mail.url), ...(wish.further ?? [])];
  await writePageChannels(records, channels);
  const agenda = createAgenda({ records, clock, log }, { databaseUrl: database.url });
  const links = createLinks({ key: linkKey, publicUrl });
  const paging = createPaging(
    { records, agenda, channels, links, clock, random, log, metrics: createMetrics() },
    { publicUrl, ...(wish.groupWithinMs === undefined ? {} : { groupWithinMs: wish.groupWithinMs }) },
  );
  await agenda.start();
  onTestFinished(async () => {
    await agenda.stop();
    await mail.stop();
    await database.stop();
  });

  /** An alert of a new patient that calls, as judgement opens one. `then`: within the same transaction. */
  const call = async (
    severity: Severity = 'critical',
    name?: string,
    then: (db: Within) => Promise<void> = async () => {},
  ): Promise<Alert> => {
    const patient = await makePatient(records, { team, ...(name ? { name } : {}) });
    const { id } = await makeAlert(records, patient, { severity });
    const alert = await records.transaction().execute(async (db) => {
      const escalation = await escalationOf(db, team, severity);
      await db
        .updateTable('alert')
        .set({ escalation: escalation && JSON.stringify(escalation) })
        .where('id', '=', id)
        .execute();
      const opened = (await findAlert(db, id))!;
      await paging.begin(db, opened, clock.now());
      await then(db);
      return opened;
    });
    agenda.nudge();
    return alert;
  };

  return {
    ...{ records, agenda, paging, team, first, second, nurse, call },
    mail: mail.received,
    acknowledge: (alert: AlertId) =>
      changeAlert(records, alert, {
        ...{ kind: 'acknowledge', by: first.id, note: null },
        at: new Date(clock.now()).toISOString(),
      }),
    /** What waited is due now: messages, the last of which went long ago, or steps. */
    waited: async (kind: 'page-send' | 'page-step') => {
      const [now, longAgo] = [new Date(clock.now()), new Date(clock.now() - 3_600_000)];
      await records.updateTable('page').set({ last_attempt_at: longAgo }).where('state', '=', 'sent').execute();
      await records.updateTable('page').set({ due_at: now }).where('state', '=', 'due').execute();
      await records
        .updateTable('agenda')
        .set({ due_at: now })
        .where('kind', '=', kind)
        .where('done_at', 'is', null)
        .execute();
      agenda.nudge();
    },
    pages: () => records.selectFrom('page').selectAll().orderBy('created_at').orderBy('step').execute(),
    steps: () =>
      records.selectFrom('agenda').selectAll().where('kind', '=', 'page-step').orderBy('due_at', 'desc').execute(),
  };
}
