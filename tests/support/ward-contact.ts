import { randomUUID } from 'node:crypto';
import { ContactPointId } from '#domain/contact.ts';
import type { Records } from '#runtime/records/connect.ts';
import {
  addContactPoint,
  type ContactPoint,
  keepCode,
  recordContactOutcome,
  removeContactPoint,
  verifyContactPoint,
} from '#runtime/records/contact-points.ts';
import { writePageChannels } from '#runtime/records/reachability.ts';
import type { Ward } from './ward.ts';
import { ago } from './ward-readings.ts';

/** How the nurse of the ward is reached: one way of each kind, in each way it can stand. */

const minuteMs = 60_000;

export async function settleContact(records: Records, { nurse }: Ward): Promise<void> {
  const confidential = false;
  await writePageChannels(records, [
    { name: 'smtp', reaches: 'email', confidential },
    { name: 'sms', reaches: 'phone', confidential },
    { name: 'ntfy', reaches: 'ntfy', confidential },
    { name: 'web-push', reaches: 'web-push', confidential, publicKey: 'B'.repeat(87) },
  ]);
  const add = async (wish: Pick<ContactPoint, 'kind' | 'address'> & Partial<ContactPoint>, verified = true) => {
    const id = ContactPointId.parse(randomUUID());
    const point = { id, clinician: nurse.id, label: null, confidential, quiet: null, ...wish };
    await addContactPoint(records, point, ago(20 * minuteMs));
    const now = Date.parse(ago(19 * minuteMs));
    await keepCode(records, id, '123456', now);
    if (verified) await verifyContactPoint(records, { clinician: nurse.id, id }, '123456', now);
    await recordContactOutcome(records, id, { ok: true }, now);
    return id;
  };
  await add({
    ...{ kind: 'phone', address: '+8613800138000', label: 'At home' },
    quiet: { from: '22:00', to: '06:30', timeZone: 'Asia/Shanghai' },
  });
  await add({ kind: 'ntfy', address: 'hearthbeat-c2l4dGVlbiBieXRlcyE' }, false);
  const endpoint = 'https://updates.push.services.mozilla.com/wpush/v2/one';
  const keys = { p256dh: 'B'.repeat(87), auth: 'A'.repeat(22) };
  const browser = await add({ kind: 'web-push', address: JSON.stringify({ endpoint, keys }) });
  const unsubscribed = { ok: false, fault: 'the browser has unsubscribed', gone: true } as const;
  await recordContactOutcome(records, browser, unsubscribed, Date.parse(ago(5 * minuteMs)));
  const removed = await add({ kind: 'email', address: 'li.na@home.example', label: 'Private' });
  await removeContactPoint(records, { clinician: nurse.id, id: removed }, ago(minuteMs));
}
