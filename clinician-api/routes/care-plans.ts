import { z } from 'zod';
import { Backtest } from '#domain/backtest.ts';
import { PatientId } from '#domain/ids.ts';
import { PatientView } from '#domain/views.ts';
import { PlanChangeList } from '#domain/views-plans.ts';
import { instant } from '#runtime/clock.ts';
import { changePlan, listPlanChanges, type PlanChange, type Signed } from '#runtime/records/plans.ts';
import { askForecast, requireSeen, ruleThatMay } from '../forecasts.ts';
import { patientOfTeams, viewOfPatient } from '../patient-view.ts';
import { AskForecast, SetExpected, SetFollowUp, SetParameters, SetPause, SetProgrammes } from '../plan-bodies.ts';
import { viewsOfChanges } from '../plan-views.ts';
import { changedMeanwhile } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** What the care team sets for one patient: each part is put whole, journalled, and may be put back. */

const tags = ['patients'];
const params = z.object({ id: PatientId });
const ofRule = params.extend({ rule: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/) });
const response = { 200: PatientView };
const changesAtMost = 200;

export function carePlanRoutes(app: Web, deps: ApiDeps): void {
  const { records, clock } = deps;
  type Asked = Parameters<typeof whoAsks>[0] & { params: { id: PatientId } };
  const patientOf = (request: Asked) => patientOfTeams(deps, whoAsks(request).teamIds, request.params.id);

  const change = async (request: Asked, what: PlanChange, beside: Pick<Signed, 'seen' | 'forecast'>) => {
    const patient = await patientOf(request);
    const signed = { by: whoAsks(request).clinician.id, at: instant(clock.now()) };
    if ((await changePlan(records, patient, what, { ...signed, ...beside })) === 'changed-meanwhile')
      throw changedMeanwhile(undefined, null);
    return viewOfPatient(deps, patient);
  };

  app.put(
    '/api/v1/patients/:id/care-plan/overrides/:rule',
    {
      schema: {
        summary:
          "Set one rule's parameters for one patient; an empty set gives back those of the team, or the defaults",
        tags,
        params: ofRule,
        body: SetParameters,
        response,
      },
    },
    async (request) => {
      const patient = await patientOf(request);
      const { rule } = request.params;
      await ruleThatMay(deps, rule, request.body.parameters);
      await requireSeen(deps, { team: patient.team, patient: patient.id, rule }, request.body);
      const { parameters, ...beside } = request.body;
      return change(request, { part: 'overrides', rule, parameters }, beside);
    },
  );

  app.put(
    '/api/v1/patients/:id/care-plan/programmes',
    { schema: { summary: 'Set what a patient is looked after for', tags, params, body: SetProgrammes, response } },
    async (request) => {
      const { programmes, seen } = request.body;
      return change(request, { part: 'programmes', programmes }, { seen });
    },
  );

  app.put(
    '/api/v1/patients/:id/care-plan/expected',
    {
      schema: { summary: 'Set what a patient is to measure, and how often', tags, params, body: SetExpected, response },
    },
    async (request) => {
      const { expected, seen } = request.body;
      return change(request, { part: 'expected', expected }, { seen });
    },
  );

  app.put(
    '/api/v1/patients/:id/care-plan/follow-up',
    { schema: { summary: 'Set the tasks that come again for a patient', tags, params, body: SetFollowUp, response } },
    async (request) => {
      const { followUp, seen } = request.body;
      return change(request, { part: 'follow-up', followUp }, { seen });
    },
  );

  app.put(
    '/api/v1/patients/:id/care-plan/pause',
    {
      schema: {
        summary: 'Pause a patient until a moment: nothing is expected meanwhile; null ends a pause',
        description: 'What is measured all the same is judged as ever.',
        tags,
        params,
        body: SetPause,
        response,
      },
    },
    async (request) => {
      const { pause, seen } = request.body;
      return change(request, { part: 'pause', pause }, { seen });
    },
  );

  app.get(
    '/api/v1/patients/:id/care-plan/changes',
    {
      schema: {
        summary: 'Who changed the care plan, when, what stood before, and which forecast they had seen',
        tags,
        params,
        response: { 200: PlanChangeList },
      },
    },
    async (request) => {
      const patient = await patientOf(request);
      return viewsOfChanges(records, await listPlanChanges(records, { patient: patient.id }, changesAtMost));
    },
  );

  app.post(
    '/api/v1/patients/:id/care-plan/forecast',
    {
      schema: {
        summary: 'What the last 90 days would have been like with these parameters of a rule, before they are saved',
        description: 'Answered at once; see GET /api/v1/backtests/{id} for how far it is and for what it found.',
        tags: ['backtests'],
        params,
        body: AskForecast,
        response: { 202: Backtest },
      },
    },
    async (request, reply) => {
      const patient = await patientOf(request);
      const of = { team: patient.team, patient: patient.id, by: whoAsks(request).clinician.id };
      return reply.code(202).send(await askForecast(deps, of, request.body));
    },
  );
}
