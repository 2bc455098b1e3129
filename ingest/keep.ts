import type { StatusMessage } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import { announce, type Change } from '#runtime/records/changes.ts';
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
};

/**
 * What a batch leaves in PostgreSQL, in one transaction: quarantine, latest values, statuses, and the announcement of both,
 * once per patient. Doing it again changes nothing but announces again.
 * @param now ms since 1970
 */
export async function keep(records: Records, harvest: Harvest, now: number): Promise<void> {
  const sources = [...harvest.statuses.keys()].sort();
  await records.transaction().execute(async (db) => {
    await quarantine(db, harvest.refused);
    await keepLatestValues(db, harvest.stored);
    for (const source of sources) {
      const { status, at } = harvest.statuses.get(source)!;
      await recordStatus(db, source, status, at);
    }
    const measured = await teamsOfPatients(db, [...new Set(harvest.stored.map(({ patient }) => patient))]);
    const reported = await patientsOfSources(db, sources, now);
    await announce(db, [
      ...measured.map((one): Change => ({ kind: 'reading', ...one })),
      ...reported.map((one): Change => ({ kind: 'status', ...one })),
    ]);
  });
}
