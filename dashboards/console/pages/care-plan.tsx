import '../locales/plan.ts';
import '../styles/plan.css';
import type { CareTeam } from '#domain/people.ts';
import { judgesPatientsOf } from '#domain/rule-book.ts';
import type { PatientView } from '#domain/views.ts';
import { useTeamParameters } from '../api/plans.ts';
import { usePatient, useSession } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { Answer } from '../parts/states.tsx';
import { useTitle } from '../parts/title.ts';
import { useZone, Zone } from '../parts/zone.ts';
import { ChangeLimits } from '../plan/change-limits.tsx';
import { ExpectedPart } from '../plan/expected.tsx';
import { FollowUpPart } from '../plan/follow-ups.tsx';
import { Journal } from '../plan/journal.tsx';
import { Limits } from '../plan/limits.tsx';
import { PausePart } from '../plan/pause.tsx';
import { ProgrammesPart } from '../plan/programmes.tsx';
import { NotFoundPage } from './not-found.tsx';
import { PatientHead } from './patient-head.tsx';

/** What is planned for one patient, or the limits of one rule for them. Times in the zone of their team. */
export default function CarePlanPage({ id, rule, teams }: { id: string; rule?: string; teams: CareTeam[] }) {
  const { t } = useLanguage();
  useTitle(t('plan.title'));
  const usual = useZone();
  const patient = usePatient(id);
  const zone = teams.find((team) => team.id === patient.data?.patient.team)?.timeZone ?? usual;
  return (
    <Zone.Provider value={zone}>
      <Answer of={patient}>
        {(view) => (rule === undefined ? <Plan view={view} /> : <OneRule view={view} rule={rule} />)}
      </Answer>
    </Zone.Provider>
  );
}

function Plan({ view }: { view: PatientView }) {
  const { t } = useLanguage();
  const doctor = useSession().data?.clinician.role === 'doctor';
  const { patient, carePlan } = view;
  const judging = view.rules.filter((entry) => judgesPatientsOf(entry, carePlan.programmes));
  return (
    <div className="stack">
      <PatientHead view={view} page="plan" />
      <div className="two">
        <div className="stack">
          <PausePart view={view} />
          <ProgrammesPart view={view} />
          <ExpectedPart view={view} />
          <FollowUpPart view={view} />
        </div>
        <section className="card stack-small">
          <h2>{t('plan.limits.title')}</h2>
          <p className="muted small">{t('plan.limits.ofPatient')}</p>
          <Limits
            rules={judging}
            set={carePlan.overrides}
            link={doctor ? (name) => `/patients/${patient.id}/plan/${name}` : undefined}
            setHere={t('plan.limits.byPlan')}
            setElsewhere={t('plan.limits.byTeam')}
          />
        </section>
      </div>
      <Journal scope={{ patient: patient.id, team: patient.team }} rules={view.rules} />
    </div>
  );
}

function OneRule({ view, rule }: { view: PatientView; rule: string }) {
  const { t, say } = useLanguage();
  const { patient, carePlan } = view;
  const team = useTeamParameters(patient.team);
  const entry = view.rules.find((one) => one.rule === rule);
  if (!entry) return <NotFoundPage />;
  return (
    <Answer of={team}>
      {({ rules }) => (
        <ChangeLimits
          key={rule}
          scope={{ patient: patient.id, team: patient.team }}
          entry={entry}
          set={carePlan.overrides[rule] ?? {}}
          around={rules.find((one) => one.rule === rule)?.inForce ?? {}}
          whose={t('plan.limits.forPatient', { name: say(patient.name) })}
          back={`/patients/${patient.id}/plan`}
        />
      )}
    </Answer>
  );
}
