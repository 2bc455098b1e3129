import { IconAntennaBars5, IconPlugConnectedX, IconRefresh } from '@tabler/icons-react';
import { useConnection } from '../api/connection.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { useNow } from '../time/clock.ts';

/** In the header: do changes arrive? */
export function ConnectionState() {
  const { t } = useLanguage();
  const { state } = useConnection();
  if (state === 'lost') return null;
  const Icon = state === 'live' ? IconAntennaBars5 : IconRefresh;
  return (
    <span
      className="connection"
      data-state={state}
      role="status"
      title={state === 'polling' ? t('connection.pollingMore') : undefined}
    >
      <Icon size={16} aria-hidden />
      {t(`connection.${state}`)}
    </span>
  );
}

/** Across the page when nobody answers: what is on the screen is the past, and of when. */
export function ConnectionLost() {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  const { state, answeredAt } = useConnection();
  if (state !== 'lost') return null;
  return (
    <div className="lost-bar" role="alert">
      <IconPlugConnectedX size={20} aria-hidden />
      {answeredAt === null
        ? t('connection.lostNoData')
        : t('connection.lost', { time: times.shortMoment(answeredAt, now) })}
    </div>
  );
}
