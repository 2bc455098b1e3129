import { admit, type Refusal, type Registration, standingValues } from '#domain/admission.ts';
import type { ReadingId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import type { FirstHearing } from '#runtime/records/first-hearings.ts';
import type { Arrival } from './unpack.ts';

/** What becomes of an arrival: a reading to store, or a refusal to keep. Never both, never neither. */
export type Verdict =
  | { arrival: Arrival; outcome: 'admitted'; reading: StoredReading }
  | { arrival: Arrival; outcome: 'refused'; reason: Refusal; detail: string };

/**
 * Pure. A reading that was heard before keeps the way of its first copy: patient, times and flags. So a cuff that replays its
 * memory changes nothing, even when its clock is corrected differently now or it belongs to somebody else.
 * @param storedAt RFC 3339
 */
export function judge(
  arrival: Arrival,
  known: {
    id: ReadingId | undefined;
    registration: Registration | undefined;
    first: FirstHearing | undefined;
  },
  storedAt: string,
): Verdict {
  if ('malformed' in arrival) return { arrival, outcome: 'refused', reason: 'malformed', detail: arrival.malformed };
  const { ref: _, ...told } = arrival.reading;
  const reading = { ...told, values: standingValues(told) };
  const id = known.id as ReadingId;
  const { source } = arrival;
  if (known.first && known.registration?.source === source)
    return { arrival, outcome: 'admitted', reading: { ...reading, id, source, ...known.first } };

  const admission = admit(arrival.reading, source, known.registration, arrival.receivedAt);
  if (admission.outcome === 'refused') return { arrival, ...admission };
  const { patient, flags } = admission;
  return { arrival, outcome: 'admitted', reading: { ...reading, id, source, patient, flags, storedAt } };
}
