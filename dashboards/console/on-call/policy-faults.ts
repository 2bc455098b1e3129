import type { Policies } from '#domain/escalation.ts';
import type { RotaPerson } from '#domain/rota-views.ts';

/** What keeps policies from being saved, by where it is, as the API points to it. Pure. */

export type PolicyFault =
  | 'minutes'
  | 'order'
  | 'targets'
  | 'channels'
  | 'repeat'
  | 'rounds'
  | 'quiet'
  | 'unreachable'
  | 'stranger';

export function faultsIn(policies: Policies, people: readonly RotaPerson[]): Map<string, PolicyFault> {
  const faults = new Map<string, PolicyFault>();
  for (const severity of ['critical', 'urgent', 'routine'] as const) {
    const policy = policies[severity];
    if (!policy) continue;
    const at = `/${severity}`;
    if (!between(policy.repeatAfterSeconds, 10, 86_400)) faults.set(`${at}/repeatAfterSeconds`, 'repeat');
    if (!between(policy.rounds, 1, 50)) faults.set(`${at}/rounds`, 'rounds');
    for (const [i, step] of policy.steps.entries()) {
      const where = `${at}/steps/${i}`;
      const before = policy.steps[i - 1];
      if (!between(step.afterSeconds, 0, 86_400)) faults.set(`${where}/afterSeconds`, 'minutes');
      else if (before && step.afterSeconds < before.afterSeconds) faults.set(`${where}/afterSeconds`, 'order');
      if (step.targets.length === 0) faults.set(`${where}/targets`, 'targets');
      for (const target of step.targets) {
        if (target.kind !== 'person') continue;
        const person = people.find(({ id }) => id === target.clinician);
        if (!person?.mayServe) faults.set(`${where}/targets`, 'stranger');
        else if (person.channels.length === 0) faults.set(`${where}/targets`, 'unreachable');
      }
      if (step.channels?.length === 0) faults.set(`${where}/channels`, 'channels');
    }
  }
  const { quietHours } = policies;
  if (quietHours && (quietHours.from === '' || quietHours.to === '')) faults.set('/quietHours', 'quiet');
  return faults;
}

const between = (value: number, low: number, high: number): boolean =>
  Number.isInteger(value) && low <= value && value <= high;
