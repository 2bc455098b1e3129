import { sql } from 'kysely';
import pg from 'pg';
import { z } from 'zod';
import { PatientId, type SourceId, TeamId } from '#domain/ids.ts';
import type { Clock } from '../clock.ts';
import type { Within } from './connect.ts';
import { patientsOfSources } from './devices.ts';

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

export type Listening = { stop(): Promise<void>; connected(): boolean };

/** Keeps one connection and renews it when it breaks. */
export function listen(
  databaseUrl: string,
  clock: Clock,
  onChange: (change: Change) => void,
  onGap: () => void,
): Listening {
  let client: pg.Client | undefined;
  let stopped = false;
  let connected = false;
  let cancelRetry = () => {};

  const open = async () => {
    const next = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'hearthbeat-changes',
      keepAlive: true,
    });
    client = next;
    const lost = () => {
      if (client !== next) return;
      client = undefined;
      connected = false;
      void next.end().catch(() => {});
      if (!stopped) cancelRetry = clock.after(1_000, () => void open());
    };
    next.on('error', lost);
    next.on('end', lost);
    next.on('notification', ({ payload }) => {
      const change = Change.safeParse(parse(payload));
      if (change.success) onChange(change.data);
    });
    try {
      await next.connect();
      await next.query(`listen ${channel}`);
      connected = true;
      onGap();
    } catch {
      lost();
    }
  };
  void open();
  return {
    connected: () => connected,
    stop: async () => {
      stopped = true;
      cancelRetry();
      const last = client;
      client = undefined;
      await last?.end().catch(() => {});
    },
  };
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
