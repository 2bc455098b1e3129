import '../locales/plan.ts';
import '../styles/plan.css';
import { type ReactNode, useState } from 'react';
import { Link, Redirect, Route, Switch } from 'wouter';
import type { CareTeam } from '#domain/people.ts';
import type { SessionView } from '#domain/views.ts';
import { useTeamParameters } from '../api/plans.ts';
import { useLanguage } from '../locales/language.ts';
import { Select } from '../parts/select.tsx';
import { Answer, Calm } from '../parts/states.tsx';
import { useTitle } from '../parts/title.ts';
import { Zone } from '../parts/zone.ts';
import { BacktestPage, BacktestsPage } from '../plan/backtests.tsx';
import { ChangeLimits } from '../plan/change-limits.tsx';
import { Journal } from '../plan/journal.tsx';
import { Limits } from '../plan/limits.tsx';
import { NotFoundPage } from './not-found.tsx';

/** The limits of a care team, and what a change of them would have done: for doctors and administrators. */
export default function RulesPages({ session: { teams, clinician } }: { session: SessionView }) {
  const { t, say } = useLanguage();
  useTitle(t('plan.pages.title'));
  const [chosen, setChosen] = useState<string>();
  const team = teams.find(({ id }) => id === chosen) ?? teams[0];
  if (!team) return <Calm title={t('fault.notFound')} />;
  const doctor = clinician.role === 'doctor';
  const choice = teams.length > 1 && (
    <Select
      label={t('plan.team')}
      options={teams.map(({ id, name }) => ({ value: id, words: say(name) }))}
      value={team.id}
      choose={setChosen}
    />
  );
  return (
    <Zone.Provider value={team.timeZone}>
      <Switch>
        <Route path="/rules">
          <Redirect to="/rules/limits" replace />
        </Route>
        <Route path="/rules/limits">
          <Frame page="limits" act={choice}>
            <TeamLimits team={team} doctor={doctor} />
          </Frame>
        </Route>
        {doctor && (
          <Route path="/rules/limits/:rule">{({ rule }) => <OneRule key={rule} team={team} rule={rule} />}</Route>
        )}
        <Route path="/rules/backtests">
          <Frame page="backtests" act={choice}>
            <BacktestsPage key={team.id} team={team} />
          </Frame>
        </Route>
        <Route path="/rules/backtests/:id">{({ id }) => <BacktestPage key={id} id={id} />}</Route>
        <Route component={NotFoundPage} />
      </Switch>
    </Zone.Provider>
  );
}

const pages = ['limits', 'backtests'] as const;

function Frame(props: { page: (typeof pages)[number]; act: ReactNode; children: ReactNode }) {
  const { t } = useLanguage();
  return (
    <>
      <nav className="subnav" aria-label={t('plan.pages.sections')}>
        {pages.map((one) => (
          <Link key={one} href={`/rules/${one}`} aria-current={one === props.page ? 'page' : undefined}>
            {t(`plan.pages.${one}`)}
          </Link>
        ))}
      </nav>
      <div className="page-head">
        <div className="lead">
          <h1>{t(`plan.pages.${props.page}`)}</h1>
          <p className="muted">{t(`plan.pages.lead.${props.page}`)}</p>
        </div>
        {props.act}
      </div>
      {props.children}
    </>
  );
}

function TeamLimits({ team, doctor }: { team: CareTeam; doctor: boolean }) {
  const { t } = useLanguage();
  return (
    <Answer of={useTeamParameters(team.id)}>
      {({ rules }) => (
        <div className="stack">
          <section className="card">
            <Limits
              rules={rules}
              set={Object.fromEntries(rules.map(({ rule, set }) => [rule, set]))}
              link={doctor ? (name) => `/rules/limits/${name}` : undefined}
              setHere={t('plan.limits.byTeam')}
              setElsewhere={t('plan.limits.byTeam')}
            />
          </section>
          <Journal scope={{ team: team.id }} rules={rules} />
        </div>
      )}
    </Answer>
  );
}

function OneRule({ team, rule }: { team: CareTeam; rule: string }) {
  const { t, say } = useLanguage();
  return (
    <Answer of={useTeamParameters(team.id)}>
      {({ rules }) => {
        const entry = rules.find((one) => one.rule === rule);
        if (!entry) return <NotFoundPage />;
        return (
          <ChangeLimits
            scope={{ team: team.id }}
            entry={entry}
            set={entry.set}
            around={Object.fromEntries(entry.parameters.map(({ name, default: usual }) => [name, usual]))}
            whose={t('plan.limits.forTeam', { name: say(team.name) })}
            back="/rules/limits"
          />
        );
      }}
    </Answer>
  );
}
