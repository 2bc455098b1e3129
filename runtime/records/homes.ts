import { canary } from '#domain/canary.ts';
import type { Command, CommandAnswer } from '#domain/downward.ts';
import type { DeviceId, PatientId, SourceId, TeamId } from '#domain/ids.ts';
import type { Words } from '#domain/words.ts';
import type { Holding } from './assignments.ts';
import type { Within } from './connect.ts';

/** Homes as an operator sees them: which device is behind which source, and whose it is. */

export type HomeDevice = {
  device: DeviceId;
  source: SourceId;
  model: string | null;
  holders: { patient: PatientId; name: Words; userSlot: number | null }[];
};

/** @param at ms since 1970: who has it then. */
export async function devicesInHomes(db: Within, at: number): Promise<HomeDevice[]> {
  const rows = await db
    .selectFrom('device')
    .leftJoin('assignment', (join) =>
      join
        .onRef('assignment.device_id', '=', 'device.id')
        .on('assignment.from_at', '<=', new Date(at))
        .on((eb) => eb.or([eb('assignment.to_at', 'is', null), eb('assignment.to_at', '>', new Date(at))])),
    )
    .leftJoin('patient', 'patient.id', 'assignment.patient_id')
    .where('device.source_id', '<>', canary.source)
    .select(['device.id', 'device.source_id', 'device.model', 'assignment.user_slot'])
    .select(['patient.id as patient_id', 'patient.name'])
    .orderBy('device.id')
    .orderBy('assignment.user_slot')
    .execute();
  const devices = new Map<DeviceId, HomeDevice>();
  for (const row of rows) {
    const device = devices.get(row.id) ?? { device: row.id, source: row.source_id, model: row.model, holders: [] };
    devices.set(row.id, device);
    if (row.patient_id && row.name)
      device.holders.push({ patient: row.patient_id, name: row.name, userSlot: row.user_slot });
  }
  return [...devices.values()];
}

/** Until when a code of each source waits to be used. */
export async function waitingCodes(db: Within, at: number): Promise<Map<SourceId, string>> {
  const rows = await db
    .selectFrom('enrolment_code')
    .select(['source_id', 'expires_at'])
    .where('used_at', 'is', null)
    .where('expires_at', '>', new Date(at))
    .execute();
  return new Map(rows.map((row) => [row.source_id, row.expires_at.toISOString()]));
}

export type LastCommand = {
  command: Command['command'];
  createdAt: string;
  sentAt: string | null;
  outcome: CommandAnswer['outcome'] | null;
  reason: string | null;
};

/** What each source was asked last. */
export async function lastCommands(db: Within): Promise<Map<SourceId, LastCommand>> {
  const rows = await db
    .selectFrom('source')
    .innerJoinLateral(
      (eb) =>
        eb
          .selectFrom('command')
          .select(['body', 'created_at', 'sent_at', 'outcome', 'reason'])
          .whereRef('command.source_id', '=', 'source.id')
          .orderBy('created_at', 'desc')
          .limit(1)
          .as('last'),
      (join) => join.onTrue(),
    )
    .select(['source.id', 'last.body', 'last.created_at', 'last.sent_at', 'last.outcome', 'last.reason'])
    .execute();
  return new Map(
    rows.map((row) => [
      row.id,
      {
        command: row.body.command,
        createdAt: row.created_at.toISOString(),
        sentAt: row.sent_at?.toISOString() ?? null,
        outcome: row.outcome,
        reason: row.reason,
      },
    ]),
  );
}

/** Whoever has no device, newest first. @param at ms since 1970 */
export async function patientsWithoutDevice(
  db: Within,
  at: number,
  limit: number,
): Promise<{ patient: PatientId; name: Words }[]> {
  const rows = await db
    .selectFrom('patient')
    .select(['id', 'name'])
    .where('canary', '=', false)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('assignment')
            .select('assignment.id')
            .whereRef('assignment.patient_id', '=', 'patient.id')
            .where('assignment.from_at', '<=', new Date(at))
            .where((eb) => eb.or([eb('assignment.to_at', 'is', null), eb('assignment.to_at', '>', new Date(at))])),
        ),
      ),
    )
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ patient: row.id, name: row.name }));
}

/** By id, by the beginning of an id (four digits or more), or by the whole name in either language. At most `limit`. */
export async function findPatientsByWord(
  db: Within,
  word: string,
  limit: number,
): Promise<{ patient: PatientId; name: Words }[]> {
  const digits = word.toLowerCase();
  const rows = await db
    .selectFrom('patient')
    .select(['id', 'name'])
    .where('canary', '=', false)
    .where((eb) =>
      /^[0-9a-f]{4}[0-9a-f-]*$/.test(digits)
        ? eb(eb.cast<string>('id', 'text'), 'like', `${digits}%`)
        : eb.or([eb(eb.ref('name', '->>').key('en'), '=', word), eb(eb.ref('name', '->>').key('zh'), '=', word)]),
    )
    .limit(limit)
    .execute();
  return rows.map((row) => ({ patient: row.id, name: row.name }));
}

/** What each of these sources signs in with, and how many devices are registered with it. */
export async function standingOfSources(
  db: Within,
  sources: readonly SourceId[],
  at: number,
): Promise<
  Map<SourceId, { credential: 'certificate' | 'token' | null; certificateEndsAt: string | null; devices: number }>
> {
  if (sources.length === 0) return new Map();
  const rows = await db
    .selectFrom('source')
    .select((eb) => [
      'id',
      'secret_hash',
      'revoked_at',
      eb
        .selectFrom('source_certificate')
        .select((part) => part.fn.max('not_after').as('ends'))
        .whereRef('source_certificate.source_id', '=', 'source.id')
        .where('source_certificate.revoked_at', 'is', null)
        .where('not_after', '>', new Date(at))
        .as('ends'),
      eb
        .selectFrom('device')
        .select((part) => part.fn.countAll().as('devices'))
        .whereRef('device.source_id', '=', 'source.id')
        .as('devices'),
    ])
    .where('id', 'in', [...sources])
    .execute();
  return new Map(
    rows.map(({ id, secret_hash, revoked_at, ends, devices }) => {
      const credential = revoked_at ? null : ends ? 'certificate' : secret_hash ? 'token' : null;
      const certificateEndsAt = revoked_at ? null : (ends?.toISOString() ?? null);
      return [id, { credential, certificateEndsAt, devices: Number(devices) }] as const;
    }),
  );
}

/** Sources whose id, one of whose devices, or a holder of these teams has this text in it. By id. */
export async function searchSources(
  db: Within,
  text: string,
  who: { teams: readonly TeamId[]; limit: number },
): Promise<SourceId[]> {
  const like = `%${escapeLike(text)}%`;
  const rows = await db
    .selectFrom('source')
    .leftJoin('device', 'device.source_id', 'source.id')
    .leftJoin('assignment', 'assignment.device_id', 'device.id')
    .leftJoin('patient', (join) =>
      join
        .onRef('patient.id', '=', 'assignment.patient_id')
        .on('patient.team_id', 'in', [...who.teams, nobodysTeam])
        .on('patient.erased_at', 'is', null),
    )
    .where('source.canary', '=', false)
    .where((eb) =>
      eb.or([
        eb(eb.cast<string>('source.id', 'text'), 'ilike', like),
        eb(eb.cast<string>('device.id', 'text'), 'ilike', like),
        eb(eb.ref('patient.name', '->>').key('en'), 'ilike', like),
        eb(eb.ref('patient.name', '->>').key('zh'), 'ilike', like),
      ]),
    )
    .select('source.id')
    .distinct()
    .orderBy('source.id')
    .limit(who.limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Patients of these teams in whose name the text stands, or whose id begins with it; by name, not those who were erased. */
export async function searchPatients(
  db: Within,
  text: string,
  who: { teams: readonly TeamId[]; limit: number },
): Promise<{ id: PatientId; name: Words; birthDate: string; team: TeamId }[]> {
  const like = `%${escapeLike(text)}%`;
  const rows = await db
    .selectFrom('patient')
    .select(['id', 'name', 'birth_date', 'team_id'])
    .where('team_id', 'in', [...who.teams, nobodysTeam])
    .where('erased_at', 'is', null)
    .where((eb) =>
      eb.or([
        eb(eb.ref('name', '->>').key('en'), 'ilike', like),
        eb(eb.ref('name', '->>').key('zh'), 'ilike', like),
        eb(eb.cast<string>('id', 'text'), 'like', `${escapeLike(text.toLowerCase())}%`),
      ]),
    )
    .orderBy((eb) => eb.ref('name', '->>').key('en'))
    .limit(who.limit)
    .execute();
  return rows.map((row) => ({ id: row.id, name: row.name, birthDate: row.birth_date, team: row.team_id }));
}

/** SQL takes no empty list. */
const nobodysTeam = '00000000-0000-0000-0000-000000000000' as TeamId;
const escapeLike = (text: string): string => text.replaceAll(/[\\%_]/g, '\\$&');

/** The devices registered with a source. */
export async function devicesOfSource(
  db: Within,
  source: SourceId,
): Promise<{ device: DeviceId; model: string | null }[]> {
  const rows = await db
    .selectFrom('device')
    .select(['id', 'model'])
    .where('source_id', '=', source)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({ device: row.id, model: row.model }));
}

/** `name`: null for whoever is to be forgotten. */
export type HoldingOfDevice = Holding & { device: DeviceId; name: Words | null; team: TeamId };

/** Who had these devices, the newest first; not what was undone. At most `limit` in all. */
export async function holdingsOfDevices(
  db: Within,
  devices: readonly DeviceId[],
  limit: number,
): Promise<HoldingOfDevice[]> {
  if (devices.length === 0) return [];
  const rows = await db
    .selectFrom('assignment')
    .innerJoin('patient', 'patient.id', 'assignment.patient_id')
    .select(['assignment.id', 'device_id', 'patient_id', 'user_slot', 'from_at', 'to_at', 'assignment.created_at'])
    .select(['patient.name', 'patient.team_id', 'patient.erased_at'])
    .where('device_id', 'in', [...devices])
    .where((eb) => eb.or([eb('to_at', 'is', null), eb('to_at', '>', eb.ref('from_at'))]))
    .orderBy('from_at', 'desc')
    .orderBy('assignment.id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    device: row.device_id,
    patient: row.patient_id,
    name: row.erased_at ? null : row.name,
    team: row.team_id,
    userSlot: row.user_slot,
    from: row.from_at.toISOString(),
    to: row.to_at?.toISOString() ?? null,
    createdAt: row.created_at?.toISOString() ?? null,
  }));
}
