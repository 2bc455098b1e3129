import type { ClinicianId, DeviceId, PatientId } from '#domain/ids.ts';
import { troublesOfDevice, troublesOfSource } from '#domain/standing.ts';
import type { AskedView, DeviceView } from '#domain/views.ts';
import { instant } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { byClinician, clinicianIn } from '#runtime/records/actor.ts';
import { namesOfClinicians } from '#runtime/records/clinicians.ts';
import { type KeptCommand, keepCommand, lastAsked } from '#runtime/records/commands.ts';
import type { Records, Within } from '#runtime/records/connect.ts';
import { devicesOf, type PatientDevice } from '#runtime/records/devices.ts';
import { notFound, Refusal } from './problems.ts';

/** The devices of a patient as a care team sees them, and what it asks of the home. */

/** Long enough to be reached, to rest and to measure; later it would be another occasion. */
export const measureWithinMs = 30 * 60_000;

/** @param at RFC 3339 */
export async function deviceViews(records: Records, patient: PatientId, at: string): Promise<DeviceView[]> {
  const [devices, asked] = await Promise.all([devicesOf(records, patient, at), askedViews(records, patient)]);
  return devices.map((device) => viewOf(device, asked.get(device.device) ?? null));
}

/** Asks the home, unless it is being asked already. The caller has made sure that the patient is one of theirs. */
export async function askAgain(
  { records, random }: { records: Records; random: Random },
  wish: { patient: PatientId; device: DeviceId; by: ClinicianId; now: number },
): Promise<AskedView> {
  const { patient, device, by, now } = wish;
  await records.transaction().execute(async (db) => {
    // whoever presses twice, and a colleague who presses at the same moment, ask once
    await db.selectFrom('device').select('id').where('id', '=', device).forUpdate().execute();
    const has = (await devicesOf(db, patient, instant(now))).find((one) => one.device === device);
    if (!has) throw notFound();
    if (has.revoked) throw new Refusal({ status: 409, code: 'source-revoked', detail: 'Its gateway was revoked.' });
    if (isOpen((await askedViews(db, patient)).get(device))) return;
    const kept = await keepCommand(db, {
      source: has.source,
      command: { v: 1, id: random.uuid(), command: 'measure-again', device, by: instant(now + measureWithinMs) },
      patient,
      by: byClinician(by),
      now,
    });
    if (!kept)
      throw new Refusal({ status: 409, code: 'too-many-commands', detail: 'Too much waits for this gateway already.' });
  });
  const view = (await askedViews(records, patient)).get(device);
  if (!view) throw notFound();
  return view;
}

const isOpen = (asked: AskedView | undefined): boolean => asked?.state === 'waiting' || asked?.state === 'sent';

/** The last request for each device. */
async function askedViews(db: Within, patient: PatientId): Promise<Map<string, AskedView>> {
  const asked = await lastAsked(db, patient);
  const names = await namesOfClinicians(
    db,
    asked.map((one) => clinicianIn(one.by)),
  );
  return new Map(
    asked.map(({ device, ...kept }) => {
      const who = clinicianIn(kept.by);
      const name = who && names.get(who);
      return [device, askedOf(kept, who && name ? { id: who, name } : null)];
    }),
  );
}

const askedOf = (kept: Omit<KeptCommand, 'device'>, by: AskedView['by']): AskedView => ({
  id: kept.command.id,
  askedAt: kept.createdAt,
  until: kept.command.by,
  by,
  state: kept.outcome ?? (kept.sentAt === null ? 'waiting' : 'sent'),
  sentAt: kept.sentAt,
  answeredAt: kept.answeredAt,
  reason: kept.reason,
});

function viewOf(device: PatientDevice, asked: AskedView | null): DeviceView {
  const { status } = device;
  const own = status?.devices?.find((one) => one.device === device.device);
  const troubles = troublesOfDevice(own);
  if (device.saysBatteryLow && own?.battery === undefined) troubles.push('battery-low');
  return {
    device: device.device,
    model: device.model ?? own?.model ?? null,
    userSlot: device.userSlot,
    heardAt: latest(own?.heardAt, device.readingHeardAt),
    battery: own?.battery ?? null,
    rssi: own?.rssi ?? null,
    clockOffsetMs: own?.clockOffsetMs ?? null,
    troubles,
    trouble: own?.trouble ?? null,
    source: device.source,
    sourceKind: device.sourceKind,
    sourceState: device.revoked ? 'offline' : (status?.state ?? 'unknown'),
    sourceStateAt: device.statusAt,
    sourceClockOffsetMs: status?.clockOffsetMs ?? null,
    sourceTroubles: troublesOfSource(status, device.revoked),
    asked,
  };
}

function latest(a: string | null | undefined, b: string | null | undefined): string | null {
  if (!a || !b) return a ?? b ?? null;
  return Date.parse(a) > Date.parse(b) ? a : b;
}
