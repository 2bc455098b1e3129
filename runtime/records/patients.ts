import type { Selectable } from 'kysely';
import { type CarePlan, usualSilentAfterMinutes } from '#domain/care-plan.ts';
import type { PatientId, TeamId } from '#domain/ids.ts';
import type { Patient } from '#domain/people.ts';
import type { Actor } from './actor.ts';
import type { Within } from './connect.ts';
import type { Database } from './database.ts';

/** Patients, and what their care team set for them. */

export async function addPatient(db: Within, patient: Patient, by?: Actor): Promise<void> {
  await db
    .insertInto('patient')
    .values({
      id: patient.id,
      team_id: patient.team,
      name: JSON.stringify(patient.name),
      birth_date: patient.birthDate,
      sex: patient.sex,
      conditions: JSON.stringify(patient.conditions),
      created_by: by ?? null,
    })
    .execute();
}

/** The patient if one of these teams cares for them; undefined else, as if there were none. */
export async function findPatient(db: Within, teams: TeamId[], id: PatientId): Promise<Patient | undefined> {
  if (teams.length === 0) return undefined;
  const row = await db
    .selectFrom('patient')
    .selectAll()
    .where('id', '=', id)
    .where('team_id', 'in', teams)
    .where('erased_at', 'is', null)
    .executeTakeFirst();
  return row && patientOf(row);
}

export async function patientsOfTeams(db: Within, teams: TeamId[]): Promise<{ patient: Patient; addedAt: string }[]> {
  if (teams.length === 0) return [];
  const rows = await db
    .selectFrom('patient')
    .selectAll()
    .where('team_id', 'in', teams)
    .where('erased_at', 'is', null)
    .execute();
  return rows.map((row) => ({ patient: patientOf(row), addedAt: row.created_at.toISOString() }));
}

/** Those of `ids` for whom one of these teams cares. */
export async function findPatients(
  db: Within,
  teams: TeamId[],
  ids: Iterable<PatientId>,
): Promise<Map<PatientId, Patient>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0 || teams.length === 0) return new Map();
  const rows = await db
    .selectFrom('patient')
    .selectAll()
    .where('id', 'in', wanted)
    .where('team_id', 'in', teams)
    .where('erased_at', 'is', null)
    .execute();
  return new Map(rows.map((row) => [row.id, patientOf(row)]));
}

/** What the care team set, or the usual where it set nothing. */
export async function carePlanOf(db: Within, patient: PatientId): Promise<CarePlan> {
  const row = await db.selectFrom('care_plan').selectAll().where('patient_id', '=', patient).executeTakeFirst();
  return {
    patient,
    programmes: row?.programmes ?? [],
    overrides: row?.overrides ?? {},
    expected: row?.expected ?? [],
    followUp: row?.follow_up ?? [],
    pause: row?.pause ?? null,
    silentAfterMinutes: row?.silent_after_minutes ?? usualSilentAfterMinutes,
  };
}

function patientOf(row: Selectable<Database['patient']>): Patient {
  return {
    id: row.id,
    team: row.team_id,
    name: row.name,
    birthDate: row.birth_date,
    sex: row.sex,
    conditions: row.conditions,
  };
}
