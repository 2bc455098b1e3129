import { type PanelName, vitalsOf } from '#domain/vitals.ts';
import { percentiles, type Rollup, type RollupOf, type Span, type Summary } from '../vitals-store.ts';
import type { Row } from './http.ts';
import { float, tag } from './line.ts';
import { every, fromWhere, identifier } from './query.ts';

/**
 * How a rollup lies in InfluxDB, in a database of its period (`vitals_1h`, `vitals_1d`). Measurement: the panel. Tag: `patient`. Fields:
 * `systolic_count`, `systolic_sum`, … and `ends`, ms since 1970. Time: where it begins. Writing it again replaces it.
 */
export function lineOfRollup({ patient, panel, from, to, values }: RollupOf): string {
  let fields = `ends=${float(to)}`;
  for (const vital of vitalsOf(panel)) {
    const summary = values[vital];
    // a vital sign that is gone, because a reading was erased or corrected, must not stay beside the others
    for (const statistic of statistics) if (summary) fields += `,${vital}_${statistic}=${float(summary[statistic])}`;
    if (!summary) fields += `,${vital}_count=0`;
  }
  return `${panel},patient=${tag(patient)} ${fields} ${from}000000`;
}

/** The readings themselves, summed up by the server. */
export const summariseStatement = (query: Span & { everyMs?: number }): string => {
  const columns = vitalsOf(query.panel).flatMap((vital) =>
    statistics.map((statistic) => {
      const call = statistic.startsWith('p')
        ? `percentile(${identifier(vital)}, ${statistic.slice(1)})`
        : `${statistic}(${identifier(vital)})`;
      return `${call} AS ${identifier(`${vital}_${statistic}`)}`;
    }),
  );
  const windows = query.everyMs === undefined ? '' : ` ${every(query.everyMs)}`;
  return `SELECT ${columns.join(', ')} ${fromWhere(query)}${windows}`;
};

export const rollupsStatement = (query: Span): string => {
  const columns = vitalsOf(query.panel).flatMap((vital) => statistics.map((name) => identifier(`${vital}_${name}`)));
  return `SELECT "ends", ${columns.join(', ')} ${fromWhere(query)} ORDER BY time`;
};

/** @param bounds where the row does not say itself: rows of `summariseStatement` have no `ends`. */
export function rollupOf(panel: PanelName, row: Row, bounds?: { from: number; to: number }): Rollup | undefined {
  const from = bounds?.from ?? Number(row.time);
  const to = bounds?.to ?? Number(row.ends);
  const values: Rollup['values'] = {};
  for (const vital of vitalsOf(panel)) {
    const least = row[`${vital}_min`];
    if (!row[`${vital}_count`] || least === null) continue;
    values[vital] = Object.fromEntries(
      statistics.map((name) => [name, Number(row[`${vital}_${name}`] ?? least)]),
    ) as Summary;
  }
  return Object.keys(values).length > 0 && Number.isFinite(to) ? { from, to, values } : undefined;
}

const statistics = ['count', 'sum', 'min', 'max', ...percentiles] as const;
