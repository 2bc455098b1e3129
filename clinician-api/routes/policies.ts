import { z } from 'zod';
import { freezeEscalation, type Policies, peopleNamed, plannedCalls, quietUntil } from '#domain/escalation.ts';
import { type ClinicianId, TeamId } from '#domain/ids.ts';
import { PoliciesView, Rehearsal } from '#domain/rota-views.ts';
import { instant } from '#runtime/clock.ts';
import { byClinician } from '#runtime/records/actor.ts';
import { audit } from '#runtime/records/audit.ts';
import { callableAt, callableMembers } from '#runtime/records/on-call.ts';
import { policiesOf, savePolicies } from '#runtime/records/policies.ts';
import { pageChannels } from '#runtime/records/reachability.ts';
import { onCallPlanOf } from '#runtime/records/rota.ts';
import { changedMeanwhile, invalid, notFound } from '../problems.ts';
import { AskRehearsal, SetPolicies } from '../rota-bodies.ts';
import { refs, viewOfPolicies } from '../rota-views.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';
import { requireServing } from './rota.ts';

/** Whom alerts of a care team call, when and how. */

const tags = ['on-call'];
const params = z.object({ id: TeamId });
/** Nobody reads more of a rehearsal. */
const callsAtMost = 100;

export function policyRoutes(app: Web, { records, clock }: ApiDeps): void {
  const mine = (request: Parameters<typeof whoAsks>[0] & { params: { id: TeamId } }): TeamId => {
    const { id } = request.params;
    if (!whoAsks(request).teamIds.includes(id)) throw notFound();
    return id;
  };

  app.get(
    '/api/v1/teams/:id/policies',
    {
      schema: {
        summary: 'Whom alerts of a care team call, when and by which channels, for each severity',
        tags,
        params,
        response: { 200: PoliciesView },
      },
    },
    async (request) => viewOfPolicies(records, mine(request)),
  );

  app.put(
    '/api/v1/teams/:id/policies',
    {
      schema: {
        summary: 'Set down whom alerts of a care team call; alerts that are open keep theirs',
        tags,
        params,
        body: SetPolicies,
        response: { 200: PoliciesView },
      },
    },
    async (request) => {
      const team = mine(request);
      const { policies, version } = request.body;
      const channels = (await pageChannels(records)).map(({ channel }) => channel);
      const faults = faultsOf(policies, channels);
      if (faults.length > 0) throw invalid(faults);
      const { clinician } = whoAsks(request);
      await records.transaction().execute(async (db) => {
        await requireServing(db, team, new Map(peopleNamed(policies).map((who) => [`/policies/${who}`, who])));
        const saved = await savePolicies(db, team, { policies, version, by: clinician.id, at: instant(clock.now()) });
        if (saved === undefined) {
          const { updatedAt, updatedBy } = await policiesOf(db, team);
          throw changedMeanwhile((await refs(db, [updatedBy]))[0], updatedAt);
        }
        await audit(db, {
          by: byClinician(clinician.id),
          action: 'policies-changed',
          detail: { team, version: saved },
        });
      });
      return viewOfPolicies(records, team);
    },
  );

  app.post(
    '/api/v1/teams/:id/policies/rehearsal',
    {
      schema: {
        summary: 'Whom an alert would call when, if it opened at a moment and nobody acknowledged; calls nobody',
        tags,
        params,
        body: AskRehearsal,
        response: { 200: Rehearsal },
      },
    },
    async (request) => {
      const team = mine(request);
      const { at, severity, policies } = request.body;
      const kept = await policiesOf(records, team);
      const escalation = freezeEscalation(policies ?? kept.policies, severity, kept.timeZone);
      if (!escalation) return { calls: null, quietUntil: null };
      const begin = Date.parse(at);
      const plan = await onCallPlanOf(records, team, begin);
      const members = await callableMembers(records, team);
      const calls = plannedCalls(escalation, begin, (moment) => callableAt(plan, members, moment), callsAtMost);
      const people = new Map(
        (
          await refs(
            records,
            calls.flatMap(({ recipients }) => recipients),
          )
        ).map((person): [ClinicianId, typeof person] => [person.id, person]),
      );
      const quiet = quietUntil(escalation, begin);
      return {
        calls: calls.map((call) => ({
          at: instant(call.at),
          recipients: call.recipients.flatMap((id) => people.get(id) ?? []),
          channels: call.channels && [...call.channels],
          everybody: call.everybody,
        })),
        quietUntil: quiet === undefined ? null : instant(quiet),
      };
    },
  );
}

/** What no schema can say. */
function faultsOf(policies: Policies, channels: readonly string[]): { pointer: string; detail: string }[] {
  return (['critical', 'urgent', 'routine'] as const).flatMap((severity) =>
    (policies[severity]?.steps ?? []).flatMap((step, i) => {
      const pointer = `/policies/${severity}/steps/${i}`;
      const before = policies[severity]?.steps[i - 1];
      const unknown = step.channels?.filter((name) => !channels.includes(name)) ?? [];
      return [
        ...unknown.map((name) => ({ pointer: `${pointer}/channels`, detail: `there is no channel ${name}` })),
        ...(before && step.afterSeconds < before.afterSeconds
          ? [{ pointer: `${pointer}/afterSeconds`, detail: 'must not be before the step above' }]
          : []),
      ];
    }),
  );
}
