import { z } from 'zod';
import type { DeviceId, SourceId } from '#domain/ids.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { Actor } from './actor.ts';
import type { Within } from './connect.ts';
import type { QuarantineReason } from './quarantine.ts';

/** `waiting`: may be released. `released`: under way into the vitals store. `recorded`: there. */
export const quarantineStates = ['waiting', 'released', 'recorded'] as const;
export type QuarantineState = (typeof quarantineStates)[number];

export type QuarantineItem = {
  key: string;
  source: SourceId;
  /** RFC 3339, as all times here. */
  receivedAt: string;
  reason: QuarantineReason;
  /** English, for engineers; quotes no value. */
  detail: string;
  ref: string | null;
  /** Null where it could not be read. */
  device: DeviceId | null;
  panel: PanelName | null;
  takenAt: string | null;
  /** How many readings it holds. */
  readings: number;
  bytes: number;
  state: QuarantineState;
  releasedAt: string | null;
  releasedBy: Actor | null;
};

export type QuarantineFilter = {
  source?: SourceId | undefined;
  device?: DeviceId | undefined;
  reason?: QuarantineReason | undefined;
  state?: QuarantineState | undefined;
  /** Received from, and before; RFC 3339. */
  from?: string | undefined;
  before?: string | undefined;
};

const columns = [
  'key',
  'source_id',
  'received_at',
  'reason',
  'detail',
  'ref',
  'device_id',
  'panel',
  'taken_at',
  'readings',
  'bytes',
  'released_at',
  'released_by',
  'recorded_at',
] as const;

/**
 * Newest first, without the payloads. @param page `after`: `next` of the page before, whatever came in between.
 * @returns `next` null on the last page.
 */
export async function listQuarantine(
  db: Within,
  filter: QuarantineFilter,
  page: { limit: number; after?: string | undefined },
): Promise<{ items: QuarantineItem[]; next: string | null }> {
  const after = page.after === undefined ? undefined : placeIn(page.after);
  const rows = await filtered(db, filter)
    .select(columns)
    .$if(after !== undefined, (query) =>
      query.where((eb) =>
        eb.or([
          eb('received_at', '<', new Date(after!.at)),
          eb.and([eb('received_at', '=', new Date(after!.at)), eb('key', '<', after!.key)]),
        ]),
      ),
    )
    .orderBy('received_at', 'desc')
    .orderBy('key', 'desc')
    .limit(page.limit + 1)
    .execute();
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  const more = rows.length > page.limit && last;
  return { items: shown.map(itemOf), next: more ? `${last.received_at.getTime()}.${last.key}` : null };
}

/** How many rows and readings fit, of all pages. */
export async function countQuarantine(
  db: Within,
  filter: QuarantineFilter,
): Promise<{ items: number; readings: number }> {
  const row = await filtered(db, filter)
    .select((eb) => [eb.fn.countAll().as('items'), eb.fn.sum('readings').as('readings')])
    .executeTakeFirstOrThrow();
  return { items: Number(row.items), readings: Number(row.readings ?? 0) };
}

/** With the bytes as they came: one reading or series as JSON, or a message that nobody could read. */
export async function findQuarantined(
  db: Within,
  key: string,
): Promise<(QuarantineItem & { payload: Buffer }) | undefined> {
  const row = await db
    .selectFrom('quarantine')
    .select([...columns, 'payload'])
    .where('key', '=', key)
    .executeTakeFirst();
  return row && { ...itemOf(row), payload: row.payload };
}

/** What is kept of each source, the fullest first; `gaveWay`: rows that had to make room for newer ones, ever. */
export async function quarantineAccounts(
  db: Within,
  limit: number,
): Promise<{ source: SourceId; items: number; bytes: number; gaveWay: number }[]> {
  const rows = await db
    .selectFrom('quarantine_account')
    .selectAll()
    .orderBy('bytes', 'desc')
    .orderBy('source_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    source: row.source_id,
    items: Number(row.items),
    bytes: Number(row.bytes),
    gaveWay: Number(row.given_up),
  }));
}

function filtered(db: Within, { source, device, reason, state, from, before }: QuarantineFilter) {
  let query = db.selectFrom('quarantine');
  if (from !== undefined) query = query.where('received_at', '>=', new Date(from));
  if (before !== undefined) query = query.where('received_at', '<', new Date(before));
  if (source !== undefined) query = query.where('source_id', '=', source);
  if (device !== undefined) query = query.where('device_id', '=', device);
  if (reason !== undefined) query = query.where('reason', '=', reason);
  if (state === 'waiting') query = query.where('released_at', 'is', null);
  if (state === 'released') query = query.where('released_at', 'is not', null).where('recorded_at', 'is', null);
  if (state === 'recorded') query = query.where('recorded_at', 'is not', null);
  return query;
}

const Place = z.tuple([z.coerce.number().int(), z.string().regex(/^[0-9a-f]{64}$/)]);

/** A place that nobody gave out leads to the first page. */
function placeIn(text: string): { at: number; key: string } | undefined {
  const place = Place.safeParse(text.split('.'));
  return place.success ? { at: place.data[0], key: place.data[1] } : undefined;
}

type Row = {
  key: string;
  source_id: SourceId;
  received_at: Date;
  reason: QuarantineReason;
  detail: string;
  ref: string | null;
  device_id: DeviceId | null;
  panel: PanelName | null;
  taken_at: Date | null;
  readings: number;
  bytes: number;
  released_at: Date | null;
  released_by: Actor | null;
  recorded_at: Date | null;
};

const itemOf = (row: Row): QuarantineItem => ({
  key: row.key,
  source: row.source_id,
  receivedAt: row.received_at.toISOString(),
  reason: row.reason,
  detail: row.detail,
  ref: row.ref,
  device: row.device_id,
  panel: row.panel,
  takenAt: row.taken_at?.toISOString() ?? null,
  readings: row.readings,
  bytes: row.bytes,
  state: row.recorded_at ? 'recorded' : row.released_at ? 'released' : 'waiting',
  releasedAt: row.released_at?.toISOString() ?? null,
  releasedBy: row.released_by,
});
