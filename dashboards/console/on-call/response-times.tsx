import { useState } from 'react';
import type { ResponseTimes } from '#domain/response-times.ts';
import { useResponseTimes } from '../api/on-call.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Choice } from '../parts/choice.tsx';
import { Answer, Calm } from '../parts/states.tsx';
import { clock } from '../time/clock.ts';
import { Frame, type TeamChoice } from './frame.tsx';

const periods = ['7', '30', '90', '365'] as const;

/** How soon each team answered its critical calls: the budget of five minutes, kept or not. */
export function ResponseTimesPage({ of }: { of: TeamChoice }) {
  const { t } = useLanguage();
  const [days, setDays] = useState<(typeof periods)[number]>('30');
  const report = useResponseTimes(Number(days), clock.now);
  return (
    <Frame
      page="response-times"
      of={of}
      anyTeam
      lead={t('onCall.times.lead')}
      act={
        <Choice
          label={t('onCall.times.period')}
          options={periods.map((value) => ({ value, words: t('onCall.times.days', { days: value }) }))}
          value={days}
          choose={setDays}
        />
      }
    >
      <Answer of={report}>
        {(answer) => (
          <div className="stack">
            {!answer.complete && <p className="gap-words">{t('onCall.times.incomplete')}</p>}
            {answer.teams.map((team) => (
              <TeamReport key={team.team.id} report={team} budgetMs={answer.budgetMs} />
            ))}
          </div>
        )}
      </Answer>
    </Frame>
  );
}

function TeamReport({ report, budgetMs }: { report: ResponseTimes['teams'][number]; budgetMs: number }) {
  const { t, say, language } = useLanguage();
  const { duration } = useTimes();
  const { team, calls, answered, within, share, medianMs, p90Ms, worstMs } = report;
  const percent = new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en-GB', { style: 'percent' });
  const long = (ms: number | null) => (ms === null ? '–' : duration(ms));
  if (calls === 0)
    return (
      <section aria-label={say(team.name)}>
        <Calm title={`${say(team.name)}: ${t('onCall.times.none')}`}>
          <p>{t('onCall.times.noneMore')}</p>
        </Calm>
      </section>
    );
  const waiting = calls - answered;
  return (
    <section className="card stack" aria-label={say(team.name)} data-team={team.id}>
      <h2>{say(team.name)}</h2>
      <dl className="figures">
        <div className="figure-first">
          <dt>{t('onCall.times.within', { budget: duration(budgetMs) })}</dt>
          <dd>
            <b>{share === null ? t('onCall.times.undecided') : percent.format(Math.floor(share * 100) / 100)}</b>
            <span className="muted">{t('onCall.times.ofCalls', { within, calls })}</span>
            {share !== null && (
              <span className="share" aria-hidden>
                <i style={{ width: `${share * 100}%` }} />
              </span>
            )}
          </dd>
        </div>
        {(
          [
            ['median', medianMs],
            ['p90', p90Ms],
            ['worst', worstMs],
          ] as const
        ).map(([name, ms]) => (
          <div key={name} data-late={ms !== null && ms > budgetMs}>
            <dt>{t(`onCall.times.${name}`)}</dt>
            <dd>
              <b>{long(ms)}</b>
            </dd>
          </div>
        ))}
      </dl>
      {waiting > 0 && <p className="gap-words">{t('onCall.times.waiting', { count: waiting })}</p>}
    </section>
  );
}
