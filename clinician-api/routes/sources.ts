import { z } from 'zod';
import { SourceId } from '#domain/ids.ts';
import { troublesOfSource } from '#domain/standing.ts';
import type { SourceView } from '#domain/views.ts';
import { listSources, type Source } from '#runtime/records/sources.ts';
import { SourceList } from '../answers.ts';
import type { ApiDeps, Web } from '../web.ts';

/** The gateways and devices of all homes, for those who look after them: no patient, no value. */

const sourcesAtMost = 200;

export function sourceRoutes(app: Web, { records }: ApiDeps): void {
  app.get(
    '/api/v1/sources',
    {
      schema: {
        summary: 'All sources with what they said of themselves last, by id',
        tags: ['sources'],
        querystring: z.strictObject({
          /** The last id of the answer before. */
          after: SourceId.optional(),
          limit: z.coerce.number().int().min(1).max(sourcesAtMost).default(sourcesAtMost),
        }),
        response: { 200: SourceList },
      },
    },
    async (request) => {
      const { after, limit } = request.query;
      const found = await listSources(records, { after, limit: limit + 1 });
      return { sources: found.slice(0, limit).map(viewOf), more: found.length > limit };
    },
  );
}

const viewOf = (source: Source): SourceView => ({
  id: source.id,
  kind: source.kind,
  createdAt: source.createdAt,
  enrolledAt: source.enrolledAt,
  revokedAt: source.revokedAt,
  state: source.status?.state ?? 'unknown',
  stateAt: source.statusAt,
  troubles: troublesOfSource(source.status, source.revokedAt !== null),
  status: source.status,
});
