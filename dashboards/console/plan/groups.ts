import type { RuleEntry } from '#domain/rule-book.ts';

/** Under which condition rules stand, by the problem that they look for. Pure. */

export const conditions = [
  'pressure',
  'glucose',
  'fluid',
  'oxygen',
  'pulse',
  'temperature',
  'early-warning',
  'measuring',
  'devices',
  'other',
] as const;
export type Condition = (typeof conditions)[number];

const beginnings: readonly [string, Condition][] = [
  ['blood-pressure', 'pressure'],
  ['glucose', 'glucose'],
  ['ketone', 'glucose'],
  ['fluid', 'fluid'],
  ['oxygen', 'oxygen'],
  ['breathing', 'oxygen'],
  ['pulse', 'pulse'],
  ['fever', 'temperature'],
  ['hypothermia', 'temperature'],
  ['early-warning', 'early-warning'],
  ['consciousness', 'early-warning'],
  ['measuring', 'measuring'],
  ['device', 'devices'],
  ['gateway', 'devices'],
  ['cuff', 'devices'],
];

export const conditionOf = (problem: string): Condition =>
  beginnings.find(([beginning]) => problem.startsWith(beginning))?.[1] ?? 'other';

/** In the order of `conditions`, without those that have no rule. */
export function byCondition<Rule extends Pick<RuleEntry, 'problem'>>(
  rules: readonly Rule[],
): { condition: Condition; rules: Rule[] }[] {
  return conditions
    .map((condition) => ({ condition, rules: rules.filter(({ problem }) => conditionOf(problem) === condition) }))
    .filter((group) => group.rules.length > 0);
}

/** The parameters that are not as the book has them. */
export const different = (entry: RuleEntry & { inForce: Record<string, number> }): RuleEntry['parameters'] =>
  entry.parameters.filter(({ name, default: usual }) => entry.inForce[name] !== usual);
