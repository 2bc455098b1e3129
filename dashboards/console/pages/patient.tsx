import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { CareTeam } from '#domain/people.ts';
import type { PatientView } from '#domain/views.ts';
import { type PanelName, panelNames } from '#domain/vitals.ts';
import { type Range, ranges, useAlerts, useMayAct, usePatient, useTasks } from '../api/queries.ts';
import { PanelSection } from '../charts/panel-section.tsx';
import { useLanguage } from '../locales/language.ts';
import { Choice } from '../parts/choice.tsx';
import { NewTask } from '../parts/new-task.tsx';
import { Answer } from '../parts/states.tsx';
import { useTitle } from '../parts/title.ts';
import { useZone, Zone } from '../parts/zone.ts';
import { AlertItems } from './alerts.tsx';
import { Devices } from './patient-devices.tsx';
import { PatientHead } from './patient-head.tsx';
import { TaskItem } from './task-item.tsx';

/** One patient: how they are, how they were, what was raised, what is to be done. Times in the zone of their team. */
export default function PatientPage({ id, teams }: { id: string; teams: CareTeam[] }) {
  const { t } = useLanguage();
  useTitle(t('patient.title'));
  const usual = useZone();
  const patient = usePatient(id);
  const zone = teams.find((team) => team.id === patient.data?.patient.team)?.timeZone ?? usual;
  return (
    <Zone.Provider value={zone}>
      <Answer of={patient}>{(view) => <Whole view={view} />}</Answer>
    </Zone.Provider>
  );
}

const everyState = ['open', 'acknowledged', 'resolved'] as const;
const rangeNames = Object.keys(ranges) as Range[];

function Whole({ view }: { view: PatientView }) {
  const { t } = useLanguage();
  const [range, setRange] = useState<Range>('7d');
  const alerts = useAlerts(everyState, view.patient.id);
  const known = useMemo(() => alerts.data?.pages.flatMap((page) => page.alerts) ?? [], [alerts.data]);
  const measured = panelNames.filter((panel) => view.latest.some((value) => value.panel === panel));
  const shownPanels: PanelName[] = measured.length > 0 ? measured : ['blood-pressure'];
  return (
    <div className="stack">
      <PatientHead view={view} page="readings" />
      <div className="row">
        <Choice
          label={t('patient.range')}
          options={rangeNames.map((value) => ({ value, words: t(`patient.ranges.${value}`) }))}
          value={range}
          choose={setRange}
        />
      </div>
      {shownPanels.map((panel) => (
        <PanelSection key={panel} view={view} panel={panel} range={range} alerts={known} />
      ))}
      <div className="two">
        <section className="card">
          <h2>{t('patient.alerts')}</h2>
          <Answer of={alerts}>
            {() =>
              known.length === 0 ? (
                <p className="muted">{t('patient.noAlerts')}</p>
              ) : (
                <>
                  <AlertItems alerts={known} named={false} />
                  {alerts.hasNextPage && (
                    <Button variant="default" onClick={() => void alerts.fetchNextPage()}>
                      {t('common.showOlder')}
                    </Button>
                  )}
                </>
              )
            }
          </Answer>
        </section>
        <div className="stack">
          <Tasks view={view} />
          <Devices view={view} />
        </div>
      </div>
    </div>
  );
}

function Tasks({ view }: { view: PatientView }) {
  const { t } = useLanguage();
  const mayAct = useMayAct();
  const tasks = useTasks({ done: false, patient: view.patient.id });
  return (
    <section className="card">
      <div className="page-head">
        <h2>{t('patient.tasks')}</h2>
        {mayAct && <NewTask patient={view.patient.id} team={view.patient.team} />}
      </div>
      <Answer of={tasks}>
        {(answer) =>
          answer.tasks.length === 0 ? (
            <p className="muted">{t('patient.noTasks')}</p>
          ) : (
            <ul className="items">
              {answer.tasks.map((task) => (
                <TaskItem key={task.id} task={task} name={task.patientName} bare />
              ))}
            </ul>
          )
        }
      </Answer>
    </section>
  );
}
