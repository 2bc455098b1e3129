/** What was found of one contender with so many samples in a message. Times in ms, one for each message or look. */
export type Row = {
  name: string;
  samples: number;
  /** Readings that were stored, by the time until the last of them was. */
  perSecond: number;
  ackedPerSecond: number;
  ackMs: ArrayLike<number>;
  storedMs: ArrayLike<number>;
  ackHalfMs: ArrayLike<number>;
  storedHalfMs: ArrayLike<number>;
  /** Processor time for each reading, µs; PostgreSQL and InfluxDB apart. */
  ownMicros: number;
  postgresMicros: number;
  influxMicros: number;
  residentBytes: number;
  residentInfluxBytes: number;
  missing: number;
};

const columns: [name: string, width: number, of: (row: Row) => string][] = [
  ['', -22, ({ name }) => name],
  ['in one', 6, ({ samples }) => String(samples)],
  ['stored/s', 10, ({ perSecond }) => String(Math.round(perSecond))],
  ['acked/s', 10, ({ ackedPerSecond }) => String(Math.round(ackedPerSecond))],
  ['PUBACK p50/p99', 17, ({ ackMs }) => pair(ackMs)],
  ['stored p50/p99', 17, ({ storedMs }) => pair(storedMs)],
  ['½ PUBACK p50/p99', 18, ({ ackHalfMs }) => pair(ackHalfMs)],
  ['½ stored p50/p99', 18, ({ storedHalfMs }) => pair(storedHalfMs)],
  ['CPU µs', 8, ({ ownMicros }) => ownMicros.toFixed(1)],
  ['PostgreSQL µs', 14, ({ postgresMicros }) => postgresMicros.toFixed(1)],
  ['InfluxDB µs', 12, ({ influxMicros }) => influxMicros.toFixed(1)],
  ['MB', 6, ({ residentBytes }) => (residentBytes / 2 ** 20).toFixed(0)],
  ['InfluxDB MB', 12, ({ residentInfluxBytes }) => (residentInfluxBytes / 2 ** 20).toFixed(0)],
  ['missing', 8, ({ missing }) => String(missing)],
];

const cell = (text: string, width: number) => (width < 0 ? text.padEnd(-width) : text.padStart(width));

/** Readings per second that were stored and acknowledged; times in ms, at full and at half load; processor time for each reading. */
export const heading = columns.map(([name, width]) => cell(name, width)).join(' ');
export const rowOf = (row: Row): string => columns.map(([, width, of]) => cell(of(row), width)).join(' ');

const pair = (values: ArrayLike<number>) => [0.5, 0.99].map((q) => tally(values, q).toFixed(0)).join(' / ');

/** The value below which this part of them lies. */
export function tally(values: ArrayLike<number>, part: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
