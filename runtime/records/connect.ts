import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import pg from 'pg';
import type { Database } from './database.ts';

export type Records = Kysely<Database>;
/** A transaction, or the database itself where one statement is enough. */
export type Within = Records | Transaction<Database>;

const dateType = 1082;
// a birth date is a day in no time zone: keep PostgreSQL's own text
pg.types.setTypeParser(dateType, (text) => text);

/** A pool that outlives restarts of the server: a broken idle connection is replaced, not thrown. */
export function connect(
  databaseUrl: string,
  options: { connections: number; onFault: (fault: Error) => void; answerMs?: number },
): Records {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: options.connections,
    connectionTimeoutMillis: 5_000,
    application_name: 'hearthbeat',
    // a query that hangs for so long will not come back; no query of ours takes a tenth of it
    query_timeout: options.answerMs ?? 30_000,
  });
  pool.on('error', options.onFault);
  // The pool listens to idle connections only. One that breaks in the midst of a transaction fails its query, and without a
  // listener would end this process beside it.
  pool.on('connect', (client) => client.on('error', () => {}));
  // One whose query was given up is still waiting for its answer, behind which every later query would wait in vain: after a
  // network that swallowed the connection for a quarter of an hour. `end` makes the pool drop it.
  const givenUp = new WeakSet<pg.PoolClient>();
  pool.on('connect', (client) => noteGivenUp(client, () => givenUp.add(client)));
  pool.on('release', (_, client) => {
    if (givenUp.has(client)) void client.end().catch(() => {});
  });
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

/** `pg` tells of a query it gave up by its text only. */
function noteGivenUp(client: pg.PoolClient, note: () => void): void {
  const query = client.query.bind(client) as (...parts: unknown[]) => unknown;
  const noting = (...parts: unknown[]): unknown => {
    const answer = query(...parts);
    if (answer instanceof Promise)
      answer.catch((fault: unknown) => {
        if (fault instanceof Error && fault.message === 'Query read timeout') note();
      });
    return answer;
  };
  client.query = noting as typeof client.query;
}

const migrationsFolder = new URL('./migrations/', import.meta.url);

const sqlFiles: MigrationProvider = {
  async getMigrations() {
    const migrations: Record<string, Migration> = {};
    const files = (await readdir(migrationsFolder)).filter((file) => file.endsWith('.sql')).sort();
    for (const file of files) {
      const text = await readFile(new URL(file, migrationsFolder), 'utf8');
      migrations[file] = {
        up: async (db) => {
          await sql.raw(text).execute(db);
          // all run in one transaction: what a deferred trigger has still to do would keep the next one from altering its table
          await sql`set constraints all immediate`.execute(db);
        },
      };
    }
    return migrations;
  },
};

/**
 * Brings the schema up to date and answers the names of what it applied. Kysely keeps no checksums: an applied file that was
 * edited afterwards is an error here, because two databases of the same version would differ in silence.
 */
export async function migrate(records: Records): Promise<string[]> {
  const { error, results } = await new Migrator({ db: records, provider: sqlFiles }).migrateToLatest();
  if (error) throw error;
  // several processes may start at once
  await records.transaction().execute(async (db) => {
    await sql`select pg_advisory_xact_lock(hashtext('hearthbeat migration_checksum'))`.execute(db);
    await sql`create table if not exists migration_checksum (name text primary key, sha256 text not null)`.execute(db);
    for (const name of Object.keys(await sqlFiles.getMigrations())) {
      const sha256 = createHash('sha256')
        .update(await readFile(new URL(name, migrationsFolder)))
        .digest('hex');
      await sql`insert into migration_checksum values (${name}, ${sha256}) on conflict do nothing`.execute(db);
      const { rows } = await sql<{
        sha256: string;
      }>`select sha256 from migration_checksum where name = ${name}`.execute(db);
      if (rows[0]?.sha256 !== sha256) throw new Error(`migration ${name} was changed after it had been applied`);
    }
  });
  return (results ?? []).map((result) => result.migrationName);
}
