import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Refusal } from '#domain/admission.ts';
import type { DeviceId, SourceId } from '#domain/ids.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { Within } from './connect.ts';
import { storableText } from './storable.ts';

export type QuarantineReason = Refusal | 'refused-by-store';

/** What could not be admitted, kept whole for whoever looks into it. `detail` says what is wrong and quotes no value. */
export type Quarantined = {
  source: SourceId;
  /** ms since 1970. */
  receivedAt: number;
  reason: QuarantineReason;
  detail: string;
  ref: string | undefined;
  /** One reading or series as JSON, or a whole message that could not be read. A series holds the refused samples alone, each in its place. */
  payload: Buffer;
  /** What it is about, where it can be read. `takenAt`: ms since 1970, of a series its start. */
  about?: { device: DeviceId; panel: PanelName; takenAt: number; readings: number };
};

/** What one source, and all of them together, may take of the disk. */
export type QuarantineLimits = { itemsOfSource: number; bytesOfSource: number; bytes: number };
export const quarantineLimits: QuarantineLimits = {
  itemsOfSource: 10_000,
  bytesOfSource: 32 * 1024 * 1024,
  bytes: 1024 * 1024 * 1024,
};

/**
 * The same refusal of the same thing from the same source is one row, however often it comes; the first time stays. Beyond the limits the
 * oldest of the same source give way, and beyond that of all the oldest of whoever takes most; what is being released never does.
 * Must be in a transaction.
 * @returns how many gave way
 */
export async function quarantine(
  db: Within,
  items: readonly Quarantined[],
  limits: QuarantineLimits = quarantineLimits,
): Promise<number> {
  if (items.length === 0) return 0;
  // always in one order, so that two writers can never wait for each other
  const rows = [...new Map(items.map(rowOf).map((row) => [row.key, row])).values()].sort((a, b) =>
    a.key < b.key ? -1 : 1,
  );
  const added: { source_id: SourceId; bytes: number }[] = [];
  for (let i = 0; i < rows.length; i += rowsPerStatement)
    added.push(
      ...(await db
        .insertInto('quarantine')
        .values(rows.slice(i, i + rowsPerStatement))
        .onConflict((conflict) => conflict.column('key').doNothing())
        .returning(['source_id', 'bytes'])
        .execute()),
    );
  if (added.length === 0) return 0;
  const sources = [...new Set(added.map((row) => row.source_id))].sort();
  for (const source of sources) {
    const own = added.filter((row) => row.source_id === source);
    await sql`
      insert into quarantine_account (source_id, items, bytes)
      values (${source}, ${own.length}, ${own.reduce((sum, { bytes }) => sum + bytes, 0)})
      on conflict (source_id) do update
      set items = quarantine_account.items + excluded.items, bytes = quarantine_account.bytes + excluded.bytes`.execute(
      db,
    );
  }
  let gaveWay = 0;
  for (const source of sources) gaveWay += await makeRoomFor(db, source, limits);
  return gaveWay + (await makeRoomForAll(db, limits));
}

/** Time enough to find out whose device it was, even for somebody who looks twice a year. */
export const quarantineKeptMs = 180 * 86_400_000;

/** Deletes what has been here since before `before` (ms since 1970), the oldest first. @returns how many */
export async function forgetQuarantined(db: Within, before: number, most: number): Promise<number> {
  return removeQuarantined(db, sql`received_at < ${new Date(before)} order by received_at limit ${most}`, 0);
}

async function makeRoomFor(db: Within, source: SourceId, limits: QuarantineLimits): Promise<number> {
  const account = await db
    .selectFrom('quarantine_account')
    .select(['items', 'bytes'])
    .where('source_id', '=', source)
    .executeTakeFirst();
  const [items, bytes] = [Number(account?.items ?? 0), Number(account?.bytes ?? 0)];
  const tooMany = items - limits.itemsOfSource;
  if (tooMany <= 0 && bytes <= limits.bytesOfSource) return 0;
  return giveWay(db, source, tooMany, bytes - limits.bytesOfSource);
}

async function makeRoomForAll(db: Within, limits: QuarantineLimits): Promise<number> {
  let gaveWay = 0;
  for (let turn = 0; turn < turnsAtMost; turn++) {
    const { rows } = await sql<{ all: string; most: SourceId; of: string }>`
      select (select sum(bytes) from quarantine_account) as all, source_id as most, bytes as of
      from quarantine_account order by bytes desc, source_id limit 1`.execute(db);
    const [now] = rows;
    const beyond = Number(now?.all ?? 0) - limits.bytes;
    if (!now || beyond <= 0) break;
    // not all at once from one: whoever takes most next is asked next
    const some = await giveWay(db, now.most, 0, Math.min(beyond, Math.ceil(Number(now.of) / 4)));
    if (some === 0) break;
    gaveWay += some;
  }
  return gaveWay;
}

/** The oldest of this source: at least so many, and of at least so many bytes. */
const giveWay = (db: Within, source: SourceId, items: number, bytes: number): Promise<number> =>
  removeQuarantined(
    db,
    sql`key in (
      select key from (
        select key,
          row_number() over oldest as place,
          sum(bytes) over oldest - bytes as bytes_before
        from quarantine
        where source_id = ${source} and ${atRest}
        window oldest as (order by received_at, key)
      ) as ranked
      where place <= ${items} or bytes_before < ${bytes}
    )`,
    1,
  );

/** Not on its way to the vitals store or to the rules. */
const atRest = sql`(released_at is null or (recorded_at is not null and judged_at is not null))`;

/** Deletes rows and takes them off the accounts. @param counted 1 where they give way before their time, else 0 */
export async function removeQuarantined(
  db: Within,
  which: ReturnType<typeof sql>,
  counted: 0 | 1 = 0,
): Promise<number> {
  const { rows } = await sql<{ removed: string }>`
    with gone as (
      delete from quarantine where key in (select key from quarantine where ${which}) returning source_id, bytes
    ), totals as (
      select source_id, count(*) as items, sum(bytes) as bytes from gone group by source_id order by source_id
    ), settled as (
      update quarantine_account as account
      set items = account.items - totals.items, bytes = account.bytes - totals.bytes,
        given_up = account.given_up + ${counted} * totals.items
      from totals where account.source_id = totals.source_id
    )
    select coalesce(sum(items), 0) as removed from totals`.execute(db);
  return Number(rows[0]?.removed ?? 0);
}

/** 10 parameters each; PostgreSQL takes 65,535 in one statement. */
const rowsPerStatement = 1_000;
const turnsAtMost = 100;

const rowOf = (item: Quarantined) => ({
  key: createHash('sha256').update(`${item.source}|${item.reason}|`).update(item.payload).digest('hex'),
  source_id: item.source,
  received_at: new Date(item.receivedAt),
  reason: item.reason,
  detail: storableText(item.detail),
  ref: item.ref === undefined ? null : storableText(item.ref),
  payload: item.payload,
  device_id: item.about?.device ?? null,
  panel: item.about?.panel ?? null,
  taken_at: item.about ? storableTime(item.about.takenAt) : null,
  readings: item.about?.readings ?? 1,
});

/** A clock that was never set may name a year that PostgreSQL does not know. */
const storableTime = (ms: number): Date | null =>
  ms > Date.UTC(-4000, 0, 1) && ms < Date.UTC(9999, 11, 31) ? new Date(ms) : null;
