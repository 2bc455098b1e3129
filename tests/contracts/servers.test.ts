import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { hasInflux, testDatabase, testInflux } from '../support/servers.ts';

test('every test database is migrated and its own', async () => {
  const [one, two] = await Promise.all([testDatabase(), testDatabase()]);
  await sql`insert into rule_book values ('x', '{}')`.execute(one.records);
  expect(await one.records.selectFrom('rule_book').selectAll().execute()).toHaveLength(1);
  expect(await two.records.selectFrom('rule_book').selectAll().execute()).toHaveLength(0);
  await Promise.all([one.stop(), two.stop()]);
});
test.runIf(hasInflux())('every InfluxDB database is its own', async () => {
  const i = await testInflux();
  await i.stop();
});
