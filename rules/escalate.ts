import type { Escalation } from '#domain/alert.ts';
import type { ClinicianId } from '#domain/ids.ts';
import type { TeamEscalation } from '#runtime/records/database.ts';

/**
 * Who is called when. Pure. Steps are numbered through all rounds from 0; the wait before a step counts from when the step
 * before it began, so that somebody who was called late still has the time to answer.
 */

/**
 * The team's policy with the people who are on call now. A place on the rota that nobody holds is left out, and the first step
 * that has somebody begins at once; null when nobody is on call at all.
 */
export function freezeEscalation(policy: TeamEscalation, onCall: ReadonlyMap<number, ClinicianId>): Escalation | null {
  const steps = policy.steps
    .map(({ afterSeconds, onCall: places }) => ({
      afterSeconds,
      recipients: [...new Set(places.flatMap((place) => onCall.get(place) ?? []))],
    }))
    .filter((step) => step.recipients.length > 0)
    .sort((a, b) => a.afterSeconds - b.afterSeconds);
  const [first] = steps;
  if (!first) return null;
  return {
    steps: steps.map((step) => ({ ...step, afterSeconds: step.afterSeconds - first.afterSeconds })),
    repeatAfterSeconds: policy.repeatAfterSeconds,
    rounds: policy.rounds,
  };
}

export type CallStep = { step: number; round: number; recipients: ClinicianId[] };

/** Undefined behind the last step of the last round. */
export function callStep(escalation: Escalation, step: number): CallStep | undefined {
  const round = Math.floor(step / escalation.steps.length);
  const found = escalation.steps[step % escalation.steps.length];
  if (!found || round >= escalation.rounds) return undefined;
  return { step, round, recipients: found.recipients };
}

/** How long after the beginning of `step` the next one begins; undefined when none follows. */
export function waitAfter(escalation: Escalation, step: number): number | undefined {
  if (!callStep(escalation, step + 1)) return undefined;
  if (startsRound(escalation, step + 1)) return escalation.repeatAfterSeconds * 1000;
  const at = (n: number) => escalation.steps[n % escalation.steps.length]?.afterSeconds ?? 0;
  return Math.max(0, at(step + 1) - at(step)) * 1000;
}

/** A new round always waits: with every channel away, the rounds would else be used up in a moment. */
export const startsRound = (escalation: Escalation, step: number): boolean => step % escalation.steps.length === 0;
