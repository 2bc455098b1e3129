import type { Reading, ReadingSeries, Value } from './reading.ts';

/** A sample of a series as a reading of its own; `place`: its number in the series. */
export type Sample = { place: number; reading: Omit<Reading, 'ref'> };

/** The samples, oldest first. A step at which the device had nothing in any column is none. */
export function samplesOf(series: ReadingSeries): Sample[] {
  const { ref: _, start, stepMs, columns, ...shared } = series;
  const startMs = Date.parse(start);
  const steps = columns[0]?.values.length ?? 0;
  const samples: Sample[] = [];
  for (let place = 0; place < steps; place++) {
    const values: Value[] = [];
    for (const { values: column, ...kind } of columns) {
      const value = column[place];
      if (typeof value === 'number') values.push({ ...kind, value });
    }
    if (values.length === 0) continue;
    const takenAt = new Date(startMs + place * stepMs).toISOString();
    samples.push({ place, reading: { ...shared, values, takenAt } });
  }
  return samples;
}

/** The series with these samples alone, each in its place: what is kept of it when others may enter. */
export const seriesOfSamples = (series: ReadingSeries, places: ReadonlySet<number>): ReadingSeries => ({
  ...series,
  columns: series.columns.map((column) => ({
    ...column,
    values: column.values.map((value, place) => (places.has(place) ? value : null)),
  })),
});
