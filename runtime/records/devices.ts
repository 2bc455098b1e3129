import { sql } from 'kysely';
import type { Registration } from '#domain/admission.ts';
import type { StatusMessage } from '#domain/downward.ts';
import type { DeviceId, PatientId, SourceId, TeamId } from '#domain/ids.ts';
import type { Actor } from './actor.ts';
import type { Within } from './connect.ts';

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
    .leftJoin('patient', 'patient.id', 'assignment.patient_id')
    .select([
      'device.id as device',
      'device.source_id as source',
      'assignment.patient_id as patient',
      'assignment.user_slot as userSlot',
      'assignment.from_at as from',
      'assignment.to_at as to',
      'patient.erased_at as erasedAt',
    ])
    .where('device.id', '=', sql<DeviceId>`any(${[...new Set(devices)]})`)
    .execute();
  for (const { device, source, patient, userSlot, from, to, erasedAt } of rows) {
    const registration = registrations.get(device) ?? { source, assignments: [] };
    registrations.set(device, registration);
    if (!patient || !from) continue;
    // what the erasure ended goes on to speak of the same person, until somebody else has the device
    const end = erasedAt && to && to >= erasedAt ? null : to;
    registration.assignments.push({
      patient,
      userSlot,
      from: from.toISOString(),
      to: end?.toISOString() ?? null,
      ...(erasedAt ? { erased: true as const } : {}),
    });
  }
  return registrations;
}

/**
 * A device belongs to a source from now on: readings of it that another source sends are quarantined. One that is known goes
 * over to this source, and keeps its model where none is given. Telling the audit trail is left to the caller, who does it last. @returns the source it belonged to before, if any.
 */
export async function registerDevice(
  db: Within,
  device: { id: DeviceId; source: SourceId; model?: string | null; by?: Actor },
): Promise<SourceId | undefined> {
  const before = await db
    .selectFrom('device')
    .select('source_id')
    .where('id', '=', device.id)
    .forUpdate()
    .executeTakeFirst();
  const row = { source_id: device.source, ...(device.model ? { model: device.model } : {}) };
  await db
    .insertInto('device')
    .values({ id: device.id, registered_by: device.by ?? null, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
  return before?.source_id;
}

/** A device as a patient has it, and its source, as it told of itself last. */
export type PatientDevice = {
  device: DeviceId;
  model: string | null;
  userSlot: number | null;
  source: SourceId;
  sourceKind: 'gateway' | 'device';
  revoked: boolean;
  status: StatusMessage | null;
  statusAt: string | null;
  /** When its source heard the last reading of this patient. */
  readingHeardAt: string | null;
  /** The device said so with that reading. */
  saysBatteryLow: boolean;
};

/** The devices that are assigned to the patient at `at`, RFC 3339. */
export async function devicesOf(db: Within, patient: PatientId, at: string): Promise<PatientDevice[]> {
  const rows = await db
    .selectFrom('assignment')
    .innerJoin('device', 'device.id', 'assignment.device_id')
    .innerJoin('source', 'source.id', 'device.source_id')
    .leftJoin('latest_value', (join) =>
      join
        .onRef('latest_value.device_id', '=', 'device.id')
        .onRef('latest_value.patient_id', '=', 'assignment.patient_id'),
    )
    .where('assignment.patient_id', '=', patient)
    .where('assignment.from_at', '<=', new Date(at))
    .where((eb) => eb.or([eb('assignment.to_at', 'is', null), eb('assignment.to_at', '>', new Date(at))]))
    .select(['device.id', 'device.model', 'assignment.user_slot', 'device.source_id'])
    .select(['source.kind', 'source.revoked_at', 'source.status', 'source.status_at'])
    .select(['latest_value.heard_at', 'latest_value.marks'])
    .distinctOn('device.id')
    .orderBy('device.id')
    .orderBy('latest_value.heard_at', (order) => order.desc().nullsLast())
    .execute();
  return rows.map((row) => ({
    device: row.id,
    model: row.model,
    userSlot: row.user_slot,
    source: row.source_id,
    sourceKind: row.kind,
    revoked: row.revoked_at !== null,
    status: row.status,
    statusAt: row.status_at?.toISOString() ?? null,
    readingHeardAt: row.heard_at?.toISOString() ?? null,
    saysBatteryLow: row.marks?.includes('battery-low') ?? false,
  }));
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
