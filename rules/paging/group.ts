import { createHash } from 'node:crypto';
import { type Severity, severities } from '#domain/alert.ts';
import type { AlertId, PageId } from '#domain/ids.ts';

/**
 * Which pages to one person by one channel become one message. Pure. What is urgent or critical goes out at once; what follows within
 * a minute and is no graver waits for the next message. What is routine waits a minute for company. Whatever waits goes along with any
 * message about the same care team that goes earlier.
 */

export const groupWithinMs = 60_000;
/**
 * A message tells the gravest few and counts the rest; those left over go with the next one, a minute later. So many that a whole
 * district's are told within the five minutes, and so few that they are taken in hand within a moment.
 */
export const groupAtMost = 200;

/** When a page of a step that begins at `now` is first due. */
export const firstDue = (severity: Severity, now: number, withinMs = groupWithinMs): number =>
  severity === 'routine' ? now + withinMs : now;

/** A page that is not sent yet. `attempts`: 0 means that nobody has had it in hand. Times are ms since 1970. */
export type Waiting = { id: PageId; alert: AlertId; severity: Severity; attempts: number; dueAt: number };

/**
 * When a page may go that is due. The next step of an alert never waits for its own earlier ones, nor does a further attempt.
 * @param last when the last message about another alert at least as grave went to the same person by the same channel.
 */
export function mayGoAt(page: Waiting, last: number | undefined, now: number, withinMs = groupWithinMs): number {
  if (page.severity === 'routine' || page.attempts > 0 || last === undefined) return now;
  return Math.max(now, last + withinMs);
}

/** What goes out in one message when `lead` does, `lead` among them: the gravest first. */
export function together<P extends Waiting>(lead: P, waiting: readonly P[], now: number): P[] {
  // in hand, or tried and resting: it has a time of its own
  const ready = waiting.filter((page) => page.id !== lead.id && (page.attempts === 0 || page.dueAt <= now));
  const gravestFirst = (a: P, b: P) =>
    severities.indexOf(b.severity) - severities.indexOf(a.severity) || a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1);
  return [lead, ...ready.sort(gravestFirst).slice(0, groupAtMost - 1)].sort(gravestFirst);
}

/** The same pages are the same message, however often it is sent; other pages are another one, which no reader may take for a copy. */
export function messageOf(pages: readonly PageId[]): string {
  const [only] = pages;
  if (only && pages.length === 1) return only;
  const digits = createHash('sha256').update(pages.toSorted().join(' ')).digest('hex');
  // RFC 9562, version 8: the bits are our own business
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}
