import { z } from 'zod';
import { BudgetReport } from './alert-clock.ts';
import { TeamId } from './ids.ts';
import { Words } from './words.ts';

/** How care teams answered their critical calls in [from, to). `complete` is false where only the latest calls were counted. */
export const ResponseTimes = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  /** From the measurement to the acknowledged page. */
  budgetMs: z.int(),
  complete: z.boolean(),
  teams: z.array(BudgetReport.extend({ team: z.object({ id: TeamId, name: Words }) })),
});
export type ResponseTimes = z.infer<typeof ResponseTimes>;
