import type { Severity } from '#domain/alert.ts';
import type { Detection } from '#domain/backtest.ts';
import type { Danger, DangerousEvent, Truth } from '#domain/cohort-file.ts';
import type { PatientId, ReadingId } from '#domain/ids.ts';
import type { Scorer } from './report.ts';

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

/** What became of one patient, and what was true. */
export type Judged = { patient: PatientId; alerts: readonly SeenAlert[]; pages: readonly SeenPage[]; truth: Truth };

/** `delay`: from the reading that made the event detectable to the alert; `fromOnset`: from its onset. Negative: before it. */
export type DangerVerdict = { events: number; detectable: number; found: number; delay: Spread; fromOnset: Spread };
/** ms; null where nothing was found. */
export type Spread = { median: number; greatest: number } | null;

export type RuleVerdict = {
  alerts: number;
  alertsPerPatientWeek: number;
  pagesPerPatientWeek: number;
  /** The part of its alerts that lie in no dangerous event of their problem. */
  needless: number;
  clearedByItself: number;
};

export type Verdict = {
  patientWeeks: number;
  /** Found of those detectable, 0 to 1. */
  sensitivity: number;
  alertsPerPatientWeek: number;
  /** Those that ask for somebody today: urgent and critical. */
  todayPerPatientWeek: number;
  pagesPerPatientWeek: number;
  /** All of whose evidence was flawed: as the devices themselves said, and as nobody could know. */
  pagesFromArtefacts: SeenPage[];
  pagesFromUnmarked: SeenPage[];
  missed: (DangerousEvent & { patient: PatientId })[];
  /** Part of all alerts. */
  clearedByItself: number;
  byDanger: Partial<Record<Danger, DangerVerdict>>;
  byRule: Record<string, RuleVerdict>;
};

/**
 * Alerts and pages against the truth. Pure. An event is found by an alert of one of its problems that was open while it was on, or came so
 * soon after it that the last readings of it may have raised it, or by a call in that time; an alert that stood open for weeks before
 * finds nothing by itself.
 *
 * @param days how long the patients were watched.
 */
export function verdictOn(judged: readonly Judged[], days: number): Verdict {
  const patientWeeks = (judged.length * days) / 7;
  const perWeek = (count: number) => (patientWeeks === 0 ? 0 : count / patientWeeks);
  const findings = judged.flatMap(({ truth, alerts, pages, patient }) =>
    truth.events.map((event) => ({ event, patient, foundAt: foundAt(event, alerts, pages) })),
  );
  const detectable = findings.filter(({ event }) => event.detectableAt !== null);
  const alerts = judged.flatMap((one) => one.alerts);
  const pages = judged.flatMap((one) => one.pages);
  const eventsOf = new Map(judged.map(({ patient, truth }) => [patient, truth.events]));
  const isNeedless = (alert: SeenAlert) => !eventsOf.get(alert.patient)!.some((event) => isFoundBy(event, alert));
  return {
    patientWeeks,
    sensitivity: shareOf(detectable, isFound) ?? 1,
    alertsPerPatientWeek: perWeek(alerts.length),
    todayPerPatientWeek: perWeek(alerts.filter(({ severity }) => severity !== 'routine').length),
    pagesPerPatientWeek: perWeek(pages.length),
    pagesFromArtefacts: judged.flatMap((one) => pagesFromFlawed(one, true)),
    pagesFromUnmarked: judged.flatMap((one) => pagesFromFlawed(one, false)),
    missed: detectable.flatMap((finding) => (isFound(finding) ? [] : [{ ...finding.event, patient: finding.patient }])),
    clearedByItself: shareOf(alerts, ({ byItself }) => byItself) ?? 0,
    byDanger: Object.fromEntries(
      [...Map.groupBy(findings, ({ event }) => event.kind)].map(([kind, ofKind]) => [kind, dangerVerdict(ofKind)]),
    ),
    byRule: Object.fromEntries(
      [...Map.groupBy(alerts, ({ rule }) => rule)].map(([rule, ofRule]) => [
        rule,
        {
          alerts: ofRule.length,
          alertsPerPatientWeek: perWeek(ofRule.length),
          pagesPerPatientWeek: perWeek(pages.filter((page) => page.rule === rule).length),
          needless: shareOf(ofRule, isNeedless) ?? 0,
          clearedByItself: shareOf(ofRule, ({ byItself }) => byItself) ?? 0,
        },
      ]),
    ),
  };
}

/** The same, for the report of a backtest: these rules against the events that one of them should speak of. */
export const detectionBy: Scorer = (replayed, variant, rules): Detection => {
  const names = new Set(rules.map(({ rule }) => rule));
  const problems = new Set(rules.map(({ problem }) => problem));
  const findings: Finding[] = [];
  const alerts: { alert: SeenAlert; truth: Truth }[] = [];
  for (const one of replayed) {
    if (!one.truth) continue;
    const { truth } = one;
    const own = one[variant]?.alerts.filter(({ rule }) => names.has(rule)) ?? [];
    const calls = one[variant]?.pages.filter(({ rule }) => names.has(rule)) ?? [];
    for (const alert of own) alerts.push({ alert, truth });
    for (const event of truth.events)
      if (event.problems.some((problem) => problems.has(problem)))
        findings.push({ event, foundAt: foundAt(event, own, calls) });
  }
  const detectable = findings.filter(({ event }) => event.detectableAt !== null);
  const { delay, fromOnset } = dangerVerdict(findings);
  return {
    events: findings.length,
    detectable: detectable.length,
    found: detectable.filter(isFound).length,
    sensitivity: shareOf(detectable, isFound),
    fromOnsetMinutes: inMinutes(fromOnset),
    fromDetectableMinutes: inMinutes(delay),
    needless: shareOf(alerts, ({ alert, truth }) => !truth.events.some((event) => isFoundBy(event, alert))),
  };
};

/** `foundAt`: ms since 1970; undefined where nobody was told. */
type Finding = { event: DangerousEvent; foundAt: number | undefined };
const isFound = ({ foundAt }: Finding): boolean => foundAt !== undefined;

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** The last reading of an event may have to be repeated, or wait in a home whose link is down. */
const afterwardsMs = 60 * minuteMs;
/** What was raised so long before was about something else. */
const beforehandMs = 3 * dayMs;

/** Whoever was called so recently is about it: a low is called prolonged after two hours (ATTD 2017). */
const callHoldsMs = 120 * minuteMs;

/** When somebody was first told of it: by an alert, or by a call in an episode that was open already. */
function foundAt(event: DangerousEvent, alerts: readonly SeenAlert[], pages: readonly SeenPage[]): number | undefined {
  const told = [
    ...alerts.filter((alert) => isFoundBy(event, alert)).map(({ openedAt }) => openedAt),
    ...pages
      .filter(
        ({ problem, at }) => event.problems.includes(problem) && at >= event.onset - callHoldsMs && at <= endOf(event),
      )
      .map(({ at }) => at),
  ];
  return told.length === 0 ? undefined : Math.min(...told);
}

function isFoundBy(event: DangerousEvent, { problem, openedAt, resolvedAt }: SeenAlert): boolean {
  return (
    event.problems.includes(problem) &&
    openedAt >= event.onset - beforehandMs &&
    openedAt <= endOf(event) &&
    (resolvedAt === null || resolvedAt > event.onset)
  );
}

const endOf = ({ until, detectableAt }: DangerousEvent): number =>
  Math.max(until, detectableAt ?? until) + afterwardsMs;

function dangerVerdict(findings: readonly Finding[]): DangerVerdict {
  const detectable = findings.filter(({ event }) => event.detectableAt !== null);
  const found = detectable.flatMap(({ event, foundAt: at }) => (at === undefined ? [] : [{ event, at }]));
  return {
    events: findings.length,
    detectable: detectable.length,
    found: found.length,
    delay: spreadOf(found.map(({ event, at }) => at - event.detectableAt!)),
    fromOnset: spreadOf(found.map(({ event, at }) => at - event.onset)),
  };
}

function pagesFromFlawed({ pages, truth }: Judged, marked: boolean): SeenPage[] {
  const flawed = new Map(truth.flawed.map((one) => [one.reading, one]));
  const isFlawed = ({ evidence }: SeenPage) => evidence.length > 0 && evidence.every((reading) => flawed.has(reading));
  const isMarked = ({ evidence }: SeenPage) => evidence.some((reading) => flawed.get(reading)?.marked);
  return pages.filter((page) => isFlawed(page) && isMarked(page) === marked);
}

function spreadOf(delays: readonly number[]): Spread {
  if (delays.length === 0) return null;
  const sorted = delays.toSorted((a, b) => a - b);
  return { median: sorted[Math.floor((sorted.length - 1) / 2)]!, greatest: sorted.at(-1)! };
}

const inMinutes = (spread: Spread): Detection['fromOnsetMinutes'] =>
  spread && { median: spread.median / minuteMs, greatest: spread.greatest / minuteMs };

const shareOf = <T>(all: readonly T[], holds: (one: T) => boolean): number | null =>
  all.length === 0 ? null : all.filter(holds).length / all.length;
