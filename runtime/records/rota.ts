import type { Selectable } from 'kysely';
import type { ClinicianId, TeamId } from '#domain/ids.ts';
import type { Cover, Layer, OnCallPlan, Override, Rota } from '#domain/rota.ts';
import { wholly } from './audit.ts';
import type { Within } from './connect.ts';
import type { Database } from './database.ts';
import { storableJson } from './storable.ts';

/** Rotas of care teams: what a team set down, and who covers for whom beside it. */

/** `version`: 0 where nobody has set one down. */
export type KeptRota = { rota: Rota; version: number; updatedAt: string | null; updatedBy: ClinicianId | null };

export async function findRota(db: Within, team: TeamId): Promise<KeptRota> {
  const row = await db.selectFrom('rota').selectAll().where('team_id', '=', team).executeTakeFirst();
  if (!row) return { rota: { layers: [], holidays: [] }, version: 0, updatedAt: null, updatedBy: null };
  return {
    rota: { layers: row.layers, holidays: row.holidays },
    version: row.version,
    updatedAt: row.updated_at?.toISOString() ?? null,
    updatedBy: row.updated_by,
  };
}

/** Everything that says who is on call from `from` on (ms since 1970). */
export async function onCallPlanOf(db: Within, team: TeamId, from: number): Promise<OnCallPlan> {
  const { time_zone: timeZone } = await db
    .selectFrom('care_team')
    .select('time_zone')
    .where('id', '=', team)
    .executeTakeFirstOrThrow();
  const { rota } = await findRota(db, team);
  return { ...rota, timeZone, overrides: await overridesFrom(db, team, from) };
}

/** Replaces what stood there; undefined when somebody has changed it since `version`. */
export async function saveRota(
  records: Within,
  team: TeamId,
  { rota, version, by, at }: { rota: Rota; version: number; by: ClinicianId | null; at: string },
): Promise<number | undefined> {
  return wholly(records, async (db) => {
    // two who save at once save one after the other, also where there is no rota yet
    await db.selectFrom('care_team').select('id').where('id', '=', team).forNoKeyUpdate().execute();
    if ((await findRota(db, team)).version !== version) return undefined;
    const row = {
      layers: storableJson(rota.layers),
      holidays: storableJson(rota.holidays),
      version: version + 1,
      updated_at: at,
      updated_by: by,
    };
    await db
      .insertInto('rota')
      .values({ team_id: team, ...row })
      .onConflict((conflict) => conflict.column('team_id').doUpdateSet(row))
      .execute();
    return version + 1;
  });
}

/** The simplest rota: always these people, the first to be called first. Replaces whatever stood there. */
export async function setOnCall(records: Within, team: TeamId, people: readonly ClinicianId[]): Promise<void> {
  await wholly(records, async (db) => {
    const { version } = await findRota(db, team);
    const layers = people.length === 0 ? [] : [alwaysOnCall(people)];
    const row = { layers: JSON.stringify(layers), holidays: '[]', version: version + 1 };
    await db
      .insertInto('rota')
      .values({ team_id: team, ...row })
      .onConflict((conflict) => conflict.column('team_id').doUpdateSet(row))
      .execute();
  });
}

const alwaysOnCall = (people: readonly ClinicianId[]): Layer => ({
  id: 'usual',
  name: { en: 'Usual rota', zh: '常规值班' },
  shifts: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00' }],
  places: people.map((clinician) => ({ people: [clinician] })),
  since: '2024-01-01',
  until: null,
  holidaysOnly: false,
});

/** Those that are not over at `from`, ms since 1970; the one added last stands last. */
export async function overridesFrom(db: Within, team: TeamId, from: number): Promise<Override[]> {
  const rows = await db
    .selectFrom('rota_override')
    .selectAll()
    .where('team_id', '=', team)
    .where('removed_at', 'is', null)
    .where('to_at', '>', new Date(from))
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map(overrideOf);
}

/** Of this team, removed or not. */
export async function findOverride(
  db: Within,
  team: TeamId,
  id: string,
): Promise<{ override: Override; removed: boolean } | undefined> {
  const row = await db
    .selectFrom('rota_override')
    .selectAll()
    .where('team_id', '=', team)
    .where('id', '=', id)
    .executeTakeFirst();
  return row && { override: overrideOf(row), removed: row.removed_at !== null };
}

export async function addOverride(
  db: Within,
  team: TeamId,
  override: Cover & { id: string },
  { by, at }: { by: ClinicianId; at: string },
): Promise<void> {
  await db
    .insertInto('rota_override')
    .values({
      id: override.id,
      team_id: team,
      clinician_id: override.clinician,
      instead: JSON.stringify(override.instead),
      from_at: override.from,
      to_at: override.to,
      created_at: at,
      created_by: by,
    })
    .execute();
}

/** @param removed null brings it back. @returns whether that changed anything. */
export async function setOverrideRemoved(
  db: Within,
  team: TeamId,
  id: string,
  removed: { by: ClinicianId; at: string } | null,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('rota_override')
    .set({ removed_at: removed?.at ?? null, removed_by: removed?.by ?? null })
    .where('team_id', '=', team)
    .where('id', '=', id)
    .where('removed_at', removed ? 'is' : 'is not', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

const overrideOf = (row: Selectable<Database['rota_override']>): Override => ({
  id: row.id,
  clinician: row.clinician_id,
  instead: row.instead,
  from: row.from_at.toISOString(),
  to: row.to_at.toISOString(),
});
