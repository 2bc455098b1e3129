import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { StatusMessage } from '#domain/downward.ts';
import type { RevocationReason } from '#domain/homes.ts';
import type { SourceId } from '#domain/ids.ts';
import { shardOf } from '#domain/topics.ts';
import type { Actor } from './actor.ts';
import { audit, wholly } from './audit.ts';
import { withdrawCertificates } from './certificates.ts';
import type { Within } from './connect.ts';
import { storableJson } from './storable.ts';

/**
 * Sources and what they prove themselves with. A token has 256 bits of chance, so a fast hash is enough: there is nothing to
 * guess, and ten thousand homes that come back after a power cut are let in within seconds.
 */

export type Source = {
  id: SourceId;
  kind: 'gateway' | 'device';
  shard: number;
  createdAt: string;
  /** Null until its box, or whoever sets it up, was given a credential. */
  enrolledAt: string | null;
  revokedAt: string | null;
  /** What it said of itself last; an `offline` keeps what it had said before. */
  status: StatusMessage | null;
  /** When the platform received it, or took the source for away. */
  statusAt: string | null;
};

export type Credential = {
  /** Of its token; null where it has none. */
  secretHash: string | null;
  /** Fingerprints of its certificates that are in force: neither revoked nor ended. */
  certificates: ReadonlySet<string>;
  revoked: boolean;
};

export const newToken = (): string => randomBytes(32).toString('base64url');

/** SHA-256, hexadecimal. */
export const hashToken = (token: string | Uint8Array): string => createHash('sha256').update(token).digest('hex');

/** A new source, as which nobody signs in until it is given a credential. False when the id is taken. */
export const registerSource = (
  db: Within,
  source: { id: SourceId; kind: Source['kind']; by?: Actor; at?: string },
): Promise<boolean> =>
  wholly(db, async (within) => {
    const { id, kind, by, at } = source;
    const [added] = await within
      .insertInto('source')
      .values({ id, kind, shard: shardOf(id), created_by: by ?? null, ...(at ? { created_at: at } : {}) })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
      .execute();
    if (!added) return false;
    await audit(within, { by: by ?? byUnknown, action: 'source-registered', source: id, detail: { kind } });
    return true;
  });

/** From now on the source signs in with `token`, which was handed out to whoever sets it up. @returns false as `putToken` does. */
export const giveToken = (
  db: Within,
  id: SourceId,
  token: string,
  given: { at: string; by?: Actor },
): Promise<boolean> =>
  wholly(db, async (within) => {
    const { at, by } = given;
    if (!(await putToken(within, id, token, { at, keyFingerprint: null }))) return false;
    await audit(within, { by: by ?? byUnknown, action: 'token-given', source: id });
    return true;
  });

/**
 * From now on the source signs in with `token`, and with nothing that it was given before.
 * @param given.keyFingerprint of the key its box made; null where a token was handed out to a device without one.
 * @returns false where there is no such source, or it was revoked.
 */
export async function putToken(
  db: Within,
  id: SourceId,
  token: string,
  given: { at: string; keyFingerprint: string | null },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('source')
    .set({ secret_hash: hashToken(token), enrolled_at: given.at, key_fingerprint: given.keyFingerprint })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await withdrawCertificates(db, id, given.at);
  return true;
}

/** Where a caller did not say who. */
const byUnknown: Actor = 'operator:unknown';

/** A source that is not in the answer is not enrolled. One query, however many sources. */
export async function findCredentials(db: Within, sources: readonly SourceId[]): Promise<Map<SourceId, Credential>> {
  if (sources.length === 0) return new Map();
  const rows = await db
    .selectFrom('source')
    .select((eb) => [
      'id',
      'secret_hash',
      'revoked_at',
      eb
        .selectFrom('source_certificate')
        .select(sql<string[] | null>`array_agg(fingerprint)`.as('fingerprints'))
        .whereRef('source_certificate.source_id', '=', 'source.id')
        .where('source_certificate.revoked_at', 'is', null)
        .where('not_after', '>', sql<Date>`now()`)
        .as('fingerprints'),
    ])
    .where('id', 'in', [...sources])
    .execute();
  return new Map(
    rows.flatMap(({ id, secret_hash: secretHash, revoked_at: revokedAt, fingerprints }) => {
      const certificates = new Set(fingerprints ?? []);
      if (secretHash === null && certificates.size === 0) return [];
      return [[id, { secretHash, certificates, revoked: revokedAt !== null }] as const];
    }),
  );
}

/** From `at` on the source is refused, its live session within a minute. False when there is none, or it was revoked before. */
export const revokeSource = (
  db: Within,
  id: SourceId,
  at: string,
  by?: Actor,
  reason?: RevocationReason,
): Promise<boolean> =>
  wholly(db, async (within) => {
    const { numUpdatedRows } = await within
      .updateTable('source')
      .set({ revoked_at: at, revoked_by: by ?? null })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    const why = reason ? { detail: { reason } } : {};
    await audit(within, { by: by ?? byUnknown, action: 'source-revoked', source: id, ...why });
    return true;
  });

/** By id, those behind `after`. */
export async function listSources(db: Within, query: { after?: SourceId; limit: number }): Promise<Source[]> {
  const rows = await sourceRows(db)
    .where('canary', '=', false)
    .where((eb) => (query.after === undefined ? eb.lit(true) : eb('id', '>', query.after)))
    .orderBy('id')
    .limit(query.limit)
    .execute();
  return rows.map(sourceOf);
}

export async function findSource(db: Within, id: SourceId): Promise<Source | undefined> {
  const row = await sourceRows(db).where('id', '=', id).executeTakeFirst();
  return row && sourceOf(row);
}

/** Those of these that are a device which speaks for itself: nobody at home is there to be told anything. */
export async function sourcesWithoutGateway(db: Within, sources: readonly SourceId[]): Promise<Set<SourceId>> {
  if (sources.length === 0) return new Set();
  const rows = await db
    .selectFrom('source')
    .select('id')
    .where('id', 'in', sources)
    .where('kind', '=', 'device')
    .execute();
  return new Set(rows.map(({ id }) => id));
}

/**
 * Keeps the newest status of a source; one that was received before the kept one changes nothing. A last will says that the
 * source is away and nothing else: what it told before, its devices and their batteries, is still the latest that is known.
 * @param at ms since 1970.
 */
export async function recordStatus(db: Within, source: SourceId, status: StatusMessage, at: number): Promise<void> {
  const json = storableJson(status);
  await db
    .updateTable('source')
    .set({
      status:
        status.state === 'online' ? json : sql<string>`coalesce(source.status, '{}'::jsonb) || ${json}::text::jsonb`,
      status_at: new Date(at),
    })
    .where('id', '=', source)
    .where((where) => where.or([where('status_at', 'is', null), where('status_at', '<=', new Date(at))]))
    .execute();
}

/**
 * Whoever counted as online before `at` is away: a broker that was killed could deliver no last will, and a source that is
 * still there connects to the next one and says so.
 * @param at ms since 1970.
 */
export async function takeForAway(db: Within, at: number): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable('source')
    .set({ status: sql<string>`source.status || '{"state":"offline"}'::jsonb`, status_at: new Date(at) })
    .where(sql<boolean>`source.status ->> 'state' = 'online'`)
    .where('status_at', '<', new Date(at))
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

const sourceRows = (db: Within) =>
  db
    .selectFrom('source')
    .select(['id', 'kind', 'shard', 'created_at', 'enrolled_at', 'revoked_at', 'status', 'status_at']);

type SourceRow = Awaited<ReturnType<ReturnType<typeof sourceRows>['executeTakeFirstOrThrow']>>;

const sourceOf = (row: SourceRow): Source => ({
  id: row.id,
  kind: row.kind,
  shard: row.shard,
  createdAt: row.created_at.toISOString(),
  enrolledAt: row.enrolled_at?.toISOString() ?? null,
  revokedAt: row.revoked_at?.toISOString() ?? null,
  status: row.status,
  statusAt: row.status_at?.toISOString() ?? null,
});
