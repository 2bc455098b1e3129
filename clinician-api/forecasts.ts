import { isDeepStrictEqual } from 'node:util';
import { type Backtest, type BacktestKind, type BacktestWish, forecastDays, usualPeople } from '#domain/backtest.ts';
import type { ClinicianId, PatientId, TeamId } from '#domain/ids.ts';
import { faultsOfOverrides, type RuleEntry } from '#domain/rule-book.ts';
import { instant } from '#runtime/clock.ts';
import { askBacktest, findBacktest, openBacktestsAtMost } from '#runtime/records/backtests.ts';
import { readRuleBook } from '#runtime/records/rule-book.ts';
import { escapePointer, invalid, notFound, Refusal } from './problems.ts';
import type { ApiDeps } from './web.ts';

type Deps = Pick<ApiDeps, 'records' | 'clock' | 'random'>;

/** The rule, when there is one and it may have these parameters. @throws Refusal */
export async function ruleThatMay(
  { records }: Pick<Deps, 'records'>,
  name: string,
  parameters: Record<string, number>,
): Promise<RuleEntry> {
  const rule = (await readRuleBook(records)).find((entry) => entry.rule === name);
  if (!rule) throw notFound();
  const faults = faultsOfOverrides(rule, parameters);
  if (faults.length > 0)
    throw invalid(
      faults.map(({ parameter, detail }) => ({ pointer: `/parameters/${escapePointer(parameter)}`, detail })),
    );
  return rule;
}

/** Puts the question where the rules service finds it. @throws Refusal */
export async function ask(
  { records, clock, random }: Deps,
  question: { kind: BacktestKind; team: TeamId; patient: PatientId | null; wish: BacktestWish; by: ClinicianId },
): Promise<Backtest> {
  const id = random.uuid();
  if ((await askBacktest(records, { ...question, id, at: instant(clock.now()) })) === 'too-many')
    throw new Refusal({
      status: 429,
      code: 'too-many-backtests',
      detail: `Your team waits for ${openBacktestsAtMost} already: wait for one of them, or cancel one.`,
    });
  const asked = await findBacktest(records, [question.team], id);
  if (!asked) throw notFound();
  return asked;
}

/** What the last three months would have been like with these parameters. @throws Refusal */
export async function askForecast(
  deps: Deps,
  of: { team: TeamId; patient: PatientId | null; by: ClinicianId },
  { rule, parameters }: { rule: string; parameters: Record<string, number> },
): Promise<Backtest> {
  await ruleThatMay(deps, rule, parameters);
  const to = deps.clock.now();
  return ask(deps, {
    ...of,
    kind: of.patient ? 'plan-forecast' : 'team-forecast',
    wish: {
      rules: [rule],
      patients: of.patient ? [of.patient] : [],
      from: instant(to - forecastDays * 86_400_000),
      to: instant(to),
      set: { [rule]: parameters },
      people: usualPeople,
    },
  });
}

/** A forecast that is said to have been seen must be one, be done, and be about this very change. @throws Refusal */
export async function requireSeen(
  { records }: Pick<Deps, 'records'>,
  of: { team: TeamId; patient: PatientId | null; rule: string },
  { forecast, parameters }: { forecast?: string | undefined; parameters: Record<string, number> },
): Promise<void> {
  if (forecast === undefined) return;
  const seen = await findBacktest(records, [of.team], forecast);
  const fits =
    seen?.state === 'done' &&
    seen.kind === (of.patient ? 'plan-forecast' : 'team-forecast') &&
    seen.patient === of.patient &&
    isDeepStrictEqual(seen.wish.set, { [of.rule]: parameters });
  if (!fits) throw invalid([{ pointer: '/forecast', detail: 'is no forecast of this change that is done' }]);
}
