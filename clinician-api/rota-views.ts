import { placesCalled } from '#domain/escalation.ts';
import type { ClinicianId, TeamId } from '#domain/ids.ts';
import { type Gap, gapsBetween, onCallBetween, peopleOf, whoIsOnCall } from '#domain/rota.ts';
import type { GapView, OnCallView, PoliciesView, RotaPerson, RotaView } from '#domain/rota-views.ts';
import type { PersonRef } from '#domain/views.ts';
import { instant } from '#runtime/clock.ts';
import { cliniciansOf, namesOfClinicians } from '#runtime/records/clinicians.ts';
import type { Records } from '#runtime/records/connect.ts';
import { callableMembers, outlookOf } from '#runtime/records/on-call.ts';
import { policiesOf } from '#runtime/records/policies.ts';
import { pageChannels, reaches } from '#runtime/records/reachability.ts';
import { findRota, onCallPlanOf } from '#runtime/records/rota.ts';

/** Rotas and policies as the API tells of them. */

export async function viewOfRota(records: Records, team: TeamId, now: number): Promise<RotaView> {
  const { rota, version, updatedAt, updatedBy } = await findRota(records, team);
  const { plan, members, policies, gaps, unreachable } = await outlookOf(records, team, now);
  const others = [...peopleOf(rota), ...plan.overrides.map(({ clinician }) => clinician)];
  return {
    ...{ team, timeZone: plan.timeZone, version, updatedAt, rota },
    updatedBy: (await refs(records, [updatedBy]))[0] ?? null,
    overrides: [...plan.overrides],
    people: await peopleFor(
      records,
      members.map(({ id }) => id),
      others,
    ),
    places: placesCalled(policies),
    gaps: gaps.map(gapView),
    unreachable,
  };
}

/** Members first, then whoever else stands on the rota. */
async function peopleFor(
  records: Records,
  members: readonly ClinicianId[],
  others: readonly ClinicianId[],
): Promise<RotaPerson[]> {
  const ids = [...new Set([...members, ...others])];
  const [people, ways] = await Promise.all([cliniciansOf(records, ids), reaches(records, ids)]);
  return ids.flatMap((id) => {
    const person = people.get(id);
    if (!person) return [];
    const channels = [...new Set((ways.get(id) ?? []).map(({ channel }) => channel))];
    return { id, name: person.name, role: person.role, channels, mayServe: members.includes(id) };
  });
}

/** @param from ms since 1970, like `to`. */
export async function viewOfOnCall(
  records: Records,
  team: TeamId,
  { from, to, now }: { from: number; to: number; now: number },
): Promise<OnCallView> {
  const plan = await onCallPlanOf(records, team, Math.min(from, now));
  const { policies } = await policiesOf(records, team);
  const members = new Set<ClinicianId>((await callableMembers(records, team)).map(({ id }) => id));
  const mayServe = (who: ClinicianId) => members.has(who);
  const watches = onCallBetween(plan, from, to, mayServe);
  const onDuty = whoIsOnCall(plan, now, mayServe);
  const people = [...watches.flatMap(({ duties }) => duties), ...onDuty].map(({ clinician }) => clinician);
  return {
    ...{ team, timeZone: plan.timeZone, now: onDuty, from: instant(from), to: instant(to) },
    watches: watches.map((watch) => ({ from: instant(watch.from), to: instant(watch.to), duties: watch.duties })),
    gaps: gapsBetween(plan, placesCalled(policies), from, to, mayServe).map(gapView),
    people: await refs(records, people),
  };
}

export async function viewOfPolicies(records: Records, team: TeamId): Promise<PoliciesView> {
  const { updatedBy, ...kept } = await policiesOf(records, team);
  const [by] = await refs(records, [updatedBy]);
  const channels = (await pageChannels(records)).map(({ channel }) => channel);
  return { team, ...kept, updatedBy: by ?? null, channels };
}

/** Nobody twice; in the order in which they are named. */
export async function refs(records: Records, ids: readonly (ClinicianId | null)[]): Promise<PersonRef[]> {
  const names = await namesOfClinicians(records, ids);
  return [...new Set(ids)].flatMap((id) => {
    const name = id && names.get(id);
    return id && name ? { id, name } : [];
  });
}

const gapView = ({ place, from, to }: Gap): GapView => ({ place, from: instant(from), to: instant(to) });
