import { z } from 'zod';
import { AuditVerdictView } from '#domain/administration.ts';
import { DeviceId, PatientId, SourceId } from '#domain/ids.ts';
import { auditActions, listAudit, verifyAudit } from '#runtime/records/audit.ts';
import { actorViews, patientNames } from '../actor-views.ts';
import { AuditList } from '../answers.ts';
import { Refusal } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** Who did what to identities, homes and patients; and whether the trail is as it was written. */

const rowsAtMost = 200;
const tags = ['audit'];

export function auditRoutes(app: Web, { records }: ApiDeps): void {
  let verifying = false;

  app.get(
    '/api/v1/audit',
    {
      schema: {
        summary: 'The audit trail, newest first',
        tags,
        querystring: z.strictObject({
          /** `seq` of the last row before. */
          before: z.coerce.number().int().min(1).optional(),
          action: z.enum(auditActions).optional(),
          source: SourceId.optional(),
          device: DeviceId.optional(),
          patient: PatientId.optional(),
          limit: z.coerce.number().int().min(1).max(rowsAtMost).default(50),
        }),
        response: { 200: AuditList },
      },
    },
    async (request) => {
      const { limit, ...filter } = request.query;
      const found = await listAudit(records, { ...filter, limit: limit + 1 });
      const rows = found.slice(0, limit);
      const { teamIds } = whoAsks(request);
      const [say, patientOf] = await Promise.all([
        actorViews(
          records,
          rows.map((row) => row.by),
        ),
        patientNames(
          records,
          teamIds,
          rows.map((row) => row.patient),
        ),
      ]);
      return {
        rows: rows.map((row) => ({
          ...row,
          by: say(row.by),
          patient: patientOf(row.patient),
          ofPatient: row.patient !== null,
        })),
        more: found.length > limit,
      };
    },
  );

  app.get(
    '/api/v1/audit/verification',
    {
      schema: {
        summary: 'Walks the whole chain of the trail and says whether it is as it was written',
        tags,
        response: { 200: AuditVerdictView },
      },
    },
    async () => {
      if (verifying) throw new Refusal({ status: 429, code: 'busy', detail: 'Somebody is checking it already.' }, 10);
      verifying = true;
      try {
        return await verifyAudit(records);
      } finally {
        verifying = false;
      }
    },
  );
}
