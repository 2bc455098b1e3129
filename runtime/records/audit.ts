import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { DeviceId, PatientId, SourceId } from '#domain/ids.ts';
import type { Actor } from './actor.ts';
import type { Within } from './connect.ts';
import { storableJson } from './storable.ts';

/**
 * The audit trail: what was done to identities, homes and patients, one row each. PostgreSQL links every row to the one before it by a hash
 * (migration 0007); here the chain is checked without asking PostgreSQL whether it is whole.
 */

export const auditActions = [
  'source-registered',
  'code-given',
  'source-enrolled',
  'token-given',
  'certificate-renewed',
  'certificate-revoked',
  'source-revoked',
  'device-registered',
  'device-assigned',
  'device-taken-back',
  'authority-succeeded',
  'quarantine-viewed',
  'quarantine-released',
  'patient-erased',
  'alerts-acknowledged-by-link',
  'contact-point-confirmed',
  'contact-point-removed',
  'contact-point-restored',
  'care-plan-changed',
  'team-parameters-changed',
  'rota-changed',
  'rota-override-added',
  'rota-override-removed',
  'rota-override-restored',
  'policies-changed',
] as const;
export type AuditAction = (typeof auditActions)[number];

/** Whoever did it; `nobody` asked and was not let in. */
export type AuditActor = Actor | `source:${SourceId}` | 'nobody';

/** When it was done is the database's business. */
export type Act = {
  by: AuditActor;
  action: AuditAction;
  /** `done` unless said otherwise; else why it was refused, in the words of the API's faults. */
  outcome?: string;
  source?: SourceId | undefined;
  device?: DeviceId | undefined;
  patient?: PatientId | undefined;
  /** From where, where somebody asked over the network. */
  address?: string | undefined;
  /** Ids, fingerprints and numbers; no name, no value, no secret. */
  detail?: Readonly<Record<string, string | number | boolean | null>>;
};

/**
 * Adds a row. Must be the last statement of the transaction whose deed it tells: from here to the commit every other writer of the trail waits, and one
 * that in turn held a lock this transaction still wants would wait for ever.
 */
export async function audit(db: Within, act: Act): Promise<void> {
  await db
    .insertInto('audit')
    .values({
      actor: act.by,
      action: act.action,
      outcome: act.outcome ?? 'done',
      source_id: act.source ?? null,
      device_id: act.device ?? null,
      patient_id: act.patient ?? null,
      address: act.address ?? null,
      detail: storableJson(act.detail ?? {}),
    })
    .execute();
}

/** Does `work` and what it tells of in one transaction, also where the caller has none. */
export const wholly = <Answer>(db: Within, work: (db: Within) => Promise<Answer>): Promise<Answer> =>
  db.isTransaction ? work(db) : db.transaction().execute(work);

export type AuditRow = {
  seq: number;
  at: string;
  by: string;
  action: string;
  outcome: string;
  source: SourceId | null;
  device: DeviceId | null;
  patient: PatientId | null;
  address: string | null;
  detail: Record<string, unknown>;
};

/** The newest first, those before `before`. */
export async function listAudit(
  db: Within,
  query: {
    before?: number | undefined;
    limit: number;
    action?: AuditAction | undefined;
    source?: SourceId | undefined;
    device?: DeviceId | undefined;
    patient?: PatientId | undefined;
  },
): Promise<AuditRow[]> {
  const { before, limit, action, source, device, patient } = query;
  let rows = db.selectFrom('audit').selectAll().orderBy('seq', 'desc').limit(limit);
  if (before !== undefined) rows = rows.where('seq', '<', String(before));
  if (action !== undefined) rows = rows.where('action', '=', action);
  if (source !== undefined) rows = rows.where('source_id', '=', source);
  if (device !== undefined) rows = rows.where('device_id', '=', device);
  if (patient !== undefined) rows = rows.where('patient_id', '=', patient);
  return (await rows.execute()).map((row) => ({
    seq: Number(row.seq),
    at: row.at.toISOString(),
    by: row.actor,
    action: row.action,
    outcome: row.outcome,
    source: row.source_id,
    device: row.device_id,
    patient: row.patient_id,
    address: row.address,
    detail: row.detail as Record<string, unknown>,
  }));
}

/** The last row of the trail. Whoever keeps it elsewhere can prove later that nothing before it was changed. */
export type AuditHead = { seq: number; hash: string };

export type AuditVerdict = {
  rows: number;
  head: AuditHead | null;
  /** The first row that is not as it was written (`changed`), that is not where it belongs (`missing`), or that was another when it was noted (`since`). */
  broken: { seq: number; why: 'changed' | 'missing' | 'since' } | null;
};

/** Of a long trail only so much is in memory at once. */
const rowsAtOnce = 2_000;
const nothingBefore = '0'.repeat(64);

/**
 * Walks the whole trail. Rows taken off its end leave a chain that is whole: only a head that was kept elsewhere shows them missing.
 * @param options.since such a head.
 */
export async function verifyAudit(db: Within, options: { since?: AuditHead } = {}): Promise<AuditVerdict> {
  const { since } = options;
  let head: AuditHead | null = null;
  for (;;) {
    const rows = await linksAfter(db, head?.seq ?? 0);
    for (const row of rows) {
      const seq: number = (head?.seq ?? 0) + 1;
      if (Number(row.seq) !== seq) return { rows: seq - 1, head, broken: { seq, why: 'missing' } };
      if (row.prev !== (head?.hash ?? nothingBefore) || row.hash !== hashOf(row))
        return { rows: seq - 1, head, broken: { seq, why: 'changed' } };
      if (since?.seq === seq && since.hash !== row.hash) return { rows: seq, head, broken: { seq, why: 'since' } };
      head = { seq, hash: row.hash };
    }
    if (rows.length < rowsAtOnce) break;
  }
  const rows = head?.seq ?? 0;
  if (since && since.seq > rows) return { rows, head, broken: { seq: rows + 1, why: 'missing' } };
  return { rows, head, broken: null };
}

const linksAfter = (db: Within, seq: number) =>
  db
    .selectFrom('audit')
    .select(['seq', 'actor', 'action', 'outcome', 'source_id', 'device_id', 'patient_id', 'address', 'prev', 'hash'])
    .select(sql<string>`to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`.as('at'))
    .select(sql<string>`detail::text`.as('detail'))
    .where('seq', '>', String(seq))
    .orderBy('seq')
    .limit(rowsAtOnce)
    .execute();

type Link = Awaited<ReturnType<typeof linksAfter>>[number];

/** As the trigger of migration 0007 makes it: lengths and texts of all parts, one behind the other. */
function hashOf(row: Link): string {
  const parts = [row.seq, row.at, row.actor, row.action, row.outcome];
  const subjects = [row.source_id, row.device_id, row.patient_id, row.address, row.detail];
  const written = [...parts, ...subjects].map((part) => (part === null ? '-' : `${Buffer.byteLength(part)}:${part}`));
  return createHash('sha256')
    .update(row.prev + written.join(''))
    .digest('hex');
}
