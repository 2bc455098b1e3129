import { sql } from 'kysely';
import type { Refused } from '#domain/admission.ts';
import type { SourceId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import { createAdmitting, type Verdict } from '../intake/admitting.ts';
import { unpackQuarantined } from '../intake/unpack.ts';
import type { Actor } from './actor.ts';
import { putEntry } from './agenda.ts';
import { audit, wholly } from './audit.ts';
import type { Within } from './connect.ts';
import type { QuarantineReason } from './quarantine.ts';

/**
 * What lies in quarantine may enter later: when a device has been registered or assigned as it should have been. Releasing is a row's change of
 * state. The recorder looks for what was released and stores it, the judge has an entry in its agenda (`released`) and judges it as late; both may do
 * it twice.
 */

/** `released`: it may enter now and is on its way. `known`: it was released before. `refused`: it still may not enter, and why. */
export type Release =
  | { key: string; outcome: 'released' | 'known' | 'unknown' }
  | { key: string; outcome: 'refused'; reason: QuarantineReason; detail: string };

/** In one request; more are asked for again. */
export const releasesAtMost = 500;

/**
 * Judges these items by what is registered and assigned now, and releases those that may enter, wholly or in part. Each is audited. Doing it again
 * changes nothing.
 * @param keys at most `releasesAtMost`
 * @param wish `at`: RFC 3339
 */
export async function releaseQuarantine(
  db: Within,
  keys: readonly string[],
  wish: { by: Actor; at: string },
): Promise<Release[]> {
  return wholly(db, async (db) => {
    const rows = await db
      .selectFrom('quarantine')
      .select(['key', 'source_id', 'received_at', 'payload', 'released_at', 'device_id'])
      .where('key', '=', sql<string>`any(${[...new Set(keys)]})`)
      .orderBy('key')
      .forUpdate()
      .execute();
    const found = new Map(rows.map((row) => [row.key, row]));
    const admitting = createAdmitting(db, { remembers: false });
    const releases: Release[] = [];
    for (const key of new Set(keys)) {
      const row = found.get(key);
      if (!row) releases.push({ key, outcome: 'unknown' });
      else if (row.released_at) releases.push({ key, outcome: 'known' });
      else {
        const refused = stillRefused(await admitting.admitAll(arrivalsOf(row)));
        releases.push(refused ? { key, ...refused } : { key, outcome: 'released' });
      }
    }
    const released = releases.flatMap(({ key, outcome }) => (outcome === 'released' ? found.get(key)! : []));
    if (released.length > 0)
      await db
        .updateTable('quarantine')
        .set({ released_at: wish.at, released_by: wish.by, recorded_at: null, judged_at: null })
        .where(
          'key',
          'in',
          released.map(({ key }) => key),
        )
        .execute();
    for (const { key } of released)
      await putEntry(db, {
        key: `released/${key}/${Date.parse(wish.at)}`,
        kind: 'released',
        subject: key,
        step: 0,
        dueAt: Date.parse(wish.at),
      });
    for (const row of released)
      await audit(db, {
        by: wish.by,
        action: 'quarantine-released',
        source: row.source_id,
        ...(row.device_id ? { device: row.device_id } : {}),
        detail: { key: row.key },
      });
    return releases;
  });
}

/** Why nothing of it may enter, or undefined when something may. */
function stillRefused(verdicts: readonly Verdict[]): Refused | undefined {
  const refusals: Refused[] = [];
  for (const verdict of verdicts) {
    if ('refused' in verdict) refusals.push(verdict.refused);
    else
      for (const sample of verdict.samples) {
        if (!('refused' in sample)) return undefined;
        refusals.push(sample.refused);
      }
  }
  return refusals[0] ?? { outcome: 'refused', reason: 'malformed', detail: 'holds nothing' };
}

export type Released = {
  key: string;
  source: SourceId /** ms since 1970. */;
  receivedAt: number;
  releasedAt: number;
  payload: Buffer;
};

/** What was released and is not stored yet, the oldest first. */
export async function findReleased(db: Within, limit: number): Promise<Released[]> {
  const rows = await db
    .selectFrom('quarantine')
    .select(['key', 'source_id', 'received_at', 'released_at', 'payload'])
    .where('released_at', 'is not', null)
    .where('recorded_at', 'is', null)
    .orderBy('released_at')
    .orderBy('key')
    .limit(limit)
    .execute();
  return rows.map(releasedOf);
}

/** One that the judge has not seen yet. */
export async function findUnjudged(db: Within, key: string): Promise<Released | undefined> {
  const row = await db
    .selectFrom('quarantine')
    .select(['key', 'source_id', 'received_at', 'released_at', 'payload'])
    .where('key', '=', key)
    .where('released_at', 'is not', null)
    .where('judged_at', 'is', null)
    .executeTakeFirst();
  return row && releasedOf(row);
}

const releasedOf = (row: {
  key: string;
  source_id: SourceId;
  received_at: Date;
  released_at: Date | null;
  payload: Buffer;
}): Released => ({
  key: row.key,
  source: row.source_id,
  receivedAt: row.received_at.getTime(),
  releasedAt: row.released_at?.getTime() ?? 0,
  payload: row.payload,
});

const doneColumn = { recorder: 'recorded_at', judge: 'judged_at' } as const;

/** @param at ms since 1970 */
export async function finishReleased(db: Within, of: keyof typeof doneColumn, key: string, at: number): Promise<void> {
  await db
    .updateTable('quarantine')
    .set({ [doneColumn[of]]: new Date(at) })
    .where('key', '=', key)
    .where('released_at', 'is not', null)
    .execute();
}

/** It may not enter after all: something was changed back between release and storing. It waits as before. */
export async function takeBackRelease(
  db: Within,
  key: string,
  why: { reason: QuarantineReason; detail: string },
): Promise<void> {
  await db
    .updateTable('quarantine')
    .set({ released_at: null, released_by: null, recorded_at: null, judged_at: null, ...why })
    .where('key', '=', key)
    .execute();
}

const arrivalsOf = (row: { source_id: SourceId; received_at: Date; payload: Buffer }) =>
  unpackQuarantined({ source: row.source_id, receivedAt: row.received_at.getTime(), payload: row.payload });

/** As it is stored and judged: however fresh it was when it came, nobody is called for it now. */
export const asReleased = (reading: StoredReading): StoredReading =>
  reading.flags.includes('late') ? reading : { ...reading, flags: ['late', ...reading.flags] };
