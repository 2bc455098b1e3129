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

/**
 * For so long a first copy is remembered. What a device still replays after that was taken before it: such a reading is looked up in the vitals store,
 * by its id, before it is stored under another time. Meters keep up to a year of values, cuffs some months.
 */
export const rememberedForMs = 400 * 86_400_000;

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

/**
 * Forgets readings that were first heard before `before` (ms since 1970).
 * @returns how many, `most` at most
 */
export async function forgetFirstHearings(db: Within, before: number, most: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from first_hearing where reading_id in (
      select reading_id from first_hearing where remembered_at < ${new Date(before)} limit ${most})`.execute(db);
  return Number(numAffectedRows ?? 0);
}
