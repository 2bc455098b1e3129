import type { BacktestReport, BacktestWish, ParameterSet } from '#domain/backtest.ts';
import type { RuleEntry } from '#domain/rule-book.ts';
import { type Language, languages, type Words } from '#domain/words.ts';
import { book } from '../book/index.ts';
import { problems } from '../book/problems.ts';
import { lanesOf } from './lanes.ts';
import type { Replayed, Span } from './outcome.ts';
import { plotOf } from './plot.ts';
import { reportOf } from './report.ts';
import { detectionBy } from './verdict.ts';

export type Answer = { report: BacktestReport; plots: Words };

/** What a backtest answers: report and plots, for the API and for the command alike. */
export function answerOf(
  wish: Pick<BacktestWish, 'rules' | 'people' | 'set'> & { span: Span },
  replayed: readonly Replayed[],
): Answer {
  const rules = rulesFor(wish.rules, wish.set);
  const scope = { span: wish.span, rules, people: wish.people, proposal: wish.set };
  const report = reportOf(scope, replayed, detectionBy);
  const lanes = lanesOf(replayed, rules);
  const [en, zh] = languages.map((language) => plotOf(report, lanes, nameOf, language));
  return { report, plots: { en: en!, zh: zh! } };
}

/**
 * Those named, or all. Rules of one problem share its episodes, so who looks at one, or changes one, sees what becomes of the others.
 */
export function rulesFor(named: readonly string[], set: ParameterSet | null): RuleEntry[] {
  if (named.length === 0) return [...book];
  const looked = new Set([...named, ...Object.keys(set ?? {})]);
  const about = new Set(book.filter(({ rule }) => looked.has(rule)).map(({ problem }) => problem));
  return book.filter(({ problem }) => about.has(problem));
}

const nameOf = (problem: string, language: Language): string =>
  Object.hasOwn(problems, problem) ? problems[problem as keyof typeof problems][language] : problem;
