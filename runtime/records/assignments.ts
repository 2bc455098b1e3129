import type { DeviceId, PatientId } from '#domain/ids.ts';
import { instant } from '../clock.ts';
import type { Actor } from './actor.ts';
import type { Within } from './connect.ts';

/** Whose device it is, from when to when. */

export type Holding = { id: string; patient: PatientId; userSlot: number | null; from: string; to: string | null };

/**
 * The patient has the device from `from` on, or one user slot of it. `taken` where somebody has it then, or later: two possible
 * owners of one reading would put it into quarantine. Must be in a transaction, so that two who assign at once see each other.
 */
export async function assignDevice(
  db: Within,
  wish: { id: string; device: DeviceId; userSlot: number | null; patient: PatientId; from: string; by?: Actor },
): Promise<'assigned' | 'unknown-device' | { taken: Holding }> {
  const { id, device, userSlot, patient, from, by } = wish;
  const known = await db.selectFrom('device').select('id').where('id', '=', device).forUpdate().executeTakeFirst();
  if (!known) return 'unknown-device';
  const taken = (await holdingsOf(db, device)).find(
    (holding) =>
      (holding.to === null || Date.parse(holding.to) > Date.parse(from)) &&
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
      created_by: by ?? null,
    })
    .execute();
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
  for (const { id, from } of ending) {
    const to = Date.parse(from) >= Date.parse(at) ? from : at;
    await db.updateTable('assignment').set({ to_at: to, ended_by: by }).where('id', '=', id).execute();
  }
  return ending;
}

/** Past ones included, the first first; not those that were taken back before they began. */
export async function holdingsOf(db: Within, device: DeviceId): Promise<Holding[]> {
  const rows = await db
    .selectFrom('assignment')
    .select(['id', 'patient_id', 'user_slot', 'from_at', 'to_at'])
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
  }));
}
