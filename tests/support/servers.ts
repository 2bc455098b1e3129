import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { connect, type Records } from '#runtime/records/connect.ts';
import type {} from './run.ts';

/** A migrated, empty database of one's own on the run's PostgreSQL. `stop` takes it away. */
export async function testDatabase(): Promise<{ url: string; records: Records; stop(): Promise<void> }> {
  const { postgres } = inject('run');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(`create database ${name} template ${postgres.template} owner hearthbeat`);
  const url = Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;
  const records = connect(url, { connections: 5, onFault: () => {} });
  return {
    url,
    records,
    stop: async () => {
      await records.destroy();
      await administer(`drop database if exists ${name} with (force)`);
    },
  };
}

/** An empty InfluxDB database of one's own on the run's influxd. `stop` takes it away. */
export async function testInflux(): Promise<{
  url: string;
  user: string;
  password: string;
  database: string;
  stop(): Promise<void>;
}> {
  const { influx } = inject('run');
  if ('missing' in influx) throw new Error(`This test needs InfluxDB 1.x: ${influx.missing}.`);
  const database = `test_${randomBytes(6).toString('hex')}`;
  const query = async (q: string) => {
    const authorization = `Basic ${Buffer.from(`${influx.user}:${influx.password}`).toString('base64')}`;
    const response = await fetch(`${influx.url}/query`, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams({ q }),
    });
    // the headers come before it is done, the body after
    const text = await response.text();
    if (!response.ok) throw new Error(`influxd answered ${response.status}: ${text}`);
  };
  await query(`create database ${database}`);
  const stop = async () => {
    for (const name of [database, `${database}_1h`, `${database}_1d`]) await query(`drop database ${name}`);
  };
  return { ...influx, database, stop };
}

/** Whether this machine has InfluxDB: an ordinary user without it tests what readings in PostgreSQL promise. */
export const hasInflux = (): boolean => 'url' in inject('run').influx;

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('run').postgres.administratorUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
