import type { Command } from '#domain/downward.ts';
import { type Agenda, createAgenda } from '#runtime/agenda.ts';
import { type Clock, systemClock } from '#runtime/clock.ts';
import { readConfig } from '#runtime/config.ts';
import type { Journal } from '#runtime/journal.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { createLinks } from '#runtime/links.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { connect, type Records } from '#runtime/records/connect.ts';
import type { Service } from '#runtime/service.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { channelsFrom } from '../../rules/channels/channels.ts';
import { createRules } from '../../rules/rules.ts';
import { linkKey } from './link-key.ts';

export type JudgingWish = {
  databaseUrl: string;
  journalFolder: string;
  smtpUrl?: string | undefined;
  webhookUrl?: string | undefined;
  confidential?: boolean | undefined;
  /** Further variables of channels. */
  channels?: Record<string, string> | undefined;
  clock?: Clock | undefined;
  /** Where the past is read from; PostgreSQL's own else, in which nothing is. */
  store?: Pick<VitalsStore, 'read'> | undefined;
  shards?: readonly number[] | undefined;
  /** How long pages to one person wait for each other; a minute else. */
  groupWithinMs?: number | undefined;
  /** How often the agenda is swept; every half a minute else. */
  sweepMs?: number | undefined;
  /** Half an hour after the start else. */
  listening?: { everyMs: number; settleMs: number } | undefined;
};

export const webhookSecret = 'the secret of a test webhook';
export const publicUrl = 'https://hearthbeat.example';
/** base64url of 32 bytes. */
export const webPushKey = 'q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94';

/** The judge with its agenda and channels, as main.ts puts them together, in whatever process. */
export async function startJudging(wish: JudgingWish): Promise<{
  records: Records;
  journal: Journal;
  agenda: Agenda;
  rules: Service;
  /** What homes were asked, the oldest first. */
  commands(): Promise<Command[]>;
  stop(): Promise<void>;
}> {
  const clock = wish.clock ?? systemClock;
  const records = connect(wish.databaseUrl, { connections: 5, onFault: () => {} });
  const journal = await createJournalFiles({ folder: wish.journalFolder, clock, log });
  const agenda = createAgenda(
    { records, clock, log },
    { databaseUrl: wish.databaseUrl, ...(wish.sweepMs ? { sweepMs: wish.sweepMs } : {}) },
  );
  const channels = channelsFrom(
    {
      ...readConfig({
        SMTP_URL: wish.smtpUrl,
        SMTP_FROM: 'Hearthbeat <pages@hearthbeat.example>',
        SMTP_CONFIDENTIAL: String(wish.confidential ?? false),
        WEBHOOK_URL: wish.webhookUrl,
        WEBHOOK_SECRET: webhookSecret,
        ...wish.channels,
      }),
      webPushKey,
    },
    { clock, log },
  );
  const store = wish.store ?? (await createPostgresStore({ records, clock, log }));
  const rules = createRules(
    {
      ...{ journal, store, records, agenda, channels, clock, random, log },
      links: createLinks({ key: linkKey, publicUrl }),
      metrics: createMetrics(),
    },
    {
      publicUrl,
      ...(wish.groupWithinMs === undefined ? {} : { groupWithinMs: wish.groupWithinMs }),
      ...(wish.shards ? { shards: wish.shards } : {}),
      ...(wish.listening ? { listening: wish.listening } : {}),
    },
  );
  await agenda.start();
  await rules.start();
  return {
    records,
    journal,
    agenda,
    rules,
    commands: async () => {
      const rows = await records.selectFrom('command').select('body').orderBy('created_at').execute();
      return rows.map((row) => row.body);
    },
    stop: async () => {
      await rules.stop();
      await agenda.stop();
      await journal.close();
      await records.destroy();
    },
  };
}
