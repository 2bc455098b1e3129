import { IconPlayerPause } from '@tabler/icons-react';
import type { Pause } from '#domain/care-plan.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { useNow } from '../time/clock.ts';

/** Away until then, and why: so that nobody wonders. */
export function PausedChip({ pause }: { pause: Pause | null }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  if (!pause) return null;
  return (
    <span className="chip" data-severity="quiet">
      <IconPlayerPause size={16} aria-hidden />
      {t('patient.paused', { reason: t(`patient.pauseReason.${pause.reason}`), time: times.moment(pause.until, now) })}
    </span>
  );
}
