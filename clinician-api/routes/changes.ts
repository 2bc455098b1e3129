import { Change } from '#runtime/records/changes.ts';
import type { Live } from '../live.ts';
import { Refusal } from '../problems.ts';
import { type Web, whoAsks } from '../web.ts';

/** What changes, as it changes. */
export function changeRoutes(app: Web, live: Live): void {
  app.get(
    '/api/v1/changes',
    {
      schema: {
        summary: 'Server-sent events: `change` says what to look at again, `gap` that some were missed',
        tags: ['live'],
        response: {
          200: { description: 'A stream of events', content: { 'text/event-stream': { schema: Change } } },
        },
      },
    },
    (request, reply) => {
      const opened = live.open(whoAsks(request), reply);
      if (opened !== 'opened')
        throw new Refusal({ status: 429, code: opened, detail: 'Too many live views at once; close one.' }, 60);
    },
  );
}
