import { callsOf } from '#domain/alert-clock.ts';
import type { AlertId } from '#domain/ids.ts';
import { eventsOfAlert } from '#runtime/records/alerts.ts';
import type { ApiDeps } from './web.ts';

/** Measures how long a critical call had waited, if it is the change made at `at` (RFC 3339) that answered it. */
export async function countAnswer(
  { records, metrics, clock }: Pick<ApiDeps, 'records' | 'metrics' | 'clock'>,
  alert: AlertId,
  at: string,
): Promise<void> {
  const call = callsOf(await eventsOfAlert(records, alert), clock.now()).at(-1);
  if (call?.severity !== 'critical' || !call.clock.budget || call.clock.acknowledged !== at) return;
  metrics.acknowledgedSeconds.observe((Date.parse(at) - Date.parse(call.clock.measured)) / 1000);
}
