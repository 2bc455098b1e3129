import type { Expectation, FollowUp, Pause } from '#domain/care-plan.ts';
import type { RuleParameter } from '#domain/rule-book.ts';
import { panels } from '#domain/vitals.ts';
import { Refused } from '../api/request.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { clock } from '../time/clock.ts';

/** How the pages of plans say what is planned, and why something was not done. */

const told = ['too-many-backtests', 'invalid', 'not-found', 'not-permitted', 'changed-meanwhile'] as const;

export function usePlanWords() {
  const { t, say, language } = useLanguage();
  const times = useTimes();
  const now = clock.now();
  return {
    /** `180 mmHg`; counts have no unit. */
    quantity: (value: number, { unit }: Pick<RuleParameter, 'unit'>): string =>
      unit === '1' ? String(value) : `${value} ${unit}`,
    expectation: ({ panel, times: count, everyDays }: Expectation): string =>
      t(everyDays === 1 ? 'plan.expected.daily' : 'plan.expected.everyDays', {
        panel: say(panels[panel].name),
        count,
        days: everyDays,
      }),
    again: ({ everyDays, firstOn }: Pick<FollowUp, 'everyDays' | 'firstOn'>): string =>
      t(everyDays === 1 ? 'plan.followUp.daily' : 'plan.followUp.everyDays', {
        days: everyDays,
        // noon in UTC is this day nearly everywhere
        from: times.day(`${firstOn}T12:00:00Z`),
      }),
    pause: ({ until, reason }: Pause): string =>
      t('plan.pause.is', { reason: t(`plan.pause.reasons.${reason}`), time: times.moment(until, now) }),
    listed: (some: readonly string[]): string => some.join(language === 'zh' ? '、' : ', '),
    fault: (fault: unknown): string => {
      if (!(fault instanceof Refused)) return t('fault.notDone');
      const code = told.find((one) => one === fault.code);
      return code ? t(`plan.fault.${code}`) : t('fault.refused', { code: fault.code });
    },
  };
}
