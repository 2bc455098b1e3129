import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type AuditHead, verifyAudit } from '../records/audit.ts';
import type { Records } from '../records/connect.ts';
import type { Health } from '../service.ts';
import type { Sign } from './signs.ts';

/** A trail of a million rows is walked in some seconds. */
const walkEveryMs = 24 * 3_600_000;

/**
 * Whether the audit trail is as it was written, and still holds what it held when it was last walked. The last row stands in the log each time: where
 * logs are kept on another machine, nobody rewrites the trail unseen.
 */
export function auditSign({ records, clock, log }: { records: Records; clock: Clock; log: Log }): Sign {
  let walkedAt = Number.NEGATIVE_INFINITY;
  let noted: AuditHead | undefined;
  let health: Health = { state: 'ok' };
  return async () => {
    if (clock.now() - walkedAt < walkEveryMs) return { audit: health };
    walkedAt = clock.now();
    const { rows, head, broken } = await verifyAudit(records, noted ? { since: noted } : {}).catch((fault) => {
      walkedAt = Number.NEGATIVE_INFINITY;
      throw fault;
    });
    log.info('the audit trail was walked', { rows, last: head ? `${head.seq}:${head.hash}` : null });
    if (broken) {
      const detail = `row ${broken.seq}: ${broken.why}`;
      health = { state: 'degraded', trouble: 'audit-broken', detail };
    } else {
      noted = head ?? noted;
      health = { state: 'ok' };
    }
    return { audit: health };
  };
}
