import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { CareTeam } from '#domain/people.ts';
import { useLanguage } from '../locales/language.ts';
import { Select } from '../parts/select.tsx';
import { useTitle } from '../parts/title.ts';

/** What stands around the pages on call. */

export const onCallPages = ['on-call', 'escalation', 'response-times'] as const;
export type OnCallPage = (typeof onCallPages)[number];

/** `link` leads to another of these pages, of the same team. */
export type TeamChoice = {
  teams: readonly CareTeam[];
  team: CareTeam;
  choose: (id: string) => void;
  link: (page: OnCallPage | 'rota') => string;
};

export function Frame(props: {
  page: OnCallPage;
  lead?: string;
  of: TeamChoice;
  /** The page tells of all teams. */
  anyTeam?: boolean;
  act?: ReactNode;
  children: ReactNode;
}) {
  const { t, say } = useLanguage();
  const { page, lead, of, anyTeam = false, act, children } = props;
  useTitle(t(`onCall.pages.${page}`));
  return (
    <>
      <nav className="subnav" aria-label={t('onCall.sections')}>
        {onCallPages.map((one) => (
          <Link key={one} href={of.link(one)} aria-current={one === page ? 'page' : undefined}>
            {t(`onCall.pages.${one}`)}
          </Link>
        ))}
      </nav>
      <div className="page-head">
        <div className="lead">
          <h1>{t(`onCall.pages.${page}`)}</h1>
          {lead && <p className="muted">{lead}</p>}
        </div>
        <div className="row">
          {!anyTeam && of.teams.length > 1 && (
            <Select
              label={t('onCall.team')}
              options={of.teams.map(({ id, name }) => ({ value: id, words: say(name) }))}
              value={of.team.id}
              choose={of.choose}
            />
          )}
          {act}
        </div>
      </div>
      {children}
    </>
  );
}
