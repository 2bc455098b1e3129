import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#runtime/log.ts';
import { createMailer } from '#runtime/mail.ts';
import { createOverseer } from '#runtime/overseer/overseer.ts';
import { processSign, quarantinedPerHour, quarantineSign, type Sign } from '#runtime/overseer/signs.ts';
import { systemRandom } from '#runtime/random.ts';
import { listComponents, listPlatformAlerts, sayComponents } from '#runtime/records/platform.ts';
import type { Health } from '#runtime/service.ts';
import { shiftedClock } from '../support/api.ts';
import { startMailServer } from '../support/mail.ts';
import { makeSource } from '../support/people.ts';
import { privatePostgres } from '../support/private-servers.ts';
import { testDatabase } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** The overseer on real records and a real mail server. It looks five hundred times as often as in life. */

const pace = 500;
const away: Health = { state: 'down', trouble: 'records-away', detail: 'PostgreSQL does not answer' };
let database: Awaited<ReturnType<typeof testDatabase>>;
let mail: Awaited<ReturnType<typeof startMailServer>>;
beforeAll(async () => {
  [database, mail] = await Promise.all([testDatabase(), startMailServer()]);
});
afterAll(() => Promise.all([database.stop(), mail.stop()]));
beforeEach(() => {
  mail.received.length = 0;
});

function oversee(process: string, options: { signs?: Sign[]; records?: typeof database.records } = {}) {
  const clock = { ...shiftedClock(pace), elapsed: () => performance.now() * pace };
  const health: Record<string, Health> = { broker: { state: 'ok' } };
  const overseer = createOverseer(
    {
      records: options.records ?? database.records,
      health: () => health,
      signs: options.signs ?? [],
      mailer: createMailer(
        { clock: shiftedClock() },
        { url: mail.url, from: 'h@clinic.example', sendWithinMs: 15_000 },
      ),
      clock,
      random: systemRandom,
      log: silentLog,
    },
    { process, publicUrl: 'https://hearthbeat.example', operator: 'engineer@clinic.example' },
  );
  return { overseer, health, clock };
}

const alertsOf = async (process: string, open = false) =>
  (await listPlatformAlerts(database.records, { open, limit: 100 })).filter((alert) => alert.process === process);

describe('the overseer', () => {
  it('keeps an alert, mails it in both languages without the words of the fault, and closes it when all is well', async () => {
    const { overseer, health } = oversee('one');
    await overseer.start();
    health.postgresql = away;
    await until(async () => (await alertsOf('one', true)).length === 1);
    await until(() => mail.received.length === 1);
    const [told] = mail.received;
    expect(told?.to).toEqual(['engineer@clinic.example']);
    expect(told?.subject).toBe('Hearthbeat: PostgreSQL does not answer / PostgreSQL 没有响应');
    expect(told?.text).toContain('https://hearthbeat.example/admin/operation');
    expect(told?.text).toContain('Readings are still taken and kept on disk.');
    expect(told?.text).toContain('读数仍正常接收并落盘');
    health.postgresql = { state: 'ok' };
    await until(async () => (await alertsOf('one'))[0]?.closedAt);
    await until(() => mail.received.length === 2);
    expect(mail.received[1]?.subject).toContain('works again / 已恢复');
    expect(await listComponents(database.records)).toContainEqual(
      expect.objectContaining({ process: 'one', component: 'postgresql', state: 'ok', trouble: null }),
    );
    await overseer.stop();
    expect((await listComponents(database.records)).filter((one) => one.process === 'one')).toEqual([]);
  });

  it('goes on after a restart with what was open, without opening or mailing it again', async () => {
    const first = oversee('two');
    first.health.rules = { state: 'degraded', trouble: 'no-channel' };
    await first.overseer.start();
    await until(() => mail.received.length === 1);
    await until(async () => {
      const row = await database.records
        .selectFrom('platform_alert')
        .select('mailed_at')
        .where('process', '=', 'two')
        .executeTakeFirst();
      return row?.mailed_at;
    });
    await first.overseer.stop();
    const second = oversee('two');
    second.health.rules = { state: 'degraded', trouble: 'no-channel' };
    await second.overseer.start();
    second.health.rules = { state: 'ok' };
    await until(async () => (await alertsOf('two', true)).length === 0);
    await until(() => mail.received.length === 2);
    expect(await alertsOf('two')).toHaveLength(1);
    expect(mail.received[1]?.subject).toContain('works again');
    await second.overseer.stop();
  });

  it('tells of PostgreSQL being away by mail while it is away, and keeps the alert when it is back', async () => {
    const server = await privatePostgres();
    try {
      const { overseer, health } = oversee('three', { records: server.records });
      await overseer.start();
      await server.end();
      health.postgresql = away;
      await until(() => mail.received.length === 1);
      await server.begin();
      health.postgresql = { state: 'ok' };
      await until(async () => {
        const kept = await listPlatformAlerts(server.records, { open: false, limit: 10 }).catch(() => []);
        return kept[0]?.closedAt;
      });
      await overseer.stop();
    } finally {
      await server.stop();
    }
  });

  it('notices that readings pile up in quarantine, and that another process has fallen silent', async () => {
    const { source } = await makeSource(database.records);
    const { overseer, clock } = oversee('a-first', {
      signs: [
        quarantineSign({ records: database.records, clock: shiftedClock() }),
        processSign({ records: database.records, clock: shiftedClock() }, 'a-first'),
      ],
    });
    await sayComponents(
      database.records,
      'ingest',
      [{ component: 'ingest', state: 'ok', trouble: null, detail: null }],
      clock.now(),
    );
    await overseer.start();
    expect(await alertsOf('a-first', true)).toEqual([]);
    await sql`insert into quarantine (key, source_id, received_at, reason, detail, payload)
      select 'key ' || i, ${source}, now(), 'not-assigned', 'nobody’s', '{}' from generate_series(1, ${quarantinedPerHour}::int) i`.execute(
      database.records,
    );
    await sayComponents(
      database.records,
      'ingest',
      [{ component: 'ingest', state: 'ok', trouble: null, detail: null }],
      clock.now() - 120_000,
    );
    await until(async () => (await alertsOf('a-first', true)).length === 2);
    expect((await alertsOf('a-first', true)).map((alert) => [alert.component, alert.trouble]).toSorted()).toEqual([
      ['process ingest', 'process-silent'],
      ['quarantine', 'quarantine-growing'],
    ]);
    await overseer.stop();
  });
});
