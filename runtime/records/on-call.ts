import type { Callable } from '#domain/escalation.ts';
import type { ClinicianId, TeamId } from '#domain/ids.ts';
import { type OnCallPlan, whoIsOnCall } from '#domain/rota.ts';
import type { Within } from './connect.ts';
import { onCallPlanOf } from './rota.ts';

/** Nurses and doctors of a team who may be called, doctors before nurses. Who may not sign in is not called. */
export async function callableMembers(db: Within, team: TeamId): Promise<Callable['members']> {
  return db
    .selectFrom('team_member')
    .innerJoin('clinician', 'clinician.id', 'team_member.clinician_id')
    .select(['clinician.id', 'clinician.role'])
    .where('team_member.team_id', '=', team)
    .where('clinician.role', 'in', ['doctor', 'nurse'])
    .where('clinician.disabled_at', 'is', null)
    .orderBy('clinician.role')
    .orderBy('clinician.id')
    .execute();
}

/** Who may be called at `at`, ms since 1970, now or later. */
export function callableAt(plan: OnCallPlan, members: Callable['members'], at: number): Callable {
  const known = new Set<ClinicianId>(members.map(({ id }) => id));
  const duties = whoIsOnCall(plan, at, (who) => known.has(who));
  return { onCall: new Map(duties.map(({ place, clinician }) => [place, clinician])), members };
}

export async function callableOf(db: Within, team: TeamId, at: number): Promise<Callable> {
  return callableAt(await onCallPlanOf(db, team, at), await callableMembers(db, team), at);
}
