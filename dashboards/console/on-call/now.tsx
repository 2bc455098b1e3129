import { IconArrowsExchange, IconUserOff } from '@tabler/icons-react';
import type { Duty } from '#domain/rota.ts';
import type { RotaView } from '#domain/rota-views.ts';
import { useSession } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { spansOf, type Watch } from './weeks.ts';
import { useNames, useWhen } from './words.ts';

/** Who is called if an alert comes now, until when, and by what. */
export function OnCallNow(props: { rota: RotaView; duties: readonly Duty[]; watches: readonly Watch[]; now: number }) {
  const { t, say } = useLanguage();
  const names = useNames();
  const when = useWhen();
  const me = useSession().data?.clinician.id;
  const { rota, duties, watches, now } = props;
  const places = [...new Set([...rota.places, ...duties.map(({ place }) => place)])].sort((a, b) => a - b);
  const until = (place: number): string => {
    const span = spansOf(watches, place, true).find(({ from, to }) => from <= now && now < to);
    if (!span) return '';
    const beyond = span.to === watches.at(-1)?.to;
    return t(beyond ? 'onCall.now.beyond' : 'onCall.now.until', { time: when.moment(span.to) });
  };
  return (
    <section className="card" aria-label={t('onCall.now.title')}>
      <h2>{t('onCall.now.title')}</h2>
      {rota.rota.layers.length === 0 && duties.length === 0 ? (
        <p className="gap-words">{t('onCall.now.none')}</p>
      ) : (
        <ul className="now-places">
          {places.map((place) => {
            const duty = duties.find((one) => one.place === place);
            const person = rota.people.find(({ id }) => id === duty?.clinician);
            return (
              <li key={place} data-place={place} data-kind={person ? 'held' : 'gap'}>
                <p className="muted small">{names.place(place)}</p>
                {person ? (
                  <>
                    <p className="now-who">
                      {say(person.name)}
                      {person.id === me && <span className="chip">{t('onCall.now.you')}</span>}
                      {duty?.override && (
                        <span className="chip">
                          <IconArrowsExchange size={14} aria-hidden />
                          {t('onCall.now.covers')}
                        </span>
                      )}
                    </p>
                    <p className="muted">{until(place)}</p>
                    {person.channels.length > 0 ? (
                      <p className="muted small">
                        {t('onCall.now.reachedBy', { ways: names.listed(person.channels.map(names.channel)) })}
                      </p>
                    ) : (
                      <p className="gap-words">{t('onCall.now.reachedByNone')}</p>
                    )}
                  </>
                ) : (
                  <>
                    <p className="now-who gap-words">
                      <IconUserOff size={20} aria-hidden />
                      {t('onCall.now.nobody')}
                    </p>
                    <p className="muted">{until(place)}</p>
                    <p className="small">{t('onCall.now.nobodyMore')}</p>
                  </>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
