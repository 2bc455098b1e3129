import { randomBytes } from 'node:crypto';
import { codeFrom, codeLength, type EnrolmentCode, type EnrolmentFault } from '#domain/enrolment.ts';
import type { SourceId } from '#domain/ids.ts';
import type { IssuedCertificate } from '../authority/certificates.ts';
import { instant } from '../clock.ts';
import type { Actor } from './actor.ts';
import { audit } from './audit.ts';
import { putCertificate } from './certificates.ts';
import type { Records, Within } from './connect.ts';
import { hashForLookup } from './passwords.ts';
import { newToken, putToken } from './sources.ts';

/** Codes with which a box becomes a source: good once, for a while, for one source. */

export const goodForMs = 24 * 3_600_000;
/**
 * A box whose answer got lost asks again: the same key may have another credential so long after the code was first used. Any other
 * key may not, so a code that somebody overheard is of no use once the box has come; nor may the same one when the source has been given
 * another credential meanwhile, which a box that was taken away could otherwise undo.
 */
export const sameBoxAgainMs = 10 * 60_000;
/** Codes that are over stay so long, for whoever wonders why one did not work. */
const keptMs = 30 * 24 * 3_600_000;

/** A new code for a source; its codes that nobody used are good for nothing any more. @param now ms since 1970 */
export async function issueCode(
  records: Records,
  wish: { source: SourceId; by: Actor; now: number; forMs?: number },
): Promise<{ code: EnrolmentCode; expiresAt: string }> {
  const code = codeFrom(randomBytes(codeLength));
  const expiresAt = instant(wish.now + (wish.forMs ?? goodForMs));
  const hash = await hashOf(code);
  await records.transaction().execute(async (db) => {
    await withdrawCodes(db, wish.source);
    await db
      .deleteFrom('enrolment_code')
      .where('expires_at', '<', new Date(wish.now - keptMs))
      .execute();
    await db
      .insertInto('enrolment_code')
      .values({
        code_hash: hash,
        source_id: wish.source,
        created_at: instant(wish.now),
        created_by: wish.by,
        expires_at: expiresAt,
        key_fingerprint: null,
      })
      .execute();
    await audit(db, { by: wish.by, action: 'code-given', source: wish.source, detail: { expiresAt } });
  });
  return { code, expiresAt };
}

/** Codes of this source that nobody used yet enrol nobody. Of two who give out a code at once, the first one's is void. */
export async function withdrawCodes(db: Within, source: SourceId): Promise<void> {
  await lockSource(db, source);
  await db.deleteFrom('enrolment_code').where('source_id', '=', source).where('used_at', 'is', null).execute();
}

/** Whoever changes codes or the credential of a source does it one after the other: the source first, then its codes. */
const lockSource = (db: Within, source: SourceId) =>
  db.selectFrom('source').select('key_fingerprint').where('id', '=', source).forUpdate().executeTakeFirst();

export type Redemption =
  | { source: SourceId; token: string }
  | { source: SourceId; issued: IssuedCertificate }
  | { fault: Extract<EnrolmentFault, 'code-unknown' | 'code-expired' | 'code-used'> };

/**
 * The box that holds this key becomes the source that the code is for, and signs in with a certificate where `issue` signs one, else with a token.
 * A code of a source that was revoked is unknown.
 * @param wish.now ms since 1970. `address`: from where it is asked.
 * @param issue for that key; refuses nothing.
 * @throws Outage 'enrolment-busy' when too many codes are being tried already.
 */
export async function redeemCode(
  records: Records,
  wish: { code: EnrolmentCode; keyFingerprint: string; now: number; address?: string },
  issue?: (source: SourceId) => Promise<IssuedCertificate>,
): Promise<Redemption> {
  const { keyFingerprint, now, address } = wish;
  const hash = await hashOf(wish.code);
  return records.transaction().execute(async (db): Promise<Redemption> => {
    const known = await db
      .selectFrom('enrolment_code')
      .select('source_id')
      .where('code_hash', '=', hash)
      .executeTakeFirst();
    if (!known) return { fault: 'code-unknown' };
    const source = known.source_id;
    const keyNow = (await lockSource(db, source))?.key_fingerprint;
    const found = await db
      .selectFrom('enrolment_code')
      .select(['expires_at', 'used_at', 'key_fingerprint'])
      .where('code_hash', '=', hash)
      .forUpdate()
      .executeTakeFirst();
    if (!found) return { fault: 'code-unknown' };
    if (found.used_at !== null) {
      const isLate = now - found.used_at.getTime() > sameBoxAgainMs;
      if (isLate || found.key_fingerprint !== keyFingerprint || keyNow !== keyFingerprint)
        return { fault: 'code-used' };
    } else if (found.expires_at.getTime() <= now) return { fault: 'code-expired' };

    const at = instant(now);
    const token = newToken();
    const issued = await issue?.(source);
    const isLetIn = issued
      ? await putCertificate(db, source, issued)
      : await putToken(db, source, token, { at, keyFingerprint });
    if (!isLetIn) return { fault: 'code-unknown' };
    if (found.used_at === null)
      await db
        .updateTable('enrolment_code')
        .set({ used_at: at, key_fingerprint: keyFingerprint })
        .where('code_hash', '=', hash)
        .execute();
    const detail = { keyFingerprint, fingerprint: issued?.fingerprint ?? null };
    await audit(db, { by: `source:${source}`, action: 'source-enrolled', source, address, detail });
    return issued ? { source, issued } : { source, token };
  });
}

/** 40 bits are guessed in minutes by whoever has a copy of the table and a fast hash. */
const hashOf = (code: EnrolmentCode): Promise<string> => hashForLookup(code, 'hearthbeat enrolment code');
