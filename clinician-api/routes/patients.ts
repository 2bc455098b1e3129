import { z } from 'zod';
import { PatientId, type TeamId } from '#domain/ids.ts';
import type { Patient } from '#domain/people.ts';
import { faultsOfOverrides, parametersInForce } from '#domain/rule-book.ts';
import { AskedView, PatientView } from '#domain/views.ts';
import { instant } from '#runtime/clock.ts';
import { findLatestValues } from '#runtime/records/latest-values.ts';
import { carePlanOf, findPatient, setOverrides } from '#runtime/records/patients.ts';
import { readRuleBook } from '#runtime/records/rule-book.ts';
import { inOrder, lastTakenOf, silentSince, summaryOf } from '../attention.ts';
import { MeasureAgain, SetOverrides } from '../bodies.ts';
import { askAgain, deviceViews } from '../device-views.ts';
import { escapePointer, invalid, notFound } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** One patient: who they are, what their care plan says, how they are now. */
export function patientRoutes(app: Web, { records, clock, random }: ApiDeps): void {
  app.get(
    '/api/v1/patients/:id',
    {
      schema: {
        summary: 'One patient, with care plan, rules in force, latest values and devices',
        tags: ['patients'],
        params: z.object({ id: PatientId }),
        response: { 200: PatientView },
      },
    },
    async (request) => viewOf(await ofMyTeams(whoAsks(request).teamIds, request.params.id)),
  );

  app.put(
    '/api/v1/patients/:id/care-plan/overrides/:rule',
    {
      schema: {
        summary: "Set one rule's parameters for one patient; an empty set gives back the defaults",
        tags: ['patients'],
        params: z.object({ id: PatientId, rule: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/) }),
        body: SetOverrides,
        response: { 200: PatientView },
      },
    },
    async (request) => {
      const { teamIds, clinician } = whoAsks(request);
      const patient = await ofMyTeams(teamIds, request.params.id);
      const rule = (await readRuleBook(records)).find((entry) => entry.rule === request.params.rule);
      if (!rule) throw notFound();
      const { parameters } = request.body;
      const faults = faultsOfOverrides(rule, parameters);
      if (faults.length > 0)
        throw invalid(
          faults.map(({ parameter, detail }) => ({ pointer: `/parameters/${escapePointer(parameter)}`, detail })),
        );
      await setOverrides(records, patient, rule.rule, parameters, clinician.id, instant(clock.now()));
      return viewOf(patient);
    },
  );

  app.post(
    '/api/v1/patients/:id/commands',
    {
      schema: {
        summary: 'Ask the home to measure again with one of its devices',
        description:
          'The request is kept until the home has answered or half an hour is over; see `devices` of the patient for what became of it. While one is open for the same device, that one is answered and nothing new is asked.',
        tags: ['patients'],
        params: z.object({ id: PatientId }),
        body: MeasureAgain,
        response: { 200: AskedView },
      },
    },
    async (request) => {
      const { teamIds, clinician } = whoAsks(request);
      const patient = await ofMyTeams(teamIds, request.params.id);
      return askAgain(
        { records, random },
        { patient: patient.id, device: request.body.device, by: clinician.id, now: clock.now() },
      );
    },
  );

  async function ofMyTeams(teams: TeamId[], id: PatientId): Promise<Patient> {
    const patient = await findPatient(records, teams, id);
    if (!patient) throw notFound();
    return patient;
  }

  async function viewOf(patient: Patient): Promise<PatientView> {
    const now = clock.now();
    const [carePlan, rules, latestValues, devices] = await Promise.all([
      carePlanOf(records, patient.id),
      readRuleBook(records),
      findLatestValues(records, [patient.id]),
      deviceViews(records, patient.id, instant(now)),
    ]);
    const latest = inOrder(latestValues.get(patient.id) ?? []);
    const lastTakenAt = lastTakenOf(latest);
    return {
      patient: summaryOf(patient, now),
      carePlan,
      rules: rules.map((entry) => ({ ...entry, inForce: parametersInForce(entry, carePlan.overrides[entry.rule]) })),
      latest,
      lastTakenAt,
      silent: silentSince(lastTakenAt, carePlan.silentAfterMinutes, now) !== undefined,
      devices,
    };
  }
}
