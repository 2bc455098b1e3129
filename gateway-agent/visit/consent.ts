import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import type { DeviceNotes } from '../outbox/device-notes.ts';
import type { Consent } from '../profiles/profile.ts';
import { beginConsent, decodeConsentAnswer, nextConsent } from '../profiles/user-control-point.ts';
import type { Link } from '../radio/radio.ts';
import { sigUuid } from '../radio/uuid.ts';
import type { Hearing } from './hearing.ts';
import { createInbox } from './inbox.ts';
import { consentLimits } from './limits.ts';
import { isGone } from './questions.ts';

/**
 * Has the device let the gateway in: as the user somebody has named, or else as a new one, which is noted the moment the device has told its
 * number. Where neither succeeds the visit goes on without, and the note says what is missing: a user's number and code.
 * @returns whether it was let in.
 */
export async function giveConsent(
  {
    link,
    hearing,
    notes,
    clock,
    random,
  }: { link: Link; hearing: Hearing; notes: DeviceNotes; clock: Clock; random: Random },
  device: string,
  { service, characteristic }: Consent,
): Promise<boolean> {
  const [its, point] = [sigUuid(service), sigUuid(characteristic)];
  const inbox = createInbox<{ bytes: Uint8Array } | 'gone'>(clock);
  void link.ended.then(() => inbox.put('gone'));
  const known = notes.of(device)?.consent;
  const pin = known?.code ?? Math.floor(random.next() * consentLimits.codes);
  const leave = hearing.listen(service, characteristic, (bytes) => {
    const answer = decodeConsentAnswer(bytes);
    // made, and not yet let in: whoever comes again must come as this one, even if the link is lost in this very moment
    if (!known && 'said' in answer && answer.said.index !== undefined)
      notes.note(device, { consent: { user: answer.said.index, code: pin } });
    inbox.put({ bytes });
  });
  let isIn = false;
  try {
    await link.subscribe(its, point);
    let step = beginConsent(known ? { index: known.user, pin } : { pin });
    while (!step.outcome) {
      if (step.write) await link.write(its, point, Buffer.from(step.write));
      const happening = await inbox.next(step.waitMs ?? 0);
      if (happening === 'gone') return false;
      step = nextConsent(step.state, happening);
    }
    isIn = 'user' in step.outcome;
  } catch (fault) {
    if (isGone(fault)) throw fault;
  } finally {
    leave();
  }
  notes.note(device, { trouble: isIn ? undefined : 'wants-consent' });
  return isIn;
}
