import { createHash, randomBytes } from 'node:crypto';
import type { StatusMessage } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { shardOf } from '#domain/topics.ts';
import type { Within } from './connect.ts';

/**
 * Sources and what they prove themselves with. A token has 256 bits of chance, so a fast hash is enough: there is nothing to
 * guess, and ten thousand homes that come back after a power cut are let in within seconds.
 */

export type Source = {
  id: SourceId;
  kind: 'gateway' | 'device';
  shard: number;
  createdAt: string;
  revokedAt: string | null;
  status: StatusMessage | null;
  statusAt: string | null;
};

export type Credential = { secretHash: string; revoked: boolean };

export const newToken = (): string => randomBytes(32).toString('base64url');

/** SHA-256, hexadecimal. */
export const hashToken = (token: string | Uint8Array): string => createHash('sha256').update(token).digest('hex');

/** Enrols a source, which from then on connects with `token`. The database rejects an id that is taken. */
export async function addSource(
  db: Within,
  source: { id: SourceId; kind: Source['kind'] },
  token: string,
): Promise<void> {
  await db
    .insertInto('source')
    .values({ ...source, shard: shardOf(source.id), secret_hash: hashToken(token) })
    .execute();
}

/** A source that is not in the answer is not enrolled. One query, however many sources. */
export async function findCredentials(db: Within, sources: readonly SourceId[]): Promise<Map<SourceId, Credential>> {
  if (sources.length === 0) return new Map();
  const rows = await db
    .selectFrom('source')
    .select(['id', 'secret_hash', 'revoked_at'])
    .where('id', 'in', [...sources])
    .execute();
  return new Map(rows.map((row) => [row.id, { secretHash: row.secret_hash, revoked: row.revoked_at !== null }]));
}

/** From `at` on the source is refused, its live session within a minute. False when there is none, or it was revoked before. */
export async function revokeSource(db: Within, id: SourceId, at: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('source')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function listSources(db: Within, query: { limit: number }): Promise<Source[]> {
  const rows = await db
    .selectFrom('source')
    .select(['id', 'kind', 'shard', 'created_at', 'revoked_at', 'status', 'status_at'])
    .orderBy('id')
    .limit(query.limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    shard: row.shard,
    createdAt: row.created_at.toISOString(),
    revokedAt: row.revoked_at?.toISOString() ?? null,
    status: row.status,
    statusAt: row.status_at?.toISOString() ?? null,
  }));
}
