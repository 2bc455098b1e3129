import type { Severity } from '#domain/alert.ts';
import { type Escalation, quietUntil, startsRound, waitAfter } from '#domain/escalation.ts';
import type { PlatformTrouble } from '#domain/platform.ts';
import type { Health } from '../service.ts';

/**
 * Is anybody being let down at this moment? Pure, and nothing of the code that judges and sends: what is late is said by what stands in the
 * records, by the escalation frozen into the alert, and by the auditor's own clock. Times are ms since 1970.
 */

/** An alert that is open and has somebody to call. */
export type OpenAlert = {
  severity: Severity;
  escalation: Escalation;
  /** When it last began to call. */
  raisedAt: number;
  /** Since then: a page has gone, or is on its way and not overdue. */
  isReached: boolean;
  /** Its latest call since then; `nth` counts from the beginning of this calling. */
  last: { nth: number; at: number } | null;
  /** The step that the agenda holds ready. */
  nextStepAt: number | null;
};

/** A critical alert that began to call lately. */
export type Judged = {
  raisedAt: number;
  /** When the server had the newest reading on which it was raised. */
  heardAt: number;
  /** For how long a second measurement was waited for, rightly. */
  waitsMs: number;
};

export type Facts = {
  open: readonly OpenAlert[];
  /** When each page was due that has not gone, of alerts that are open. */
  pagesDue: readonly number[];
  /** When what the agenda holds and nobody has done was due. */
  entriesDue: readonly number[];
  judged: readonly Judged[];
};

/** What comes on time with a process that was killed and begun again: a lease of 30 s, a sweep of 30 s, a start. */
export const usualGraceMs = 90_000;
/** From a reading on our disk to the alert that it opens. The budget until somebody answers is five minutes. */
export const openingBudgetMs = 60_000;

export type Late = 'uncalled' | 'unanswered';

/** Undefined: somebody has been called, and the next one will be in time. */
export function lateness(alert: OpenAlert, now: number, graceMs = usualGraceMs): Late | undefined {
  const { escalation, raisedAt, last } = alert;
  // whoever sleeps is called in the morning
  if (quietUntil(escalation, now) !== undefined) return undefined;
  const awakeAt = quietUntil(escalation, raisedAt) ?? raisedAt;
  if (!alert.isReached) return now > awakeAt + graceMs ? 'uncalled' : undefined;
  if (!last) return undefined;
  const repeatMs = escalation.repeatAfterSeconds * 1_000;
  const wait = waitAfter(escalation, last.nth);
  if (wait === undefined)
    return alert.severity === 'critical' && now > last.at + repeatMs + graceMs ? 'unanswered' : undefined;
  const morning = quietUntil(escalation, last.at + wait) ?? last.at + wait;
  if (now <= morning + graceMs) return undefined;
  // steps that have nobody are passed over, until the round is over and the next one waits
  const latest = startsRound(escalation, last.nth + 1) ? morning : morning + repeatMs;
  const isPlanned = alert.nextStepAt !== null && alert.nextStepAt + graceMs >= now;
  return isPlanned && now <= latest + graceMs ? undefined : 'uncalled';
}

export const isJudgedLate = ({ raisedAt, heardAt, waitsMs }: Judged): boolean =>
  raisedAt - heardAt > openingBudgetMs + waitsMs;

/** What the auditor finds, as components of the platform that are well or not. */
export const findingNames = [
  'late-calls',
  'unanswered-alerts',
  'stuck-pages',
  'late-due-times',
  'late-alerts',
] as const;
export type FindingName = (typeof findingNames)[number];
export type Findings = Record<FindingName, number>;

export function findingsOf(facts: Facts, now: number, graceMs = usualGraceMs): Findings {
  const late = facts.open.map((alert) => lateness(alert, now, graceMs));
  const overdue = (due: number) => due < now - graceMs;
  return {
    'late-calls': late.filter((one) => one === 'uncalled').length,
    'unanswered-alerts': late.filter((one) => one === 'unanswered').length,
    'stuck-pages': facts.pagesDue.filter(overdue).length,
    'late-due-times': facts.entriesDue.filter(overdue).length,
    'late-alerts': facts.judged.filter(isJudgedLate).length,
  };
}

const said: Record<FindingName, { trouble: PlatformTrouble; state: 'down' | 'degraded'; words: string }> = {
  'late-calls': { trouble: 'alert-uncalled', state: 'down', words: 'open alerts should have called by now' },
  'unanswered-alerts': { trouble: 'alert-unanswered', state: 'down', words: 'critical alerts called all, unanswered' },
  'stuck-pages': { trouble: 'page-stuck', state: 'down', words: 'pages are due and have not gone' },
  'late-due-times': { trouble: 'agenda-overdue', state: 'degraded', words: 'due times have passed' },
  'late-alerts': { trouble: 'alert-late', state: 'degraded', words: 'critical alerts opened late' },
};

export const healthsOf = (findings: Findings): Record<FindingName, Health> =>
  Object.fromEntries(
    findingNames.map((name) => {
      const { words, ...trouble } = said[name];
      return [name, findings[name] === 0 ? { state: 'ok' } : { ...trouble, detail: `${findings[name]} ${words}` }];
    }),
  ) as Record<FindingName, Health>;

/** How the canary's flights go. `agoMs`: since the last one ended. */
export type CanaryStanding = 'off' | 'not-yet' | { isHome: boolean; agoMs: number };

/**
 * Whether somebody outside may be told that all is well: what was looked at is on time, and the last canary has come home, not too long
 * ago. A critical alert that nobody answers is late too.
 * @param findings undefined when the records could not be asked. @param freshMs for how long a flight counts
 */
export const mayBeat = (findings: Findings | undefined, flown: CanaryStanding, freshMs: number): boolean =>
  findings !== undefined &&
  findingNames.every((name) => findings[name] === 0) &&
  (flown === 'off' || (flown !== 'not-yet' && flown.isHome && flown.agoMs <= freshMs));
