import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import type { Alert } from '#domain/alert.ts';
import { onCallStep, policiesFor } from '#domain/escalation.ts';
import { createAgenda } from '#runtime/agenda.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { createLinks } from '#runtime/links.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { systemRandom as random, seededRandom } from '#runtime/random.ts';
import { changeAlert, findAlert } from '#runtime/records/alerts.ts';
import type { Records } from '#runtime/records/connect.ts';
import { escalationOf } from '#runtime/records/policies.ts';
import { createPaging } from '../../rules/paging/notify.ts';
import { makeAlert } from '../support/episodes.ts';
import { type FrailMail, mailMoments, startFrailMail } from '../support/frail-mail.ts';
import { type JudgingWish, publicUrl } from '../support/judging.ts';
import { linkKey } from '../support/link-key.ts';
import { makeClinician, makePatient, makeRota, makeTeam } from '../support/people.ts';
import { privatePostgres } from '../support/private-servers.ts';
import { testDatabase } from '../support/servers.ts';
import { until } from '../support/until.ts';

/**
 * Whoever is killed at whatever moment of paging: each alert is told at least once and at most twice, in messages of two alerts, and never
 * after somebody has acknowledged. The judge is a process, PostgreSQL a server of its own, the mail server breaks off as a killed one does.
 */

const seed = 20_260_302;
/** `called`: the pages stand in the outbox, and nobody has looked. */
const allMoments = ['called', ...mailMoments] as const;
type Moment = (typeof allMoments)[number];

type Victim = {
  records: Records;
  url: string;
  /** At which its death makes a difference. */
  moments: readonly Moment[];
  /** Nobody can acknowledge while it is away. */
  holdsRecords: boolean;
  /** Returns once it is dead. */
  kill(room: Room): Promise<void>;
  /** Returns once it can work again. */
  revive(room: Room): Promise<void>;
  stop(): Promise<void>;
};
type Room = { mail: FrailMail; judge: Judge };

const victims: Record<string, () => Promise<Victim>> = {
  'the judge': async () => ({
    ...(await testDatabase()),
    moments: ['called', 'connected', 'half-read', 'taken', 'answered'],
    holdsRecords: false,
    kill: ({ judge }) => judge.kill(),
    revive: ({ judge }) => judge.begin(),
  }),
  'the mail server': async () => {
    const database = await testDatabase();
    // the judge lives: what it has in hand was looked at before anybody acknowledges
    const hasTried = async () => {
      const inHand = database.records
        .selectFrom('page')
        .select('id')
        .where('state', '=', 'due')
        .where('fault', 'is', null);
      return (await inHand.execute()).length === 0;
    };
    return {
      ...database,
      moments: allMoments,
      holdsRecords: false,
      kill: async ({ mail }) => {
        await mail.kill();
        await until(hasTried);
      },
      revive: ({ mail }) => mail.begin(),
    };
  },
  PostgreSQL: async () => {
    const server = await privatePostgres();
    return {
      ...server,
      // it is asked before a message goes, and told afterwards
      moments: ['called', 'connected', 'taken', 'answered'],
      holdsRecords: true,
      kill: async () => server.kill(),
      revive: () =>
        until(() =>
          server.records
            .selectFrom('page')
            .select('id')
            .execute()
            .then(
              () => true,
              () => false,
            ),
        ),
    };
  },
};

describe.concurrent('pages of two alerts in one message arrive once or twice, and never after an acknowledgement', () => {
  for (const [name, open] of Object.entries(victims))
    it(`when ${name} is killed at any moment`, async (test) => {
      const victim = await open();
      const room = await openRoom(test, victim);
      // acknowledged by turns
      const first = seededRandom(seed + name.length).next() < 0.5;
      for (const [i, moment] of victim.moments.entries()) {
        // it may send at once when its records are back, before anybody can acknowledge
        const mayAcknowledge = !(victim.holdsRecords && moment === 'called');
        await strike(room, victim, moment, first === (i % 2 === 0) && mayAcknowledge);
      }
    }, 300_000);
});

async function strike(
  room: Awaited<ReturnType<typeof openRoom>>,
  victim: Victim,
  moment: Moment,
  isAcknowledged: boolean,
): Promise<void> {
  const { mail } = room;
  const struck = moment === 'called' ? undefined : mail.strikeAt(moment, () => victim.kill(room));
  const alerts = await room.callTwo();
  if (struck) await struck;
  else await victim.kill(room);
  // what has been begun is said to the end, or broken off
  await until(() => mail.conversations() === 0);
  const told = (id: string) => mail.taken.filter((text) => text.includes(id)).length;
  const before = alerts.map(told);
  if (isAcknowledged && !victim.holdsRecords) await room.acknowledge(alerts);
  await victim.revive(room);
  if (isAcknowledged && victim.holdsRecords) await room.acknowledge(alerts);
  await room.passTime();
  await until(async () => (await room.waiting()) === 0, 30_000);

  const after = alerts.map(told);
  const story = `${moment}${isAcknowledged ? ', then acknowledged' : ''}`;
  for (const copies of after) expect(copies, story).toBeLessThanOrEqual(2);
  if (isAcknowledged) expect(after, story).toEqual(before);
  else for (const copies of after) expect(copies, story).toBeGreaterThanOrEqual(1);
  await room.acknowledge(alerts);
}

type Judge = { kill(): Promise<void>; begin(): Promise<void> };

async function openRoom({ onTestFinished }: TestContext, { records, url, stop }: Victim) {
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-paging-kill-'));
  const mail = await startFrailMail();
  const team = await makeTeam(records, {
    policies: policiesFor({ steps: [onCallStep(0, 0)], repeatAfterSeconds: 3_600, rounds: 2 }),
  });
  const doctor = await makeClinician(records, { teams: [team], role: 'doctor' });
  await makeRota(records, team, [doctor]);
  const judge = judgeProcess({
    ...{ databaseUrl: url, journalFolder: join(folder, 'journal'), smtpUrl: mail.url },
    ...{ groupWithinMs: 0, sweepMs: 200 },
  });
  onTestFinished(async () => {
    await judge.kill();
    await mail.kill();
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await judge.begin();
  // writes what is to be done, and does nothing of it
  const agenda = createAgenda({ records, clock, log }, { databaseUrl: url });
  const paging = createPaging(
    {
      ...{ records, agenda, channels: [smtpName], clock, random, log, metrics: createMetrics() },
      links: createLinks({ key: linkKey, publicUrl }),
    },
    { publicUrl, groupWithinMs: 0 },
  );

  return {
    mail,
    judge,
    /** Two critical alerts that begin to call at the same moment. */
    async callTwo(): Promise<string[]> {
      const opened: Alert[] = [];
      for (let i = 0; i < 2; i++)
        opened.push(await makeAlert(records, await makePatient(records, { team }), { severity: 'critical' }));
      await records.transaction().execute(async (db) => {
        const escalation = JSON.stringify(await escalationOf(db, team, 'critical'));
        for (const { id } of opened) {
          await db.updateTable('alert').set({ escalation }).where('id', '=', id).execute();
          await paging.begin(db, (await findAlert(db, id))!, clock.now());
        }
      });
      return opened.map(({ id }) => id);
    },
    async acknowledge(alerts: readonly string[]): Promise<void> {
      const at = new Date(clock.now()).toISOString();
      for (const id of alerts)
        await changeAlert(records, id as never, { kind: 'acknowledge', by: doctor.id, note: null, at });
    },
    /** The time is over for which a dead one held what it had in hand, and for which a failed attempt rests. */
    async passTime(): Promise<void> {
      const past = new Date(clock.now() - 10_000);
      await records.updateTable('page').set({ due_at: past }).where('state', '=', 'due').execute();
      await records
        .updateTable('agenda')
        .set({ due_at: past })
        .where('kind', '=', 'page-send')
        .where('done_at', 'is', null)
        .execute();
    },
    waiting: async () =>
      (
        await records
          .selectFrom('page')
          .select('id')
          .where('state', '=', 'due')
          .execute()
          .catch(() => [0])
      ).length,
  };
}

/** What `createPaging` asks of a channel that another process sends by. */
const smtpName = {
  ...{ name: 'smtp', confidential: false, reaches: 'email' as const },
  send: async () => ({ ok: false as const, retry: true, fault: 'sent by the judge' }),
};

function judgeProcess(wish: JudgingWish): Judge {
  let child: ChildProcess | undefined;
  return {
    async begin() {
      const script = join(import.meta.dirname, '../support/judging-process.ts');
      child = spawn(process.execPath, [script, JSON.stringify(wish)], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((resolve) => child!.stdout!.once('data', resolve));
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const died = new Promise((resolve) => child!.once('exit', resolve));
      child.kill('SIGKILL');
      await died;
    },
  };
}
