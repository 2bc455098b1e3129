import type { RenewalFault } from '#domain/enrolment.ts';
import type { SourceId } from '#domain/ids.ts';
import type { IssuedCertificate } from '../authority/certificates.ts';
import { instant } from '../clock.ts';
import { audit } from './audit.ts';
import { addCertificate } from './certificates.ts';
import type { Records, Within } from './connect.ts';

/** The next certificate of a source that has one. */

/**
 * A box whose answers get lost asks again and again, and each answer is good. Beyond so many in force, those that were issued first and never used
 * are withdrawn: but never the one it asks with, which it certainly has.
 */
export const inForceAtMost = 8;

export type Renewal =
  | { source: SourceId; issued: IssuedCertificate }
  | { fault: Extract<RenewalFault, 'certificate-unknown' | 'certificate-ended' | 'source-revoked'> };

/**
 * Whoever holds the key of the certificate with this fingerprint gets another one beside it.
 * @param wish.now ms since 1970. `address`: from where it is asked. @param issue signs, and refuses nothing.
 */
export const renewCertificate = (
  records: Records,
  wish: { fingerprint: string; now: number; address?: string },
  issue: (source: SourceId) => Promise<IssuedCertificate>,
): Promise<Renewal> =>
  records.transaction().execute(async (db): Promise<Renewal> => {
    const { fingerprint, now, address } = wish;
    const known = await db
      .selectFrom('source_certificate')
      .select('source_id')
      .where('fingerprint', '=', fingerprint)
      .executeTakeFirst();
    if (!known) return { fault: 'certificate-unknown' };
    const source = known.source_id;
    const { revoked_at: revokedAt } = await db
      .selectFrom('source')
      .select('revoked_at')
      .where('id', '=', source)
      .forUpdate()
      .executeTakeFirstOrThrow();
    const present = await db
      .selectFrom('source_certificate')
      .select(['not_after', 'revoked_at'])
      .where('fingerprint', '=', fingerprint)
      .executeTakeFirstOrThrow();
    if (revokedAt !== null) return { fault: 'source-revoked' };
    if (present.revoked_at !== null) return { fault: 'certificate-unknown' };
    if (present.not_after.getTime() <= now) return { fault: 'certificate-ended' };
    const issued = await issue(source);
    await makeRoom(db, source, fingerprint, now);
    await addCertificate(db, source, issued);
    const detail = { former: fingerprint, fingerprint: issued.fingerprint };
    await audit(db, { by: `source:${source}`, action: 'certificate-renewed', source, address, detail });
    return { source, issued };
  });

async function makeRoom(db: Within, source: SourceId, except: string, now: number): Promise<void> {
  const others = await db
    .selectFrom('source_certificate')
    .select('fingerprint')
    .where('source_id', '=', source)
    .where('fingerprint', '!=', except)
    .where('revoked_at', 'is', null)
    .where('not_after', '>', new Date(now))
    .orderBy('issued_at', 'desc')
    .offset(inForceAtMost - 2)
    .execute();
  for (const { fingerprint } of others)
    await db
      .updateTable('source_certificate')
      .set({ revoked_at: instant(now) })
      .where('fingerprint', '=', fingerprint)
      .execute();
}
