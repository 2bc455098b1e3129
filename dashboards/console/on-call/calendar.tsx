import { useMediaQuery } from '@mantine/hooks';
import { IconArrowsExchange, IconCalendarEvent, IconUserOff } from '@tabler/icons-react';
import type { ClinicianId } from '#domain/ids.ts';
import type { Holiday } from '#domain/rota.ts';
import type { PersonRef } from '#domain/views.ts';
import { useLanguage } from '../locales/language.ts';
import { WeekLanes } from './week-lanes.tsx';
import { WeekList } from './week-list.tsx';
import { huesOf, type Piece, placesShown, type Span, spansOf, type Watch, type Week, within } from './weeks.ts';

/** A shift of half a day is then wide enough for a name. */
const roomForLanes = '(min-width: 1200px)';

/** What both pictures of a week need. */
export type Drawn = {
  places: readonly number[];
  spans: readonly Piece[];
  people: readonly PersonRef[];
  hues: ReadonlyMap<ClinicianId, number>;
  holidays: readonly Holiday[];
  /** ms since 1970. */
  now: number;
  /** Somebody wants that time covered; undefined where that cannot be. */
  choose: ((span: Span) => void) | undefined;
};

/** Who serves when: lanes where there is room, else a list of each week. */
export function Calendar(props: {
  weeks: readonly Week[];
  watches: readonly Watch[];
  called: readonly number[];
  people: readonly PersonRef[];
  holidays: readonly Holiday[];
  now: number;
  choose?: (span: Span) => void;
}) {
  const { t } = useLanguage();
  const { weeks, watches, called, people, holidays, now, choose } = props;
  const wide = useMediaQuery(roomForLanes, true, { getInitialValueInEffect: false });
  const places = placesShown(watches, called);
  if (places.length === 0) return <p className="muted">{t('onCall.calendar.empty')}</p>;
  const all = places.flatMap((place) => spansOf(watches, place, called.includes(place)));
  const hues = huesOf(people.map(({ id }) => id));
  const drawn = (week: Week): Drawn => ({ places, spans: within(all, week), people, hues, holidays, now, choose });
  return (
    <div className="calendar">
      <div className={wide ? 'calendar-lanes' : 'calendar-list'}>
        {weeks.map((week, i) =>
          wide ? (
            <WeekLanes key={week.from} week={week} drawn={drawn(week)} />
          ) : (
            <WeekList key={week.from} week={week} drawn={drawn(week)} first={i === 0} />
          ),
        )}
      </div>
      <p className="legend">
        <span>
          <IconUserOff size={16} aria-hidden className="legend-gap" />
          {t('onCall.calendar.legendGap')}
        </span>
        <span>
          <IconArrowsExchange size={16} aria-hidden />
          {t('onCall.calendar.legendCover')}
        </span>
        <span>
          <IconCalendarEvent size={16} aria-hidden />
          {t('onCall.calendar.holiday')}
        </span>
        {choose && <span>{t('onCall.calendar.choose')}</span>}
      </p>
    </div>
  );
}
