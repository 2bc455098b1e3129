import { IconCalendarEvent } from '@tabler/icons-react';
import { useLanguage } from '../locales/language.ts';
import type { Drawn } from './calendar.tsx';
import { DutyBox, Holder } from './duty.tsx';
import { positionIn, type Week } from './weeks.ts';
import { useNames, useWhen } from './words.ts';

/** Of a week: seven hours. No name fits into less; it stands in the title, and the colour says whose it is. */
const narrow = 7 / 168;

/** A week as lanes, one for each place; days are as wide as each other. */
export function WeekLanes({ week, drawn }: { week: Week; drawn: Drawn }) {
  const { t, say } = useLanguage();
  const names = useNames();
  const when = useWhen();
  const at = (moment: number) => `${(positionIn(week, moment) * 100).toFixed(3)}%`;
  return (
    <section className="week" aria-label={t('onCall.calendar.week', { day: when.day(week.from) })}>
      <div className="week-days">
        {week.days.map(({ on, from, to }) => {
          const holiday = drawn.holidays.find((one) => one.on === on);
          const today = from <= drawn.now && drawn.now < to;
          return (
            <div key={on} className="week-day" data-today={today} data-holiday={holiday !== undefined}>
              <b>{when.day(from)}</b>
              {holiday && (
                <span title={say(holiday.name)}>
                  <IconCalendarEvent size={14} aria-hidden /> {say(holiday.name)}
                </span>
              )}
            </div>
          );
        })}
      </div>
      {drawn.places.map((place) => (
        <div key={place} className="lane">
          <b className="lane-name" title={names.place(place)}>
            {names.shortPlace(place)}
          </b>
          <ol className="lane-track">
            {drawn.spans
              .filter((span) => span.place === place)
              .map((span) => (
                <li key={span.from} style={{ left: at(span.from), width: `calc(${at(span.to)} - ${at(span.from)})` }}>
                  <DutyBox span={span} drawn={drawn}>
                    {positionIn(week, span.to) - positionIn(week, span.from) >= narrow && (
                      <Holder span={span} drawn={drawn} />
                    )}
                  </DutyBox>
                </li>
              ))}
          </ol>
        </div>
      ))}
      {week.from <= drawn.now && drawn.now < week.to && (
        <div className="week-now" aria-hidden>
          <i style={{ left: at(drawn.now) }} />
        </div>
      )}
    </section>
  );
}
