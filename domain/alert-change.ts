import {
  type Alert,
  type Escalation,
  type Evidence,
  type Outcome,
  type Severity,
  type Standing,
  severities,
  snoozeAtLeastMinutes,
  snoozeAtMostMinutes,
  withEvidence,
} from './alert.ts';
import type { ClinicianId } from './ids.ts';
import type { Words } from './words.ts';

/** How an alert changes: every transition is `change` and one row of its journal, `entryOf`. */

/** A rule that speaks for the episode from now on: the gravest so far, with its thresholds as they are. */
export type Voice = Pick<Alert, 'rule' | 'ruleVersion' | 'parameters' | 'title'>;

/** What judgement found anew. `escalation`: whom this calls, null where it calls nobody. */
export type Finding = {
  voice: Voice;
  severity: Severity;
  evidence: Evidence[];
  explanation: Words;
  escalation: Escalation | null;
};

/** How it goes on. `standing`: how the rule's trouble stands now, null leaves it; without an explanation the words stay. */
export type Course = { rule: string; standing: Standing | null; evidence: Evidence[]; explanation?: Words };

/**
 * `at` is RFC 3339; `by` null is the platform. `raisedAt`: which call of the alert a person answers, as they saw it; what has called anew
 * since, they have not answered.
 */
export type AlertChange = { at: string; raisedAt?: string } & (
  | { kind: 'acknowledge'; by: ClinicianId; note: string | null }
  /** Somebody else has it in hand now; also how a colleague takes it over. */
  | { kind: 'hand-over'; by: ClinicianId; to: ClinicianId; note: string | null }
  | { kind: 'snooze'; by: ClinicianId; until: string; note: string | null }
  /** Undoes a snooze: as if it had never been. */
  | { kind: 'unsnooze'; by: ClinicianId }
  /** Its time is over, or no data come any more: nobody can say how the patient is. */
  | { kind: 'wake'; why: 'time' | 'silence' }
  | { kind: 'resolve'; by: ClinicianId | null; outcome: Outcome; note: string | null }
  | ({ kind: 'join' } & Course)
  | ({ kind: 'worsen' } & Finding)
  /** The same state, confirmed anew: the episode had grown old, or the patient had recovered. */
  | ({ kind: 'renew' } & Finding)
  /** It was resolved, and the problem is back. */
  | ({ kind: 'reopen' } & Finding)
);

export type AlertRefusal =
  | 'already-acknowledged'
  | 'already-resolved'
  | 'already-theirs'
  | 'called-anew'
  | 'not-acknowledged'
  | 'not-snoozed'
  | 'not-resolved'
  | 'not-worse'
  | 'nothing-to-snooze'
  | 'snooze-too-short'
  | 'snooze-too-long';

/**
 * The one place where an alert changes. Pure: the new alert, or why not.
 * Acknowledging twice is refused so that the second person sees who was first. A worsening breaks through an acknowledgement and a
 * snooze, which were given for a better state; so does a renewal.
 */
export function change(alert: Alert, event: AlertChange): { alert: Alert } | { refused: AlertRefusal } {
  if (alert.state === 'resolved')
    return event.kind === 'reopen' ? { alert: reopened(alert, event) } : { refused: 'already-resolved' };
  if (event.raisedAt !== undefined && Date.parse(event.raisedAt) !== Date.parse(alert.raisedAt))
    return { refused: 'called-anew' };
  switch (event.kind) {
    case 'acknowledge':
      if (alert.state === 'acknowledged') return { refused: 'already-acknowledged' };
      return { alert: { ...inHandOf(alert, event.by, event.at), note: event.note ?? alert.note } };
    case 'hand-over':
      if (alert.state !== 'acknowledged') return { refused: 'not-acknowledged' };
      if (alert.acknowledgedBy === event.to) return { refused: 'already-theirs' };
      return {
        alert: {
          ...inHandOf(alert, event.to, event.at),
          note: event.note ?? alert.note,
          // who undoes the snooze does not take it from them
          snooze: alert.snooze && { ...alert.snooze, before: 'acknowledged' },
        },
      };
    case 'snooze':
      return snoozed(alert, event);
    case 'unsnooze':
      if (!alert.snooze) return { refused: 'not-snoozed' };
      if (alert.snooze.before === 'open') return { alert: { ...waiting(alert), raisedAt: event.at } };
      return { alert: { ...alert, snooze: null } };
    case 'wake':
      if (!alert.snooze) return { refused: 'not-snoozed' };
      return { alert: { ...waiting(alert), raisedAt: event.at } };
    case 'resolve':
      return {
        alert: {
          ...alert,
          state: 'resolved',
          snooze: null,
          resolvedAt: event.at,
          resolvedBy: event.by,
          outcome: event.outcome,
          note: event.note ?? alert.note,
        },
      };
    case 'join':
      return { alert: goingOn(alert, event) };
    case 'worsen':
      if (rank(event.severity) <= rank(alert.severity)) return { refused: 'not-worse' };
      // what already called goes on calling, also where the graver state has nobody of its own to call
      return { alert: raised(alert, { ...event, escalation: event.escalation ?? alert.escalation }) };
    case 'renew':
      return { alert: raised(alert, { ...event, severity: alert.severity }) };
    case 'reopen':
      return { refused: 'not-resolved' };
  }
}

const rank = (severity: Severity): number => severities.indexOf(severity);

const inHandOf = (alert: Alert, by: ClinicianId, at: string): Alert => ({
  ...alert,
  state: 'acknowledged',
  acknowledgedAt: at,
  acknowledgedBy: by,
});

/**
 * Once the last rule is back inside its limit the patient has recovered: a snooze, which was for this trouble, ends with it. Beyond it
 * again, the episode waits for a person anew.
 */
function goingOn(alert: Alert, { rule, standing, evidence, explanation, at }: Course & { at: string }): Alert {
  const joined: Alert = {
    ...alert,
    standing: standing ? { ...alert.standing, [rule]: standing } : alert.standing,
    evidence: withEvidence(alert.evidence, evidence),
    // the reasons stay those of the rule that speaks
    explanation: rule === alert.rule ? (explanation ?? alert.explanation) : alert.explanation,
  };
  const recovered = Object.values(joined.standing).every((one) => one === 'within');
  if (recovered) return alert.recoveredAt ? joined : { ...joined, recoveredAt: at, snooze: null };
  if (!alert.recoveredAt) return joined;
  const relapsed = { ...joined, recoveredAt: null };
  return alert.state === 'acknowledged' ? { ...waiting(relapsed), raisedAt: at } : relapsed;
}

/** Nobody has it in hand. */
const waiting = (alert: Alert): Alert => ({
  ...alert,
  state: 'open',
  acknowledgedAt: null,
  acknowledgedBy: null,
  snooze: null,
});

const raised = (alert: Alert, { voice, ...finding }: Finding & { at: string }): Alert => ({
  ...waiting(alert),
  ...voice,
  standing: { ...alert.standing, [voice.rule]: 'beyond' },
  severity: finding.severity,
  evidence: withEvidence(alert.evidence, finding.evidence),
  explanation: finding.explanation,
  escalation: finding.escalation,
  raisedAt: finding.at,
  recoveredAt: null,
});

const reopened = (alert: Alert, finding: Finding & { at: string }): Alert => ({
  ...raised({ ...alert, standing: {} }, finding),
  resolvedAt: null,
  resolvedBy: null,
  outcome: null,
});

/** It takes the alert in hand where nobody had. A further snooze counts from its own moment. */
function snoozed(
  alert: Alert,
  { by, at, until, note }: { by: ClinicianId; at: string; until: string; note: string | null },
): { alert: Alert } | { refused: AlertRefusal } {
  // it would silence the relapse, of which nobody knows anything yet
  if (alert.recoveredAt) return { refused: 'nothing-to-snooze' };
  const minutes = (Date.parse(until) - Date.parse(at)) / 60_000;
  if (!(minutes >= snoozeAtLeastMinutes)) return { refused: 'snooze-too-short' };
  if (minutes > snoozeAtMostMinutes[alert.severity]) return { refused: 'snooze-too-long' };
  const before = alert.snooze?.before ?? (alert.state === 'open' ? 'open' : 'acknowledged');
  const held = alert.state === 'open' ? inHandOf(alert, by, at) : alert;
  return { alert: { ...held, snooze: { by, at, until, before }, note: note ?? alert.note } };
}

/** A row of an alert's journal. `detail` holds ids, times, words and limits, and no measured value. */
export type AlertEntry = {
  at: string;
  kind: string;
  actor: ClinicianId | null;
  note: string | null;
  detail: Readonly<Record<string, unknown>>;
};

const pastTense = {
  acknowledge: 'acknowledged',
  'hand-over': 'handed-over',
  snooze: 'snoozed',
  unsnooze: 'unsnoozed',
  wake: 'snooze-over',
  resolve: 'resolved',
  join: 'joined',
  worsen: 'worsened',
  renew: 'renewed',
  reopen: 'reopened',
} as const satisfies Record<AlertChange['kind'], string>;

/** What the journal says of a change. */
export const entryOf = (event: AlertChange, before: Alert, after: Alert): AlertEntry => ({
  at: event.at,
  kind: event.kind === 'join' ? joinedAs(before, after) : pastTense[event.kind],
  actor: 'by' in event ? event.by : null,
  note: 'note' in event ? event.note : null,
  detail: detailOf(event, after),
});

const joinedAs = (before: Alert, after: Alert): string =>
  (before.recoveredAt === null) === (after.recoveredAt === null)
    ? pastTense.join
    : after.recoveredAt
      ? 'back-inside'
      : 'relapsed';

/** The first row of every journal. */
export const openingEntry = (alert: Alert): AlertEntry => ({
  at: alert.openedAt,
  kind: 'opened',
  actor: null,
  note: null,
  detail: callDetail(alert, alert.evidence),
});

function detailOf(event: AlertChange, after: Alert): AlertEntry['detail'] {
  switch (event.kind) {
    case 'hand-over':
      return { to: event.to };
    case 'snooze':
      return { until: event.until };
    case 'wake':
      return { why: event.why };
    case 'resolve':
      return { outcome: event.outcome };
    case 'join':
      return { rule: event.rule, standing: event.standing };
    case 'worsen':
    case 'renew':
    case 'reopen':
      return callDetail(after, event.evidence);
    default:
      return {};
  }
}

/** Who spoke and on what grounds, and the times from which the clock of this call counts: those of the reading that decided it. */
function callDetail(alert: Alert, evidence: readonly Evidence[]): AlertEntry['detail'] {
  const { rule, ruleVersion, parameters, severity, escalation } = alert;
  const last = evidence.reduce<Evidence | undefined>(
    (a, b) => (a && Date.parse(a.heardAt) > Date.parse(b.heardAt) ? a : b),
    undefined,
  );
  const times = last && { measured: last.takenAt, heard: last.heardAt, stored: last.storedAt ?? null };
  return { rule, ruleVersion, parameters, severity, calls: escalation !== null, ...times };
}
