import { sql } from 'kysely';
import type { Registration } from '#domain/admission.ts';
import type { StatusMessage } from '#domain/downward.ts';
import type { DeviceId, PatientId, SourceId, TeamId } from '#domain/ids.ts';
import type { Within } from './connect.ts';
import { storableJson } from './storable.ts';

/**
 * What admission must know of these devices: the source each is registered with, and all its assignments, past ones included.
 * A device that is not in the answer is not registered. One query, however many devices.
 *
 * They go as one parameter, an array: a statement takes 65,535, and a home that has gone wild can name more in one batch.
 */
export async function findRegistrations(
  db: Within,
  devices: readonly DeviceId[],
): Promise<Map<DeviceId, Registration>> {
  const registrations = new Map<DeviceId, Registration>();
  if (devices.length === 0) return registrations;
  const rows = await db
    .selectFrom('device')
    .leftJoin('assignment', 'assignment.device_id', 'device.id')
    .select([
      'device.id as device',
      'device.source_id as source',
      'assignment.patient_id as patient',
      'assignment.user_slot as userSlot',
      'assignment.from_at as from',
      'assignment.to_at as to',
    ])
    .where('device.id', '=', sql<DeviceId>`any(${[...new Set(devices)]})`)
    .execute();
  for (const { device, source, patient, userSlot, from, to } of rows) {
    const registration = registrations.get(device) ?? { source, assignments: [] };
    registrations.set(device, registration);
    if (patient && from)
      registration.assignments.push({ patient, userSlot, from: from.toISOString(), to: to?.toISOString() ?? null });
  }
  return registrations;
}

/** Keeps the newest status of a source; one that was received before the kept one changes nothing. @param at ms since 1970. */
export async function recordStatus(db: Within, source: SourceId, status: StatusMessage, at: number): Promise<void> {
  await db
    .updateTable('source')
    .set({ status: storableJson(status), status_at: new Date(at) })
    .where('id', '=', source)
    .where((where) => where.or([where('status_at', 'is', null), where('status_at', '<=', new Date(at))]))
    .execute();
}

/** The patients who have a device of these sources now, with their teams. @param now ms since 1970. */
export async function patientsOfSources(
  db: Within,
  sources: readonly SourceId[],
  now: number,
): Promise<{ patient: PatientId; team: TeamId }[]> {
  if (sources.length === 0) return [];
  return db
    .selectFrom('device')
    .innerJoin('assignment', 'assignment.device_id', 'device.id')
    .innerJoin('patient', 'patient.id', 'assignment.patient_id')
    .select(['patient.id as patient', 'patient.team_id as team'])
    .distinct()
    .where('device.source_id', 'in', sources)
    .where('assignment.from_at', '<=', new Date(now))
    .where((where) => where.or([where('assignment.to_at', 'is', null), where('assignment.to_at', '>', new Date(now))]))
    .execute();
}

export async function teamsOfPatients(
  db: Within,
  patients: readonly PatientId[],
): Promise<{ patient: PatientId; team: TeamId }[]> {
  if (patients.length === 0) return [];
  return db.selectFrom('patient').select(['id as patient', 'team_id as team']).where('id', 'in', patients).execute();
}
