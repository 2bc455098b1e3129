import type { Severity } from '#domain/alert.ts';
import type { ContactKind } from '#domain/contact.ts';
import type { AlertId } from '#domain/ids.ts';
import type { Clinician } from '#domain/people.ts';

/**
 * One way to reach a person. A channel says whether the page got through and, if not, whether trying again may help; when and how
 * often is decided in one place, rules/paging/notify.ts; to which addresses a page goes, in deliver.ts.
 */
export type Channel = PersonalChannel | CommonChannel;

type Named = {
  /** Stands in the records, in metrics and on screens: one lower-case word. */
  readonly name: string;
  /** True when nobody outside the care team can read it: only then may a page hold names and values. */
  readonly confidential: boolean;
};

export type PersonalChannel = Named & {
  /** The kind of contact point that it sends to. */
  readonly reaches: ContactKind;
  /** Of Web Push: what a browser subscribes with. */
  readonly publicKey?: string;
  /** Settles within `sendWithinMs`, and never rejects. Sending the same page twice must be recognisable by its id, where the protocol can say so. */
  send(page: OutgoingPage, address: string): Promise<Delivery>;
};

export type CommonChannel = Named & {
  /** `group`: a room that many read; one message of a step is enough there. `system`: a program of the hospital, told whom to call. */
  readonly reaches: 'group' | 'system';
  send(page: OutgoingPage): Promise<Delivery>;
};

/**
 * A fault is a few fixed words: no address, no text of the page, no answer of a server. `gone`: the address does not exist any more.
 * `ofRecipient`: the reason lies with whom it was for, and the channel is well.
 */
export type Delivery = { ok: true } | { ok: false; retry: boolean; fault: string; gone?: true; ofRecipient?: true };

export type OutgoingPage = {
  /** The same when it has to be sent again. */
  id: string;
  /** What it is about, the gravest first; none in a code or a test message. */
  alerts: readonly { alert: AlertId; step: number }[];
  /** Of the gravest. */
  severity: Severity;
  recipient: Recipient;
  subject: string;
  text: string;
  /** Where it is to be seen, after signing in. */
  url: string;
  /** Acknowledges as the recipient, without signing in. Never in what a group reads: anybody there could use it. */
  acknowledgeUrl: string | null;
  /** The recipient's telephone, for a group in which people are mentioned by it. */
  mention: string | null;
};

export type Recipient = Pick<Clinician, 'id' | 'email' | 'name' | 'language'>;

/** A channel gives up by itself after so long. */
export const sendWithinMs = 15_000;
