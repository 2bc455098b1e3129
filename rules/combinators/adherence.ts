import type { Evidence } from '#domain/alert.ts';
import type { Expectation } from '#domain/care-plan.ts';
import { isContinuous, type PanelName } from '#domain/vitals.ts';
import type { History } from '../history/history.ts';
import { dayOf, evidenceAt } from '../history/history-records.ts';
import type { Expected } from '../rule.ts';
import { parameterOf } from '../terms.ts';
import type { Combinator } from './course.ts';
import { largest } from './recent.ts';
import { slotsOfDay } from './samples.ts';

/**
 * How much of what the care plan expects came, over whole days of the patient up to yesterday. On one day no more counts than was expected of it; of what is
 * expected every few days, the best of these days counts. Days of a pause, and days before anything was expected, are left out.
 *
 * Parameters: days, adherence-percent, [recovery-margin: 0], [quiet-days: 7].
 */
export const adherence: Combinator = {
  quietDays: 7,
  needsPast: true,
  mayOpen: 'never',
  daysBack: (rule) => largest(rule, 'days', 14) + 1,
  look(terms, history, { happening, now, plan }) {
    if (happening.kind !== 'tick' || !plan) return 'unclear';
    // what lies in a gateway that is away is not missing for want of measuring
    if (happening.silence !== null && happening.silence !== 'patient') return 'unclear';
    const days = parameterOf(terms, 'days', 14);
    const limit = parameterOf(terms, 'adherence-percent', 0);
    let worst: { panel: PanelName; came: number; expected: number; days: number; percent: number } | undefined;
    for (const expectation of plan.expected) {
      if (!terms.rule.panels.includes(expectation.panel)) continue;
      const seen = adherenceTo(expectation, history, plan, { today: happening.day, days, now });
      // less than half of the days says little: a plan that has just begun, a long pause
      if (seen.days < days / 2 || seen.expected === 0) continue;
      const percent = (100 * seen.came) / seen.expected;
      if (!worst || percent < worst.percent) worst = { panel: expectation.panel, ...seen, percent };
    }
    if (!worst) return 'unclear';
    if (worst.percent >= limit) return worst.percent >= limit + terms.margin ? 'well' : 'near';
    return {
      is: 'trouble',
      finding: { ground: 'adherence', ...worst },
      evidence: lastOf(history, worst.panel),
      from: now,
      latest: now,
    };
  },
};

/** How much of one expectation came in the `days` before today; `days` of the answer: of how many of them anything was expected. */
export function adherenceTo(
  { panel, times, everyDays }: Expectation,
  history: History,
  { from, pause }: Pick<Expected, 'from' | 'pause'>,
  { today, days, now }: { today: number; days: number; now: number },
): { came: number; expected: number; days: number } {
  const dayOfMoment = (moment: number) => today - Math.floor((now - moment) / dayMs);
  const first = Math.max(today - days, dayOfMoment(from) + 1);
  const paused = pause && { from: dayOfMoment(Date.parse(pause.from)), until: dayOfMoment(Date.parse(pause.until)) };
  const answer = { came: 0, expected: 0, days: 0 };
  let [best, inPeriod] = [0, 0];
  for (let day = today - 1; day >= first; day--) {
    if (paused && day >= paused.from && day <= paused.until) continue;
    best = Math.max(best, Math.min(times, countOn(history, panel, day, today, now)));
    inPeriod++;
    if (inPeriod < everyDays) continue;
    answer.came += best;
    answer.expected += times;
    answer.days += everyDays;
    [best, inPeriod] = [0, 0];
  }
  return answer;
}

const dayMs = 86_400_000;

/** Measurements of one day, artefacts too: who measured has measured. */
function countOn(history: History, panel: PanelName, day: number, today: number, now: number): number {
  const kept = history.panels.get(panel);
  if (!kept) return 0;
  let count = 0;
  if (isContinuous(panel) && kept.slots) {
    // the days of what is worn are counted back from now
    const { slots } = kept;
    const end = Math.floor(now / slots.slotMs) - (today - day - 1) * slotsOfDay(slots);
    for (let slot = end - slotsOfDay(slots); slot < end; slot++)
      if (slot > slots.newest - slots.ring.length && slot <= slots.newest && slots.ring[slot % slots.ring.length])
        count++;
    return count;
  }
  for (let i = kept.records.count - 1; i >= 0 && dayOf(kept.records, i) >= day; i--)
    if (dayOf(kept.records, i) === day) count++;
  return count;
}

/** The last reading there is, so that whoever calls sees when it was. */
export function lastOf(history: History, panel: PanelName): Evidence[] {
  const records = history.panels.get(panel)?.records;
  return records && records.count > 0 ? [evidenceAt(records, records.count - 1)] : [];
}
