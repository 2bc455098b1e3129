import { Button } from '@mantine/core';
import { IconBellZ, IconHeartCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { AlertView } from '#domain/views.ts';
import { type AlertFilter, useAlerts } from '../api/queries.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Ago } from '../parts/ago.tsx';
import { Choice } from '../parts/choice.tsx';
import { SeverityChip, StateChip } from '../parts/severity.tsx';
import { Answer, Calm } from '../parts/states.tsx';
import { useTitle } from '../parts/title.ts';
import { useNow } from '../time/clock.ts';

const filters = {
  unresolved: ['open', 'acknowledged'],
  open: ['open'],
  resolved: ['resolved'],
} as const satisfies Record<string, AlertFilter[]>;
type Filter = keyof typeof filters;
const filterNames = Object.keys(filters) as Filter[];

export function AlertsPage() {
  const { t } = useLanguage();
  useTitle(t('alerts.title'));
  const [filter, setFilter] = useState<Filter>('unresolved');
  const alerts = useAlerts(filters[filter]);
  return (
    <>
      <div className="page-head">
        <h1>{t('alerts.title')}</h1>
        <Choice
          label={t('alerts.filter')}
          options={filterNames.map((value) => ({ value, words: t(`alerts.${value}`) }))}
          value={filter}
          choose={setFilter}
        />
      </div>
      <Answer of={alerts}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.alerts);
          if (all.length === 0)
            return (
              <Calm title={t('alerts.none')}>
                <p>{t('alerts.noneMore')}</p>
              </Calm>
            );
          return (
            <div className="stack">
              <section className="card" aria-label={t('alerts.title')}>
                <AlertItems alerts={all} named />
              </section>
              {alerts.hasNextPage && (
                <Button
                  variant="default"
                  loading={alerts.isFetchingNextPage}
                  onClick={() => void alerts.fetchNextPage()}
                >
                  {t('common.showOlder')}
                </Button>
              )}
            </div>
          );
        }}
      </Answer>
    </>
  );
}

export function AlertItems({ alerts, named }: { alerts: AlertView[]; named: boolean }) {
  const { t, say } = useLanguage();
  return (
    <ul className="items">
      {alerts.map((alert) => (
        <li className="item" key={alert.id}>
          <div>
            <Link className="title" href={`/alerts/${alert.id}`}>
              {say(alert.title)}
            </Link>
            {named && (
              <p>
                {say(alert.patientName)} <span className="muted">{t('common.age', { age: alert.patientAge })}</span>
              </p>
            )}
            {!named && <p>{say(alert.explanation)}</p>}
            <p className="small muted">
              <Ago at={alert.openedAt} />
              <Whose alert={alert} />
            </p>
            <Standing alert={alert} />
          </div>
          <div className="row">
            <SeverityChip severity={alert.severity} />
            <StateChip state={alert.state} snoozed={alert.snooze !== null} />
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Snoozed until when, and back inside since when. */
function Standing({ alert }: { alert: AlertView }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  if (alert.state === 'resolved' || !(alert.snooze || alert.recoveredAt)) return null;
  return (
    <div className="row">
      {alert.snooze && (
        <span className="chip" data-severity="quiet">
          <IconBellZ size={16} aria-hidden />
          {t('alerts.snoozedUntil', { time: times.shortMoment(alert.snooze.until, now) })}
        </span>
      )}
      {alert.recoveredAt && (
        <span className="chip" data-severity="well">
          <IconHeartCheck size={16} aria-hidden />
          {t('alert.backInsideSince', { time: times.shortMoment(alert.recoveredAt, now) })}
        </span>
      )}
    </div>
  );
}

function Whose({ alert }: { alert: AlertView }) {
  const { t, say } = useLanguage();
  if (alert.state === 'open') return null;
  const outcome = alert.outcome ? t(`outcome.${alert.outcome}`) : t('alertState.resolved');
  const words =
    alert.state === 'acknowledged'
      ? alert.acknowledgedByName &&
        (alert.handedOverByName
          ? t('alerts.handedOver', { name: say(alert.acknowledgedByName), from: say(alert.handedOverByName) })
          : t('alerts.acknowledgedBy', { name: say(alert.acknowledgedByName) }))
      : alert.resolvedByName
        ? t('alerts.resolvedBy', { outcome, name: say(alert.resolvedByName) })
        : outcome;
  return words ? ` · ${words}` : null;
}
