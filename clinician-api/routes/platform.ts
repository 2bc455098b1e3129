import { z } from 'zod';
import { listComponents, listPlatformAlerts } from '#runtime/records/platform.ts';
import { ComponentList, PlatformAlertList } from '../answers.ts';
import type { ApiDeps, Web } from '../web.ts';

/** How the platform itself is, for administrators: words from closed lists, no patient, no value. */

const alertsAtMost = 200;
const tags = ['operation'];

export function platformRoutes(app: Web, { records }: ApiDeps): void {
  app.get(
    '/api/v1/platform',
    {
      schema: {
        summary: 'Every component of every process as it last said of itself',
        tags,
        response: { 200: ComponentList },
      },
    },
    async () => ({ components: await listComponents(records) }),
  );

  app.get(
    '/api/v1/platform-alerts',
    {
      schema: {
        summary: 'What of the platform does not work, or did not; the newest first',
        tags,
        querystring: z.strictObject({
          state: z.enum(['open', 'all']).default('open'),
          /** `openedAt` of the last one before. */
          before: z.iso.datetime().optional(),
          limit: z.coerce.number().int().min(1).max(alertsAtMost).default(50),
        }),
        response: { 200: PlatformAlertList },
      },
    },
    async (request) => {
      const { state, before, limit } = request.query;
      const query = { open: state === 'open', ...(before ? { before } : {}), limit };
      return { alerts: await listPlatformAlerts(records, query) };
    },
  );
}
