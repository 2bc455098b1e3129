import type { AlertId, PageId } from '#domain/ids.ts';
import type { Language } from '#domain/words.ts';

/**
 * One way to reach a person. A channel says whether the page got through and, if not, whether trying again may help; when and how
 * often is decided in one place, rules/notify.ts.
 */
export interface Channel {
  /** Stands in the records, in metrics and on screens: one lower-case word. */
  readonly name: string;
  /** True when nobody outside the care team can read it: only then may a page hold names and values. */
  readonly confidential: boolean;
  /** Settles within `sendWithinMs`, and never rejects. Sending the same page twice must be recognisable by its id. */
  send(page: OutgoingPage): Promise<Delivery>;
}

/** A fault is a few fixed words: no address, no text of the page, no answer of a server. */
export type Delivery = { ok: true } | { ok: false; retry: boolean; fault: string };

export type OutgoingPage = {
  id: PageId;
  alert: AlertId;
  step: number;
  severity: 'routine' | 'urgent' | 'critical';
  recipient: { id: string; email: string; language: Language };
  subject: string;
  text: string;
  /** Where the alert is to be seen and acknowledged. */
  url: string;
};

/** A channel gives up by itself after so long. */
export const sendWithinMs = 15_000;
