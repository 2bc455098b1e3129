import { StoredReading } from '#domain/reading.ts';
import { type PanelName, vitals, vitalsOf } from '#domain/vitals.ts';
import { instant } from '../clock.ts';
import { timestampTextOf } from '../vitals-store.ts';
import type { Row } from './http.ts';

/**
 * How a reading lies in InfluxDB. Measurement: the panel. Tags: `patient`, `device`. Fields: each vital sign under its name of
 * the catalogue, always a float (a field whose type changes rejects the line), and beside them what makes the reading whole
 * again. Time: `timestampOf`; `taken_at` is written only where its text says more than the milliseconds of that time.
 *
 * Built by hand, because the client's Point took three times as long for the same line (measured with 1.35).
 */
export function lineOf(reading: StoredReading): string {
  let fields = '';
  let decimals = '';
  for (const { vital, value, decimals: digits } of reading.values) {
    fields += `,${vital}=${float(value)}`;
    if (digits !== undefined) decimals += `${decimals && ','}${vital}=${digits}`;
  }
  // what may be empty is written even then: a field that is left out keeps what stood there before
  fields += `,reading=${text(reading.id)},source=${text(reading.source)},heard_at=${text(reading.heardAt)},stored_at=${text(reading.storedAt)},clock=${text(reading.clock)},marks=${text(reading.marks.join(','))},flags=${text(reading.flags.join(','))},decimals=${text(decimals)}`;
  if (!isInMilliseconds(reading.takenAt)) fields += `,taken_at=${text(reading.takenAt)}`;
  if (reading.userSlot !== undefined) fields += `,user_slot=${float(reading.userSlot)}`;
  if (reading.sequence !== undefined) fields += `,sequence=${float(reading.sequence)}`;
  if (reading.deviceTime !== undefined) fields += `,device_time=${text(reading.deviceTime)}`;
  if (reading.raw !== undefined) fields += `,raw=${text(reading.raw)}`;
  // as JSON: a model is any text, and a line must hold no line break
  if (reading.model !== undefined) fields += `,model=${text(JSON.stringify(reading.model))}`;
  return `${reading.panel},device=${tag(reading.device)},patient=${tag(reading.patient)} ${fields.slice(1)} ${timestampTextOf(reading)}`;
}

/** A number as a float of line protocol. Not a number is no value of ours: the schema lets none in. */
export const float = (value: number): string => {
  if (!Number.isFinite(value)) throw new Error('a value in a line must be a number');
  return String(value);
};

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
  'source',
  'taken_at',
  'heard_at',
  'stored_at',
  'clock',
  'marks',
  'flags',
  'decimals',
  'user_slot',
  'sequence',
  'device_time',
  'raw',
  'model',
] as const;

/** The reading that was written as this row, or undefined for a point that none of ours wrote. `time` is in ms since 1970. */
export function readingOf(patient: string, panel: PanelName, row: Row): StoredReading | undefined {
  const words = (text: Row[string] | undefined) => (typeof text === 'string' && text !== '' ? text.split(',') : []);
  const decimals = new Map(words(row.decimals).map((word) => word.split('=') as [string, string]));
  const values = vitalsOf(panel)
    .filter((vital) => typeof row[vital] === 'number')
    .map((vital) => ({
      vital,
      value: row[vital],
      unit: vitals[vital].ucum,
      ...(decimals.has(vital) ? { decimals: Number(decimals.get(vital)) } : {}),
    }));
  return StoredReading.safeParse({
    id: row.reading,
    patient,
    panel,
    values,
    device: row.device,
    source: row.source,
    takenAt: row.taken_at ?? instant(Number(row.time)),
    heardAt: row.heard_at,
    storedAt: row.stored_at,
    clock: row.clock,
    marks: words(row.marks),
    flags: words(row.flags),
    ...(row.user_slot === null ? {} : { userSlot: row.user_slot }),
    ...(row.sequence === null ? {} : { sequence: row.sequence }),
    ...(row.device_time === null ? {} : { deviceTime: row.device_time }),
    ...(row.raw === null ? {} : { raw: row.raw }),
    ...(typeof row.model === 'string' ? { model: unquoted(row.model) } : {}),
  }).data;
}

function unquoted(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
