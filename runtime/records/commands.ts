import { sql } from 'kysely';
import type { Command, CommandAnswer } from '#domain/downward.ts';
import type { DeviceId, PatientId, SourceId } from '#domain/ids.ts';
import { instant } from '../clock.ts';
import type { Actor } from './actor.ts';
import { announce } from './changes.ts';
import type { Within } from './connect.ts';
import { teamsOfPatients } from './devices.ts';
import { storableText } from './storable.ts';

/**
 * What homes are asked. A command is kept from the moment it is decided until it is answered or too late; the broker sends it
 * when its source is there, and again until then. Written in the transaction of its cause, it is neither lost nor asked for nothing.
 */
export type KeptCommand = {
  command: Command;
  source: SourceId;
  by: Actor;
  createdAt: string;
  sentAt: string | null;
  answeredAt: string | null;
  closedAt: string | null;
  outcome: CommandAnswer['outcome'] | null;
  /**
   * A code. `not-reached`: the source was away all the time; `no-answer`: it was sent, and nothing came back; `not-theirs`: the device went to
   * another patient or home before anybody there was asked, or the source was revoked.
   */
  reason: string | null;
};

/** The same is sent again after so long, and each time twice as long. */
export const sendAgain = { firstMs: 30_000, mostMs: 10 * 60_000 };
/** An answer given in time may still be on its way. */
export const answerUnderWayMs = 30_000;
/** More that are open for one source are not taken: it is away, or does not listen. */
export const openAtMost = 50;
/** Closed ones stay so long, and so many are swept at a time. */
export const commandsKept = { forMs: 180 * 24 * 3_600_000, sweptAtOnce: 1_000 };

/**
 * Where the home is being asked for that very measurement already, this joins it, and the later of both times holds.
 * @param now ms since 1970. False where too many are open for this source.
 */
export async function keepCommand(
  db: Within,
  wish: { source: SourceId; command: Command; patient: PatientId | null; by: Actor; now: number },
): Promise<boolean> {
  const { source, command, patient, by, now } = wish;
  if (await joinOpen(db, wish)) return true;
  const open = await db
    .selectFrom('command')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('source_id', '=', source)
    .where('closed_at', 'is', null)
    .executeTakeFirstOrThrow();
  if (Number(open.count) >= openAtMost) return false;
  await db
    .insertInto('command')
    .values({
      id: command.id,
      source_id: source,
      body: JSON.stringify(command),
      device_id: command.command === 'measure-again' ? (command.device as DeviceId) : null,
      patient_id: patient,
      created_at: instant(now),
      created_by: by,
      by_at: command.by,
      send_at: instant(now),
    })
    .execute();
  await tellTeams(db, [patient]);
  return true;
}

async function joinOpen(
  db: Within,
  { source, command, patient, now }: { source: SourceId; command: Command; patient: PatientId | null; now: number },
): Promise<boolean> {
  if (command.command !== 'measure-again') return false;
  const { numUpdatedRows } = await db
    .updateTable('command')
    .set({
      by_at: sql<Date>`greatest(command.by_at, ${command.by}::timestamptz)`,
      body: sql<string>`case when command.by_at < ${command.by}::timestamptz then command.body || ${JSON.stringify({ by: command.by })}::text::jsonb else command.body end`,
    })
    .where('source_id', '=', source)
    .where('device_id', '=', command.device as DeviceId)
    .where('patient_id', patient === null ? 'is' : '=', patient)
    .where('closed_at', 'is', null)
    .where('by_at', '>', new Date(now))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Sources for which something should be sent now. @param now ms since 1970 */
export async function sourcesWithCommands(db: Within, now: number): Promise<SourceId[]> {
  const rows = await db
    .selectFrom('command')
    .select('source_id')
    .distinct()
    .where('closed_at', 'is', null)
    .where('send_at', '<=', new Date(now))
    .execute();
  return rows.map((row) => row.source_id);
}

/**
 * What these sources should be sent now, noted as sent: the oldest first. Two brokers that ask at once get different ones.
 * @param all those too that were sent a little while ago: a source that has just come back may have missed them.
 */
export async function takeCommands(
  db: Within,
  wish: { sources: readonly SourceId[]; now: number; limit: number; all?: boolean },
): Promise<{ source: SourceId; command: Command }[]> {
  const { sources, now, limit, all } = wish;
  if (sources.length === 0) return [];
  const { firstMs, mostMs } = sendAgain;
  const rows = await db
    .updateTable('command')
    .set({
      sent_at: sql<Date>`coalesce(command.sent_at, ${instant(now)}::timestamptz)`,
      sends: sql<number>`command.sends + 1`,
      send_at: sql<Date>`${instant(now)}::timestamptz + least(${firstMs} * power(2, least(command.sends, 20)), ${mostMs}) * interval '1 millisecond'`,
    })
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('command')
        .select('id')
        .where('source_id', '=', sql<SourceId>`any(${[...sources]})`)
        .where('closed_at', 'is', null)
        .where('by_at', '>', new Date(now))
        .where(sql<boolean>`not (${isOver(now)})`)
        .where((where) => (all ? where.lit(true) : where('send_at', '<=', new Date(now))))
        .orderBy('created_at')
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .returning(['source_id', 'body', 'created_at', 'patient_id', 'sends'])
    .execute();
  await tellTeams(
    db,
    rows.filter((row) => row.sends === 1).map((row) => row.patient_id),
  );
  return rows
    .sort((a, b) => a.created_at.getTime() - b.created_at.getTime())
    .map((row) => ({ source: row.source_id, command: row.body }));
}

/**
 * A question about somebody is not put to a home that is no longer theirs: the device has another source, the patient no longer has the device, or
 * the source is revoked.
 */
const isOver = (now: number) => sql<boolean>`
  exists (select from source where source.id = command.source_id and source.revoked_at is not null)
  or (command.device_id is not null
    and not exists (select from device where device.id = command.device_id and device.source_id = command.source_id))
  or (command.device_id is not null and command.patient_id is not null
    and not exists (
      select from assignment
      where assignment.device_id = command.device_id and assignment.patient_id = command.patient_id
        and assignment.from_at <= ${instant(now)}::timestamptz
        and (assignment.to_at is null or assignment.to_at > ${instant(now)}::timestamptz)))`;

/** Those that nobody answered in time are too late, and those that have become somebody else's. @returns how many. */
export async function closeLateCommands(db: Within, now: number): Promise<number> {
  const rows = await db
    .updateTable('command')
    .set({
      closed_at: instant(now),
      outcome: 'too-late',
      reason: sql<string>`case
        when ${isOver(now)} then 'not-theirs'
        when command.sent_at is null then 'not-reached'
        else 'no-answer' end`,
    })
    .where('closed_at', 'is', null)
    .where((where) => where.or([where('by_at', '<=', new Date(now - answerUnderWayMs)), isOver(now)]))
    .returning('patient_id')
    .execute();
  await tellTeams(
    db,
    rows.map((row) => row.patient_id),
  );
  return rows.length;
}

/** What was closed long ago goes, some at a time. @returns how many. */
export async function sweepCommands(db: Within, now: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('command')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('command')
        .select('id')
        .where('closed_at', '<', new Date(now - commandsKept.forMs))
        .orderBy('closed_at')
        .limit(commandsKept.sweptAtOnce)
        .forUpdate()
        .skipLocked(),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/**
 * What a source answered. The first answer counts, also after we had given it up: the source knows better. An answer to
 * another source's command, or to none, changes nothing.
 * @param at ms since 1970, when the platform received it
 */
export async function recordAnswer(
  db: Within,
  source: SourceId,
  answer: CommandAnswer,
  at: number,
): Promise<'recorded' | 'known' | 'not-asked'> {
  const rows = await db
    .updateTable('command')
    .set({
      answered_at: new Date(at),
      closed_at: new Date(at),
      outcome: answer.outcome,
      reason: answer.reason === undefined ? null : storableText(answer.reason),
    })
    .where('id', '=', answer.id)
    .where('source_id', '=', source)
    .where('answered_at', 'is', null)
    .returning('patient_id')
    .execute();
  await tellTeams(
    db,
    rows.map((row) => row.patient_id),
  );
  if (rows.length > 0) return 'recorded';
  const known = await db
    .selectFrom('command')
    .select('id')
    .where('id', '=', answer.id)
    .where('source_id', '=', source)
    .executeTakeFirst();
  return known ? 'known' : 'not-asked';
}

/** The last request to measure again for each device, as it was asked about this patient. */
export async function lastAsked(db: Within, patient: PatientId): Promise<(KeptCommand & { device: DeviceId })[]> {
  const rows = await db
    .selectFrom('command')
    .selectAll()
    .distinctOn('device_id')
    .where('patient_id', '=', patient)
    .where('device_id', 'is not', null)
    .orderBy('device_id')
    .orderBy('created_at', 'desc')
    .execute();
  return rows.map((row) => ({
    device: row.device_id as DeviceId,
    command: row.body,
    source: row.source_id,
    by: row.created_by,
    createdAt: row.created_at.toISOString(),
    sentAt: row.sent_at?.toISOString() ?? null,
    answeredAt: row.answered_at?.toISOString() ?? null,
    closedAt: row.closed_at?.toISOString() ?? null,
    outcome: row.outcome,
    reason: row.reason,
  }));
}

async function tellTeams(db: Within, patients: readonly (PatientId | null)[]): Promise<void> {
  const known = [...new Set(patients)].filter((patient) => patient !== null);
  await announce(
    db,
    (await teamsOfPatients(db, known)).map((one) => ({ kind: 'status', ...one })),
  );
}
