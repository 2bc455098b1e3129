import type { DeviceId, PatientId } from '#domain/ids.ts';
import { instant } from '../clock.ts';
import type { Actor } from './actor.ts';
import { audit } from './audit.ts';
import type { Within } from './connect.ts';

/** Whose device it is, from when to when. */

export type Holding = {
  id: string;
  patient: PatientId;
  userSlot: number | null;
  from: string;
  to: string | null;
  /** When it was entered; null for those from before that was kept. */
  createdAt: string | null;
};

/** What was entered so recently may be taken for a slip: it can be undone, as if it had never been. */
export const undoWithinMs = 15 * 60_000;

/**
 * The patient has the device from `from` on (until `to`, where that is known), or one user slot of it. `taken` where somebody has it in that
 * time: two possible owners of one reading would put it into quarantine. Must be in a transaction, so that two who assign at once see each other.
 */
export async function assignDevice(
  db: Within,
  wish: {
    id: string;
    device: DeviceId;
    userSlot: number | null;
    patient: PatientId;
    from: string;
    to?: string | null;
    by?: Actor;
  },
): Promise<'assigned' | 'unknown-device' | { taken: Holding }> {
  const { id, device, userSlot, patient, from, to = null, by } = wish;
  const known = await db.selectFrom('device').select('id').where('id', '=', device).forUpdate().executeTakeFirst();
  if (!known) return 'unknown-device';
  const taken = (await holdingsOf(db, device)).find(
    (holding) =>
      (holding.to === null || Date.parse(holding.to) > Date.parse(from)) &&
      (to === null || Date.parse(holding.from) < Date.parse(to)) &&
      (holding.userSlot === null || userSlot === null || holding.userSlot === userSlot),
  );
  if (taken) return { taken };
  await db
    .insertInto('assignment')
    .values({
      id,
      device_id: device,
      user_slot: userSlot,
      patient_id: patient,
      from_at: from,
      to_at: to,
      created_by: by ?? null,
    })
    .execute();
  const detail = { from, to, userSlot };
  await audit(db, { by: by ?? 'operator:unknown', action: 'device-assigned', device, patient, detail });
  return 'assigned';
}

/**
 * From `at` on nobody has the device, or that user slot of it. What was to begin later never does: it ends as it begins, and who made and ended it
 * stays on record.
 * @param slot undefined: all of it. @returns what ended, as it was before.
 */
export async function takeBackDevice(
  db: Within,
  wish: { device: DeviceId; slot?: number; at: string; by: Actor },
): Promise<Holding[]> {
  const { device, slot, at, by } = wish;
  await db.selectFrom('device').select('id').where('id', '=', device).forUpdate().execute();
  const ending = (await holdingsOf(db, device)).filter(
    ({ to, userSlot }) => (to === null || Date.parse(to) > Date.parse(at)) && (slot === undefined || userSlot === slot),
  );
  await endAll(db, device, ending, { at, by });
  return ending;
}

export type AssignmentFound = Holding & { device: DeviceId };

/** One assignment, with the device locked against other changes. Must be in a transaction. */
export async function findAssignment(db: Within, id: string): Promise<AssignmentFound | undefined> {
  const known = await db.selectFrom('assignment').select('device_id').where('id', '=', id).executeTakeFirst();
  if (!known) return undefined;
  const device = known.device_id;
  await db.selectFrom('device').select('id').where('id', '=', device).forUpdate().execute();
  const holding = (await holdingsOf(db, device)).find((one) => one.id === id);
  return holding && { ...holding, device };
}

/**
 * It ends at `at`; at its own beginning, or before, it never was. What was recorded in its time stays with the patient.
 * Must be in the transaction in which it was found.
 */
export const endAssignment = (db: Within, found: AssignmentFound, wish: { at: string; by: Actor }): Promise<void> =>
  endAll(db, found.device, [found], wish);

async function endAll(
  db: Within,
  device: DeviceId,
  ending: readonly Holding[],
  { at, by }: { at: string; by: Actor },
): Promise<void> {
  const ended = ending.map((holding) => ({
    ...holding,
    to: Date.parse(holding.from) >= Date.parse(at) ? holding.from : at,
  }));
  for (const { id, to } of ended)
    await db.updateTable('assignment').set({ to_at: to, ended_by: by }).where('id', '=', id).execute();
  for (const { patient, userSlot, to } of ended)
    await audit(db, { by, action: 'device-taken-back', device, patient, detail: { at: to, userSlot } });
}

/** Past ones included, the first first; not those that were taken back before they began. */
export async function holdingsOf(db: Within, device: DeviceId): Promise<Holding[]> {
  const rows = await db
    .selectFrom('assignment')
    .select(['id', 'patient_id', 'user_slot', 'from_at', 'to_at', 'created_at'])
    .where('device_id', '=', device)
    .where((eb) => eb.or([eb('to_at', 'is', null), eb('to_at', '>', eb.ref('from_at'))]))
    .orderBy('from_at')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    patient: row.patient_id,
    userSlot: row.user_slot,
    from: instant(row.from_at.getTime()),
    to: row.to_at?.toISOString() ?? null,
    createdAt: row.created_at?.toISOString() ?? null,
  }));
}
