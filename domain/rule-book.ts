import { z } from 'zod';
import { Severity } from './alert.ts';
import { Programme } from './care-plan.ts';
import { vitalNames } from './vitals.ts';
import { Words } from './words.ts';

/**
 * What a rule tells the rest of the house about itself. The rules service writes its book into the records at start; API and
 * console read it there, so that limits on a chart and bounds of a care plan are the ones that judge.
 */
export const RuleParameter = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  label: Words,
  unit: z.string(),
  default: z.number(),
  /** A care plan may set it from `low` to `high`. */
  low: z.number(),
  high: z.number(),
  /** Where the default comes from. */
  source: z.string(),
  /** When the parameter is a limit of one vital sign: which, and on which side of it the trouble is. */
  limits: z.object({ vital: z.enum(vitalNames), side: z.enum(['above', 'below']) }).optional(),
});
export type RuleParameter = z.infer<typeof RuleParameter>;

export const RuleEntry = z.object({
  rule: z.string().regex(/^[a-z][a-z0-9-]*$/),
  /** Rules of one problem share an episode: `oxygen-low` may be opened as urgent by one rule and worsened to critical by another. */
  problem: z.string().regex(/^[a-z][a-z0-9-]*$/),
  /** Judges patients of these programmes only; empty: everybody. */
  programmes: z.array(Programme),
  /** Judges no patient of these programmes, whatever else they are in: another rule does it by limits of their own. */
  notFor: z.array(Programme).optional(),
  version: z.int().positive(),
  title: Words,
  severity: Severity,
  parameters: z.array(RuleParameter),
});
export type RuleEntry = z.infer<typeof RuleEntry>;

/** Whether the rule judges a patient who is looked after in these programmes. */
export const judgesPatientsOf = (
  entry: Pick<RuleEntry, 'programmes' | 'notFor'>,
  programmes: readonly Programme[],
): boolean =>
  (entry.programmes.length === 0 || entry.programmes.some((p) => programmes.includes(p))) &&
  !entry.notFor?.some((p) => programmes.includes(p));

/** The parameters in force: the care plan's where they stand within the bounds, then the care team's, the defaults else. */
export function parametersInForce(
  entry: RuleEntry,
  ofPlan: Record<string, number> = {},
  ofTeam: Record<string, number> = {},
): Record<string, number> {
  return Object.fromEntries(
    entry.parameters.map((p) => {
      const wished = [ofPlan[p.name], ofTeam[p.name]].find((v) => v !== undefined && v >= p.low && v <= p.high);
      return [p.name, wished ?? p.default];
    }),
  );
}

/** What is wrong with parameters a care plan wishes to set; empty when they may stand. */
export function faultsOfOverrides(
  entry: RuleEntry,
  wished: Record<string, number>,
): { parameter: string; detail: string }[] {
  return Object.entries(wished).flatMap(([name, value]) => {
    const known = entry.parameters.find((parameter) => parameter.name === name);
    if (!known) return [{ parameter: name, detail: 'the rule has no such parameter' }];
    if (value >= known.low && value <= known.high) return [];
    return [{ parameter: name, detail: `must be ${known.low} to ${known.high} ${known.unit}`.trimEnd() }];
  });
}
