import { severities } from '#domain/alert.ts';
import {
  type BacktestReport,
  type Burden,
  type Detection,
  episodesAtMost,
  type ParameterSet,
  type PeopleModel,
  type ReplayedEpisode,
} from '#domain/backtest.ts';
import type { RuleEntry } from '#domain/rule-book.ts';
import type { Words } from '#domain/words.ts';
import { instant } from '#runtime/clock.ts';
import { hourIn } from './hours.ts';
import type { Outcome, Replayed, Span } from './outcome.ts';
import type { SeenAlert, SeenPage } from './verdict.ts';

/** From what was replayed to what a care team reads. Pure. */

export type Scope = {
  span: Span;
  /** The rules that are reported, in this order. */
  rules: readonly RuleEntry[];
  people: PeopleModel;
  proposal: ParameterSet | null;
};

/** Who found what: handed in, so that the cohort's report and this one are of one mind. */
export type Scorer = (replayed: readonly Replayed[], variant: Variant, rules: readonly RuleEntry[]) => Detection;
export type Variant = 'today' | 'proposed';

const weekMs = 7 * 86_400_000;

export function reportOf(scope: Scope, replayed: readonly Replayed[], score: Scorer): BacktestReport {
  const { span, rules, people, proposal } = scope;
  // who measured nothing was not watched
  const watched = replayed.filter(({ readings, truth }) => readings > 0 || truth !== null);
  const patientWeeks = watched.reduce((sum, one) => sum + watchedMs(one, span), 0) / weekMs;
  const burden = (variant: Variant, of: readonly RuleEntry[]): Burden =>
    burdenOf(watched, variant, of, span, patientWeeks, score);
  const both = (of: readonly RuleEntry[]) => ({
    today: burden('today', of),
    proposed: proposal && burden('proposed', of),
  });
  return {
    from: instant(span.from),
    to: instant(span.to),
    patients: watched.length,
    patientWeeks,
    readings: watched.reduce((sum, { readings }) => sum + readings, 0),
    people,
    proposal,
    changes: changesIn(proposal ?? {}, rules),
    rules: rules.map((entry) => {
      const { rule, version, problem, title, severity } = entry;
      return { rule, version, problem, title, severity, ...both([entry]) };
    }),
    all: both(rules),
    ...differences(watched, rules),
  };
}

/** Whoever began to measure in the midst of it was watched from then on: else few alerts in little time would look like few in much. */
const watchedMs = ({ since, truth }: Replayed, { from, to }: Span): number =>
  to - (truth === null ? Math.max(from, since ?? from) : from);

const changesIn = (proposal: ParameterSet, rules: readonly RuleEntry[]): Words[] =>
  rules.flatMap(({ rule, title, parameters }) =>
    parameters.flatMap(({ name, label, unit }) => {
      const value = proposal[rule]?.[name];
      if (value === undefined) return [];
      const shown = unit === '1' ? `${value}` : `${value} ${unit}`;
      return [{ en: `${title.en}: ${label.en} ${shown}`, zh: `${title.zh}：${label.zh} ${shown}` }];
    }),
  );

function burdenOf(
  watched: readonly Replayed[],
  variant: Variant,
  rules: readonly RuleEntry[],
  span: Span,
  patientWeeks: number,
  score: Scorer,
): Burden {
  const names = new Set(rules.map(({ rule }) => rule));
  const callsByHour = Array.from({ length: 24 }, () => 0);
  const alertsByWeek = Array.from({ length: Math.max(1, Math.ceil((span.to - span.from) / weekMs)) }, () => 0);
  let [alerts, calls, cleared] = [0, 0, 0];
  for (const one of watched) {
    for (const alert of one[variant]?.alerts ?? []) {
      if (!names.has(alert.rule)) continue;
      alerts++;
      if (alert.byItself) cleared++;
      const week = Math.floor((alert.openedAt - span.from) / weekMs);
      alertsByWeek[week] = (alertsByWeek[week] ?? 0) + 1;
    }
    for (const page of one[variant]?.pages ?? []) {
      if (!names.has(page.rule)) continue;
      calls++;
      const hour = hourIn(one.timeZone, page.at);
      callsByHour[hour] = (callsByHour[hour] ?? 0) + 1;
    }
  }
  const perWeek = (count: number) => (patientWeeks === 0 ? 0 : count / patientWeeks);
  return {
    alerts,
    alertsPerPatientWeek: perWeek(alerts),
    calls,
    callsPerPatientWeek: perWeek(calls),
    callsByHour,
    alertsByWeek,
    clearedShare: alerts === 0 ? null : cleared / alerts,
    truth: watched.some(({ truth }) => truth !== null) ? score(watched, variant, rules) : null,
  };
}

/** Episodes that stand on one side only. Two of one patient and problem that overlap are one. */
function differences(
  watched: readonly Replayed[],
  rules: readonly RuleEntry[],
): Pick<BacktestReport, 'appeared' | 'vanished'> {
  const problems = new Set(rules.map(({ problem }) => problem));
  const appeared: ReplayedEpisode[] = [];
  const vanished: ReplayedEpisode[] = [];
  for (const { today, proposed } of watched) {
    if (!proposed) continue;
    for (const [mine, others, into] of [
      [proposed, today, appeared],
      [today, proposed, vanished],
    ] as const)
      for (const alert of mine.alerts)
        if (problems.has(alert.problem) && !others.alerts.some((other) => overlap(alert, other)))
          into.push(episodeOf(alert, mine));
  }
  return { appeared: gravest(appeared), vanished: gravest(vanished) };
}

export const overlap = (a: SeenAlert, b: SeenAlert): boolean =>
  a.problem === b.problem &&
  a.openedAt < (b.resolvedAt ?? Number.POSITIVE_INFINITY) &&
  b.openedAt < (a.resolvedAt ?? Number.POSITIVE_INFINITY);

export const episodeOf = (alert: SeenAlert, { pages }: Outcome): ReplayedEpisode => ({
  patient: alert.patient,
  problem: alert.problem,
  rule: alert.rule,
  severity: alert.severity,
  openedAt: instant(alert.openedAt),
  endedAt: alert.resolvedAt === null ? null : instant(alert.resolvedAt),
  end: alert.resolvedAt === null ? null : alert.byItself ? 'cleared' : 'closed',
  calls: pages.filter((page) => belongs(page, alert)).length,
});

const belongs = (page: SeenPage, alert: SeenAlert): boolean =>
  page.problem === alert.problem &&
  page.at >= alert.openedAt &&
  page.at <= (alert.resolvedAt ?? Number.POSITIVE_INFINITY);

function gravest(episodes: ReplayedEpisode[]): { count: number; episodes: ReplayedEpisode[] } {
  const grave = ({ severity }: ReplayedEpisode) => severities.indexOf(severity);
  const sorted = episodes.sort((a, b) => grave(b) - grave(a) || (a.openedAt < b.openedAt ? -1 : 1));
  return { count: sorted.length, episodes: sorted.slice(0, episodesAtMost) };
}
