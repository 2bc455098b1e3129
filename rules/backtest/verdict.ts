import type { Severity } from '#domain/alert.ts';
import type { Danger, DangerousEvent, Truth } from '#domain/cohort-file.ts';
import type { PatientId, ReadingId } from '#domain/ids.ts';

/** What came of judging a cohort. Times are ms since 1970. `evidence` as it stood at the opening, or when the page left. */
export type SeenAlert = {
  patient: PatientId;
  rule: string;
  problem: string;
  severity: Severity;
  openedAt: number;
  /** Null while it is open. */
  resolvedAt: number | null;
  /** Closed by the rule itself, no person did anything. */
  byItself: boolean;
  evidence: readonly ReadingId[];
};
export type SeenPage = {
  patient: PatientId;
  rule: string;
  problem: string;
  at: number;
  evidence: readonly ReadingId[];
};
export type Watched = { patient: PatientId } & Truth;

export type RuleVerdict = {
  alertsPerPatientWeek: number;
  pagesPerPatientWeek: number;
  /** Share of its alerts that lie in no dangerous event of their problem. */
  needless: number;
  clearedByItself: number;
};
export type DangerVerdict = {
  events: number;
  /** Enough readings told of it. */
  detectable: number;
  found: number;
  /** Median and greatest time from the reading that made it detectable to the alert; negative: before it. ms, null where none was found. */
  delayMs: { median: number; greatest: number } | null;
  fromOnsetMs: { median: number; greatest: number } | null;
};
export type Verdict = {
  patientWeeks: number;
  /** Found of those detectable, 0 to 1. */
  sensitivity: number;
  alertsPerPatientWeek: number;
  /** Those of `urgent` and `critical` alone. */
  clinicianFacingPerPatientWeek: number;
  pagesPerPatientWeek: number;
  /** Pages all of whose evidence was flawed. */
  pagesFromArtefacts: SeenPage[];
  missed: (DangerousEvent & { patient: PatientId })[];
  clearedByItself: number;
  byDanger: Partial<Record<Danger, DangerVerdict>>;
  byRule: Record<string, RuleVerdict>;
};
