import { onCallStep, type Policies, policiesFor } from '#domain/escalation.ts';
import type { ClinicianId, TeamId } from '#domain/ids.ts';
import type { Clinician } from '#domain/people.ts';
import type { Cover, Layer, Rota } from '#domain/rota.ts';
import type { Records } from '#runtime/records/connect.ts';
import { writePageChannels } from '#runtime/records/reachability.ts';

/** Rotas and what is said about them, for tests. */

/** By mail everybody can be reached who has an account. */
export const openChannel = (records: Records): Promise<void> =>
  writePageChannels(records, [{ name: 'smtp', reaches: 'email', confidential: false }]);

/** Always; one place for each list, whose people take turns by the week. */
export const layerOf = (id: string, ...places: ClinicianId[][]): Layer => ({
  id,
  name: { en: id, zh: `${id} 班` },
  shifts: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00' }],
  places: places.map((people) => ({ people })),
  since: '2026-01-05',
  until: null,
  holidaysOnly: false,
});
export const rotaOf = (...layers: Layer[]): Rota => ({ layers, holidays: [] });

export const usualPolicies: Policies = policiesFor({
  steps: [onCallStep(0, 0), onCallStep(300, 1)],
  repeatAfterSeconds: 900,
  rounds: 3,
});

/** Right in everything but who calls; who covers is for the caller to say. */
export const rotaBodies: Record<string, object> = {
  'PUT /api/v1/teams/:id/rota': { version: 0, rota: rotaOf() },
  'POST /api/v1/teams/:id/overrides': {
    instead: { kind: 'place', place: 0 },
    from: '2026-01-01T00:00:00Z',
    to: '2099-01-01T00:00:00Z',
  } satisfies Omit<Cover, 'clinician'>,
  'POST /api/v1/teams/:id/overrides/:override/restore': {},
  'PUT /api/v1/teams/:id/policies': { version: 1, policies: usualPolicies },
  'POST /api/v1/teams/:id/policies/rehearsal': { at: '2026-11-22T12:00:00Z', severity: 'critical' },
};

/** As if nobody had changed anything yet. */
export async function forgetRota(records: Records, team: TeamId): Promise<void> {
  await records.deleteFrom('rota').where('team_id', '=', team).execute();
  await records.updateTable('care_team').set({ policies_version: 1 }).where('id', '=', team).execute();
}

/** The only one there is, moved to this team. */
export const overrideId = '7b6d3f0e-2f7e-4d4f-9d0a-0f6c5d3b2a11';

export async function makeOverride(records: Records, team: TeamId, { id }: Clinician): Promise<void> {
  await records
    .insertInto('rota_override')
    .values({
      id: overrideId,
      team_id: team,
      clinician_id: id,
      instead: JSON.stringify({ kind: 'place', place: 0 }),
      from_at: '2026-01-01T00:00:00Z',
      to_at: '2099-01-01T00:00:00Z',
      created_at: '2026-01-01T00:00:00Z',
      created_by: null,
    })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ team_id: team, removed_at: null }))
    .execute();
}
