import { IconAlertTriangle, IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { type ComponentView, nameOfComponent, type PlatformAlert, platformTroubles } from '#domain/platform.ts';
import { useComponents, usePlatformAlerts } from '../api/admin.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Answer, Calm } from '../parts/states.tsx';
import { useNow } from '../time/clock.ts';
import { Frame } from './frame.tsx';
import { Chip } from './source-chips.tsx';

/** How the platform is: what does not work and what to do about it, every part with its state, and what was before. */
export function OperationPage() {
  const { t } = useLanguage();
  return (
    <Frame page="operation" lead={t('admin.operation.lead')}>
      <div className="stack">
        <Answer of={usePlatformAlerts('open')}>
          {({ alerts }) =>
            alerts.length === 0 ? (
              <Calm title={t('admin.operation.calm')}>
                <p>{t('admin.operation.calmMore')}</p>
              </Calm>
            ) : (
              <section className="stack" aria-label={t('admin.operation.open')}>
                {alerts.map((alert) => (
                  <Open key={alert.id} alert={alert} />
                ))}
              </section>
            )
          }
        </Answer>
        <section className="card">
          <h2>{t('admin.operation.components')}</h2>
          <Answer of={useComponents()}>
            {({ components }) =>
              components.length === 0 ? (
                <p className="muted">{t('admin.operation.noComponents')}</p>
              ) : (
                <ul className="items">
                  {components.map((one) => (
                    <Component key={`${one.process} ${one.component}`} one={one} all={components} />
                  ))}
                </ul>
              )
            }
          </Answer>
        </section>
        <section className="card">
          <h2>{t('admin.operation.earlier')}</h2>
          <Answer of={usePlatformAlerts('all')}>{({ alerts }) => <Earlier alerts={alerts} />}</Answer>
        </section>
      </div>
    </Frame>
  );
}

function Open({ alert }: { alert: PlatformAlert }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow();
  const { title, means, remedy } = platformTroubles[alert.trouble];
  return (
    <article className="card trouble" data-severity={alert.state === 'down' ? 'critical' : 'urgent'}>
      <h2>{say(title)}</h2>
      <div className="row small muted">
        <span>{say(nameOfComponent(alert.component))}</span>
        <span>{t('admin.operation.process', { process: alert.process })}</span>
        <span>{t('admin.operation.since', { time: times.shortMoment(alert.since, now) })}</span>
      </div>
      <p>{say(means)}</p>
      <p>
        <b>{t('admin.operation.remedy')}</b> {say(remedy)}
      </p>
      {alert.detail && <p className="small muted">{t('admin.operation.said', { detail: alert.detail })}</p>}
    </article>
  );
}

/** A process that has said nothing for so long has ended, hangs, or does not reach PostgreSQL. */
const silentAfterMs = 60_000;

function Component({ one, all }: { one: ComponentView; all: readonly ComponentView[] }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow();
  const several = all.some(({ process }) => process !== one.process);
  const silent = now - Date.parse(one.at) > silentAfterMs;
  const { severity, Icon } = {
    ok: { severity: 'well' as const, Icon: IconCircleCheck },
    degraded: { severity: 'urgent' as const, Icon: IconAlertTriangle },
    down: { severity: 'critical' as const, Icon: IconCircleX },
  }[one.state];
  return (
    <li className="item">
      <div>
        <p className="title">{say(nameOfComponent(one.component))}</p>
        <div className="row small muted">
          {several && <span>{t('admin.operation.process', { process: one.process })}</span>}
          {one.trouble && <span>{say(platformTroubles[one.trouble].title)}</span>}
          {one.state !== 'ok' && one.detail && <span>{t('admin.operation.said', { detail: one.detail })}</span>}
        </div>
      </div>
      <Chip severity={silent ? 'quiet' : severity} icon={<Icon size={16} aria-hidden />}>
        {silent
          ? t('admin.operation.silent', { ago: times.ago(one.at, now) })
          : t(`admin.operation.state.${one.state}`)}
      </Chip>
    </li>
  );
}

function Earlier({ alerts }: { alerts: readonly PlatformAlert[] }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  const closed = alerts.flatMap((alert) => (alert.closedAt ? [{ ...alert, closedAt: alert.closedAt }] : []));
  if (closed.length === 0) return <p className="muted">{t('admin.operation.noEarlier')}</p>;
  return (
    <ul className="items">
      {closed.map(({ id, component, trouble, since, closedAt }) => (
        <li className="item" key={id}>
          <div>
            <p>{say(platformTroubles[trouble].title)}</p>
            <div className="row small muted">
              <span>{say(nameOfComponent(component))}</span>
              <span>
                {t('admin.operation.lasted', {
                  from: times.shortMoment(since, now),
                  length: times.duration(Date.parse(closedAt) - Date.parse(since)),
                })}
              </span>
            </div>
          </div>
        </li>
      ))}
    </ul>
  );
}
