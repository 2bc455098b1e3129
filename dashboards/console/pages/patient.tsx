import { Button } from '@mantine/core';
import { IconWifiOff } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import type { CareTeam } from '#domain/people.ts';
import type { PatientView } from '#domain/views.ts';
import { type PanelName, panelNames } from '#domain/vitals.ts';
import { type Range, ranges, useAlerts, useMayAct, usePatient, useTasks } from '../api/queries.ts';
import { PanelSection } from '../charts/panel-section.tsx';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Ago } from '../parts/ago.tsx';
import { Choice } from '../parts/choice.tsx';
import { NewTask } from '../parts/new-task.tsx';
import { PersonLine } from '../parts/person.tsx';
import { Pressure, pressureOf } from '../parts/pressure.tsx';
import { besidePressure, Quantity } from '../parts/quantity.tsx';
import { Answer } from '../parts/states.tsx';
import { useTitle } from '../parts/title.ts';
import { useZone, Zone } from '../parts/zone.ts';
import { useNow } from '../time/clock.ts';
import { AlertItems } from './alerts.tsx';
import { AwayChips, Devices } from './patient-devices.tsx';
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
      <Head view={view} />
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

function Head({ view }: { view: PatientView }) {
  const { t, say } = useLanguage();
  const pressure = pressureOf(view.latest);
  return (
    <section className="card patient-head">
      <div>
        <h1>{say(view.patient.name)}</h1>
        <PersonLine patient={view.patient} />
        <div className="row" style={{ marginTop: 8 }}>
          {view.silent && (
            <span className="chip" data-severity="urgent">
              <IconWifiOff size={16} aria-hidden />
              <b>{t('patient.silent')}</b>
              {view.lastTakenAt && (
                <span>
                  <LastReading at={view.lastTakenAt} />
                </span>
              )}
            </span>
          )}
          <AwayChips devices={view.devices} />
        </div>
      </div>
      <div className="latest">
        {pressure && (
          <div>
            <Pressure
              systolic={pressure.systolic}
              diastolic={pressure.diastolic}
              marks={pressure.systolic.marks}
              size="large"
            />
            <div className="small muted">
              <Ago at={pressure.systolic.takenAt} />
            </div>
          </div>
        )}
        {besidePressure(view.latest).map((value) => (
          <div key={value.vital} className="pressure">
            <Quantity value={value} />
            <div className="small muted">
              <Ago at={value.takenAt} />
            </div>
          </div>
        ))}
        {view.lastTakenAt === null && <p className="muted">{t('worklist.neverMeasured')}</p>}
      </div>
    </section>
  );
}

function LastReading({ at }: { at: string }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow();
  return t('patient.lastReading', { ago: times.ago(at, now) });
}
