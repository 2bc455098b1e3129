import { sql } from 'kysely';
import type { FollowUp, Pause } from '#domain/care-plan.ts';
import type { PatientId, TeamId } from '#domain/ids.ts';
import type { Within } from './connect.ts';

/** Plans that ask for something again and again, by patient. `plannedAt`: when the plan was last changed, ms since 1970. */
export type FollowedUp = {
  patient: PatientId;
  team: TeamId;
  timeZone: string;
  followUp: FollowUp[];
  pause: Pause | null;
  plannedAt: number;
};

/** In the order of patients, those behind `after`. */
export async function patientsFollowedUp(
  db: Within,
  page: { after: PatientId | null; limit: number },
): Promise<FollowedUp[]> {
  let rows = db
    .selectFrom('care_plan')
    .innerJoin('patient', 'patient.id', 'care_plan.patient_id')
    .innerJoin('care_team', 'care_team.id', 'patient.team_id')
    .where('patient.erased_at', 'is', null)
    .where(sql<boolean>`care_plan.follow_up <> '[]'`)
    .select(['patient.id', 'patient.team_id', 'care_team.time_zone', 'care_plan.follow_up', 'care_plan.pause'])
    .select('care_plan.updated_at')
    .orderBy('patient.id')
    .limit(page.limit);
  if (page.after) rows = rows.where('patient.id', '>', page.after);
  return (await rows.execute()).map((row) => ({
    patient: row.id,
    team: row.team_id,
    timeZone: row.time_zone,
    followUp: row.follow_up,
    pause: row.pause,
    plannedAt: row.updated_at.getTime(),
  }));
}
