import { z } from 'zod';
import { Backtest } from '#domain/backtest.ts';
import { TeamId } from '#domain/ids.ts';
import { PlanChangeList, TeamParameters } from '#domain/views-plans.ts';
import { instant } from '#runtime/clock.ts';
import { changeTeamParameters, listPlanChanges, teamOverrides } from '#runtime/records/plans.ts';
import { readRuleBook } from '#runtime/records/rule-book.ts';
import { askForecast, requireSeen, ruleThatMay } from '../forecasts.ts';
import { AskForecast, SetParameters } from '../plan-bodies.ts';
import { viewOfParameters, viewsOfChanges } from '../plan-views.ts';
import { changedMeanwhile, notFound } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** The limits of a care team, which hold for all of its patients whose own plan says nothing else. */

const tags = ['teams'];
const params = z.object({ id: TeamId });
const changesAtMost = 200;

export function teamParameterRoutes(app: Web, deps: ApiDeps): void {
  const { records, clock } = deps;
  const mine = (request: Parameters<typeof whoAsks>[0] & { params: { id: TeamId } }): TeamId => {
    const { id } = request.params;
    if (!whoAsks(request).teamIds.includes(id)) throw notFound();
    return id;
  };
  const viewOf = async (team: TeamId) =>
    viewOfParameters(team, await readRuleBook(records), (await teamOverrides(records, team)) ?? {});

  app.get(
    '/api/v1/teams/:id/parameters',
    {
      schema: {
        summary: 'Every rule, with what the care team sets for it and what it may set',
        tags,
        params,
        response: { 200: TeamParameters },
      },
    },
    async (request) => viewOf(mine(request)),
  );

  app.put(
    '/api/v1/teams/:id/parameters/:rule',
    {
      schema: {
        summary: "Set one rule's parameters for a whole care team; an empty set gives back the defaults",
        tags,
        params: params.extend({ rule: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/) }),
        body: SetParameters,
        response: { 200: TeamParameters },
      },
    },
    async (request) => {
      const team = mine(request);
      const { rule } = request.params;
      const { parameters, ...beside } = request.body;
      await ruleThatMay(deps, rule, parameters);
      await requireSeen(deps, { team, patient: null, rule }, request.body);
      const signed = { by: whoAsks(request).clinician.id, at: instant(clock.now()), ...beside };
      if ((await changeTeamParameters(records, team, rule, parameters, signed)) === 'changed-meanwhile')
        throw changedMeanwhile(undefined, null);
      return viewOf(team);
    },
  );

  app.get(
    '/api/v1/teams/:id/parameters/changes',
    {
      schema: {
        summary: "Who changed the care team's limits, when, what stood before, and which forecast they had seen",
        tags,
        params,
        response: { 200: PlanChangeList },
      },
    },
    async (request) => viewsOfChanges(records, await listPlanChanges(records, { team: mine(request) }, changesAtMost)),
  );

  app.post(
    '/api/v1/teams/:id/parameters/forecast',
    {
      schema: {
        summary: 'What the last 90 days of all patients of a care team would have been like with these parameters',
        description: 'Answered at once; see GET /api/v1/backtests/{id} for how far it is and for what it found.',
        tags: ['backtests'],
        params,
        body: AskForecast,
        response: { 202: Backtest },
      },
    },
    async (request, reply) => {
      const of = { team: mine(request), patient: null, by: whoAsks(request).clinician.id };
      return reply.code(202).send(await askForecast(deps, of, request.body));
    },
  );
}
