import { ErasureView } from '#domain/administration.ts';
import { instant } from '#runtime/clock.ts';
import { byClinician } from '#runtime/records/actor.ts';
import type { Records } from '#runtime/records/connect.ts';
import { askErasure, type Erasure, erasureParts, findErasure, listErasures } from '#runtime/records/erasures.ts';
import { findPatient } from '#runtime/records/patients.ts';
import { actorViews } from '../actor-views.ts';
import { ErasureList } from '../answers.ts';
import { AskErasure } from '../bodies.ts';
import { invalid, notFound, Refusal } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** Patients who are to be forgotten: asked for here, done by ingest part by part, reported here. */

const erasuresAtMost = 200;
const tags = ['erasure'];

export function erasureRoutes(app: Web, { records, clock }: ApiDeps): void {
  app.get(
    '/api/v1/erasures',
    {
      schema: {
        summary:
          'Erasures of patients of your care teams, the newest first, with what was removed and what still stands',
        tags,
        response: { 200: ErasureList },
      },
    },
    async (request) => ({
      erasures: await viewsOf(records, await listErasures(records, erasuresAtMost, whoAsks(request).teamIds)),
    }),
  );

  app.post(
    '/api/v1/erasures',
    {
      schema: {
        summary:
          'Forget a patient: at once nobody sees them and nothing of theirs comes in; what was stored goes as the law lets it',
        description: 'Cannot be taken back. `confirm` repeats the id of the patient.',
        tags,
        body: AskErasure,
        response: { 200: ErasureView },
      },
    },
    async (request) => {
      const { teamIds, clinician } = whoAsks(request);
      const { patient, confirm, reason, keepUntil } = request.body;
      if (confirm !== patient) throw invalid([{ pointer: '/confirm', detail: 'is not the id of the patient' }]);
      if (!(await findPatient(records, teamIds, patient))) throw notFound();
      const wish = { patient, by: byClinician(clinician.id), reason, keepUntil, at: instant(clock.now()) };
      const answer = await askErasure(records, wish);
      if (answer === 'unknown-patient') throw notFound();
      if (answer === 'done-before') throw new Refusal({ status: 409, code: 'erased-before' });
      const asked = await findErasure(records, patient);
      const [view] = await viewsOf(records, asked ? [asked] : []);
      if (!view) throw notFound();
      return view;
    },
  );
}

async function viewsOf(records: Records, erasures: readonly Erasure[]): Promise<ErasureView[]> {
  const say = await actorViews(
    records,
    erasures.map((one) => one.askedBy),
  );
  return erasures.map((one) => ({
    patient: one.patient,
    askedAt: one.askedAt,
    askedBy: say(one.askedBy),
    reason: one.reason,
    keepUntil: one.keepUntil,
    state: one.state,
    doneAt: one.doneAt,
    parts: erasureParts.map((part) => ({
      part,
      at: one.parts[part]?.at ?? null,
      removed: one.parts[part]?.removed ?? null,
      obstacle: one.parts[part]?.obstacle ?? null,
    })),
  }));
}
