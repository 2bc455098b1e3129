import { Button } from '@mantine/core';
import { IconArrowBackUp, IconArrowRight, IconHeartCheck } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { Link } from 'wouter';
import { valueIn } from '#domain/reading.ts';
import type { AlertDetail, AlertView } from '#domain/views.ts';
import { useAlert, useMayAct } from '../api/queries.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Ago } from '../parts/ago.tsx';
import { NewTask } from '../parts/new-task.tsx';
import { Pressure } from '../parts/pressure.tsx';
import { SeverityChip, StateChip } from '../parts/severity.tsx';
import { Answer, Waiting } from '../parts/states.tsx';
import { useTitle } from '../parts/title.ts';
import { useUnits } from '../parts/units.tsx';
import { useNow } from '../time/clock.ts';
import { Act } from './alert-act.tsx';
import { Clock } from './alert-clock.tsx';
import { EvidenceTable } from './alert-evidence.tsx';
import { History, Pages } from './alert-story.tsx';
import { TaskItem } from './task-item.tsx';

// what was in force then is asked for by reviewers, in the morning
const AsItStood = lazy(() => import('./alert-frozen.tsx'));

/** The page a doctor opens at 3 a.m. from a mail, on a phone: what, who, how high, and the one button. The rest is below. */
export function AlertPage({ id }: { id: string }) {
  const { t } = useLanguage();
  useTitle(t('alert.title'));
  return <Answer of={useAlert(id)}>{(detail) => <Whole detail={detail} />}</Answer>;
}

function Whole({ detail }: { detail: AlertDetail }) {
  const { t, say } = useLanguage();
  const { alert } = detail;
  const mayAct = useMayAct();
  return (
    <div className="stack">
      <Top detail={detail} />
      <div className="two">
        <div className="stack">
          <section className="card">
            <h2>{t('alert.why')}</h2>
            <p>{say(alert.explanation)}</p>
            <Frozen detail={detail} />
          </section>
          <section className="card">
            <h2>{t('alert.evidence')}</h2>
            <EvidenceTable evidence={alert.evidence} />
          </section>
          {(detail.tasks.length > 0 || mayAct) && (
            <section className="card">
              <div className="page-head">
                <h2>{t('alert.tasks')}</h2>
                {mayAct && <NewTask patient={alert.patient} team={alert.team} alert={alert.id} />}
              </div>
              {detail.tasks.length === 0 && <p className="muted">{t('alert.noTasks')}</p>}
              <ul className="items">
                {detail.tasks.map((task) => (
                  <TaskItem key={task.id} task={task} name={alert.patientName} bare />
                ))}
              </ul>
            </section>
          )}
        </div>
        <div className="stack">
          <section className="card">
            <h2>{t('alert.clock')}</h2>
            <Clock clock={detail.clock} over={alert.state === 'resolved'} />
          </section>
          <section className="card">
            <h2>{t('alert.pages')}</h2>
            <Pages pages={detail.pages} />
          </section>
          <section className="card">
            <h2>{t('alert.history')}</h2>
            <History events={detail.events} />
          </section>
        </div>
      </div>
    </div>
  );
}

function Top({ detail }: { detail: AlertDetail }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  const { alert } = detail;
  const cameBack = detail.events.findLast(({ kind }) => kind === 'reopened');
  return (
    <section className="card alert-top" data-severity={alert.state === 'open' ? alert.severity : undefined}>
      <div>
        <div className="row">
          <SeverityChip severity={alert.severity} />
          <StateChip state={alert.state} snoozed={alert.snooze !== null} />
          {cameBack && (
            <span className="chip" data-severity="urgent">
              <IconArrowBackUp size={16} aria-hidden />
              {t('alert.reopenedAt', { time: times.shortMoment(cameBack.at, now) })}
            </span>
          )}
        </div>
        <h1>{say(alert.title)}</h1>
        <p className="who">
          <Link href={`/patients/${alert.patient}`}>{say(alert.patientName)}</Link>{' '}
          <span className="muted">{t('common.age', { age: alert.patientAge })}</span>
        </p>
        <Gravest alert={alert} />
        {alert.recoveredAt && (
          <p className="row back-inside">
            <IconHeartCheck size={20} aria-hidden />
            <span>
              <b>{t('alert.backInsideSince', { time: times.shortMoment(alert.recoveredAt, now) })}</b>{' '}
              {alert.state !== 'resolved' && alert.severity !== 'routine' && (
                <span className="muted">{t('alert.backInsideMore')}</span>
              )}
            </span>
          </p>
        )}
      </div>
      <div className="act-box">
        <Act detail={detail} />
        <Button
          component={Link}
          href={`/patients/${alert.patient}`}
          variant="subtle"
          rightSection={<IconArrowRight size={18} aria-hidden />}
        >
          {t('alert.patient')}
        </Button>
      </div>
    </section>
  );
}

/** The newest evidence, large. */
function Gravest({ alert }: { alert: AlertView }) {
  const { t } = useLanguage();
  const { shown, unitOf } = useUnits();
  const newest = alert.evidence.at(-1);
  if (!newest) return null;
  const [systolic, diastolic] = [valueIn(newest, 'systolic'), valueIn(newest, 'diastolic')];
  return (
    <p style={{ marginTop: 6 }}>
      {systolic && diastolic ? (
        <Pressure systolic={systolic} diastolic={diastolic} marks={newest.marks} size="large" />
      ) : (
        newest.values.map(({ vital, value, decimals }) => (
          <span className="pressure large" key={vital}>
            {t(`vitalShort.${vital}`)} <b>{shown(vital, value, decimals, newest.marks)}</b>
            <span className="unit">{unitOf(vital)}</span>
          </span>
        ))
      )}{' '}
      <span className="muted">
        <Ago at={newest.takenAt} />
      </span>
    </p>
  );
}

/** The rule as it stood when it spoke: its version, its thresholds, and whom it called. */
function Frozen({ detail: { alert } }: { detail: AlertDetail }) {
  const { t } = useLanguage();
  const [opened, setOpened] = useState(false);
  return (
    <details className="small" style={{ marginTop: 8 }} onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary>{t('alert.rule', { rule: alert.rule, version: alert.ruleVersion })}</summary>
      {opened && (
        <Suspense fallback={<Waiting />}>
          <AsItStood alert={alert} />
        </Suspense>
      )}
    </details>
  );
}
