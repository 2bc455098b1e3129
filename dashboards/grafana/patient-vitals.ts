import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  DashboardBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
  VariableHide,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesPanel } from '@grafana/grafana-foundation-sdk/timeseries';
import { type PanelName, panelNames, panels, type Vital, vitals, vitalsOf } from '#domain/vitals.ts';
import { influxQL, vitalsSource } from './influxql.ts';

/**
 * One patient's vital signs: a row for every panel of the catalogue, with a chart, the newest values and, because a chart on
 * a canvas tells a screen reader nothing, a table. The patient comes from the address only (`?var-patient=<id>`, a link from the
 * console): a list of patients drawn from InfluxDB would show everybody's ids to every viewer.
 */
export function patientVitals(): Dashboard {
  const dashboard = new DashboardBuilder('Patient vitals 患者生命体征')
    .uid('hearthbeat-patient-vitals')
    .tags(['hearthbeat', 'generated'])
    .readonly()
    .time({ from: 'now-30d', to: 'now' })
    .refresh('1m')
    .timezone('browser')
    .withVariable(new TextBoxVariableBuilder('patient').label('Patient 患者').hide(VariableHide.HideVariable));
  let row = 0;
  for (const panel of panelNames) {
    dashboard.withRow(new RowBuilder(titleOf(panels[panel])).gridPos({ x: 0, y: row, w: 24, h: 1 }));
    dashboard.withPanel(chart(panel).gridPos({ x: 0, y: row + 1, w: 14, h: 9 }));
    dashboard.withPanel(newest(panel).gridPos({ x: 14, y: row + 1, w: 3, h: 9 }));
    dashboard.withPanel(table(panel).gridPos({ x: 17, y: row + 1, w: 7, h: 9 }));
    row += 10;
  }
  return dashboard.build();
}

const titleOf = ({ name }: { name: { en: string; zh: string } }) => `${name.en} ${name.zh}`;
const unitOf = (panel: PanelName) => (vitals[vitalsOf(panel)[0]!] as Vital).unit;
const ofPatient = (panel: PanelName) => `FROM "${panel}" WHERE "patient" = '\${patient}' AND $timeFilter`;
const each = (panel: PanelName, word: (vital: string) => string) => vitalsOf(panel).map(word).join(', ');

function chart(panel: PanelName) {
  const means = each(panel, (vital) => `mean("${vital}") AS "${vital}"`);
  return new TimeseriesPanel()
    .title(titleOf(panels[panel]))
    .unit(unitOf(panel))
    .datasource(vitalsSource)
    .spanNulls(false)
    .withTarget(
      influxQL('A', `SELECT ${means} ${ofPatient(panel)} GROUP BY time($__interval) fill(none)`, { alias: '$col' }),
    );
}

function newest(panel: PanelName) {
  const lasts = each(panel, (vital) => `last("${vital}") AS "${vital}"`);
  return new StatPanel()
    .title('Newest 最新')
    .unit(unitOf(panel))
    .datasource(vitalsSource)
    .withTarget(influxQL('A', `SELECT ${lasts} ${ofPatient(panel)}`, { alias: '$col' }));
}

function table(panel: PanelName) {
  const columns = each(panel, (vital) => `"${vital}"`);
  return new TablePanel()
    .title('Readings 读数')
    .datasource(vitalsSource)
    .withTarget(
      influxQL('A', `SELECT ${columns}, "marks" ${ofPatient(panel)} ORDER BY time DESC LIMIT 200`, { format: 'table' }),
    );
}
