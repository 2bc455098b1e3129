import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { recordsAway } from '#runtime/records/away.ts';
import { connect, type Records } from '#runtime/records/connect.ts';
import { testDatabase } from '../support/servers.ts';

/** What the pool of connections to PostgreSQL promises beyond what `pg` does by itself. */

const backend = async (records: Records): Promise<number> => {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(records);
  return rows[0]!.pid;
};

it('a connection that has stopped answering is given up, and the next query goes through another', async (test) => {
  const { url, stop } = await testDatabase();
  const records = connect(url, { connections: 1, onFault: () => {}, answerMs: 300 });
  const frozen = await backend(records);
  process.kill(frozen, 'SIGSTOP');
  test.onTestFinished(async () => {
    process.kill(frozen, 'SIGCONT');
    await records.destroy();
    await stop();
  });
  await expect(backend(records)).rejects.toThrow('timeout');
  expect(await backend(records)).not.toBe(frozen);
});

it('a statement that fails costs no connection', async (test) => {
  const { records, stop } = await testDatabase();
  test.onTestFinished(stop);
  const before = await backend(records);
  await expect(sql`select 1 / 0`.execute(records)).rejects.toThrow('division by zero');
  await expect(records.transaction().execute((db) => sql`select 1 / 0`.execute(db))).rejects.toThrow();
  expect(await backend(records)).toBe(before);
});

// found by the chaos with seed 3: a judge that was bringing the database up to date as PostgreSQL went away ended with a stack
it('a connection that breaks in a transaction is PostgreSQL being away, whoever says so first', async (test) => {
  const { records, stop } = await testDatabase();
  test.onTestFinished(stop);
  const faults = await records.connection().execute(async (db) => {
    const first = await db
      .transaction()
      .execute(async (transaction) => {
        const pid = await backend(transaction);
        await sql`select pg_terminate_backend(${pid})`.execute(records);
        await backend(transaction);
      })
      .catch((fault) => fault);
    return [first, await backend(db).catch((fault) => fault)];
  });
  expect(faults.map(recordsAway)).toEqual([true, true]);
});
