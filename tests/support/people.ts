import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { onCallStep, type Policies, type Policy, policiesFor } from '#domain/escalation.ts';
import { ClinicianId, DeviceId, PatientId, SourceId, TeamId } from '#domain/ids.ts';
import type { Clinician, Patient, Role } from '#domain/people.ts';
import { shardOf } from '#domain/topics.ts';
import { addCareTeam, addClinician } from '#runtime/records/clinicians.ts';
import type { Records } from '#runtime/records/connect.ts';
import { hashPassword } from '#runtime/records/passwords.ts';
import { addPatient } from '#runtime/records/patients.ts';
import { setOnCall } from '#runtime/records/rota.ts';

/** People, devices and sources for a test, in its own database. Every function gives back what it made. */

export const password = 'correct horse battery staple';

/** One hash for the whole run: a test that makes twenty clinicians should not hash for a second. */
let hash: Promise<string> | undefined;
const hashed = () => {
  hash ??= hashPassword(password);
  return hash;
};

export async function makeTeam(
  records: Records,
  wish: { name?: string; escalation?: Policy; policies?: Policies; timeZone?: string } = {},
): Promise<TeamId> {
  const id = TeamId.parse(randomUUID());
  const name = wish.name ?? `Team ${id.slice(0, 4)}`;
  await addCareTeam(records, {
    id,
    name: { en: name, zh: `${name} 组` },
    timeZone: wish.timeZone ?? 'Asia/Shanghai',
    policies:
      wish.policies ??
      policiesFor(
        wish.escalation ?? { steps: [onCallStep(0, 0), onCallStep(300, 1)], repeatAfterSeconds: 900, rounds: 3 },
      ),
  });
  return id;
}

/** Signs in with `email` and the `password` above. */
export async function makeClinician(
  records: Records,
  wish: { teams: TeamId[]; role?: Role; name?: string; email?: string; language?: 'en' | 'zh' },
): Promise<Clinician> {
  const id = ClinicianId.parse(randomUUID());
  const role = wish.role ?? 'nurse';
  const name = wish.name ?? `${role} ${id.slice(0, 4)}`;
  const clinician: Clinician = {
    id,
    email: wish.email ?? `${id.slice(0, 8)}@clinic.example`,
    name: { en: name, zh: `${name} 先生` },
    role,
    language: wish.language ?? 'en',
  };
  await addClinician(records, { ...clinician, teams: wish.teams, passwordHash: await hashed() });
  return clinician;
}

/** First called first. */
export const makeRota = (records: Records, team: TeamId, people: Clinician[]): Promise<void> =>
  setOnCall(
    records,
    team,
    people.map((person) => person.id),
  );

export async function makePatient(
  records: Records,
  wish: { team: TeamId; name?: string; birthDate?: string; sex?: Patient['sex']; silentAfterMinutes?: number },
): Promise<Patient> {
  const id = PatientId.parse(randomUUID());
  const name = wish.name ?? `Patient ${id.slice(0, 4)}`;
  const patient: Patient = {
    id,
    team: wish.team,
    name: { en: name, zh: `${name} 女士` },
    birthDate: wish.birthDate ?? '1948-03-09',
    sex: wish.sex ?? 'female',
    conditions: [{ en: 'Hypertension', zh: '高血压' }],
  };
  await addPatient(records, patient);
  if (wish.silentAfterMinutes !== undefined)
    await records
      .insertInto('care_plan')
      .values({ patient_id: id, overrides: '{}', silent_after_minutes: wish.silentAfterMinutes, updated_by: null })
      .execute();
  return patient;
}

/** A gateway, or a device that speaks MQTT itself; its MQTT user name is `source`, its password `secret`. */
export async function makeSource(
  records: Records,
  wish: { id?: string; kind?: 'gateway' | 'device' } = {},
): Promise<{ source: SourceId; secret: string }> {
  const source = SourceId.parse(wish.id ?? `gw-${randomBytes(4).toString('hex')}`);
  const secret = randomBytes(32).toString('base64url');
  await records
    .insertInto('source')
    .values({
      id: source,
      kind: wish.kind ?? 'gateway',
      shard: shardOf(source),
      secret_hash: createHash('sha256').update(secret).digest('hex'),
    })
    .execute();
  return { source, secret };
}

/** A device behind a source; with `patient`, assigned to them from `from` (default: the year 2020) until `to`. */
export async function makeDevice(
  records: Records,
  wish: {
    source: SourceId;
    id?: string;
    model?: string;
    patient?: PatientId;
    userSlot?: number;
    from?: string;
    to?: string;
  },
): Promise<DeviceId> {
  const address = [...randomBytes(6)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':');
  const device = DeviceId.parse(wish.id ?? address);
  await records
    .insertInto('device')
    .values({ id: device, source_id: wish.source, model: wish.model ?? 'Test cuff' })
    .execute();
  if (wish.patient) await assign(records, { ...wish, device, patient: wish.patient });
  return device;
}

export async function assign(
  records: Records,
  wish: { device: DeviceId; patient: PatientId; userSlot?: number; from?: string; to?: string },
): Promise<void> {
  await records
    .insertInto('assignment')
    .values({
      id: randomUUID(),
      device_id: wish.device,
      user_slot: wish.userSlot ?? null,
      patient_id: wish.patient,
      from_at: wish.from ?? '2020-01-01T00:00:00Z',
      to_at: wish.to ?? null,
    })
    .execute();
}
