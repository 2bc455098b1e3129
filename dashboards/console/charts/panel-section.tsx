import { useMemo } from 'react';
import type { AlertView, PatientView } from '#domain/views.ts';
import { type PanelName, panels } from '#domain/vitals.ts';
import { type Range, type RangedReadings, useReadings } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { Answer } from '../parts/states.tsx';
import { PanelChart } from './panel-chart.tsx';
import { limitsOf, pointsOf } from './points.ts';
import { ReadingsTable } from './readings-table.tsx';

/** One panel of one patient: chart, and table beside it. */
export function PanelSection(props: { view: PatientView; panel: PanelName; range: Range; alerts: AlertView[] }) {
  const { say } = useLanguage();
  const readings = useReadings(props.view.patient.id, props.panel, props.range);
  return (
    <section className="card" data-panel={props.panel}>
      <h2>{say(panels[props.panel].name)}</h2>
      <Answer of={readings}>{(answer) => <Panel {...props} readings={answer} />}</Answer>
    </section>
  );
}

function Panel(props: { view: PatientView; panel: PanelName; alerts: AlertView[]; readings: RangedReadings }) {
  const { t } = useLanguage();
  const { view, panel, alerts, readings } = props;
  const chart = useMemo(
    () => ({
      panel,
      points: pointsOf(readings.view),
      windowMs: readings.view.resolution === 'windows' ? readings.view.windowMs : 0,
      limits: limitsOf(view.rules, panel),
      alerts: alerts
        .filter((alert) => alert.evidence.some((evidence) => evidence.panel === panel))
        .map((alert) => Date.parse(alert.openedAt)),
      from: readings.from,
      to: readings.to,
    }),
    [view.rules, panel, alerts, readings],
  );
  if (chart.points.length === 0) return <p className="muted">{t('patient.noReadings')}</p>;
  return (
    <div className="chart-and-table">
      <PanelChart {...chart} />
      <ReadingsTable view={readings.view} />
    </div>
  );
}
