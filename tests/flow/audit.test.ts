import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { DeviceId, PatientId, SourceId } from '#domain/ids.ts';
import { silentLog } from '#runtime/log.ts';
import { auditSign } from '#runtime/overseer/audit-sign.ts';
import { audit, listAudit, verifyAudit } from '#runtime/records/audit.ts';
import type { Records } from '#runtime/records/connect.ts';
import { shiftedClock } from '../support/api.ts';
import { testDatabase } from '../support/servers.ts';

/** The audit trail: what it holds, and that nobody changes it unseen. */

let database: Awaited<ReturnType<typeof testDatabase>>;
let records: Records;
const source = SourceId.parse('gw-1');
const device = DeviceId.parse('C0:FF:EE:00:00:01');
const patient = PatientId.parse('7f3c9d5e-0000-4000-8000-000000000001');

beforeAll(async () => {
  database = await testDatabase();
  records = database.records;
});
afterAll(() => database.stop());

/** As PostgreSQL's superuser, whom no trigger and no privilege stops. */
async function tampering(statement: string): Promise<void> {
  const { administratorUrl } = inject('run').postgres;
  const url = Object.assign(new URL(administratorUrl), { pathname: new URL(database.url).pathname }).href;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("set session_replication_role = 'replica'");
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function fill(rows: number): Promise<void> {
  await tampering('truncate audit');
  for (let i = 0; i < rows; i++)
    await audit(records, { by: 'operator:test', action: 'source-registered', source, detail: { i, 'a:1"é\n': '号' } });
}

describe('the trail', () => {
  it('tells who did what to which source, device and patient, the newest first, and is whole', async () => {
    await tampering('truncate audit');
    await audit(records, { by: 'nobody', action: 'source-enrolled', outcome: 'code-unknown', address: '10.0.0.1' });
    await audit(records, { by: `source:${source}`, action: 'source-enrolled', source });
    await audit(records, { by: 'operator:li', action: 'device-assigned', device, patient, detail: { userSlot: null } });
    const rows = await listAudit(records, { limit: 2 });
    expect(rows.map(({ seq, by, outcome }) => [seq, by, outcome])).toEqual([
      [3, 'operator:li', 'done'],
      [2, 'source:gw-1', 'done'],
    ]);
    expect(rows[0]).toMatchObject({ device, patient, source: null, detail: { userSlot: null } });
    expect((await listAudit(records, { limit: 2, before: 2 })).map(({ address }) => address)).toEqual(['10.0.0.1']);
    expect((await listAudit(records, { limit: 9, source })).map(({ seq }) => seq)).toEqual([2]);
    expect((await listAudit(records, { limit: 9, patient })).map(({ seq }) => seq)).toEqual([3]);
    expect(await verifyAudit(records)).toMatchObject({ rows: 3, broken: null, head: { seq: 3 } });
  });

  it('is one chain without a gap, however many write at once, and those who go back leave nothing', async () => {
    await tampering('truncate audit');
    const writing = Array.from({ length: 40 }, (_, i) =>
      records
        .transaction()
        .execute(async (db) => {
          await audit(db, { by: 'operator:test', action: 'code-given', source, detail: { i } });
          if (i % 4 === 0) throw new Error('changed my mind');
        })
        .catch(() => {}),
    );
    await Promise.all(writing);
    expect(await verifyAudit(records)).toMatchObject({ rows: 30, broken: null });
  });

  it('is walked whole where it is longer than what is held in memory at once', async () => {
    await tampering('truncate audit');
    const many = `insert into audit (actor, action, outcome, detail) select 'operator:test', 'code-given', 'done', '{}' from generate_series(1, 2500)`;
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(many);
    await client.end();
    expect(await verifyAudit(records)).toMatchObject({ rows: 2_500, broken: null });
  });
});

describe('the platform itself', () => {
  it.each(["update audit set actor = 'operator:other'", 'delete from audit', 'truncate audit'])(
    'cannot %s',
    async (statement) => {
      await fill(1);
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await expect(client.query(statement)).rejects.toThrow(/permission denied|only added to/);
      await client.end();
    },
  );
});

describe('a superuser', () => {
  it.each([
    ['changes who did it', `update audit set actor = 'operator:other' where seq = 3`, 3, 'changed'],
    ['changes when', `update audit set at = at + interval '1 microsecond' where seq = 1`, 1, 'changed'],
    ['changes a detail', `update audit set detail = detail || '{"i": 9}' where seq = 5`, 5, 'changed'],
    [
      'moves text from one part to the next',
      `update audit set action = action || outcome, outcome = '' where seq = 2`,
      2,
      'changed',
    ],
    ['takes a subject away', `update audit set source_id = null where seq = 4`, 4, 'changed'],
    ['takes a row out', 'delete from audit where seq = 2', 2, 'missing'],
    ['takes the first out', 'delete from audit where seq = 1', 1, 'missing'],
    [
      'takes a row out and counts anew',
      'delete from audit where seq = 3; update audit set seq = seq - 1 where seq > 3',
      3,
      'changed',
    ],
    [
      'slips one in',
      `insert into audit select 7, at, actor, action, outcome, source_id, device_id, patient_id, address, detail, prev, hash from audit where seq = 6`,
      7,
      'changed',
    ],
  ] as const)('who %s is found out', async (_, statement, seq, why) => {
    await fill(6);
    expect((await verifyAudit(records)).broken).toBeNull();
    await tampering(statement);
    expect((await verifyAudit(records)).broken).toEqual({ seq, why });
  });

  it('who writes the whole chain anew, or takes off its end, is found out by a head that was kept elsewhere', async () => {
    await fill(5);
    const { head } = await verifyAudit(records);
    if (!head) throw new Error('no head');
    await tampering('delete from audit where seq = 5');
    expect((await verifyAudit(records)).broken).toBeNull();
    expect((await verifyAudit(records, { since: head })).broken).toEqual({ seq: 5, why: 'missing' });
    await fill(6);
    expect((await verifyAudit(records)).broken).toBeNull();
    expect((await verifyAudit(records, { since: head })).broken).toEqual({ seq: 5, why: 'since' });
  });

  it('is told of once a day, also where the chain was written anew since the day before', async () => {
    const clock = shiftedClock();
    const look = auditSign({ records, clock, log: silentLog });
    await fill(4);
    expect(await look()).toEqual({ audit: { state: 'ok' } });
    await fill(4);
    expect(await look()).toEqual({ audit: { state: 'ok' } });
    clock.ahead(86_400_000);
    expect(await look()).toMatchObject({ audit: { state: 'degraded', trouble: 'audit-broken' } });
  });
});
