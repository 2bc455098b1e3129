import type { ReadingId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import { mayBeReplayed, rememberedForMs } from '#runtime/records/first-hearings.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';

/**
 * Which of these may lie in the vitals store already although nobody remembers them, so that storing them would change something: a late one that
 * was perhaps live when it was stored, and one that a device replays after its first copy was forgotten, whose clock may be corrected in
 * another way now.
 * @param knownSince what was stored since then is known, ms since 1970
 */
export const isDoubtful = (reading: StoredReading, knownSince: number): boolean =>
  mayBeReplayed(reading)
    ? Date.parse(reading.storedAt) - Date.parse(reading.takenAt) > rememberedForMs - clockSlackMs
    : reading.flags.includes('late') && Date.parse(reading.takenAt) < knownSince;

/** Asks the store once for each patient and panel. @returns those that it has, by their ids */
export async function findStored(store: VitalsStore, doubtful: readonly StoredReading[]): Promise<Set<ReadingId>> {
  const found = new Set<ReadingId>();
  const groups = [...Map.groupBy(doubtful, ({ patient, panel }) => `${patient} ${panel}`).values()].values();
  await Promise.all(
    Array.from({ length: queriesAtOnce }, async () => {
      for (const group of groups) for (const id of await idsAround(store, group)) found.add(id);
    }),
  );
  return found;
}

async function idsAround(store: VitalsStore, group: readonly StoredReading[]): Promise<ReadingId[]> {
  const spans = group.map((reading) => {
    const at = Date.parse(reading.takenAt);
    const slack = mayBeReplayed(reading) ? clockSlackMs : 0;
    return { from: at - slack, to: at + slack + 1 };
  });
  const { patient, panel } = group[0]!;
  const from = spans.reduce((least, span) => Math.min(least, span.from), Number.POSITIVE_INFINITY);
  const to = spans.reduce((most, span) => Math.max(most, span.to), 0);
  const wanted = new Set(group.map(({ id }) => id));
  const stored = await store.read({ patient, panel, from, to, limit: readingsPerAnswer });
  return stored.flatMap(({ id }) => (wanted.has(id) ? id : []));
}

/** How differently the clock of one device may be corrected: whoever set it wrong by a day, and the other way round. */
const clockSlackMs = 2 * 86_400_000;
const queriesAtOnce = 4;
/** Two weeks of a value a minute; what lies beyond is stored again, in its place. */
const readingsPerAnswer = 20_000;
