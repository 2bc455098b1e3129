import { z } from 'zod';
import type { Severity } from './alert.ts';
import type { AlertEntry } from './alert-change.ts';

/**
 * The clock of a call: from the measurement that decided it to the person who answered, read from the alert's journal. An episode has
 * one for each time it called: opened, worsened, renewed, re-opened.
 */

/** From the measurement to the acknowledged page; what the platform is built for. */
export const acknowledgeWithinMs = 5 * 60_000;

const Moment = z.iso.datetime();
const Later = Moment.nullable();

/** Null is "not yet", and of `stored` "not known". `budget` is null where the alert calls nobody: it waits in the worklist. */
export const AlertClock = z.object({
  measured: Moment,
  heard: Moment,
  stored: Later,
  opened: Moment,
  paged: Later,
  seen: Later,
  acknowledged: Later,
  budget: z
    .object({
      endsAt: Moment,
      /** Null while it is neither. */
      kept: z.boolean().nullable(),
    })
    .nullable(),
});
export type AlertClock = z.infer<typeof AlertClock>;

/** A call, and how it ended: `endedAt` is when somebody answered, or when the next call or the recovery took its place. */
export type Call = { severity: Severity | null; clock: AlertClock; endedAt: string | null };

const callKinds = ['opened', 'worsened', 'renewed', 'reopened'];
const answerKinds = ['acknowledged', 'snoozed', 'resolved'];

/**
 * Oldest first. @param entries the journal, oldest first. @param sentAt when pages went out, where the journal does not tell.
 * @param evidence what to count from where an old journal does not tell. @param now ms since 1970.
 */
export function callsOf(
  entries: readonly AlertEntry[],
  now: number,
  { sentAt = [], evidence }: { sentAt?: readonly string[]; evidence?: { takenAt: string; heardAt: string } } = {},
): Call[] {
  const starts = entries.flatMap((entry, i) => (callKinds.includes(entry.kind) ? [i] : []));
  return starts.flatMap((start, nth) => {
    const opening = entries[start];
    if (!opening) return [];
    const text = (name: string) => (typeof opening.detail[name] === 'string' ? (opening.detail[name] as string) : null);
    const measured = text('measured') ?? evidence?.takenAt;
    const heard = text('heard') ?? evidence?.heardAt;
    if (!measured || !heard) return [];
    const next = entries[starts[nth + 1] ?? entries.length];
    const during = entries.slice(start + 1, starts[nth + 1]);
    const first = (kinds: readonly string[]) =>
      during.find((e) => kinds.includes(e.kind) && e.actor !== null)?.at ?? null;
    const sent = [...during.filter((e) => e.kind === 'paged').map((e) => e.at), ...sentAt]
      .filter((at) => at >= opening.at && (!next || at < next.at))
      .sort();
    const acknowledged = first(answerKinds);
    const recovered = during.find((e) => e.kind === 'resolved')?.at;
    const clock: AlertClock = {
      ...{ measured, heard, stored: text('stored'), opened: opening.at },
      ...{ paged: sent[0] ?? null, seen: first(['seen']), acknowledged },
      budget:
        opening.detail.calls === true
          ? budgetOf(measured, acknowledged ?? recovered ?? next?.at, acknowledged, now)
          : null,
    };
    return [
      {
        severity: text('severity') as Severity | null,
        clock,
        endedAt: acknowledged ?? recovered ?? next?.at ?? null,
      },
    ];
  });
}

function budgetOf(measured: string, ended: string | undefined, acknowledged: string | null, now: number) {
  const end = Date.parse(measured) + acknowledgeWithinMs;
  const kept = acknowledged ? Date.parse(acknowledged) <= end : (ended ? Date.parse(ended) : now) > end ? false : null;
  return { endsAt: new Date(end).toISOString(), kept };
}

/**
 * How a team answered its critical calls. `within` of `calls` were acknowledged in time. Times run from the measurement, in ms; a call
 * that nobody has answered counts with the time it has waited so far.
 */
export const BudgetReport = z.object({
  calls: z.int(),
  answered: z.int(),
  within: z.int(),
  /** `within` by `calls` of those that are decided; null where there are none. */
  share: z.number().min(0).max(1).nullable(),
  medianMs: z.int().nullable(),
  p90Ms: z.int().nullable(),
  worstMs: z.int().nullable(),
});
export type BudgetReport = z.infer<typeof BudgetReport>;

/** @param now ms since 1970. */
export function reportOn(calls: readonly Call[], now: number): BudgetReport {
  const counted = calls.filter((call) => call.severity === 'critical' && call.clock.budget);
  const decided = counted.filter((call) => call.clock.budget?.kept !== null);
  const within = counted.filter((call) => call.clock.budget?.kept === true).length;
  const waited = counted
    .map((call) => Math.max(0, (call.endedAt ? Date.parse(call.endedAt) : now) - Date.parse(call.clock.measured)))
    .sort((a, b) => a - b);
  // the nearest rank: a value that was really waited
  const rank = (share: number) => waited[Math.max(0, Math.ceil(share * waited.length) - 1)] ?? null;
  return {
    calls: counted.length,
    answered: counted.filter((call) => call.clock.acknowledged).length,
    within,
    share: decided.length === 0 ? null : within / decided.length,
    ...{ medianMs: rank(0.5), p90Ms: rank(0.9), worstMs: rank(1) },
  };
}
