import { Button } from '@mantine/core';
import { IconMinus, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Backtest, BacktestReport, Burden, ReplayedEpisode } from '#domain/backtest.ts';
import { isUnderWay, plotPath, useBacktest, useCancelBacktest } from '../api/plans.ts';
import { useWorklist } from '../api/queries.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { SeverityChip } from '../parts/severity.tsx';
import { Answer } from '../parts/states.tsx';
import { useTell } from '../parts/tell.ts';
import { clock } from '../time/clock.ts';

/** A backtest or forecast: how far it is, and then what it found. */
export function Outcome({ id, again }: { id: string; again?: () => void }) {
  const backtest = useBacktest(id);
  return (
    <Answer of={backtest}>
      {(answer) =>
        answer.report && answer.state === 'done' ? (
          <Report backtest={answer} report={answer.report} />
        ) : (
          <Progress backtest={answer} again={again} />
        )
      }
    </Answer>
  );
}

function Progress({ backtest, again }: { backtest: Backtest; again?: (() => void) | undefined }) {
  const { t } = useLanguage();
  const tell = useTell();
  const { mutateAsync, isPending } = useCancelBacktest();
  const { id, state, fault } = backtest;
  if (!isUnderWay(backtest))
    return (
      <div className="fault" role="alert">
        {t(state === 'failed' ? `plan.backtest.faults.${fault ?? 'fault'}` : 'plan.backtest.cancelled')}
        {again && (
          <Button size="xs" variant="default" onClick={again}>
            {t('common.retry')}
          </Button>
        )}
      </div>
    );
  const percent = Math.round(backtest.progress * 100);
  return (
    <div className="stack-small">
      <p role="status">{t(state === 'waiting' ? 'plan.backtest.waiting' : 'plan.backtest.running')}</p>
      <div className="row progress-row">
        <progress max={100} value={percent} aria-label={t('plan.backtest.progress')} />
        <span className="numbers">{percent} %</span>
        <Button
          variant="default"
          size="xs"
          loading={isPending}
          onClick={() => void mutateAsync(id).then(() => tell.done(t('plan.backtest.cancelled')), tell.failed)}
        >
          {t('common.cancel')}
        </Button>
      </div>
    </div>
  );
}

function Report({ backtest, report }: { backtest: Backtest; report: BacktestReport }) {
  const { t, say, language } = useLanguage();
  const times = useTimes();
  const { today, proposed } = report.all;
  const span = { from: times.day(report.from), to: times.day(report.to) };
  return (
    <div className="stack">
      <p>
        {t('plan.report.scope', {
          ...span,
          count: report.patients,
          readings: report.readings.toLocaleString(language),
        })}
        {report.changes.length > 0 && (
          <>
            <br />
            <b>{report.changes.map(say).join(language === 'zh' ? '；' : '; ')}</b>
          </>
        )}
      </p>
      {report.readings === 0 && <p className="notice">{t('plan.report.noReadings')}</p>}
      <div className="outcome-figures">
        <Figure name={t('plan.report.alerts')} before={today.alerts} after={proposed?.alerts} />
        <Figure name={t('plan.report.calls')} before={today.calls} after={proposed?.calls} />
        {proposed && (
          <>
            <Figure name={t('plan.report.appeared')} before={report.appeared.count} />
            <Figure name={t('plan.report.vanished')} before={report.vanished.count} />
          </>
        )}
      </div>
      {proposed && report.appeared.count + report.vanished.count === 0 && (
        <p className="muted">{t('plan.report.same')}</p>
      )}
      <Episodes title={t('plan.report.appearedLong')} {...report.appeared} sign="plus" />
      <Episodes title={t('plan.report.vanishedLong')} {...report.vanished} sign="minus" />
      {report.rules.length > 1 && <RuleTable report={report} />}
      <div className="table-frame plot">
        <img src={plotPath(backtest.id, language)} alt={t('plan.report.plot', span)} />
      </div>
      <p className="small muted">
        {t('plan.report.people', {
          acknowledge: report.people.acknowledgeAfterMinutes ?? '–',
          close: report.people.closeAfterHours ?? '–',
        })}
      </p>
    </div>
  );
}

function Figure({ name, before, after }: { name: string; before: number; after?: number | undefined }) {
  const { t } = useLanguage();
  return (
    <div className="outcome-figure">
      <span className="muted small">{name}</span>
      <span className="numbers">
        {after === undefined ? (
          <b>{before}</b>
        ) : (
          <>
            {before} <span aria-hidden>→</span> <span className="visually-hidden">{t('plan.report.becomes')}</span>{' '}
            <b>{after}</b>
          </>
        )}
      </span>
    </div>
  );
}

const shownAtFirst = 8;

function Episodes(props: { title: string; count: number; episodes: ReplayedEpisode[]; sign: 'plus' | 'minus' }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = clock.now();
  const patients = useWorklist().data?.entries;
  const [all, setAll] = useState(false);
  const { title, count, episodes, sign } = props;
  if (count === 0) return null;
  const Icon = sign === 'plus' ? IconPlus : IconMinus;
  return (
    <section>
      <h3>{title}</h3>
      <ul className="items">
        {(all ? episodes : episodes.slice(0, shownAtFirst)).map((one) => {
          const patient = patients?.find((entry) => entry.patient.id === one.patient)?.patient;
          return (
            <li className="item" key={`${one.patient} ${one.problem} ${one.openedAt}`}>
              <div>
                <p className="row">
                  <Icon size={18} aria-hidden />
                  <span className="numbers">
                    {times.moment(one.openedAt, now)}
                    {one.endedAt &&
                      ` (${times.duration(Math.max(60_000, Date.parse(one.endedAt) - Date.parse(one.openedAt)))})`}
                  </span>
                  {patient && <Link href={`/patients/${patient.id}`}>{say(patient.name)}</Link>}
                </p>
                <p className="small muted">
                  {t(one.end ? `plan.report.end.${one.end}` : 'plan.report.end.open')} ·{' '}
                  {t('plan.report.called', { count: one.calls })}
                </p>
              </div>
              <SeverityChip severity={one.severity} />
            </li>
          );
        })}
      </ul>
      {!all && count > shownAtFirst && (
        <Button variant="subtle" onClick={() => setAll(true)}>
          {t('plan.report.showAll', { count: Math.min(count, episodes.length) })}
        </Button>
      )}
    </section>
  );
}

function RuleTable({ report }: { report: BacktestReport }) {
  const { t, say } = useLanguage();
  const heard = report.rules.filter(({ today, proposed }) => today.alerts + (proposed?.alerts ?? 0) > 0);
  const columns = ['alerts', 'perWeek', 'calls', 'cleared'] as const;
  return (
    <section>
      <h3>{t('plan.report.byRule')}</h3>
      {heard.length === 0 ? (
        <p className="muted">{t('plan.report.nothing')}</p>
      ) : (
        <div className="table-frame" style={{ maxHeight: 'none' }}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t('plan.report.rule')}</th>
                {columns.map((column) => (
                  <th scope="col" className="value" key={column}>
                    {t(`plan.report.column.${column}`)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {heard.map(({ rule, title, severity, today, proposed }) => (
                <tr key={rule}>
                  <td>
                    {say(title)} <span className="muted small">{t(`severity.${severity}`)}</span>
                  </td>
                  {columns.map((column) => (
                    <td className="value" key={column}>
                      {proposed && figureOf(proposed, column, report) !== figureOf(today, column, report)
                        ? `${figureOf(today, column, report)} → ${figureOf(proposed, column, report)}`
                        : figureOf(today, column, report)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className="small muted">{t('plan.report.silentRules', { count: report.rules.length - heard.length })}</p>
    </section>
  );
}

/** A rate over less than a patient-week says nothing. */
function figureOf(
  burden: Burden,
  column: 'alerts' | 'perWeek' | 'calls' | 'cleared',
  { patientWeeks }: BacktestReport,
): string {
  switch (column) {
    case 'alerts':
      return String(burden.alerts);
    case 'perWeek':
      return patientWeeks < 1 ? '–' : burden.alertsPerPatientWeek.toFixed(2);
    case 'calls':
      return String(burden.calls);
    case 'cleared':
      return burden.clearedShare === null ? '–' : `${Math.round(burden.clearedShare * 100)} %`;
  }
}
