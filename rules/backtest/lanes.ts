import { severities } from '#domain/alert.ts';
import type { PatientId } from '#domain/ids.ts';
import type { RuleEntry } from '#domain/rule-book.ts';
import type { Replayed } from './outcome.ts';
import { overlap } from './report.ts';
import type { SeenAlert } from './verdict.ts';

/** The episodes of one problem of one patient, before and after the change. */
export type Lane = { patient: PatientId; problem: string; today: SeenAlert[]; proposed: SeenAlert[] | null };

/** A sheet of paper holds no more. */
export const lanesAtMost = 40;

/** Those that differ first, then the gravest. `more`: how many did not find room. */
export function lanesOf(replayed: readonly Replayed[], rules: readonly RuleEntry[]): { lanes: Lane[]; more: number } {
  const problems = new Set(rules.map(({ problem }) => problem));
  const lanes: Lane[] = [];
  for (const { patient, today, proposed } of replayed) {
    const all = [...today.alerts, ...(proposed?.alerts ?? [])].filter(({ problem }) => problems.has(problem));
    for (const problem of new Set(all.map((alert) => alert.problem))) {
      const of = (alerts: readonly SeenAlert[]) => alerts.filter((alert) => alert.problem === problem);
      lanes.push({ patient, problem, today: of(today.alerts), proposed: proposed && of(proposed.alerts) });
    }
  }
  const ranked = lanes.map((lane) => ({ lane, rank: severities.length * Number(differs(lane)) + gravity(lane) }));
  const sorted = ranked.sort((a, b) => b.rank - a.rank).map(({ lane }) => lane);
  return { lanes: sorted.slice(0, lanesAtMost), more: Math.max(0, sorted.length - lanesAtMost) };
}

const differs = ({ today, proposed }: Lane): boolean =>
  proposed !== null &&
  (today.some((a) => !proposed.some((b) => overlap(a, b))) || proposed.some((a) => !today.some((b) => overlap(a, b))));

const gravity = ({ today, proposed }: Lane): number =>
  Math.max(...[...today, ...(proposed ?? [])].map(({ severity }) => severities.indexOf(severity)));
