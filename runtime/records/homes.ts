import type { Command, CommandAnswer } from '#domain/downward.ts';
import type { DeviceId, PatientId, SourceId } from '#domain/ids.ts';
import type { Words } from '#domain/words.ts';
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
    .where((eb) =>
      /^[0-9a-f]{4}[0-9a-f-]*$/.test(digits)
        ? eb(eb.cast<string>('id', 'text'), 'like', `${digits}%`)
        : eb.or([eb(eb.ref('name', '->>').key('en'), '=', word), eb(eb.ref('name', '->>').key('zh'), '=', word)]),
    )
    .limit(limit)
    .execute();
  return rows.map((row) => ({ patient: row.id, name: row.name }));
}
