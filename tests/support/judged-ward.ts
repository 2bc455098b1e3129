import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type TestContext } from 'vitest';
import type { Alert } from '#domain/alert.ts';
import { onCallStep, type Policies, type Policy } from '#domain/escalation.ts';
import type { Reading } from '#domain/reading.ts';
import { shardOf } from '#domain/topics.ts';
import { type Clock, systemClock as clock } from '#runtime/clock.ts';
import { changeAlert, listAlerts } from '#runtime/records/alerts.ts';
import type { Records } from '#runtime/records/connect.ts';
import { listTasks } from '#runtime/records/tasks.ts';
import { type JudgingWish, startJudging } from './judging.ts';
import { startMailServer } from './mail.ts';
import { makeClinician, makeDevice, makePatient, makeRota, makeSource, makeTeam } from './people.ts';
import { cuffReading } from './readings.ts';
import { testDatabase } from './servers.ts';
import { until } from './until.ts';

/** A patient with a cuff, a care team on call, and the judge between them: real PostgreSQL, real queue, real mail. */

export const seconds = (n: number): number => n * 1000;
export const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

export const usual: Policy = {
  steps: [onCallStep(0, 0), onCallStep(3, 1)],
  repeatAfterSeconds: 30,
  rounds: 2,
};

type Wish = {
  escalation?: Policy;
  /** Instead, of all severities. */
  policies?: Policies;
  rota?: number[];
  smtp?: 'works' | 'away';
  webhook?: string;
  confidential?: boolean;
  /** The judge's; the system's else. */
  clock?: Clock;
  /** A database whose server the test ends and begins; the usual one else. */
  database?: { url: string; records: Records; stop(): Promise<void> };
};

export async function openWard({ onTestFinished }: TestContext, wish: Wish = {}) {
  const database = wish.database ?? (await testDatabase());
  const { records } = database;
  const team = await makeTeam(records, {
    escalation: wish.escalation ?? usual,
    ...(wish.policies ? { policies: wish.policies } : {}),
    timeZone: 'Asia/Shanghai',
  });
  const first = await makeClinician(records, {
    teams: [team],
    role: 'doctor',
    email: 'first@clinic.example',
    language: 'zh',
  });
  const second = await makeClinician(records, {
    teams: [team],
    role: 'doctor',
    email: 'second@clinic.example',
    language: 'en',
  });
  const nurse = await makeClinician(records, { teams: [team], role: 'nurse', email: 'nurse@clinic.example' });
  await makeRota(
    records,
    team,
    (wish.rota ?? [0, 1]).map((i) => [first, second][i]!),
  );
  const patient = await makePatient(records, { team, name: 'Wang Guilan', birthDate: '1948-03-09' });
  const { source } = await makeSource(records);
  const device = await makeDevice(records, { source, patient: patient.id });
  const mail = await startMailServer();
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-paging-'));
  const options = {
    databaseUrl: database.url,
    journalFolder: join(folder, 'journal'),
    smtpUrl: wish.smtp === 'away' ? 'smtp://127.0.0.1:9' : mail.url,
    webhookUrl: wish.webhook,
    confidential: wish.confidential,
    clock: wish.clock,
  };
  let judging = await startJudging(options);

  const send = async (readings: Partial<Reading>[], receivedAt = Date.now()) => {
    await judging.journal.append({
      shard: shardOf(source),
      source,
      kind: 'readings',
      receivedAt,
      payload: Buffer.from(JSON.stringify({ v: 1, readings })),
    });
    await until(() => judging.journal.backlog().entries === 0);
  };
  const measured = (systolic: number, diastolic: number, agoMs: number, more: Partial<Reading> = {}) =>
    cuffReading({ device, systolic, diastolic, takenAt: ago(agoMs), heardAt: ago(agoMs - 500), ...more });
  const ward = {
    database,
    records,
    team,
    first,
    second,
    nurse,
    patient,
    source,
    device,
    mail: mail.received,
    options,
    send,
    measured,
    judging: () => judging,
    crisis: () => send([measured(192, 121, seconds(90)), measured(188, 118, seconds(20))]),
    alerts: () => listAlerts(records, { teams: [team], limit: 50 }),
    theAlert: async (): Promise<Alert> => {
      await until(async () => (await ward.alerts()).length > 0);
      return (await ward.alerts())[0]!;
    },
    acknowledge: async (by = first) =>
      changeAlert(records, (await ward.theAlert()).id, { kind: 'acknowledge', by: by.id, note: null, at: ago(0) }),
    tasks: () => listTasks(records, { teams: [team], limit: 50 }),
    pages: () => records.selectFrom('page').selectAll().orderBy('step').orderBy('channel').execute(),
    stop: () => judging.stop(),
    restart: async (change: Partial<JudgingWish> = {}) => {
      judging = await startJudging({ ...options, ...change });
    },
    /** Nothing more will be mailed for the next two seconds, three if a step is near. */
    quiet: async (ms = 2_500) => {
      const before = mail.received.length;
      await clock.sleep(ms);
      expect(mail.received.length).toBe(before);
    },
  };
  onTestFinished(async () => {
    await judging.stop().catch(() => {});
    await mail.stop();
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return ward;
}
