import { sql } from 'kysely';
import { z } from 'zod';
import { PatientId, type SourceId, TeamId } from '#domain/ids.ts';
import type { Clock } from '../clock.ts';
import type { Within } from './connect.ts';
import { patientsOfSources } from './devices.ts';
import { type Listening, listenTo } from './listening.ts';

/**
 * What changed, told to every process that listens (PostgreSQL NOTIFY). It carries ids only: who is told looks again.
 * Inside a transaction it is told on commit. It may be lost while a listener reconnects; `onGap` says so.
 */
export const Change = z.object({
  kind: z.enum(['reading', 'alert', 'task', 'page', 'care-plan', 'status']),
  team: TeamId,
  patient: PatientId,
  id: z.string().optional(),
});
export type Change = z.infer<typeof Change>;

const channel = 'hearthbeat_change';

export async function announce(db: Within, changes: Change[]): Promise<void> {
  if (changes.length === 0) return;
  const texts = changes.map((change) => JSON.stringify(change));
  await sql`select pg_notify(${channel}, text) from unnest(${texts}::text[]) as text`.execute(db);
}

/** There is something new to read of these patients: one statement, however many they are. */
export async function announceReadings(db: Within, patients: ReadonlySet<PatientId>): Promise<void> {
  if (patients.size === 0) return;
  await sql`
    select pg_notify(${channel}, json_build_object('kind', 'reading', 'team', team_id, 'patient', id)::text)
    from patient where id = any(${[...patients]}::uuid[])`.execute(db);
}

/** These sources said how they stand: told to who looks at the patients that have a device of theirs now. @param now ms since 1970 */
export async function announceStatuses(db: Within, sources: readonly SourceId[], now: number): Promise<void> {
  const patients = await patientsOfSources(db, sources, now);
  await announce(
    db,
    patients.map((one): Change => ({ kind: 'status', ...one })),
  );
}

/** Tells of every change; see `listenTo`. */
export const listen = (
  databaseUrl: string,
  clock: Clock,
  onChange: (change: Change) => void,
  onGap: () => void,
): Listening =>
  listenTo(
    databaseUrl,
    clock,
    channel,
    (text) => {
      const change = Change.safeParse(parse(text));
      if (change.success) onChange(change.data);
    },
    onGap,
  );

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
