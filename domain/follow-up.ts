import { type CarePlan, type FollowUp, isPaused } from './care-plan.ts';
import { dayAround, dayIn } from './zone.ts';

/** Which tasks the follow-up of a care plan asks for, and on which days of the care team. */

export type FollowUpDue = {
  followUp: FollowUp;
  /** The day it stands for, `YYYY-MM-DD`. */
  on: string;
  /** When that day is over, ms since 1970. */
  dueAt: number;
};

const dayMs = 86_400_000;

/** @param day `YYYY-MM-DD` */
export function fallsOn({ firstOn, everyDays }: Pick<FollowUp, 'firstOn' | 'everyDays'>, day: string): boolean {
  const days = (Date.parse(day) - Date.parse(firstOn)) / dayMs;
  return days >= 0 && days % everyDays === 0;
}

/**
 * What is to be done today, and what was yesterday, should nobody have looked then; that only if the plan stood as it stands now when
 * that day began. Nothing while the patient is paused. @param now, @param plannedAt ms since 1970; when the plan was last changed.
 */
export function followUpsDue(
  plan: Pick<CarePlan, 'followUp' | 'pause'>,
  timeZone: string,
  now: number,
  plannedAt: number,
): FollowUpDue[] {
  if (plan.followUp.length === 0 || isPaused(plan, now)) return [];
  const today = dayAround(timeZone, now);
  const yesterday = dayAround(timeZone, today.from - 1);
  const wasSo = plannedAt <= yesterday.from && !isPaused(plan, yesterday.from) && !isPaused(plan, yesterday.to - 1);
  return [...(wasSo ? [yesterday] : []), today].flatMap(({ from, to }) => {
    const on = dayIn(timeZone, from);
    return plan.followUp.filter((one) => fallsOn(one, on)).map((followUp) => ({ followUp, on, dueAt: to }));
  });
}
