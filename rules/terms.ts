import { type Limit, limitsOf } from './limits.ts';
import type { Rule } from './rule.ts';

/** A rule as it stands for one patient. */
export type Terms = {
  rule: Rule;
  parameters: Record<string, number>;
  limits: readonly Limit[];
  /** How much better than its limit a value must be to count as recovered. */
  margin: number;
};

/**
 * Worked out once for each object of parameters: who keeps and shares these objects (most patients have the rule's own values) pays for it
 * once, and not with every reading.
 */
export function termsOf(rule: Rule, parameters: Record<string, number>): Terms {
  const known = worked.get(parameters);
  if (known?.rule === rule) return known;
  const terms: Terms = {
    rule,
    parameters,
    limits: limitsOf(rule, parameters),
    margin: parameters['recovery-margin'] ?? 0,
  };
  worked.set(parameters, terms);
  return terms;
}
const worked = new WeakMap<Record<string, number>, Terms>();

/** A parameter that a rule may leave out. */
export const parameterOf = ({ parameters }: Terms, name: string, otherwise: number): number =>
  parameters[name] ?? otherwise;
