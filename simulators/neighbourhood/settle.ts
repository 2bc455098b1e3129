import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { DeviceId } from '#domain/ids.ts';
import { instant } from '#runtime/clock.ts';
import type { Actor } from '#runtime/records/actor.ts';
import { changeAlert, listAlerts } from '#runtime/records/alerts.ts';
import { assignDevice } from '#runtime/records/assignments.ts';
import type { Records, Within } from '#runtime/records/connect.ts';
import { findRegistrations, registerDevice } from '#runtime/records/devices.ts';
import { hashPassword } from '#runtime/records/passwords.ts';
import { addPatient } from '#runtime/records/patients.ts';
import { registerSource } from '#runtime/records/sources.ts';
import { clinicians, type Resident, residents, teams } from './people.ts';
import { planOf } from './plans.ts';
import { neighbourhoodPolicies, settleRota } from './rota.ts';

/**
 * What the neighbourhood remembers of itself under DATA_DIR (mode 0600): how often it was started, and the passwords of the demo
 * logins. Made at the first start, different on every machine.
 */
const Memory = z.object({
  starts: z.int().min(0),
  /** ms since 1970: the first start, from which histories count. */
  settledAt: z.number().optional(),
  passwords: z.record(z.string(), z.string()),
});
export type Memory = z.infer<typeof Memory>;

const memoryFile = (dataDir: string) => join(dataDir, 'neighbourhood.json');
export const loginsFile = (dataDir: string) => join(dataDir, 'demo-logins.json');

export async function readMemory(dataDir: string): Promise<Memory> {
  const text = await readFile(memoryFile(dataDir), 'utf8').catch(() => undefined);
  const old = text === undefined ? { starts: 0, settledAt: undefined, passwords: {} } : Memory.parse(JSON.parse(text));
  const keep = (names: string[], kept: Record<string, string>, make: () => string) =>
    Object.fromEntries(names.map((name) => [name, kept[name] ?? make()]));
  return {
    starts: old.starts,
    settledAt: old.settledAt,
    passwords: keep(
      clinicians.map((c) => c.email),
      old.passwords,
      () => randomBytes(9).toString('base64url'),
    ),
  };
}

export async function writeMemory(dataDir: string, memory: Memory): Promise<void> {
  await writePrivately(memoryFile(dataDir), memory);
  await writePrivately(
    loginsFile(dataDir),
    clinicians.map(({ email, name, role }) => ({ email, password: memory.passwords[email], role, name })),
  );
}

async function writePrivately(file: string, content: object): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Residents, carers, homes and devices into the records. Doing it again changes nothing. */
export async function settle(records: Records, memory: Memory, historyFrom: number, now: number): Promise<void> {
  const hashes = new Map<string, string>();
  for (const { email } of clinicians) hashes.set(email, await hashPassword(memory.passwords[email]!));
  await records.transaction().execute(async (db) => {
    for (const team of teams) {
      const row = {
        name: JSON.stringify(team.name),
        time_zone: team.timeZone,
      };
      const policies = JSON.stringify(neighbourhoodPolicies);
      await db
        .insertInto('care_team')
        .values({ id: team.id, policies, ...row })
        .onConflict((c) => c.column('id').doUpdateSet(row))
        .execute();
      await db
        .updateTable('care_team')
        .set({ policies })
        .where('id', '=', team.id)
        // whoever changed them meant it
        .where('policies_updated_by', 'is', null)
        .execute();
    }
    for (const { id, email, name, role, language } of clinicians) {
      const row = { email, name: JSON.stringify(name), role, language, password_hash: hashes.get(email)! };
      await db
        .insertInto('clinician')
        .values({ id, ...row })
        .onConflict((c) => c.column('id').doUpdateSet(row))
        .execute();
      for (const team of teams)
        await db
          .insertInto('team_member')
          .values({ team_id: team.id, clinician_id: id })
          .onConflict((c) => c.doNothing())
          .execute();
    }
    const serving = { chen: idOf('chen.wei'), hart: idOf('emily.hart'), sun: idOf('sun.hao') };
    for (const team of teams) await settleRota(db, team, serving, now);
    for (const resident of residents) await settleHome(db, resident, historyFrom);
  });
}

const idOf = (name: string) => clinicians.find(({ email }) => email === `${name}@hearthbeat.example`)!.id;

async function settleHome(db: Within, resident: Resident, historyFrom: number): Promise<void> {
  const { patient, home } = resident;
  const known = await db.selectFrom('patient').select('id').where('id', '=', patient.id).executeTakeFirst();
  if (!known) {
    await addPatient(db, patient, byNeighbourhood);
    await db
      .insertInto('care_plan')
      .values({ patient_id: patient.id, overrides: '{}', silent_after_minutes: resident.silentAfterMinutes })
      .execute();
  }
  const plan = planOf(resident, historyFrom);
  await db
    .updateTable('care_plan')
    .set({
      programmes: JSON.stringify(plan.programmes),
      expected: JSON.stringify(plan.expected),
      follow_up: JSON.stringify(plan.followUp),
    })
    .where('patient_id', '=', patient.id)
    // whoever changed it meant it
    .where('updated_by', 'is', null)
    .execute();
  const kind = home.kind === 'cuff' ? 'gateway' : 'device';
  await registerSource(db, { id: home.source, kind, by: byNeighbourhood });
  // one device, one patient for ever: the patient's own id serves, and for the second one that with another beginning
  await settleDevice(db, resident, home, patient.id, historyFrom);
  if (home.further)
    await settleDevice(db, resident, home.further, patient.id.replace('4ea47b00', '4ea47b01'), historyFrom);
}

async function settleDevice(
  db: Within,
  { patient, home }: Resident,
  { device, model }: { device: DeviceId; model: string },
  assignment: string,
  historyFrom: number,
): Promise<void> {
  // whoever gave the device to another source, or to nobody, meant it
  if ((await findRegistrations(db, [device])).has(device)) return;
  await registerDevice(db, { id: device, source: home.source, model, by: byNeighbourhood });
  await assignDevice(db, {
    id: assignment,
    device,
    userSlot: null,
    patient: patient.id,
    from: instant(historyFrom),
    by: byNeighbourhood,
  });
}

export const byNeighbourhood: Actor = 'operator:simulated-neighbourhood';

/**
 * An earlier start may have left this resident's episode open, and a new crisis would only join it. The neighbourhood closes
 * it in its own name so that the visitor sees the whole story again; everybody else's alerts stay as they are.
 */
export async function closeOldStory(records: Records, resident: Resident, now: number): Promise<void> {
  const old = await listAlerts(records, {
    teams: [resident.patient.team],
    patient: resident.patient.id,
    states: ['open', 'acknowledged'],
    limit: 50,
  });
  for (const alert of old)
    await changeAlert(records, alert.id, {
      kind: 'resolve',
      by: null,
      outcome: 'other',
      note: 'The simulated neighbourhood was started again. 模拟社区已重新启动。',
      at: instant(now),
    });
}

/** The newest reading each device has in the records, ms since 1970: where its history goes on. */
export async function lastTakenAt(records: Records): Promise<Map<string, number>> {
  const rows = await records
    .selectFrom('latest_value')
    .select(({ fn }) => ['device_id', fn.max('taken_at').as('taken_at')])
    .groupBy('device_id')
    .execute();
  return new Map(rows.map((row) => [row.device_id, new Date(row.taken_at).getTime()]));
}
