import { sql } from 'kysely';
import type { PatientId, SourceId } from '#domain/ids.ts';
import type { PlatformTrouble } from '#domain/platform.ts';
import { troublesOfDevice, troublesOfSource } from '#domain/standing.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { Within } from './connect.ts';

/** What is known of homes that are not heard. Times are ms since 1970. */

export type HomeDevice = {
  /** What it measured of this patient last. */
  panels: readonly PanelName[];
  lastReadingAt: number | null;
  source: {
    id: SourceId;
    kind: 'gateway' | 'device';
    /** Shut out, or its radio is down. */
    deaf: boolean;
    /** Null while it is online; 0 where it never came. */
    awaySince: number | null;
    /** It keeps readings that it cannot get through. */
    waiting: boolean;
  };
  /** By its own word or its gateway's. */
  troubled: boolean;
};

/** The devices that these patients have at `at`. Whoever has none is absent. */
export async function homesOf(
  db: Within,
  patients: readonly PatientId[],
  at: number,
): Promise<Map<PatientId, HomeDevice[]>> {
  if (patients.length === 0) return new Map();
  const rows = await db
    .selectFrom('assignment')
    .innerJoin('device', 'device.id', 'assignment.device_id')
    .innerJoin('source', 'source.id', 'device.source_id')
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('latest_value')
          .select((of) => [
            of.fn.max('taken_at').as('last_taken_at'),
            sql<PanelName[] | null>`array_agg(distinct panel)`.as('panels'),
            sql<boolean | null>`bool_or(marks @> '["battery-low"]')`.as('says_battery_low'),
          ])
          .whereRef('latest_value.patient_id', '=', 'assignment.patient_id')
          .whereRef('latest_value.device_id', '=', 'device.id')
          .as('measured'),
      (join) => join.onTrue(),
    )
    .select(['assignment.patient_id', 'device.id', 'source.id as source', 'source.kind', 'source.revoked_at'])
    .select(['source.status', 'source.status_at'])
    .select(['measured.last_taken_at', 'measured.panels', 'measured.says_battery_low'])
    .where('assignment.patient_id', '=', sql<PatientId>`any(${[...patients]}::uuid[])`)
    .where('assignment.from_at', '<=', new Date(at))
    .where((eb) => eb.or([eb('assignment.to_at', 'is', null), eb('assignment.to_at', '>', new Date(at))]))
    .execute();
  const homes = new Map<PatientId, HomeDevice[]>();
  for (const row of rows) {
    const devices = homes.get(row.patient_id) ?? [];
    homes.set(row.patient_id, devices);
    const own = row.status?.devices?.find(({ device }) => device === row.id);
    const ofSource = troublesOfSource(row.status, row.revoked_at !== null);
    const online = row.status?.state === 'online';
    devices.push({
      panels: row.panels ?? [],
      lastReadingAt: row.last_taken_at?.getTime() ?? null,
      source: {
        id: row.source,
        kind: row.kind,
        deaf: ofSource.includes('revoked') || ofSource.includes('radio-down'),
        awaySince: online ? null : (row.status_at?.getTime() ?? 0),
        waiting: ofSource.includes('backlog'),
      },
      troubled:
        own?.trouble !== undefined || troublesOfDevice(own).includes('battery-low') || row.says_battery_low === true,
    });
  }
  return homes;
}

/** While one of these lasts, readings do not reach the judge, or what sources say of themselves does not reach the records. */
const deafening: readonly PlatformTrouble[] = [
  'journal-full',
  'journal-unwritable',
  'readings-not-kept',
  'records-away',
  'recording-waits',
  'judging-waits',
  'consumer-behind',
  'homes-unheard',
];

/** The parts by which the judge hears. A process that is silent bears the names of its parts; one that is all of them, none. */
const ears = ['broker', 'ingest', 'rules'];
const anEar = `^process .*(platform|${ears.join('|')})`;

/** Whether the platform hears badly, or did after `since`. */
export async function wasDeaf(db: Within, since: number): Promise<boolean> {
  const found = await db
    .selectFrom('platform_alert')
    .select('id')
    .where((eb) =>
      eb.or([
        eb('trouble', 'in', deafening),
        eb('trouble', '=', 'not-running').and('component', 'in', ears),
        eb('trouble', '=', 'process-silent').and('component', '~', anEar),
      ]),
    )
    .where((eb) => eb.or([eb('closed_at', 'is', null), eb('closed_at', '>', new Date(since))]))
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/** How many sources were there after `since` or still are, and how many of those are online. */
export async function sourcesHeard(db: Within, since: number): Promise<{ known: number; online: number }> {
  const row = await db
    .selectFrom('source')
    .select((eb) => [
      eb.fn.countAll<string>().as('known'),
      eb.fn.countAll<string>().filterWhere(sql`status ->> 'state'`, '=', 'online').as('online'),
    ])
    .where('revoked_at', 'is', null)
    .where('canary', '=', false)
    .where('status_at', '>', new Date(since))
    .executeTakeFirstOrThrow();
  return { known: Number(row.known), online: Number(row.online) };
}
