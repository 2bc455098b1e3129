import type { CommandAnswer, Receipt, StatusMessage } from '#domain/downward.ts';
import type { ReadingId, SourceId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import { seriesOfSamples } from '#domain/series.ts';
import type { SampleVerdict, Verdict } from '#runtime/intake/admitting.ts';
import type { Arrival, Told } from '#runtime/intake/unpack.ts';
import type { Quarantined, QuarantineReason } from '#runtime/records/quarantine.ts';

/** What a batch of journal entries leaves behind: in PostgreSQL, and as receipts. */
export type Harvest = {
  stored: StoredReading[];
  /** Copies of what lies in the vitals store, though nobody knows whether all was kept that it leaves in PostgreSQL. */
  found: StoredReading[];
  refused: Quarantined[];
  receipts: { source: SourceId; receipt: Receipt }[];
  /** The last status of each source, with when it was received, ms since 1970. */
  statuses: Map<SourceId, { status: StatusMessage; at: number }>;
  /** In the order of arrival. */
  answers: { source: SourceId; answer: CommandAnswer; at: number }[];
  counts: Map<'stored' | 'duplicate' | QuarantineReason, number>;
  /** What the batch held so far, and why the vitals store refused some of it for good. */
  seen: Set<ReadingId>;
  refusals: Map<ReadingId, string>;
};

export const emptyHarvest = (): Harvest => ({
  stored: [],
  found: [],
  refused: [],
  receipts: [],
  statuses: new Map(),
  answers: [],
  counts: new Map(),
  seen: new Set(),
  refusals: new Map(),
});

type Refusal = { reason: QuarantineReason; detail: string };
type Entered = { reading: StoredReading; duplicate: boolean; refusal?: undefined };
type Ended = { place: number } & ({ refusal: Refusal } | Entered);

/**
 * Gathers in what became of a verdict once the store has answered. Every reading is counted once: as stored, as a duplicate or under the
 * reason for which it is in quarantine.
 * @param copies readings that were not given to the store, because it has them
 */
export function gather(harvest: Harvest, verdict: Verdict, copies: ReadonlySet<StoredReading>): void {
  const { arrival } = verdict;
  const { source } = arrival;
  const receipt = (ref: string, said: Omit<Receipt, 'ref'>) =>
    harvest.receipts.push({ source, receipt: { ref, ...said } });
  if ('refused' in verdict) {
    const { reason } = verdict.refused;
    const told = 'told' in arrival ? arrival.told : undefined;
    quarantine(harvest, arrival, verdict.refused, told?.samples.length ?? 1, arrival.payload());
    for (const ref of arrival.refs) receipt(ref, { outcome: 'quarantined', reason });
    return;
  }
  const told = (arrival as Arrival & { told: Told }).told;
  const ends = verdict.samples.map((sample) => endOf(sample, harvest.refusals, copies));
  const [only] = ends;
  if (only && !only.refusal && !told.series) {
    // nearly all of them: one reading, which may enter
    enter(harvest, only, copies);
    for (const ref of arrival.refs) receipt(ref, { outcome: 'stored', reading: only.reading.id });
    return;
  }
  const refused: { sample: number; reason: string }[] = [];
  const byReason = new Map<QuarantineReason, { detail: string; places: Set<number> }>();
  for (const end of ends) {
    if (end.refusal) {
      const { reason, detail } = end.refusal;
      refused.push({ sample: end.place, reason });
      const alike = byReason.get(reason) ?? { detail, places: new Set() };
      byReason.set(reason, alike);
      alike.places.add(end.place);
    } else enter(harvest, end, copies);
  }
  for (const [reason, { detail, places }] of byReason) {
    const payload =
      told.series && places.size < ends.length
        ? Buffer.from(JSON.stringify(seriesOfSamples(told.series, places)))
        : arrival.payload();
    quarantine(harvest, arrival, { reason, detail }, places.size, payload);
  }
  for (const ref of arrival.refs)
    if (refused.length === ends.length)
      receipt(ref, {
        outcome: 'quarantined',
        reason: refused[0]!.reason,
        ...(byReason.size > 1 ? { refused } : {}),
      });
    else receipt(ref, { outcome: 'stored', ...(refused.length > 0 ? { refused } : {}) });
}

function enter(harvest: Harvest, { reading, duplicate }: Entered, copies: ReadonlySet<StoredReading>): void {
  count(harvest, duplicate ? 'duplicate' : 'stored', 1);
  if (!copies.has(reading)) harvest.stored.push(reading);
}

function endOf(sample: SampleVerdict, refusals: Harvest['refusals'], copies: ReadonlySet<StoredReading>): Ended {
  const { place } = sample;
  if ('refused' in sample) return { place, refusal: sample.refused };
  const { reading } = sample;
  const why = refusals.get(reading.id);
  if (why !== undefined) return { place, refusal: { reason: 'refused-by-store', detail: why } };
  return { place, reading, duplicate: sample.again || copies.has(reading) };
}

function quarantine(harvest: Harvest, arrival: Arrival, refusal: Refusal, readings: number, payload: Buffer): void {
  const { source, receivedAt, refs } = arrival;
  const { reason, detail } = refusal;
  count(harvest, reason, readings);
  // of whom was forgotten nothing is kept
  if (reason === 'erased') return;
  const first = 'told' in arrival ? arrival.told.samples[0]?.reading : undefined;
  harvest.refused.push({
    ...{ source, receivedAt, reason, detail, payload },
    ref: refs[0],
    ...(first
      ? { about: { device: first.device, panel: first.panel, takenAt: Date.parse(first.takenAt), readings } }
      : {}),
  });
}

const count = (harvest: Harvest, outcome: 'stored' | 'duplicate' | QuarantineReason, by: number): void => {
  harvest.counts.set(outcome, (harvest.counts.get(outcome) ?? 0) + by);
};
