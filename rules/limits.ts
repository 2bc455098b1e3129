import type { RuleParameter } from '#domain/rule-book.ts';
import type { VitalName } from '#domain/vitals.ts';
import type { Rule } from './rule.ts';

/** The limits of a rule, with the values in force. */
export type Limit = { vital: VitalName; side: 'above' | 'below'; value: number };

export function limitsOf(rule: Rule, parameters: Record<string, number>): Limit[] {
  return rule.parameters
    .filter((p): p is RuleParameter & { limits: NonNullable<RuleParameter['limits']> } => p.limits !== undefined)
    .map((p) => ({ ...p.limits, value: parameters[p.name] ?? p.default }));
}

/** `near`: inside the limit, but not by the margin, so it neither confirms nor reassures. */
export type Grade = 'beyond' | 'near' | 'within';

/** The gravest grade any limit gives; a vital that is missing gives none. */
export function gradeOf(
  limits: readonly Limit[],
  margin: number,
  measured: (vital: VitalName) => number | undefined,
): Grade {
  let grade: Grade = 'within';
  for (const limit of limits) {
    const value = measured(limit.vital);
    if (value === undefined) continue;
    if (isBeyond(limit, value)) return 'beyond';
    if (isBeyond({ ...limit, value: limit.side === 'above' ? limit.value - margin : limit.value + margin }, value))
      grade = 'near';
  }
  return grade;
}

export const isBeyond = (limit: Limit, value: number): boolean =>
  limit.side === 'above' ? value >= limit.value : value < limit.value;

/** Whether any of the values is beyond its limit. */
export function isAnyBeyond(limits: readonly Limit[], values: readonly { vital: VitalName; value: number }[]): boolean {
  for (let n = 0; n < values.length; n++) {
    const { vital, value } = values[n]!;
    for (let i = 0; i < limits.length; i++) if (limits[i]!.vital === vital && isBeyond(limits[i]!, value)) return true;
  }
  return false;
}
