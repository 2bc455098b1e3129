import { IconCircleCheckFilled, IconCircleDashed, IconPointFilled } from '@tabler/icons-react';
import type { AlertDetail, PageView } from '#domain/views.ts';
import { en } from '../locales/en.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Moment } from '../parts/ago.tsx';

/** How an alert went: its way from the cuff to a person, who was paged, what happened since. */

const steps = ['measured', 'heard', 'opened', 'paged', 'seen', 'acknowledged'] as const;

export function Way({ clock }: { clock: AlertDetail['clock'] }) {
  const { t } = useLanguage();
  const times = useTimes();
  // they need not follow the order of the list: somebody may see an alert before its first page went out
  const reached = steps.flatMap((step) => (clock[step] ? [{ step, at: Date.parse(clock[step]) }] : []));
  const ordered = reached.toSorted((a, b) => a.at - b.at);
  const missing = steps.filter((step) => !clock[step]);
  return (
    <>
      <ol className="way">
        {ordered.map(({ step, at }, i) => {
          const before = ordered[i - 1];
          return (
            <li key={step} data-done="true">
              <span className="mark">
                <IconCircleCheckFilled size={22} aria-hidden />
              </span>
              <span className="what">{t(`alert.steps.${step}`)}</span>
              <span className="when">
                {times.withSeconds(at)}
                {before && (
                  <div className="small muted">{t('alert.after', { duration: times.duration(at - before.at) })}</div>
                )}
              </span>
            </li>
          );
        })}
        {missing.map((step) => (
          <li key={step} data-done="false">
            <span className="mark">
              <IconCircleDashed size={22} aria-hidden />
            </span>
            <span className="what">{t(`alert.steps.${step}`)}</span>
            <span className="when muted">{t('alert.notYet')}</span>
          </li>
        ))}
      </ol>
      {clock.acknowledged && (
        <p className="small muted" style={{ marginTop: 10 }}>
          {t('alert.total', { duration: times.duration(Date.parse(clock.acknowledged) - Date.parse(clock.measured)) })}
        </p>
      )}
    </>
  );
}

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
