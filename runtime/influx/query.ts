import { type PanelName, type VitalName, vitalsOf } from '#domain/vitals.ts';
import type { Span, Window } from '../vitals-store.ts';
import type { Row } from './http.ts';
import { earlierColumns, readingColumns } from './line.ts';

/**
 * InfluxQL over `/query`: the language that InfluxDB 1.x, 2.x and 3.x have in common. Only what all three know is used here
 * (no bind parameters, no second statement, no name with a database before it).
 */

export const readStatement = (query: Span & { limit: number }): string => {
  const columns = [...readingColumns, ...earlierColumns, ...vitalsOf(query.panel)].map(identifier).join(', ');
  return `SELECT ${columns} ${fromWhere(query)} ORDER BY time DESC LIMIT ${integer(query.limit)}`;
};

export const windowsStatement = (query: Span & { windowMs: number }): string => {
  const columns = vitalsOf(query.panel).flatMap((vital) =>
    statistics.map((statistic) => `${statistic}(${identifier(vital)}) AS ${identifier(`${vital} ${statistic}`)}`),
  );
  return `SELECT ${columns.join(', ')} ${fromWhere(query)} ${every(query.windowMs)}`;
};

/** Rows of a windows statement asked for with `epoch=ms`: window starts are whole milliseconds, so no digit is lost. */
export const windowOf = (panel: PanelName, row: Row): Window => {
  const values: Window['values'] = {};
  for (const vital of vitalsOf(panel)) {
    const statistic = (name: (typeof statistics)[number]) => Number(row[`${vital} ${name}`] ?? 0);
    if (statistic('count') > 0)
      values[vital satisfies VitalName] = {
        mean: statistic('mean'),
        min: statistic('min'),
        max: statistic('max'),
        count: statistic('count'),
      };
  }
  return { from: Number(row.time), values };
};

const statistics = ['mean', 'min', 'max', 'count'] as const;

export const every = (ms: number): string => `GROUP BY time(${integer(ms)}ms) fill(none)`;

/** Six digits of the id stand below the millisecond, so whole milliseconds bound readings exactly. */
export const fromWhere = ({ patient, panel, from, to }: Span): string =>
  `FROM ${identifier(panel)} WHERE "patient" = ${text(patient)} AND time >= ${moment(from)} AND time < ${moment(to)}`;

export const identifier = (name: string): string => `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
export const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** Nothing is older than 1970, and 2262 is the end of 64-bit nanoseconds. */
export const moment = (ms: number): string => `${integer(Math.min(Math.max(Math.ceil(ms), 0), 9_223_372_036_854))}ms`;

function integer(value: number): string {
  if (!Number.isSafeInteger(value)) throw new Error('a number in a query must be whole');
  return value.toFixed(0);
}
