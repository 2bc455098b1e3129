import { sql } from 'kysely';
import type { PatientId, ReadingId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import type { Within } from './connect.ts';

/**
 * The way a reading took the first time it was heard. A cuff replays its memory at every connection, and each time the
 * gateway corrects its clock a little differently: without this memory one measurement would be stored under several times,
 * and perhaps for two patients.
 */
export type FirstHearing = Pick<StoredReading, 'takenAt' | 'clock' | 'heardAt' | 'storedAt' | 'flags'> & {
  patient: PatientId;
};

/**
 * A device with a clock of its own replays its readings, and what the clock said tells the copies. A bare record number does
 * not: it may begin again with every battery, and then a new reading would be taken for an old one and be lost.
 */
export const mayBeReplayed = (reading: { deviceTime?: string }): boolean => reading.deviceTime !== undefined;

/** Of these readings, those that were heard before. They go as one parameter, an array: a statement takes 65,535. */
export async function findFirstHearings(
  db: Within,
  readings: readonly ReadingId[],
): Promise<Map<ReadingId, FirstHearing>> {
  if (readings.length === 0) return new Map();
  const rows = await db
    .selectFrom('first_hearing')
    .selectAll()
    .where('reading_id', '=', sql<ReadingId>`any(${[...new Set(readings)]})`)
    .execute();
  return new Map(rows.map((row) => [row.reading_id, row.hearing]));
}

/**
 * Must be done before the reading goes into the vitals store, or is judged. What is remembered already stays as it is. Always
 * in one order, so that recorder and judge can never wait for each other.
 */
export async function rememberFirstHearings(
  db: Within,
  heard: readonly { reading: ReadingId; hearing: FirstHearing }[],
): Promise<void> {
  if (heard.length === 0) return;
  const rows = [...heard].sort((a, b) => (a.reading < b.reading ? -1 : 1));
  await sql`
    insert into first_hearing (reading_id, hearing)
    select reading, hearing from json_to_recordset(${JSON.stringify(rows)}) as fresh(reading text, hearing jsonb)
    on conflict (reading_id) do nothing`.execute(db);
}
