import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { DeviceId, SourceId } from '#domain/ids.ts';
import type { Patient } from '#domain/people.ts';
import { byOperator } from '#runtime/records/actor.ts';
import { audit } from '#runtime/records/audit.ts';
import { addCertificate } from '#runtime/records/certificates.ts';
import type { Records } from '#runtime/records/connect.ts';
import { askErasure } from '#runtime/records/erasures.ts';
import { addSource, handOver, shutOut } from '#runtime/records/handing-out.ts';
import { keepPlatformAlert, sayComponents } from '#runtime/records/platform.ts';
import { quarantine } from '#runtime/records/quarantine.ts';
import { recordStatus } from '#runtime/records/sources.ts';
import { makeClinician, makePatient, makeTeam } from './people.ts';
import { cuffReading } from './readings.ts';
import type { Ward } from './ward.ts';
import { ago } from './ward-readings.ts';

/** What an administrator finds beside the ward: a home with a bit of everything, readings in quarantine, a platform in trouble. */

const minuteMs = 60_000;
const dayMs = 86_400_000;
const now = () => Date.parse(ago(0));

export type Administration = Awaited<ReturnType<typeof settleAdministration>>;

export async function settleAdministration(records: Records, ward: Ward) {
  const administrator = await makeClinician(records, {
    teams: [ward.team],
    role: 'administrator',
    name: 'Zhang Yi',
    email: 'engineer@clinic.example',
  });
  const by = byOperator();
  const home = SourceId.parse('gw-7k3mq2');
  await addSource(records, { kind: 'gateway', id: home, by, now: now() });
  await records
    .updateTable('source')
    .set({ enrolled_at: ago(40 * dayMs) })
    .where('id', '=', home)
    .execute();
  await addCertificate(records, home, {
    certificate: '',
    serial: randomBytes(16).toString('hex'),
    fingerprint: randomBytes(32).toString('hex'),
    keyFingerprint: randomBytes(32).toString('hex'),
    issuedAt: ago(40 * dayMs),
    notAfter: ago(-50 * dayMs),
  });
  const cuff = DeviceId.parse('C0:FF:EE:00:00:01');
  const scale = DeviceId.parse('C0:FF:EE:00:00:02');
  const give = async (patient: Patient, device: DeviceId, userSlot: number | null) =>
    handOver(records, {
      ...{ id: randomUUID(), device, source: home, model: device === cuff ? 'UA-651BLE' : 'UC-352BLE' },
      ...{ patient: patient.id, userSlot, from: ago(30 * dayMs), by },
    });
  await give(ward.people.well1.patient, cuff, null);
  const stranger = await makePatient(records, { team: await makeTeam(records), name: 'Of Another Team' });
  await give(stranger, scale, 1);
  await give(ward.people.well2.patient, scale, 2);
  const heardAt = ago(7 * minuteMs);
  await recordStatus(
    records,
    home,
    {
      v: 1,
      state: 'online',
      at: ago(minuteMs),
      software: '0.1.0',
      waiting: 3,
      devices: [
        { device: cuff, heardAt, battery: 12 },
        { device: scale, heardAt, battery: 80, trouble: 'wants-consent' },
        { device: DeviceId.parse('A4:C1:38:12:34:56'), model: 'Contour 7830', heardAt },
      ],
    },
    now() - minuteMs,
  );
  const lost = await addSource(records, { kind: 'device', id: SourceId.parse('watch-12'), by, now: now() });
  await shutOut(records, { source: lost!, by, now: now(), reason: 'lost-or-stolen' });

  const wanderer = DeviceId.parse('C0:FF:EE:00:00:09');
  await records.transaction().execute((db) => quarantine(db, [strange(home, wanderer), unreadable(home)]));
  await audit(records, { by: 'nobody', action: 'source-enrolled', outcome: 'code-unknown', address: '192.0.2.7' });
  await sayComponents(
    records,
    'platform',
    [
      { component: 'broker', state: 'ok', trouble: null, detail: '12 connected' },
      { component: 'journal', state: 'degraded', trouble: 'journal-nearly-full', detail: 'nearly full' },
      { component: 'vitals-store', state: 'down', trouble: 'vitals-store-away', detail: 'no answer' },
    ],
    now() + dayMs,
  );
  const alert = (component: string, trouble: 'vitals-store-away' | 'journal-nearly-full', closedAt: string | null) =>
    keepPlatformAlert(records, {
      ...{ id: randomUUID(), process: 'platform', component, trouble, closedAt, mailedAt: null },
      ...{ state: component === 'journal' ? ('degraded' as const) : ('down' as const), detail: 'no answer' },
      ...{ since: ago(95 * minuteMs), openedAt: ago(94 * minuteMs) },
    });
  await alert('vitals-store', 'vitals-store-away', null);
  await alert('journal', 'journal-nearly-full', null);
  await alert('vitals-store', 'vitals-store-away', ago(20 * minuteMs));
  const forgotten = await makePatient(records, { team: ward.team, name: 'Whoever Left' });
  await askErasure(records, {
    ...{ patient: forgotten.id, by: `clinician:${administrator.id}` as const, reason: 'asked-by-patient' },
    ...{ keepUntil: null, at: ago(5 * minuteMs) },
  });
  const readings = sql`${JSON.stringify({ at: ago(4 * minuteMs), removed: 412 })}::text::jsonb`;
  await sql`update erasure set parts = jsonb_build_object('readings', ${readings}) where patient_id = ${forgotten.id}`.execute(
    records,
  );
  return { administrator, home, cuff, scale, wanderer, lost: lost! };
}

/** A reading of a device that nobody has registered. */
function strange(source: SourceId, device: DeviceId) {
  const takenAt = ago(50 * minuteMs);
  const reading = cuffReading({ device, takenAt, heardAt: takenAt, systolic: 141 });
  return {
    source,
    receivedAt: now() - 40 * minuteMs,
    reason: 'unknown-device' as const,
    detail: 'no such device is registered',
    ref: undefined,
    payload: Buffer.from(JSON.stringify(reading)),
    about: { device, panel: 'blood-pressure' as const, takenAt: Date.parse(takenAt), readings: 1 },
  };
}

const unreadable = (source: SourceId) => ({
  source,
  receivedAt: now() - 3 * dayMs,
  reason: 'malformed' as const,
  detail: 'not JSON',
  ref: undefined,
  payload: Buffer.from([0xff, 0xd8, 0x00, 0x01]),
});
