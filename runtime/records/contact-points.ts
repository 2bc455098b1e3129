import { createHash } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { ContactKind, ContactPointId, Quiet } from '#domain/contact.ts';
import type { ClinicianId } from '#domain/ids.ts';
import type { Clinician } from '#domain/people.ts';
import { byClinician } from './actor.ts';
import { putEntry } from './agenda.ts';
import { type AuditAction, audit, wholly } from './audit.ts';
import { findClinician } from './clinicians.ts';
import type { Within } from './connect.ts';
import type { Database } from './database.ts';

/** Where clinicians can be reached. The mail address of an account is always one of their ways, and stands in no row here. */

export type ContactPoint = {
  id: ContactPointId;
  clinician: ClinicianId;
  kind: ContactKind;
  /** As the channel of this kind takes it: of a browser its subscription as JSON. */
  address: string;
  label: string | null;
  confidential: boolean;
  quiet: Quiet | null;
  verifiedAt: string | null;
  sentAt: string | null;
  fault: string | null;
  gone: boolean;
  removedAt: string | null;
  /** Verified, not gone, not removed. */
  usable: boolean;
};

export const contactPointsAtMost = 12;
/** A removal can be undone for so long; then the address is forgotten. */
export const undoRemovalMs = 10 * 60_000;
export const codeHoldsMs = 10 * 60_000;
const codeTriesAtMost = 5;

/** The eldest first; those removed too, until somebody's removal forgets them. */
export const contactPointsOf = (db: Within, clinician: ClinicianId): Promise<ContactPoint[]> =>
  contactPointsOfAll(db, [clinician]);

/** @param clinicians at least one. */
export async function contactPointsOfAll(db: Within, clinicians: readonly ClinicianId[]): Promise<ContactPoint[]> {
  const rows = await db
    .selectFrom('contact_point')
    .selectAll()
    .where('clinician_id', 'in', clinicians)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map(pointOf);
}

/** With whose it is; undefined when it was removed or its owner may not be called any more. */
export async function findContactPoint(
  db: Within,
  id: ContactPointId,
): Promise<{ point: ContactPoint; owner: Clinician } | undefined> {
  const row = await db
    .selectFrom('contact_point')
    .selectAll()
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  if (!row) return undefined;
  const owner = await findClinician(db, row.clinician_id);
  return owner && { point: pointOf(row), owner };
}

/** `known`: they have it already. */
export async function addContactPoint(
  records: Within,
  point: Pick<ContactPoint, 'id' | 'clinician' | 'kind' | 'address' | 'label' | 'confidential' | 'quiet'>,
  at: string,
): Promise<'added' | 'known' | 'too-many'> {
  return wholly(records, async (db) => {
    // two screens of one person add one after the other
    await db.selectFrom('clinician').select('id').where('id', '=', point.clinician).forUpdate().executeTakeFirst();
    const others = (await contactPointsOf(db, point.clinician)).filter(({ removedAt }) => removedAt === null);
    if (others.some(({ kind, address }) => kind === point.kind && address === point.address)) return 'known';
    if (others.length >= contactPointsAtMost) return 'too-many';
    await db
      .insertInto('contact_point')
      .values({
        id: point.id,
        clinician_id: point.clinician,
        kind: point.kind,
        address: point.address,
        label: point.label,
        confidential: point.confidential,
        quiet: point.quiet && JSON.stringify(point.quiet),
        created_at: at,
      })
      .execute();
    return 'added';
  });
}

/** What its owner wishes of it. @returns whether it is theirs */
export async function setContactPoint(
  db: Within,
  own: { clinician: ClinicianId; id: ContactPointId },
  wish: Pick<ContactPoint, 'label' | 'confidential' | 'quiet'>,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('contact_point')
    .set({ ...wish, quiet: wish.quiet && JSON.stringify(wish.quiet) })
    .where('id', '=', own.id)
    .where('clinician_id', '=', own.clinician)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** From now on nothing is sent there. Forgets, of everybody, what was removed too long ago to be wanted back. */
export async function removeContactPoint(
  records: Within,
  own: { clinician: ClinicianId; id: ContactPointId },
  at: string,
): Promise<boolean> {
  return wholly(records, async (db) => {
    await db
      .deleteFrom('contact_point')
      .where('removed_at', '<', new Date(Date.parse(at) - undoRemovalMs))
      .execute();
    const { numUpdatedRows } = await db
      .updateTable('contact_point')
      .set({ removed_at: at })
      .where('id', '=', own.id)
      .where('clinician_id', '=', own.clinician)
      .where('removed_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    await auditChange(db, own, 'contact-point-removed');
    return true;
  });
}

/** As it was before. @returns whether there is one of theirs to bring back; not when they have added the same anew. */
export async function restoreContactPoint(
  records: Within,
  own: { clinician: ClinicianId; id: ContactPointId },
  at: string,
): Promise<boolean> {
  return wholly(records, async (db) => {
    await db.selectFrom('clinician').select('id').where('id', '=', own.clinician).forUpdate().executeTakeFirst();
    const points = await contactPointsOf(db, own.clinician);
    const removed = points.find(({ id }) => id === own.id);
    if (!removed?.removedAt || Date.parse(removed.removedAt) < Date.parse(at) - undoRemovalMs) return false;
    const same = ({ kind, address, removedAt }: ContactPoint) =>
      removedAt === null && kind === removed.kind && address === removed.address;
    if (points.some(same)) return false;
    await db.updateTable('contact_point').set({ removed_at: null }).where('id', '=', own.id).execute();
    await auditChange(db, own, 'contact-point-restored');
    return true;
  });
}

/** PostgreSQL tells on it that somebody waits for a code or a trial. */
export const contactChannel = 'hearthbeat_contact';

/** Whoever sends shall send a code there, or a trial message. At most one of a kind in ten seconds. */
export async function askToSend(
  db: Within,
  what: 'contact-code' | 'contact-test',
  id: ContactPointId,
  now: number,
): Promise<void> {
  const key = `${what}/${id}/${Math.floor(now / 10_000)}`;
  await putEntry(db, { key, kind: what, subject: id, step: 0, dueAt: now });
  await sql`select pg_notify(${contactChannel}, '')`.execute(db);
}

/** From now on this code is the one that counts, and no earlier one. */
export async function keepCode(db: Within, id: ContactPointId, code: string, now: number): Promise<void> {
  await db
    .updateTable('contact_point')
    .set({ code_hash: hashOf(id, code), code_expires_at: new Date(now + codeHoldsMs), code_tries: 0 })
    .where('id', '=', id)
    .execute();
}

export type CodeFault = 'code-wrong' | 'code-expired' | 'too-many-tries';

/** A try is counted before it is looked at, under the row's lock. Undefined: no such contact point of theirs. */
export async function verifyContactPoint(
  records: Within,
  own: { clinician: ClinicianId; id: ContactPointId },
  code: string,
  now: number,
): Promise<'verified' | CodeFault | undefined> {
  return wholly(records, async (db) => {
    const row = await db
      .updateTable('contact_point')
      .set((eb) => ({ code_tries: eb('code_tries', '+', 1) }))
      .where('id', '=', own.id)
      .where('clinician_id', '=', own.clinician)
      .where('removed_at', 'is', null)
      .returning(['code_hash', 'code_expires_at', 'code_tries'])
      .executeTakeFirst();
    if (!row) return undefined;
    if (!row.code_hash || !row.code_expires_at || row.code_expires_at.getTime() <= now) return 'code-expired';
    if (row.code_tries > codeTriesAtMost) return 'too-many-tries';
    if (row.code_hash !== hashOf(own.id, code)) return 'code-wrong';
    await db
      .updateTable('contact_point')
      .set({ verified_at: new Date(now), code_hash: null, code_expires_at: null, gone_at: null })
      .where('id', '=', own.id)
      .execute();
    await auditChange(db, own, 'contact-point-confirmed');
    return 'verified';
  });
}

/** Who changes where pages go can make somebody unreachable: that must be seen later. */
const auditChange = (db: Within, own: { clinician: ClinicianId; id: ContactPointId }, action: AuditAction) =>
  audit(db, { by: byClinician(own.clinician), action, detail: { point: own.id } });

/** Six digits that hold for minutes and for five tries: what lies here protects from a look, and nobody who can write here needs it. */
const hashOf = (id: ContactPointId, code: string): string => createHash('sha256').update(`${id} ${code}`).digest('hex');

/** What became of the last that was sent there. */
export async function recordContactOutcome(
  db: Within,
  id: ContactPointId,
  outcome: { ok: true } | { ok: false; fault: string; gone?: true },
  now: number,
): Promise<void> {
  await db
    .updateTable('contact_point')
    .set(
      outcome.ok
        ? { sent_at: new Date(now), fault: null }
        : { fault: outcome.fault, ...(outcome.gone ? { gone_at: new Date(now) } : {}) },
    )
    .where('id', '=', id)
    .execute();
}

function pointOf(row: Selectable<Database['contact_point']>): ContactPoint {
  return {
    id: row.id,
    clinician: row.clinician_id,
    kind: row.kind,
    address: row.address,
    label: row.label,
    confidential: row.confidential,
    quiet: row.quiet,
    verifiedAt: row.verified_at?.toISOString() ?? null,
    sentAt: row.sent_at?.toISOString() ?? null,
    fault: row.fault,
    gone: row.gone_at !== null,
    removedAt: row.removed_at?.toISOString() ?? null,
    usable: row.verified_at !== null && row.gone_at === null && row.removed_at === null,
  };
}
