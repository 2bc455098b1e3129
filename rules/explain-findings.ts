import type { Words } from '#domain/words.ts';
import { explainRising } from './explain.ts';
import type { Finding } from './finding.ts';
import type { Rule } from './rule.ts';

/**
 * Why an alert was raised, in sentences a doctor reads once and knows what to do.
 *
 * @param lateMs how long ago its last reading was taken, where that is too long for the alert to call anybody.
 */
export function explainFinding(
  rule: Rule,
  parameters: Record<string, number>,
  finding: Finding,
  _lateMs: number | undefined,
): Words {
  if (finding.ground === 'average' && finding.before)
    return explainRising(rule, parameters, finding.now, finding.before);
  return rule.title;
}
