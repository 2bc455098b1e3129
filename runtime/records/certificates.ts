import type { RevocationReason } from '#domain/homes.ts';
import type { SourceId } from '#domain/ids.ts';
import type { IssuedCertificate } from '../authority/certificates.ts';
import type { Actor } from './actor.ts';
import { audit, wholly } from './audit.ts';
import type { Within } from './connect.ts';

/** Certificates with which sources sign in. One that is not recorded here opens no door, whoever signed it. */

export type CertificateOfSource = {
  fingerprint: string;
  source: SourceId;
  serial: string;
  issuedAt: string;
  notAfter: string;
  /** When it was withdrawn: revoked, or superseded by one that was used. */
  revokedAt: string | null;
};

/**
 * From now on the source signs in with this certificate, and with nothing that it was given before.
 * @returns false where there is no such source, or it was revoked.
 */
export async function putCertificate(db: Within, source: SourceId, issued: IssuedCertificate): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('source')
    .set({ secret_hash: null, enrolled_at: issued.issuedAt, key_fingerprint: issued.keyFingerprint })
    .where('id', '=', source)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await withdrawCertificates(db, source, issued.issuedAt);
  await addCertificate(db, source, issued);
  return true;
}

/** Beside those that are in force. */
export async function addCertificate(db: Within, source: SourceId, issued: IssuedCertificate): Promise<void> {
  await db
    .insertInto('source_certificate')
    .values({
      fingerprint: issued.fingerprint,
      source_id: source,
      serial: issued.serial,
      key_fingerprint: issued.keyFingerprint,
      issued_at: issued.issuedAt,
      not_after: issued.notAfter,
    })
    .execute();
}

/** All that are in force, because the source was given something else. @param at RFC 3339 */
export async function withdrawCertificates(db: Within, source: SourceId, at: string): Promise<void> {
  await db
    .updateTable('source_certificate')
    .set({ revoked_at: at })
    .where('source_id', '=', source)
    .where('revoked_at', 'is', null)
    .execute();
}

/**
 * The source has signed in with this certificate: those before it are of no more use. One that was issued later stays in force, for its answer may
 * have got lost or is still on the way. @param at RFC 3339
 */
export async function supersedeBefore(db: Within, used: { source: SourceId; fingerprint: string; at: string }) {
  await db
    .updateTable('source_certificate')
    .set({ revoked_at: used.at })
    .where('source_id', '=', used.source)
    .where('revoked_at', 'is', null)
    .where('issued_at', '<', (eb) =>
      eb
        .selectFrom('source_certificate as used')
        .select('used.issued_at')
        .where('used.fingerprint', '=', used.fingerprint)
        .where('used.source_id', '=', used.source),
    )
    .execute();
}

/**
 * From `at` (RFC 3339) on nobody is let in with this certificate; whoever is, is disconnected within a minute. The source itself may have others.
 * @returns false where there is none, or it was withdrawn before.
 */
export const revokeCertificate = (
  db: Within,
  wish: { source: SourceId; fingerprint: string; at: string; by: Actor; reason?: RevocationReason },
): Promise<boolean> =>
  wholly(db, async (within) => {
    const { source, fingerprint, at, by, reason } = wish;
    const { numUpdatedRows } = await within
      .updateTable('source_certificate')
      .set({ revoked_at: at })
      .where('source_id', '=', source)
      .where('fingerprint', '=', fingerprint)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    const detail = { fingerprint, ...(reason ? { reason } : {}) };
    await audit(within, { by, action: 'certificate-revoked', source, detail });
    return true;
  });

/** The newest first, those that have ended or were withdrawn included. */
export async function certificatesOf(
  db: Within,
  source: SourceId,
  query: { limit: number },
): Promise<CertificateOfSource[]> {
  const rows = await db
    .selectFrom('source_certificate')
    .selectAll()
    .where('source_id', '=', source)
    .orderBy('issued_at', 'desc')
    .orderBy('fingerprint')
    .limit(query.limit)
    .execute();
  return rows.map((row) => ({
    fingerprint: row.fingerprint,
    source: row.source_id,
    serial: row.serial,
    issuedAt: row.issued_at.toISOString(),
    notAfter: row.not_after.toISOString(),
    revokedAt: row.revoked_at?.toISOString() ?? null,
  }));
}
