import type { CommandAnswer, StatusMessage } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import { announce, type Change } from '#runtime/records/changes.ts';
import { recordAnswer } from '#runtime/records/commands.ts';
import type { Records } from '#runtime/records/connect.ts';
import { patientsOfSources, teamsOfPatients } from '#runtime/records/devices.ts';
import { keepLatestValues } from '#runtime/records/latest-values.ts';
import { type Quarantined, quarantine } from '#runtime/records/quarantine.ts';
import { recordStatus } from '#runtime/records/sources.ts';

export type Harvest = {
  stored: StoredReading[];
  refused: Quarantined[];
  /** The last status of each source, with when it was received, ms since 1970. */
  statuses: Map<SourceId, { status: StatusMessage; at: number }>;
  /** In the order of arrival. */
  answers: { source: SourceId; answer: CommandAnswer; at: number }[];
};

/**
 * What a batch leaves in PostgreSQL, in one transaction: quarantine, latest values, statuses, answers to commands, and the
 * announcement of what changed, once per patient. Doing it again changes nothing but announces again.
 * @param now ms since 1970
 * @returns for each answer that was not known yet what became of its command, or `not-asked` where it fits none.
 */
export async function keep(
  records: Records,
  harvest: Harvest,
  now: number,
): Promise<(CommandAnswer['outcome'] | 'not-asked')[]> {
  const sources = [...harvest.statuses.keys()].sort();
  // whoever changes several commands takes them in one order, so that nobody waits for the other for ever
  const answers = harvest.answers.toSorted((a, b) =>
    a.answer.id < b.answer.id ? -1 : a.answer.id > b.answer.id ? 1 : 0,
  );
  return records.transaction().execute(async (db) => {
    const became: (CommandAnswer['outcome'] | 'not-asked')[] = [];
    await quarantine(db, harvest.refused);
    await keepLatestValues(db, harvest.stored);
    for (const source of sources) {
      const { status, at } = harvest.statuses.get(source)!;
      await recordStatus(db, source, status, at);
    }
    for (const { source, answer, at } of answers) {
      const recorded = await recordAnswer(db, source, answer, at);
      if (recorded !== 'known') became.push(recorded === 'recorded' ? answer.outcome : recorded);
    }
    const measured = await teamsOfPatients(db, [...new Set(harvest.stored.map(({ patient }) => patient))]);
    const reported = await patientsOfSources(db, sources, now);
    await announce(db, [
      ...measured.map((one): Change => ({ kind: 'reading', ...one })),
      ...reported.map((one): Change => ({ kind: 'status', ...one })),
    ]);
    return became;
  });
}
