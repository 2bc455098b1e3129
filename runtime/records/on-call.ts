import { type Callable, type Policies, peopleNamed, placesCalled } from '#domain/escalation.ts';
import type { ClinicianId, TeamId } from '#domain/ids.ts';
import { type Gap, gapsBetween, type OnCallPlan, peopleOf, whoIsOnCall } from '#domain/rota.ts';
import type { Within } from './connect.ts';
import { policiesOf } from './policies.ts';
import { reaches } from './reachability.ts';
import { onCallPlanOf } from './rota.ts';

/** Whom a care team can call, now and in the days to come. */

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

/** May an alert or a task of this team be handed to them? */
export const mayTakeOver = async (db: Within, team: TeamId, who: ClinicianId): Promise<boolean> =>
  (await callableMembers(db, team)).some(({ id }) => id === who);

/** Who may be called at `at`, ms since 1970, now or later. */
export function callableAt(plan: OnCallPlan, members: Callable['members'], at: number): Callable {
  const known = new Set<ClinicianId>(members.map(({ id }) => id));
  const duties = whoIsOnCall(plan, at, (who) => known.has(who));
  return { onCall: new Map(duties.map(({ place, clinician }) => [place, clinician])), members };
}

export async function callableOf(db: Within, team: TeamId, at: number): Promise<Callable> {
  return callableAt(await onCallPlanOf(db, team, at), await callableMembers(db, team), at);
}

/** How far ahead gaps are looked for: time enough to find somebody. An engineering default. */
export const outlookMs = 14 * 24 * 3_600_000;

export type Outlook = {
  plan: OnCallPlan;
  members: Callable['members'];
  policies: Policies;
  /** Places that a policy calls and nobody holds, within the next 14 days. */
  gaps: Gap[];
  /** Who is on the rota, covers, or is named by a policy, and can be reached by no channel. */
  unreachable: ClinicianId[];
};

/** What is wrong with who is to be called, before an alert finds it out. @param now ms since 1970. */
export async function outlookOf(db: Within, team: TeamId, now: number): Promise<Outlook> {
  const plan = await onCallPlanOf(db, team, now);
  const { policies } = await policiesOf(db, team);
  const members = await callableMembers(db, team);
  const known = new Set<ClinicianId>(members.map(({ id }) => id));
  const gaps = gapsBetween(plan, placesCalled(policies), now, now + outlookMs, (who) => known.has(who));
  const wanted = new Set([
    ...peopleOf(plan),
    ...plan.overrides.map(({ clinician }) => clinician),
    ...peopleNamed(policies),
  ]);
  return { plan, members, policies, gaps, unreachable: await unreachableOf(db, [...wanted]) };
}

/** Of these, whom no channel reaches, or who may not be called any more. */
export async function unreachableOf(db: Within, people: readonly ClinicianId[]): Promise<ClinicianId[]> {
  const ways = await reaches(db, people);
  return people.filter((who) => (ways.get(who) ?? []).length === 0);
}
