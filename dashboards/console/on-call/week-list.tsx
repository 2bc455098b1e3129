import { IconCalendarEvent } from '@tabler/icons-react';
import { useState } from 'react';
import { useLanguage } from '../locales/language.ts';
import type { Drawn } from './calendar.tsx';
import { DutyBox, Holder } from './duty.tsx';
import type { Piece, Week } from './weeks.ts';
import { useNames, useWhen } from './words.ts';

/** A week as a list, for screens on which a day has no width. What is over is left out. */
export function WeekList({ week, drawn, first }: { week: Week; drawn: Drawn; first: boolean }) {
  const { t, say } = useLanguage();
  const [open, setOpen] = useState(first);
  const names = useNames();
  const when = useWhen();
  const coming = drawn.spans.filter(({ to }) => to > drawn.now).sort((a, b) => a.from - b.from || a.place - b.place);
  const gaps = coming.filter(({ duty }) => duty === null).length;
  const days = week.days.flatMap((day, i) => {
    // what began before the week stands under its first day that is to come
    const begins = ({ from }: Piece) => day.from <= from && from < day.to;
    const spans = coming.filter(begins);
    const holiday = drawn.holidays.find(({ on }) => on === day.on);
    return spans.length > 0 || (holiday && day.to > drawn.now) ? [{ ...day, i, spans, holiday }] : [];
  });
  return (
    <details className="week-list" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b>{t('onCall.calendar.week', { day: when.day(week.from) })}</b>{' '}
        <span className={gaps > 0 ? 'gap-words' : 'muted'}>
          {gaps > 0 ? t('onCall.calendar.gapsIn', { count: gaps }) : t('onCall.calendar.weekWell')}
        </span>
      </summary>
      {open &&
        days.map(({ on, from, spans, holiday }) => (
          <div key={on} className="list-day">
            <h3>
              {when.day(from)}
              {holiday && (
                <span className="list-holiday">
                  <IconCalendarEvent size={15} aria-hidden /> {say(holiday.name)}
                </span>
              )}
            </h3>
            <ul>
              {spans.map((span) => (
                <li key={`${span.place} ${span.from}`}>
                  <DutyBox span={span} drawn={drawn}>
                    <b>{names.shortPlace(span.place)}</b>
                    <span className="list-who">
                      <Holder span={span} drawn={drawn} />
                    </span>
                    <span className="numbers">{when.times(span.from, span.to)}</span>
                  </DutyBox>
                </li>
              ))}
            </ul>
          </div>
        ))}
    </details>
  );
}
