import { z } from 'zod';
import { AlertId, ClinicianId, PatientId, ReadingId, TeamId } from './ids.ts';
import { Mark, Value } from './reading.ts';
import { panelNames } from './vitals.ts';
import { Words } from './words.ts';

/** `critical` pages the doctor on call, `urgent` is for today, `routine` waits for the next review. */
export const severities = ['routine', 'urgent', 'critical'] as const;
export const Severity = z.enum(severities);
export type Severity = z.infer<typeof Severity>;

export const alertStates = ['open', 'acknowledged', 'resolved'] as const;
export const AlertState = z.enum(alertStates);
export type AlertState = z.infer<typeof AlertState>;

export const outcomes = ['recovered', 'treated', 'medication-changed', 'referred', 'false-alarm', 'other'] as const;
export const Outcome = z.enum(outcomes);
export type Outcome = z.infer<typeof Outcome>;

/** A reading as it stood when it became evidence. */
export const Evidence = z.object({
  reading: ReadingId,
  panel: z.enum(panelNames),
  takenAt: z.iso.datetime(),
  heardAt: z.iso.datetime(),
  storedAt: z.iso.datetime().optional(),
  values: z.array(Value),
  marks: z.array(Mark),
});
export type Evidence = z.infer<typeof Evidence>;

/**
 * Who is told, and when, counted from the opening. Frozen into the alert: a later change of the rota or the policy
 * touches later alerts. After the last step the whole round repeats until somebody acknowledges, at most `rounds` times.
 */
export const Escalation = z.object({
  steps: z.array(z.object({ afterSeconds: z.int().min(0), recipients: z.array(ClinicianId).min(1) })),
  repeatAfterSeconds: z.int().min(10),
  rounds: z.int().min(1).max(50),
});
export type Escalation = z.infer<typeof Escalation>;

/** One episode of one problem of one patient. Human state lives here and never on a reading. */
export const Alert = z.object({
  id: AlertId,
  patient: PatientId,
  team: TeamId,
  /** The rule that opened it, its version, and the thresholds in force for this patient at that moment. */
  rule: z.string(),
  /** What it is about, in a word of the rule book: a patient has one unresolved alert of each problem. */
  problem: z.string(),
  ruleVersion: z.int().positive(),
  parameters: z.record(z.string(), z.number()),
  severity: Severity,
  state: AlertState,
  title: Words,
  explanation: Words,
  evidence: z.array(Evidence),
  escalation: Escalation.nullable(),
  openedAt: z.iso.datetime(),
  acknowledgedAt: z.iso.datetime().nullable(),
  acknowledgedBy: ClinicianId.nullable(),
  resolvedAt: z.iso.datetime().nullable(),
  resolvedBy: ClinicianId.nullable(),
  outcome: Outcome.nullable(),
  note: z.string().nullable(),
});
export type Alert = z.infer<typeof Alert>;

export type AlertChange =
  | { kind: 'acknowledge'; by: ClinicianId; note: string | null; at: string }
  | { kind: 'resolve'; by: ClinicianId | null; outcome: Outcome; note: string | null; at: string }
  | { kind: 'join'; evidence: Evidence[]; explanation?: Words; at: string }
  | {
      kind: 'worsen';
      severity: Severity;
      evidence: Evidence[];
      explanation?: Words;
      escalation: Escalation | null;
      at: string;
    }
  | { kind: 'renew'; evidence: Evidence[]; explanation: Words; escalation: Escalation | null; at: string };

export type AlertRefusal = 'already-acknowledged' | 'already-resolved' | 'not-worse';

/**
 * The one place where an alert changes. Pure: the new alert, or why not.
 * Acknowledging twice is refused so that the second person sees who was first. A worsening re-opens an acknowledged alert:
 * a worse state breaks through an acknowledgement that was given for a better one. So does a renewal: the same state, confirmed
 * anew when the episode has grown old.
 */
export function change(alert: Alert, event: AlertChange): { alert: Alert } | { refused: AlertRefusal } {
  if (alert.state === 'resolved') return { refused: 'already-resolved' };
  switch (event.kind) {
    case 'acknowledge':
      if (alert.state === 'acknowledged') return { refused: 'already-acknowledged' };
      return {
        alert: {
          ...alert,
          state: 'acknowledged',
          acknowledgedAt: event.at,
          acknowledgedBy: event.by,
          note: event.note ?? alert.note,
        },
      };
    case 'resolve':
      return {
        alert: {
          ...alert,
          state: 'resolved',
          resolvedAt: event.at,
          resolvedBy: event.by,
          outcome: event.outcome,
          note: event.note ?? alert.note,
        },
      };
    case 'join':
      return {
        alert: {
          ...alert,
          evidence: merge(alert.evidence, event.evidence),
          explanation: event.explanation ?? alert.explanation,
        },
      };
    case 'worsen':
      if (severities.indexOf(event.severity) <= severities.indexOf(alert.severity)) return { refused: 'not-worse' };
      return {
        alert: {
          ...alert,
          state: 'open',
          severity: event.severity,
          evidence: merge(alert.evidence, event.evidence),
          explanation: event.explanation ?? alert.explanation,
          escalation: event.escalation,
          acknowledgedAt: null,
          acknowledgedBy: null,
        },
      };
    case 'renew':
      return {
        alert: {
          ...alert,
          state: 'open',
          evidence: merge(alert.evidence, event.evidence),
          explanation: event.explanation,
          escalation: event.escalation,
          acknowledgedAt: null,
          acknowledgedBy: null,
        },
      };
  }
}

/** Whoever acknowledged has gone off shift. */
const acknowledgementHoldsMs = 12 * 3_600_000;
/** Everybody has been called and nobody came: somebody must be tried again sooner. */
const unansweredRestsMs = 3_600_000;

/**
 * Does a new crisis call again although the episode is open? Else an alert that nobody remembered to close would swallow the
 * next one in silence. @param now ms since 1970.
 */
export function hasGrownOld(alert: Alert, now: number): boolean {
  if (alert.state === 'resolved') return false;
  return alert.acknowledgedAt === null
    ? now - Date.parse(alert.openedAt) >= unansweredRestsMs
    : now - Date.parse(alert.acknowledgedAt) >= acknowledgementHoldsMs;
}

/** Readings that join an episode for days must not make its row grow without end. */
export const evidenceAtMost = 50;

function merge(old: Evidence[], added: Evidence[]): Evidence[] {
  const fresh = added.filter((a) => !old.some((o) => o.reading === a.reading));
  const all = [...old, ...fresh];
  // the first ones opened the alert and the last ones say how it stands: drop from the middle
  return all.length <= evidenceAtMost ? all : [...all.slice(0, 5), ...all.slice(5 - evidenceAtMost)];
}
