import { Button } from '@mantine/core';
import { IconArrowLeft, IconPlayerPlay } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { type Backtest, spanDaysAtMost, usualPeople } from '#domain/backtest.ts';
import type { CareTeam } from '#domain/people.ts';
import { isUnderWay, useAskBacktest, useBacktest, useBacktests, useTeamParameters } from '../api/plans.ts';
import { useWorklist } from '../api/queries.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Select } from '../parts/select.tsx';
import { Answer, Calm } from '../parts/states.tsx';
import { clock } from '../time/clock.ts';
import { byCondition } from './groups.ts';
import { Outcome } from './outcome.tsx';
import { usePlanWords } from './words.ts';

/** What was asked of the past, and asking anew. */
export function BacktestsPage({ team }: { team: CareTeam }) {
  const { t } = useLanguage();
  const backtests = useBacktests();
  const [asking, setAsking] = useState(false);
  return (
    <div className="stack">
      <div>
        <Button leftSection={<IconPlayerPlay size={18} aria-hidden />} onClick={() => setAsking(true)}>
          {t('plan.backtest.new')}
        </Button>
      </div>
      <Answer of={backtests}>
        {(answer) => {
          const ofTeam = answer.backtests.filter((one) => one.team === team.id);
          if (ofTeam.length === 0)
            return (
              <Calm title={t('plan.backtest.none')}>
                <p>{t('plan.backtest.noneMore')}</p>
              </Calm>
            );
          return (
            <section className="card" aria-label={t('plan.pages.backtests')}>
              <ul className="items">
                {ofTeam.map((one) => (
                  <Item key={one.id} backtest={one} team={team} />
                ))}
              </ul>
            </section>
          );
        }}
      </Answer>
      {asking && <Ask team={team} close={() => setAsking(false)} />}
    </div>
  );
}

const tones = { waiting: 'quiet', running: 'routine', done: 'well', failed: 'critical', cancelled: 'quiet' } as const;

function Item({ backtest, team }: { backtest: Backtest; team: CareTeam }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const patients = useWorklist().data?.entries;
  const patient = patients?.find((entry) => entry.patient.id === backtest.patient)?.patient;
  const rules = useTeamParameters(team.id).data?.rules;
  const { wish, state } = backtest;
  const named = wish.rules.map((name) => {
    const entry = rules?.find(({ rule }) => rule === name);
    return entry ? say(entry.title) : name;
  });
  return (
    <li className="item">
      <div>
        <Link className="title" href={`/rules/backtests/${backtest.id}`}>
          {named.length === 0
            ? t('plan.backtest.allRules')
            : named.length > 3
              ? t('plan.backtest.someRules', { count: named.length })
              : named.join(' · ')}
        </Link>
        <p className="small muted">
          {t(`plan.backtest.kind.${backtest.kind}`)}
          {patient && ` · ${say(patient.name)}`} ·{' '}
          {t('plan.backtest.span', { from: times.day(wish.from), to: times.day(wish.to) })} ·{' '}
          {t('plan.backtest.asked', { time: times.shortMoment(backtest.askedAt, clock.now()) })}
        </p>
      </div>
      <span className="chip" data-severity={tones[state]}>
        {t(`plan.backtest.state.${state}`)}
        {isUnderWay(backtest) && state === 'running' && ` ${Math.round(backtest.progress * 100)} %`}
      </span>
    </li>
  );
}

export function BacktestPage({ id }: { id: string }) {
  const { t } = useLanguage();
  const backtest = useBacktest(id).data;
  return (
    <div className="stack">
      <div>
        <Link className="back" href="/rules/backtests">
          <IconArrowLeft size={18} aria-hidden />
          {t('plan.pages.backtests')}
        </Link>
        <h1>{t(backtest ? `plan.backtest.kind.${backtest.kind}` : 'plan.pages.backtests')}</h1>
      </div>
      <section className="card">
        <Outcome id={id} />
      </section>
    </div>
  );
}

const spans = [30, 90, 180, spanDaysAtMost - 2] as const;
const dayMs = 86_400_000;

function Ask({ team, close }: { team: CareTeam; close: () => void }) {
  const { t, say } = useLanguage();
  const words = usePlanWords();
  const [, go] = useLocation();
  const rules = useTeamParameters(team.id);
  const { mutateAsync } = useAskBacktest();
  const [days, setDays] = useState<number>(90);
  const [only, setOnly] = useState<string>('');
  const groups = byCondition(rules.data?.rules ?? []);
  return (
    <Dialog
      title={t('plan.backtest.new')}
      close={close}
      submitWords={t('plan.backtest.begin')}
      faultWords={words.fault}
      submit={async () => {
        const to = clock.now();
        const chosen = groups.find(({ condition }) => condition === only)?.rules.map(({ rule }) => rule);
        const { id } = await mutateAsync({
          team: team.id,
          rules: chosen ?? (only === '' ? [] : [only]),
          from: new Date(to - days * dayMs).toISOString(),
          to: new Date(to).toISOString(),
          ...{ set: null, people: usualPeople },
        });
        go(`/rules/backtests/${id}`);
      }}
    >
      <p>{t('plan.backtest.means', { team: say(team.name) })}</p>
      <Select
        label={t('plan.backtest.howFar')}
        options={spans.map((one) => ({ value: String(one), words: t('plan.backtest.days', { count: one }) }))}
        value={String(days)}
        choose={(value) => setDays(Number(value))}
      />
      <Select
        label={t('plan.backtest.which')}
        first={t('plan.backtest.allRules')}
        options={groups.flatMap(({ condition, rules: group }) => [
          { value: condition, words: t('plan.backtest.group', { name: t(`plan.condition.${condition}`) }) },
          ...group.map(({ rule, title }) => ({ value: rule, words: `– ${say(title)}` })),
        ])}
        value={only}
        choose={setOnly}
      />
      <p className="small muted">{t('plan.backtest.withChange')}</p>
    </Dialog>
  );
}
