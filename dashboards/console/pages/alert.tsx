import { Button, Textarea } from '@mantine/core';
import { IconArrowRight, IconCircleCheck, IconHandStop, IconUserCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { valueIn } from '#domain/reading.ts';
import type { AlertDetail, AlertView } from '#domain/views.ts';
import { useAlert, useMayAct } from '../api/queries.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { noteAtMost, useAcknowledging } from '../parts/acknowledge.tsx';
import { Ago } from '../parts/ago.tsx';
import { Pressure } from '../parts/pressure.tsx';
import { Resolve } from '../parts/resolve.tsx';
import { SeverityChip, StateChip } from '../parts/severity.tsx';
import { Answer } from '../parts/states.tsx';
import { useTitle } from '../parts/title.ts';
import { useUnits } from '../parts/units.tsx';
import { useNow } from '../time/clock.ts';
import { EvidenceTable } from './alert-evidence.tsx';
import { History, Pages, Way } from './alert-story.tsx';
import { TaskItem } from './task-item.tsx';

/** The page a doctor opens at 3 a.m. from a mail, on a phone: what, who, how high, and the one button. The rest is below. */
export function AlertPage({ id }: { id: string }) {
  const { t } = useLanguage();
  useTitle(t('alert.title'));
  return <Answer of={useAlert(id)}>{(detail) => <Whole detail={detail} />}</Answer>;
}

function Whole({ detail }: { detail: AlertDetail }) {
  const { t, say } = useLanguage();
  const { alert } = detail;
  return (
    <div className="stack">
      <Top detail={detail} />
      <div className="two">
        <div className="stack">
          <section className="card">
            <h2>{t('alert.why')}</h2>
            <p>{say(alert.explanation)}</p>
            <p className="small muted" style={{ marginTop: 8 }}>
              {t('alert.rule', { rule: alert.rule, version: alert.ruleVersion })}
            </p>
          </section>
          <section className="card">
            <h2>{t('alert.evidence')}</h2>
            <EvidenceTable evidence={alert.evidence} />
          </section>
          {detail.tasks.length > 0 && (
            <section className="card">
              <h2>{t('alert.tasks')}</h2>
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
            <Way clock={detail.clock} />
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
  const { alert } = detail;
  return (
    <section className="card alert-top" data-severity={alert.state === 'open' ? alert.severity : undefined}>
      <div>
        <div className="row">
          <SeverityChip severity={alert.severity} />
          <StateChip state={alert.state} />
        </div>
        <h1>{say(alert.title)}</h1>
        <p className="who">
          <Link href={`/patients/${alert.patient}`}>{say(alert.patientName)}</Link>{' '}
          <span className="muted">{t('common.age', { age: alert.patientAge })}</span>
        </p>
        <Gravest alert={alert} />
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

function Act({ detail }: { detail: AlertDetail }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow();
  const { alert } = detail;
  const mayAct = useMayAct();
  if (alert.state === 'open') return mayAct ? <Acknowledge detail={detail} /> : <Next detail={detail} />;
  if (alert.state === 'acknowledged')
    return (
      <>
        <p className="row">
          <IconUserCheck size={22} aria-hidden color="var(--well-solid)" />
          <span>
            {t('alert.acknowledgedBy', {
              name: alert.acknowledgedByName ? say(alert.acknowledgedByName) : '',
              time: alert.acknowledgedAt ? times.shortMoment(alert.acknowledgedAt, now) : '',
            })}
          </span>
        </p>
        <p className="small muted">{t('alert.stopped')}</p>
        {mayAct && <Resolve alert={alert.id} />}
      </>
    );
  const time = alert.resolvedAt ? times.shortMoment(alert.resolvedAt, now) : '';
  return (
    <>
      <p className="row">
        <IconCircleCheck size={22} aria-hidden color="var(--well-solid)" />
        {alert.resolvedByName
          ? t('alert.resolvedBy', { name: say(alert.resolvedByName), time })
          : t('alert.resolvedAt', { time })}
      </p>
      {alert.outcome && <p>{t(`outcome.${alert.outcome}`)}</p>}
      {alert.note && <p className="muted">{alert.note}</p>}
    </>
  );
}

function Acknowledge({ detail }: { detail: AlertDetail }) {
  const { t } = useLanguage();
  const [writing, setWriting] = useState(false);
  const [note, setNote] = useState('');
  const { acknowledge, isPending } = useAcknowledging(detail.alert.id);
  return (
    <>
      <Button
        color={detail.alert.severity === 'critical' ? 'red' : undefined}
        size="xl"
        fullWidth
        loading={isPending}
        leftSection={<IconHandStop size={24} aria-hidden />}
        onClick={() => void acknowledge(note)}
      >
        {t('alert.acknowledge')}
      </Button>
      <Next detail={detail} />
      {writing ? (
        <Textarea
          label={t('common.noteOptional')}
          value={note}
          maxLength={noteAtMost}
          autosize
          minRows={2}
          autoFocus
          onChange={(event) => setNote(event.currentTarget.value)}
        />
      ) : (
        <div className="row">
          <Button variant="default" onClick={() => setWriting(true)}>
            {t('alert.addNote')}
          </Button>
          <Resolve alert={detail.alert.id} />
        </div>
      )}
    </>
  );
}

/** Whom the escalation calls next, and when. */
function Next({ detail: { alert, nextCall } }: { detail: AlertDetail }) {
  const { t, say, language } = useLanguage();
  const times = useTimes();
  const now = useNow(1_000);
  if (!alert.escalation) return <p className="small muted">{t('alert.noEscalation')}</p>;
  if (!nextCall) return <p className="small muted">{t('alert.nextNone')}</p>;
  const name = nextCall.recipients.map((person) => say(person.name)).join(language === 'zh' ? '、' : ', ');
  const waitMs = Date.parse(nextCall.at) - now;
  return (
    <p className="small numbers">
      {waitMs > 1_000
        ? t('alert.nextPage', { name, wait: times.duration(Math.ceil(waitMs / 1_000) * 1_000) })
        : t('alert.nextNow', { name })}
    </p>
  );
}
