import type { ClinicianId, TeamId } from '#domain/ids.ts';
import type { Within } from './connect.ts';
import type { TeamEscalation } from './database.ts';

/** Whom a team calls: its policy, the rota as it stands, and everybody it could fall back to. Who may not sign in is not called. */
export type CallPlan = {
  policy: TeamEscalation;
  onCall: Map<number, ClinicianId>;
  /** Doctors before nurses. */
  everybody: ClinicianId[];
};

export async function callPlanOf(db: Within, team: TeamId): Promise<CallPlan> {
  const { escalation } = await db
    .selectFrom('care_team')
    .select('escalation')
    .where('id', '=', team)
    .executeTakeFirstOrThrow();
  const rota = await db
    .selectFrom('on_call')
    .innerJoin('clinician', 'clinician.id', 'on_call.clinician_id')
    .select(['on_call.position', 'clinician.id'])
    .where('on_call.team_id', '=', team)
    .where('clinician.disabled_at', 'is', null)
    .execute();
  const members = await db
    .selectFrom('team_member')
    .innerJoin('clinician', 'clinician.id', 'team_member.clinician_id')
    .select(['clinician.id', 'clinician.role'])
    .where('team_member.team_id', '=', team)
    .where('clinician.role', 'in', ['doctor', 'nurse'])
    .where('clinician.disabled_at', 'is', null)
    .orderBy('clinician.role')
    .orderBy('clinician.id')
    .execute();
  return {
    policy: escalation,
    onCall: new Map(rota.map((row) => [row.position, row.id])),
    everybody: members.map((row) => row.id),
  };
}
