import { IconArrowsExchange, IconUserOff } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useLanguage } from '../locales/language.ts';
import type { Drawn } from './calendar.tsx';
import type { Piece } from './weeks.ts';
import { useNames, useWhen } from './words.ts';

/** One time at one place: a button where somebody can let it be covered. `children`: what is to be read on it. */
export function DutyBox({ span, drawn, children }: { span: Piece; drawn: Drawn; children: ReactNode }) {
  const { t } = useLanguage();
  const names = useNames();
  const when = useWhen();
  const { duty, place, from, to } = span.whole;
  const who = duty ? names.who(duty.clinician, drawn.people) : t('onCall.calendar.nobody');
  const words = t('onCall.calendar.duty', {
    who: duty?.override ? `${who} (${t('onCall.calendar.cover')})` : who,
    place: names.place(place),
    from: when.moment(from),
    to: when.moment(to),
  });
  const look = {
    className: 'duty',
    title: words,
    'data-hue': duty ? drawn.hues.get(duty.clinician) : undefined,
    'data-kind': duty ? (duty.override ? 'cover' : 'turn') : 'gap',
  };
  const { choose } = drawn;
  // what is over needs nobody any more
  if (!choose || to <= drawn.now) return <span {...look}>{children}</span>;
  return (
    <button type="button" {...look} aria-label={words} onClick={() => choose(span.whole)}>
      {children}
    </button>
  );
}

/** Their name, and a sign where it is no ordinary turn. */
export function Holder({ span, drawn }: { span: Piece; drawn: Drawn }) {
  const { t } = useLanguage();
  const names = useNames();
  if (!span.duty)
    return (
      <>
        <IconUserOff size={15} aria-hidden />
        <span className="holder">{t('onCall.calendar.nobody')}</span>
      </>
    );
  return (
    <>
      {span.duty.override && <IconArrowsExchange size={15} aria-hidden />}
      <span className="holder">{names.who(span.duty.clinician, drawn.people)}</span>
    </>
  );
}
