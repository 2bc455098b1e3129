import { expect, it } from 'vitest';
import { shardOf } from '#domain/topics.ts';
import { openWard, seconds } from '../support/judged-ward.ts';
import { privatePostgres } from '../support/private-servers.ts';
import { until } from '../support/until.ts';

/** PostgreSQL goes while the judge is at work. */

it('judges after an outage what came during it, and calls', async (test) => {
  const postgres = await privatePostgres();
  const ward = await openWard(test, { database: postgres });
  const { journal, rules } = ward.judging();
  const append = (readings: object[]) =>
    journal.append({
      shard: shardOf(ward.source),
      source: ward.source,
      kind: 'readings',
      receivedAt: Date.now(),
      payload: Buffer.from(JSON.stringify({ v: 1, readings })),
    });
  await append([ward.measured(192, 121, seconds(90))]);
  await until(() => journal.backlog().entries === 0);

  await postgres.end();
  await append([ward.measured(188, 118, seconds(20))]);
  await until(() => rules.health().state === 'down');
  expect(rules.health().detail).toContain('PostgreSQL');
  expect(journal.backlog().entries).toBe(1);
  await postgres.begin();

  await until(() => ward.mail.length >= 1, 90_000);
  expect(await ward.alerts()).toMatchObject([{ severity: 'critical' }]);
  expect(rules.health()).toEqual({ state: 'ok' });
  await ward.acknowledge();
});

it('goes on escalating after PostgreSQL was killed in the middle of it', async (test) => {
  const postgres = await privatePostgres();
  const ward = await openWard(test, { database: postgres });
  await ward.crisis();
  await until(() => ward.mail.length >= 1);
  postgres.kill();
  // the second step falls due while PostgreSQL restarts: nobody wakes it, the sweep finds it
  await until(() => ward.mail.some((mail) => mail.to[0] === 'second@clinic.example'), 90_000);
  expect(ward.mail.length).toBeLessThanOrEqual(3);
  expect(await ward.alerts()).toHaveLength(1);
  await ward.acknowledge();
});
