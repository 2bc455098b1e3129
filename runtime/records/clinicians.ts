import type { Selectable } from 'kysely';
import type { Policies } from '#domain/escalation.ts';
import type { ClinicianId, TeamId } from '#domain/ids.ts';
import type { CareTeam, Clinician } from '#domain/people.ts';
import type { Words } from '#domain/words.ts';
import type { Within } from './connect.ts';
import type { Database } from './database.ts';

/** Care teams and the people in them. */

export async function addCareTeam(db: Within, team: CareTeam & { policies: Policies }): Promise<void> {
  await db
    .insertInto('care_team')
    .values({
      id: team.id,
      name: JSON.stringify(team.name),
      time_zone: team.timeZone,
      policies: JSON.stringify(team.policies),
    })
    .execute();
}

/** By its name in either language. */
export async function findCareTeam(db: Within, name: string): Promise<CareTeam | undefined> {
  return (await careTeams(db)).find((team) => team.name.en === name || team.name.zh === name);
}

export async function careTeams(db: Within): Promise<CareTeam[]> {
  const rows = await db
    .selectFrom('care_team')
    .select(['id', 'name', 'time_zone'])
    .where('canary', '=', false)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({ id: row.id, name: row.name, timeZone: row.time_zone }));
}

/** @param passwordHash from `hashPassword`. */
export async function addClinician(
  db: Within,
  clinician: Clinician & { teams: TeamId[]; passwordHash: string },
): Promise<void> {
  await db
    .insertInto('clinician')
    .values({
      id: clinician.id,
      email: clinician.email.toLowerCase(),
      name: JSON.stringify(clinician.name),
      role: clinician.role,
      language: clinician.language,
      password_hash: clinician.passwordHash,
    })
    .execute();
  for (const team of clinician.teams)
    await db.insertInto('team_member').values({ team_id: team, clinician_id: clinician.id }).execute();
}

/** From now on nobody signs in as this clinician, and whoever is signed in is not any more. */
export async function disableClinician(db: Within, id: ClinicianId, at: string): Promise<void> {
  await db.updateTable('clinician').set({ disabled_at: at }).where('id', '=', id).execute();
}

/** For signing in; undefined for an unknown address and for somebody who may not sign in any more. */
export async function findClinicianByEmail(
  db: Within,
  email: string,
): Promise<{ clinician: Clinician; passwordHash: string } | undefined> {
  const row = await db
    .selectFrom('clinician')
    .selectAll()
    .where('email', '=', email.trim().toLowerCase())
    .where('disabled_at', 'is', null)
    .where('canary', '=', false)
    .executeTakeFirst();
  return row && { clinician: clinicianOf(row), passwordHash: row.password_hash };
}

/** Undefined for somebody who may not sign in any more. */
export async function findClinician(db: Within, id: ClinicianId): Promise<Clinician | undefined> {
  const row = await db
    .selectFrom('clinician')
    .selectAll()
    .where('id', '=', id)
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
  return row && clinicianOf(row);
}

export async function teamsOf(db: Within, clinician: ClinicianId): Promise<CareTeam[]> {
  const rows = await db
    .selectFrom('care_team')
    .innerJoin('team_member', 'team_member.team_id', 'care_team.id')
    .where('team_member.clinician_id', '=', clinician)
    .select(['care_team.id', 'care_team.name', 'care_team.time_zone'])
    .orderBy('care_team.id')
    .execute();
  return rows.map((row) => ({ id: row.id, name: row.name, timeZone: row.time_zone }));
}

/** Those of them that there are, disabled ones included. */
export async function cliniciansOf(db: Within, ids: readonly ClinicianId[]): Promise<Map<ClinicianId, Clinician>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('clinician').selectAll().where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, clinicianOf(row)]));
}

/** Names for the people a view mentions, disabled ones included: what they did stays theirs. */
export async function namesOfClinicians(
  db: Within,
  ids: Iterable<ClinicianId | null>,
): Promise<Map<ClinicianId, Words>> {
  const wanted = [...new Set(ids)].filter((id) => id !== null);
  if (wanted.length === 0) return new Map();
  const rows = await db.selectFrom('clinician').select(['id', 'name']).where('id', 'in', wanted).execute();
  return new Map(rows.map((row) => [row.id, row.name]));
}

export function clinicianOf(
  row: Pick<Selectable<Database['clinician']>, 'id' | 'email' | 'name' | 'role' | 'language'>,
): Clinician {
  return { id: row.id, email: row.email, name: row.name, role: row.role, language: row.language };
}
