import { z } from 'zod';
import { acknowledgeWithinMs, reportOn } from '#domain/alert-clock.ts';
import { ResponseTimes } from '#domain/response-times.ts';
import { instant } from '#runtime/clock.ts';
import { callsOfTeams } from '#runtime/records/response-times.ts';
import { invalid } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** How long critical calls waited for an answer. */

const dayMs = 86_400_000;
const daysUsually = 30;
const daysAtMost = 400;

export function responseTimeRoutes(app: Web, { records, clock }: ApiDeps): void {
  app.get(
    '/api/v1/response-times',
    {
      schema: {
        summary: 'From the measurement to the acknowledged page: critical calls of your care teams in a period',
        description:
          'The last thirty days unless said otherwise. A call that nobody has answered counts with the time it has waited.',
        tags: ['alerts'],
        querystring: z.strictObject({ from: z.iso.datetime().optional(), to: z.iso.datetime().optional() }),
        response: { 200: ResponseTimes },
      },
    },
    async (request) => {
      const { teams, teamIds } = whoAsks(request);
      const now = clock.now();
      const to = request.query.to ? Date.parse(request.query.to) : now;
      const from = request.query.from ? Date.parse(request.query.from) : to - daysUsually * dayMs;
      if (from >= to) throw invalid([{ pointer: '/from', detail: 'must be before the end' }]);
      if (to - from > daysAtMost * dayMs) throw invalid([{ pointer: '/from', detail: `at most ${daysAtMost} days` }]);
      const { calls, complete } = await callsOfTeams(records, teamIds, { from, to, now });
      return {
        ...{ from: instant(from), to: instant(to), budgetMs: acknowledgeWithinMs, complete },
        teams: teams.map(({ id, name }) => ({ team: { id, name }, ...reportOn(calls.get(id) ?? [], now) })),
      };
    },
  );
}
