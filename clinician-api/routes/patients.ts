import { z } from 'zod';
import { PatientId } from '#domain/ids.ts';
import { AskedView, PatientView } from '#domain/views.ts';
import { MeasureAgain } from '../bodies.ts';
import { askAgain } from '../device-views.ts';
import { patientOfTeams, viewOfPatient } from '../patient-view.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** One patient: who they are, what their care plan says, how they are now. */
export function patientRoutes(app: Web, deps: ApiDeps): void {
  const { records, clock, random } = deps;

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
    async (request) => viewOfPatient(deps, await patientOfTeams(deps, whoAsks(request).teamIds, request.params.id)),
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
      const patient = await patientOfTeams(deps, teamIds, request.params.id);
      return askAgain(
        { records, random },
        { patient: patient.id, device: request.body.device, by: clinician.id, now: clock.now() },
      );
    },
  );
}
