import { IconPointFilled } from '@tabler/icons-react';
import type { AlertDetail, PageView } from '#domain/views.ts';
import { en } from '../locales/en.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Moment } from '../parts/ago.tsx';
import { useNow } from '../time/clock.ts';

/** How an alert went: who was paged, what happened since. */

const tones = { due: 'quiet', sent: 'well', failed: 'critical', cancelled: 'quiet' } as const;

export function Pages({ pages }: { pages: PageView[] }) {
  const { t, say } = useLanguage();
  if (pages.length === 0) return <p className="muted">{t('alert.noPages')}</p>;
  return (
    <ul className="items">
      {pages.map((page) => (
        <li className="item" key={`${page.step} ${page.channel} ${page.recipient.id}`}>
          <div>
            <span className="title">{say(page.recipient.name)}</span>{' '}
            <span className="muted small">
              {isChannel(page.channel) ? t(`alert.channel.${page.channel}`) : page.channel}
              {page.attempts > 1 && ` · ${t('alert.attempts', { count: page.attempts })}`}
            </span>
          </div>
          <div className="row">
            <span className="chip" data-severity={tones[page.state]}>
              {t(`alert.pageState.${page.state}`)}
            </span>
            <span className="numbers">
              <Moment at={page.sentAt ?? page.dueAt} />
            </span>
          </div>
        </li>
      ))}
    </ul>
  );
}

const isChannel = (name: string): name is keyof typeof en.alert.channel => name in en.alert.channel;

type KnownEvent = keyof typeof en.alert.events;
const isKnown = (kind: string): kind is KnownEvent => kind in en.alert.events;

/** Newest last, as it happened. */
export function History({ events }: { events: AlertDetail['events'] }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  return (
    <ol className="way">
      {events.map((event, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: events are appended only, and two may be alike
        <li key={i}>
          <span className="mark">
            <IconPointFilled size={22} aria-hidden />
          </span>
          <span className="what">
            {isKnown(event.kind) ? t(`alert.events.${event.kind}`) : event.kind}
            {event.actor && <span className="muted"> · {say(event.actor.name)}</span>}
            {event.to && <span className="muted"> → {say(event.to.name)}</span>}
            {event.until && (
              <span className="muted"> · {t('alert.untilTime', { time: times.shortMoment(event.until, now) })}</span>
            )}
          </span>
          <span className="when">
            <Moment at={event.at} />
          </span>
          {event.note && <span className="note">{event.note}</span>}
        </li>
      ))}
    </ol>
  );
}
