import '../locales/on-call.ts';
import '../styles/on-call.css';
import { Route, Switch, useLocation, useSearch } from 'wouter';
import type { SessionView } from '#domain/views.ts';
import { useLanguage } from '../locales/language.ts';
import { EditRotaPage } from '../on-call/edit-rota.tsx';
import { EscalationPage } from '../on-call/escalation.tsx';
import type { TeamChoice } from '../on-call/frame.tsx';
import { OnCallPage } from '../on-call/on-call.tsx';
import { ResponseTimesPage } from '../on-call/response-times.tsx';
import { Calm } from '../parts/states.tsx';
import { Zone } from '../parts/zone.ts';
import { NotFoundPage } from './not-found.tsx';

/** Who is on call in a care team, whom its alerts call, and how soon calls are answered; by the clocks of that team. */
export default function OnCallPages({ session: { teams, clinician } }: { session: SessionView }) {
  const { t } = useLanguage();
  const [path, go] = useLocation();
  // in the address, so that it holds from page to page
  const chosen = new URLSearchParams(useSearch()).get('team');
  const team = teams.find(({ id }) => id === chosen) ?? teams[0];
  if (!team) return <Calm title={t('fault.notFound')} />;
  const ofTeam = (to: string, id: string) => (id === teams[0]?.id ? to : `${to}?${new URLSearchParams({ team: id })}`);
  const of: TeamChoice = {
    teams,
    team,
    choose: (id) => go(ofTeam(path, id)),
    link: (page) => ofTeam(page === 'on-call' ? '/on-call' : `/on-call/${page}`, team.id),
  };
  const mayEdit = clinician.role !== 'nurse';
  return (
    <Zone.Provider value={team.timeZone}>
      <Switch>
        <Route path="/on-call">
          <OnCallPage key={team.id} of={of} mayEdit={mayEdit} />
        </Route>
        {mayEdit && (
          <Route path="/on-call/rota">
            <EditRotaPage key={team.id} of={of} />
          </Route>
        )}
        <Route path="/on-call/escalation">
          <EscalationPage key={team.id} of={of} mayEdit={mayEdit} />
        </Route>
        <Route path="/on-call/response-times">
          <ResponseTimesPage of={of} />
        </Route>
        <Route component={NotFoundPage} />
      </Switch>
    </Zone.Provider>
  );
}
