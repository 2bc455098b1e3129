import { StoredReading } from '#domain/reading.ts';
import { isContinuous, type PanelName, vitals, vitalsOf } from '#domain/vitals.ts';
import { instant } from '../clock.ts';
import { readingId } from '../reading-id.ts';
import { timestampTextOf } from '../vitals-store.ts';
import type { Row } from './http.ts';

/**
 * How a reading lies in InfluxDB. Measurement: the panel. Tags: `patient`, `device`. Fields: each vital sign under its name of
 * the catalogue, always a float (a field whose type changes rejects the line), and beside them what makes the reading whole
 * again. Time: `timestampOf`; `taken_at` is written only where its text says more than the milliseconds of that time.
 *
 * What every reading has stands in one field, `reading`: a field for each cost InfluxDB 1.6 three times the work for every point (31 to 41 µs
 * against 11 to 15). Built by hand, because the client's Point took three times as long for the same line (measured with 1.35).
 */
export function lineOf(reading: StoredReading): string {
  let fields = '';
  let decimals = '';
  for (const { vital, value, decimals: digits } of reading.values) {
    fields += `,${vital}=${float(value)}`;
    if (digits !== undefined) decimals += `${decimals && ','}${vital}=${digits}`;
  }
  const marks = joined(reading.marks);
  fields += `,reading=${text(`${tellsItsId(reading) ? '' : reading.id}|${reading.source}|${reading.heardAt}|${reading.storedAt}|${reading.clock}|${marks}|${joined(reading.flags)}|${decimals}`)}`;
  // for people who look at a table of readings
  if (marks !== '') fields += `,marks=${text(marks)}`;
  if (!isInMilliseconds(reading.takenAt)) fields += `,taken_at=${text(reading.takenAt)}`;
  if (reading.userSlot !== undefined) fields += `,user_slot=${float(reading.userSlot)}`;
  if (reading.sequence !== undefined) fields += `,sequence=${float(reading.sequence)}`;
  if (reading.deviceTime !== undefined) fields += `,device_time=${text(reading.deviceTime)}`;
  if (reading.raw !== undefined) fields += `,raw=${text(reading.raw)}`;
  // as JSON: a model is any text, and a line must hold no line break
  if (reading.model !== undefined) fields += `,model=${text(JSON.stringify(reading.model))}`;
  return `${reading.panel},device=${tag(reading.device)},patient=${tag(reading.patient)} ${fields.slice(1)} ${timestampTextOf(reading)}`;
}

/**
 * Whether the id can be left out, because it is computed from what is written: for the samples of what is worn, of which there are 31 million
 * a year. Not where a value was left out that the id was made of.
 */
const tellsItsId = ({ panel, flags }: Pick<StoredReading, 'panel' | 'flags'>): boolean =>
  isContinuous(panel) && !flags.includes('incomplete');

/** A number as a float of line protocol. Not a number is no value of ours: the schema lets none in. */
export const float = (value: number): string => {
  if (!Number.isFinite(value)) throw new Error('a value in a line must be a number');
  return String(value);
};

/** Mostly there is nothing to join. */
const joined = (words: readonly string[]): string => (words.length === 0 ? '' : words.join(','));

/** A string field. @param value without line breaks */
const text = (value: string): string =>
  awkwardInText.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : `"${value}"`;
const awkwardInText = /["\\]/;

/** A tag's value. Ours are ids, whose schemas let nothing awkward in. */
export const tag = (value: string): string => (awkwardInTag.test(value) ? value.replace(/[,= ]/g, '\\$&') : value);
const awkwardInTag = /[,= ]/;

/** As `instant` writes it, which is how it comes back from the time alone. */
const isInMilliseconds = (at: string): boolean => at.length === 24 && at[19] === '.';

/** Everything but the vital signs that `readingOf` needs; `device` is a tag. */
export const readingColumns = [
  'device',
  'reading',
  'taken_at',
  'user_slot',
  'sequence',
  'device_time',
  'raw',
  'model',
] as const;

/** Fields of points from before the field `reading` held them all: then it was the id alone. In the order in which it holds them. */
export const earlierColumns = ['source', 'heard_at', 'stored_at', 'clock', 'marks', 'flags', 'decimals'] as const;

/** The reading that was written as this row, or undefined for a point that none of ours wrote. `time` is in ms since 1970. */
export function readingOf(patient: string, panel: PanelName, row: Row): StoredReading | undefined {
  const words = (text: string | undefined) => (text ? text.split(',') : []);
  const [id, source, heardAt, storedAt, clock, marks, flags, digits] = wholeOf(row);
  const decimals = new Map(words(digits).map((word) => word.split('=') as [string, string]));
  const values = vitalsOf(panel)
    .filter((vital) => typeof row[vital] === 'number')
    .map((vital) => ({
      vital,
      value: row[vital],
      unit: vitals[vital].ucum,
      ...(decimals.has(vital) ? { decimals: Number(decimals.get(vital)) } : {}),
    }));
  const { data: reading } = StoredReading.safeParse({
    id: id || '0'.repeat(32),
    patient,
    panel,
    values,
    device: row.device,
    source,
    takenAt: row.taken_at ?? instant(Number(row.time)),
    heardAt,
    storedAt,
    clock,
    marks: words(marks),
    flags: words(flags),
    ...(row.user_slot === null ? {} : { userSlot: row.user_slot }),
    ...(row.sequence === null ? {} : { sequence: row.sequence }),
    ...(row.device_time === null ? {} : { deviceTime: row.device_time }),
    ...(row.raw === null ? {} : { raw: row.raw }),
    ...(typeof row.model === 'string' ? { model: unquoted(row.model) } : {}),
  });
  return id === '' && reading ? { ...reading, id: readingId(reading) } : reading;
}

function wholeOf(row: Row): string[] {
  const text = String(row.reading);
  return text.includes('|') ? text.split('|') : [text, ...earlierColumns.map((column) => String(row[column] ?? ''))];
}

function unquoted(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
