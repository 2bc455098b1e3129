import { z } from 'zod';
import { Backtest } from './backtest.ts';
import { TeamId } from './ids.ts';
import { RuleEntry } from './rule-book.ts';
import { PersonRef } from './views.ts';

/** What care teams see of their plans, their limits and of backtests. */

/** Every rule, with what the team sets and what is in force where a patient's plan says nothing. */
export const TeamParameters = z.object({
  team: TeamId,
  rules: z.array(
    RuleEntry.extend({ set: z.record(z.string(), z.number()), inForce: z.record(z.string(), z.number()) }),
  ),
});
export type TeamParameters = z.infer<typeof TeamParameters>;

/** Null before or after: nothing was set. `forecast`: the backtest that was seen before. */
export const PlanChangeView = z.object({
  at: z.iso.datetime(),
  by: PersonRef.nullable(),
  part: z.enum(['overrides', 'programmes', 'expected', 'follow-up', 'pause']),
  rule: z.string().nullable(),
  before: z.unknown(),
  after: z.unknown(),
  forecast: z.uuid().nullable(),
});
export type PlanChangeView = z.infer<typeof PlanChangeView>;

export const PlanChangeList = z.object({ changes: z.array(PlanChangeView) });
export type PlanChangeList = z.infer<typeof PlanChangeList>;

/** Without their reports. */
export const BacktestList = z.object({ backtests: z.array(Backtest) });
export type BacktestList = z.infer<typeof BacktestList>;
