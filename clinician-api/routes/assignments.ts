import { z } from 'zod';
import { PatientId } from '#domain/ids.ts';
import { instant } from '#runtime/clock.ts';
import { byClinician } from '#runtime/records/actor.ts';
import { endAssignment, findAssignment } from '#runtime/records/assignments.ts';
import type { Within } from '#runtime/records/connect.ts';
import { handOver } from '#runtime/records/handing-out.ts';
import { searchPatients } from '#runtime/records/homes.ts';
import { findPatient } from '#runtime/records/patients.ts';
import { PatientsFound } from '../answers.ts';
import { Assign, EndAssignment, Nothing } from '../bodies.ts';
import { isUndoable } from '../home-views.ts';
import { invalid, notFound, Refusal } from '../problems.ts';
import { mustNotMove, sourceInForce } from '../source-in-force.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** Whose device it is. An administrator gives to, and takes from, patients of their own care teams only. */

const patientsAtMost = 20;
const tags = ['sources'];
/** A clock that runs ahead a little is no wish for the future. */
const aheadMs = 60_000;
const OneAssignment = z.object({ assignment: z.uuid() });

export function assignmentRoutes(app: Web, { records, clock, random }: ApiDeps): void {
  app.get(
    '/api/v1/patients',
    {
      schema: {
        summary: 'Patients of your care teams to whom a device may be given, by a part of their name',
        tags,
        querystring: z.strictObject({ search: z.string().trim().min(1).max(100) }),
        response: { 200: PatientsFound },
      },
    },
    async (request) => {
      const teams = whoAsks(request).teamIds;
      const found = await searchPatients(records, request.query.search, { teams, limit: patientsAtMost + 1 });
      return { patients: found.slice(0, patientsAtMost), more: found.length > patientsAtMost };
    },
  );

  app.post(
    '/api/v1/assignments',
    {
      schema: {
        summary: 'Give a device, or one user slot of it, to a patient of yours; readings in that time are theirs',
        description: 'Without `source` it comes through the one it is registered with, or the only one that hears it.',
        tags,
        body: Assign,
        response: { 200: z.object({ id: z.uuid() }) },
      },
    },
    async (request) => {
      const { teamIds, clinician } = whoAsks(request);
      const { device, source, patient, userSlot, to } = request.body;
      const from = request.body.from ?? instant(clock.now());
      if (Date.parse(from) > clock.now() + aheadMs) throw invalid([{ pointer: '/from', detail: 'lies ahead' }]);
      if (to && Date.parse(to) <= Date.parse(from)) throw invalid([{ pointer: '/to', detail: 'is not after from' }]);
      if (!(await findPatient(records, teamIds, patient))) throw notFound();
      if (source) {
        await sourceInForce(records, source);
        await mustNotMove(records, device, source);
      }
      const id = random.uuid();
      const through = source ? { source } : {};
      const wish = { id, device, ...through, patient, userSlot, from, to, by: byClinician(clinician.id) };
      const given = await handOver(records, wish);
      if (given === 'not-heard' || given === 'heard-by-several')
        throw new Refusal({ status: 409, code: given, detail: 'Say through which source the device comes.' });
      if ('taken' in given)
        throw new Refusal({
          status: 409,
          code: 'device-taken',
          detail: 'Somebody has it, or this user of it, in that time: take it back first.',
        });
      return { id };
    },
  );

  app.post(
    '/api/v1/assignments/:assignment/end',
    {
      schema: {
        summary: 'Take a device back; what was recorded stays with the patient',
        tags,
        params: OneAssignment,
        body: EndAssignment,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { clinician, teamIds } = whoAsks(request);
      const at = request.body.at ?? instant(clock.now());
      await records.transaction().execute(async (db) => {
        const found = await ofMine(db, request.params.assignment, teamIds);
        if (request.body.at && Date.parse(at) <= Date.parse(found.from))
          throw invalid([{ pointer: '/at', detail: 'is not after the beginning: undo it, where it was a slip' }]);
        if (found.to !== null && Date.parse(found.to) <= Date.parse(at))
          throw new Refusal({ status: 409, code: 'ended-before', detail: 'It has ended before.' });
        await endAssignment(db, found, { at, by: byClinician(clinician.id) });
      });
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/assignments/:assignment/undo',
    {
      schema: {
        summary: 'Undo an assignment that was entered within the last quarter of an hour, as if it had never been',
        description: 'Readings that were recorded meanwhile stay with the patient.',
        tags,
        params: OneAssignment,
        body: Nothing,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { clinician, teamIds } = whoAsks(request);
      await records.transaction().execute(async (db) => {
        const found = await ofMine(db, request.params.assignment, teamIds);
        if (!isUndoable(found, clock.now()))
          throw new Refusal({ status: 409, code: 'too-late-to-undo', detail: 'Take the device back instead.' });
        await endAssignment(db, found, { at: found.from, by: byClinician(clinician.id) });
      });
      return reply.code(204).send(null);
    },
  );
}

/** Another team's is like none. */
async function ofMine(db: Within, id: string, teams: Parameters<typeof findPatient>[1]) {
  const found = await findAssignment(db, id);
  if (!found || !(await findPatient(db, teams, PatientId.parse(found.patient)))) throw notFound();
  return found;
}
