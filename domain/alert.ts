import { z } from 'zod';
import { Escalation } from './escalation.ts';
import { AlertId, ClinicianId, PatientId, ReadingId, TeamId } from './ids.ts';
import { Mark, Value } from './reading.ts';
import { panelNames } from './vitals.ts';
import { Words } from './words.ts';

export { Escalation };

/** `critical` pages the doctor on call, `urgent` is for today, `routine` waits for the next review. */
export const severities = ['routine', 'urgent', 'critical'] as const;
export const Severity = z.enum(severities);
export type Severity = z.infer<typeof Severity>;

export const alertStates = ['open', 'acknowledged', 'resolved'] as const;
export const AlertState = z.enum(alertStates);
export type AlertState = z.infer<typeof AlertState>;

export const outcomes = [
  'recovered',
  'advised',
  'treated',
  'medication-changed',
  'referred',
  'admitted',
  'false-alarm',
  'other',
] as const;
export const Outcome = z.enum(outcomes);
export type Outcome = z.infer<typeof Outcome>;

/**
 * "I know; do not call before `until`." It lies on the episode of one problem, so it never silences another one, nor the other
 * side of the same vital sign. `before` is how the alert stood, for undoing it.
 */
export const Snooze = z.object({
  by: ClinicianId,
  at: z.iso.datetime(),
  until: z.iso.datetime(),
  before: z.enum(['open', 'acknowledged']),
});
export type Snooze = z.infer<typeof Snooze>;

/** Nobody can be certain of a patient for longer, and a slip of the hand must not last. */
export const snoozeAtMostMinutes: Readonly<Record<Severity, number>> = {
  critical: 60,
  urgent: 12 * 60,
  routine: 7 * 24 * 60,
};
export const snoozeAtLeastMinutes = 5;

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

/** Of one rule's trouble: `within` is back inside its limit by the margin. */
export const Standing = z.enum(['beyond', 'within']);
export type Standing = z.infer<typeof Standing>;

/** One episode of one problem of one patient. Human state lives here and never on a reading. */
export const Alert = z.object({
  id: AlertId,
  patient: PatientId,
  team: TeamId,
  /** The rule that speaks, the gravest so far: its version, and the thresholds in force for this patient when it spoke. */
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
  /** When it last called for somebody: opened, worsened, renewed or re-opened. */
  raisedAt: z.iso.datetime(),
  /** How the trouble of each rule stands that raised it: several may speak of one problem. */
  standing: z.record(z.string(), Standing),
  /** Since when all of them are back inside their limits. A grave episode stays for a person all the same. */
  recoveredAt: z.iso.datetime().nullable(),
  /** Who has it in hand, and since when they have. */
  acknowledgedAt: z.iso.datetime().nullable(),
  acknowledgedBy: ClinicianId.nullable(),
  snooze: Snooze.nullable(),
  resolvedAt: z.iso.datetime().nullable(),
  resolvedBy: ClinicianId.nullable(),
  outcome: Outcome.nullable(),
  note: z.string().nullable(),
});
export type Alert = z.infer<typeof Alert>;

/** What judgement says of an alert when it opens; all that people do comes later. */
export type Opening = Pick<
  Alert,
  | 'id'
  | 'patient'
  | 'team'
  | 'rule'
  | 'problem'
  | 'ruleVersion'
  | 'parameters'
  | 'severity'
  | 'title'
  | 'explanation'
  | 'evidence'
  | 'escalation'
  | 'openedAt'
>;

export const newAlert = (opening: Opening): Alert => ({
  ...opening,
  state: 'open',
  raisedAt: opening.openedAt,
  standing: { [opening.rule]: 'beyond' },
  recoveredAt: null,
  acknowledgedAt: null,
  acknowledgedBy: null,
  snooze: null,
  resolvedAt: null,
  resolvedBy: null,
  outcome: null,
  note: null,
});

/** Whoever acknowledged has gone off shift. */
const acknowledgementHoldsMs = 12 * 3_600_000;
/** Everybody has been called and nobody came: somebody must be tried again sooner. */
const unansweredRestsMs = 3_600_000;

/**
 * Does a new crisis of this rule call again although the episode is open? Else an alert that nobody remembered to close, or one whose
 * trouble had gone, would swallow the next one in silence. A snooze has an end of its own. @param now ms since 1970.
 */
export function hasGrownOld(alert: Alert, rule: string, now: number): boolean {
  if (alert.state === 'resolved') return false;
  // over, and nobody woke it: then it silences nothing any more
  if (alert.snooze) return now >= Date.parse(alert.snooze.until);
  // whatever was over is a new crisis, whichever rule tells of it
  if (alert.recoveredAt !== null || alert.standing[rule] === 'within') return true;
  return alert.acknowledgedAt === null
    ? now - Date.parse(alert.raisedAt) >= unansweredRestsMs
    : now - Date.parse(alert.acknowledgedAt) >= acknowledgementHoldsMs;
}

/** Readings that join an episode for days must not make its row grow without end. */
export const evidenceAtMost = 50;

export function withEvidence(old: Evidence[], added: Evidence[]): Evidence[] {
  const fresh = added.filter((a) => !old.some((o) => o.reading === a.reading));
  const all = [...old, ...fresh];
  // the first ones opened the alert and the last ones say how it stands: drop from the middle
  return all.length <= evidenceAtMost ? all : [...all.slice(0, 5), ...all.slice(5 - evidenceAtMost)];
}
