import type { AlertDetail } from '#domain/views.ts';
import type { Words } from '#domain/words.ts';

/** What the escalation does next. Pure. `names` is empty where nobody of the next step was paged before, so no name is known. */
export type NextPage =
  | { kind: 'stopped' }
  | { kind: 'pages-nobody' }
  | { kind: 'ended' }
  | { kind: 'page'; at: number; names: Words[] };

/** @param now ms since 1970. Pages that wait already come first; else the policy that is frozen into the alert says it. */
export function nextPageOf({ alert, pages, events }: AlertDetail, now: number): NextPage {
  if (alert.state !== 'open') return { kind: 'stopped' };
  if (!alert.escalation) return { kind: 'pages-nobody' };

  const waiting = pages.filter((page) => page.state === 'due').sort((a, b) => (a.dueAt < b.dueAt ? -1 : 1));
  const first = waiting[0];
  if (first) {
    const together = waiting.filter((page) => page.dueAt === first.dueAt);
    return { kind: 'page', at: Date.parse(first.dueAt), names: distinct(together.map((page) => page.recipient.name)) };
  }

  const { steps, repeatAfterSeconds, rounds } = alert.escalation;
  // a worsening starts the escalation anew
  const start = Date.parse(events.findLast((event) => event.kind === 'worsened')?.at ?? alert.openedAt);
  const roundSeconds = (steps.at(-1)?.afterSeconds ?? 0) + repeatAfterSeconds;
  for (let round = 0; round < rounds; round++)
    for (const step of steps) {
      const at = start + (round * roundSeconds + step.afterSeconds) * 1000;
      if (at <= now) continue;
      const known = pages.filter((page) => step.recipients.includes(page.recipient.id));
      return { kind: 'page', at, names: distinct(known.map((page) => page.recipient.name)) };
    }
  return { kind: 'ended' };
}

const distinct = (names: Words[]): Words[] => [...new Map(names.map((name) => [name.en, name])).values()];
