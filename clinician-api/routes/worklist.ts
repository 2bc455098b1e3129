import { Worklist } from '#domain/views.ts';
import { instant } from '#runtime/clock.ts';
import { mattersOfTeams } from '#runtime/records/worklist.ts';
import { dueSoonMs, worklistOf } from '../attention.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** Who needs me most, and why. */
export function worklistRoutes(app: Web, { records, clock }: ApiDeps): void {
  app.get(
    '/api/v1/worklist',
    {
      schema: {
        summary: 'All patients of your care teams, those who need somebody most first',
        tags: ['patients'],
        response: { 200: Worklist },
      },
    },
    async (request) => {
      const { teamIds, clinician } = whoAsks(request);
      const now = clock.now();
      const matters = await mattersOfTeams(records, teamIds, instant(now + dueSoonMs));
      return { at: instant(now), entries: worklistOf(matters, now, clinician.language) };
    },
  );
}
