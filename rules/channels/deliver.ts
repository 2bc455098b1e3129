import { isQuiet } from '#domain/contact.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Records } from '#runtime/records/connect.ts';
import { type ContactPoint, contactPointsOf, recordContactOutcome } from '#runtime/records/contact-points.ts';
import type { Channel, Delivery, OutgoingPage } from './channel.ts';

/** A page that is not written yet: how much it may say depends on where it goes. */
export type Draft = Omit<OutgoingPage, 'subject' | 'text' | 'mention'> & {
  write(to: { confidential: boolean; acknowledgeUrl: string | null }): { subject: string; text: string };
};

/**
 * Sends a page by one channel to every address that the recipient has for it: it got through when one of them took it. Writes down
 * at each contact point what became of it. Settles within `sendWithinMs` and the time of two statements.
 */
export type Deliver = (channel: Channel, draft: Draft) => Promise<Delivery>;

export function createDeliver({ records, clock }: { records: Records; clock: Clock }): Deliver {
  return async (channel, draft) => {
    const { confidential } = channel;
    if (channel.reaches === 'system')
      return channel.send(written(draft, { confidential, acknowledgeUrl: draft.acknowledgeUrl }));
    if (channel.reaches === 'group') {
      const [phone] = await placesFor('phone', draft);
      const page = written(draft, { confidential, acknowledgeUrl: null });
      return channel.send({ ...page, mention: phone?.address ?? null });
    }
    const places = await placesFor(channel.reaches, draft);
    if (places.length === 0) return noAddress;
    const now = clock.now();
    const awake = places.filter(({ quiet }) => !isQuiet(quiet, draft.severity, now));
    if (awake.length === 0) return wishesQuiet;
    const { acknowledgeUrl } = draft;
    const deliveries = await Promise.all(
      awake.map(async ({ id, address, ...place }) => {
        const to = { confidential: confidential && place.confidential, acknowledgeUrl };
        const delivery = await channel.send(written(draft, to), address);
        if (id) await recordContactOutcome(records, id, delivery, clock.now());
        return delivery;
      }),
    );
    return best(deliveries);
  };

  async function placesFor(kind: ContactPoint['kind'], { recipient }: Draft): Promise<Place[]> {
    const points = await contactPointsOf(records, recipient.id);
    const usable: Place[] = points.filter((point) => point.kind === kind && point.usable);
    const account = { id: null, address: recipient.email, confidential: true, quiet: null };
    return kind === 'email' ? [account, ...usable] : usable;
  }
}

/** `id`: null for the address of the account. */
type Place = Pick<ContactPoint, 'address' | 'confidential' | 'quiet'> & { id: ContactPoint['id'] | null };

function written({ write, ...page }: Draft, to: Parameters<Draft['write']>[0]): OutgoingPage {
  return { ...page, ...write(to), acknowledgeUrl: to.acknowledgeUrl, mention: null };
}

/** One that got through, else one that may yet, else any. */
const best = (deliveries: readonly Delivery[]): Delivery =>
  deliveries.find(({ ok }) => ok) ??
  deliveries.find((delivery) => !delivery.ok && delivery.retry) ??
  deliveries[0] ??
  noAddress;

const noAddress: Delivery = {
  ok: false,
  retry: false,
  fault: 'the clinician has no address for this channel',
  ofRecipient: true,
};
const wishesQuiet: Delivery = {
  ok: false,
  retry: false,
  fault: 'the clinician wishes quiet at this time',
  ofRecipient: true,
};
