import type { CommandAnswer } from '#domain/downward.ts';
import { announceReadings, announceStatuses } from '#runtime/records/changes.ts';
import { recordAnswer } from '#runtime/records/commands.ts';
import type { Records } from '#runtime/records/connect.ts';
import { reopenErasures } from '#runtime/records/erasures.ts';
import { keepLatestValues } from '#runtime/records/latest-values.ts';
import { quarantine } from '#runtime/records/quarantine.ts';
import { markRollups } from '#runtime/records/rollups.ts';
import { recordStatus } from '#runtime/records/sources.ts';
import type { Harvest } from './harvest.ts';

/** `answers`: for each that was not known yet what became of its command, or `not-asked` where it fits none. */
export type Kept = { answers: (CommandAnswer['outcome'] | 'not-asked')[]; gaveWay: number };

/**
 * What a batch leaves in PostgreSQL, in one transaction: quarantine, latest values, which rollups are due, statuses, answers to commands, and the
 * announcement of what changed, once per patient. Doing it again changes nothing but announces again.
 * @param now ms since 1970
 */
export async function keep(records: Records, harvest: Harvest, now: number): Promise<Kept> {
  const sources = [...harvest.statuses.keys()].sort();
  // whoever changes several commands takes them in one order, so that nobody waits for the other for ever
  const answers = harvest.answers.toSorted((a, b) =>
    a.answer.id < b.answer.id ? -1 : a.answer.id > b.answer.id ? 1 : 0,
  );
  const { stored, found, refused } = harvest;
  const inStore = [...stored, ...found];
  const kept: Kept = { answers: [], gaveWay: 0 };
  if (inStore.length + refused.length + sources.length + answers.length === 0) return kept;
  await records.transaction().execute(async (db) => {
    kept.answers = [];
    kept.gaveWay = await quarantine(db, refused);
    await keepLatestValues(db, inStore);
    await markRollups(db, inStore, now);
    await reopenErasures(db, [...new Set(inStore.map(({ patient }) => patient))], now);
    for (const source of sources) {
      const { status, at } = harvest.statuses.get(source)!;
      await recordStatus(db, source, status, at);
    }
    for (const { source, answer, at } of answers) {
      const recorded = await recordAnswer(db, source, answer, at);
      if (recorded !== 'known') kept.answers.push(recorded === 'recorded' ? answer.outcome : recorded);
    }
    await announceReadings(db, new Set(stored.map(({ patient }) => patient)));
    await announceStatuses(db, sources, now);
  });
  return kept;
}
