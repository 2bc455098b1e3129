import type { Expectation } from '#domain/care-plan.ts';
import type { History } from '../history/history.ts';
import { takenAt } from '../history/history-records.ts';
import type { Expected } from '../rule.ts';
import { parameterOf } from '../terms.ts';
import { lastOf } from './adherence.ts';
import type { Combinator } from './course.ts';

/**
 * What is expected and has not come. It is about the patient's days, never about our own: whose silence it is comes with the tick, and a
 * platform that does not hear well accuses nobody. A pause expects nothing, and counting begins anew when it ends.
 *
 * Parameters: missed-at-least, grace-hours, [quiet-days: 1].
 */
export const absence: Combinator = {
  quietDays: 1,
  needsPast: true,
  mayOpen: 'never',
  daysBack: () => 1,
  look(terms, history, { happening, now, plan }) {
    const { judging } = terms.rule;
    if (judging.kind !== 'absence') return 'unclear';
    if (!plan || (happening.kind === 'tick' && happening.silence !== judging.cause)) return 'unclear';
    // whatever it brings, the gateway speaks again
    if (happening.kind === 'reading' && judging.cause === 'gateway') return 'well';
    const graceMs = 3_600_000 * parameterOf(terms, 'grace-hours', 6);
    let worst: { expectation: Expectation; missed: number; latest: number | undefined; silentMs: number } | undefined;
    for (const expectation of plan.expected) {
      if (!terms.rule.panels.includes(expectation.panel)) continue;
      const silence = missedOf(expectation, history, plan, now, graceMs);
      if (silence && (!worst || silence.missed > worst.missed)) worst = { expectation, ...silence };
    }
    // one thing that is measured again does not make up for another
    if (!worst || worst.missed === 0) return happening.kind === 'reading' ? 'well' : 'unclear';
    if (happening.kind !== 'tick' || worst.missed < parameterOf(terms, 'missed-at-least', 1)) return 'unclear';
    const { panel } = worst.expectation;
    const { missed, latest, silentMs } = worst;
    return {
      is: 'trouble',
      finding: { ground: 'absence', panel, missed, latest, silentMs, cause: judging.cause },
      evidence: lastOf(history, panel),
      from: now,
      latest: now,
    };
  },
};

/**
 * How many measurements in a row have not come. Undefined during a pause.
 *
 * @param graceMs so long after its time a measurement is not missed yet.
 */
export function missedOf(
  { panel, times, everyDays }: Expectation,
  history: History,
  { from, pause }: Pick<Expected, 'from' | 'pause'>,
  now: number,
  graceMs: number,
): { missed: number; latest: number | undefined; silentMs: number } | undefined {
  let begin = from;
  if (pause) {
    const [pausedFrom, pausedUntil] = [Date.parse(pause.from), Date.parse(pause.until)];
    if (pausedFrom <= now && now < pausedUntil) return undefined;
    if (pausedUntil <= now) begin = Math.max(begin, pausedUntil);
  }
  const records = history.panels.get(panel)?.records;
  const latest = records && records.count > 0 ? takenAt(records, records.count - 1) : undefined;
  const waitedMs = now - Math.max(begin, latest ?? begin);
  const stepMs = (everyDays * 86_400_000) / times;
  const missed = Math.max(0, Math.floor((waitedMs - graceMs) / stepMs));
  return { missed, latest, silentMs: now - (latest ?? begin) };
}
