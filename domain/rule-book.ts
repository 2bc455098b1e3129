import { z } from 'zod';
import { Severity } from './alert.ts';
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
  version: z.int().positive(),
  title: Words,
  severity: Severity,
  parameters: z.array(RuleParameter),
});
export type RuleEntry = z.infer<typeof RuleEntry>;

/** The parameters in force: the care plan's where they stand within the bounds, the defaults else. */
export function parametersInForce(entry: RuleEntry, overrides: Record<string, number> = {}): Record<string, number> {
  return Object.fromEntries(
    entry.parameters.map((p) => {
      const wished = overrides[p.name];
      return [p.name, wished !== undefined && wished >= p.low && wished <= p.high ? wished : p.default];
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
