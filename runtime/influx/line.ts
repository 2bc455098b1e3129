import { Point } from '@influxdata/influxdb-client';
import { StoredReading } from '#domain/reading.ts';
import { type PanelName, vitals, vitalsOf } from '#domain/vitals.ts';
import type { Row } from './http.ts';
import { timestampOf } from '../vitals-store.ts';

/**
 * How a reading lies in InfluxDB. Measurement: the panel. Tags: `patient`, `device`. Fields: each vital sign under its name of
 * the catalogue, always a float (a field whose type changes rejects the line), and beside them what makes the reading whole
 * again. Time: `timestampOf`.
 */
export function lineOf(reading: StoredReading): string {
  const point = new Point(reading.panel)
    .tag('patient', reading.patient)
    .tag('device', reading.device)
    .timestamp(String(timestampOf(reading)))
    .stringField('reading', reading.id)
    .stringField('source', reading.source)
    .stringField('taken_at', reading.takenAt)
    .stringField('heard_at', reading.heardAt)
    .stringField('stored_at', reading.storedAt)
    .stringField('clock', reading.clock)
    // written even when empty: a field that is left out keeps what stood there before
    .stringField('marks', reading.marks.join(','))
    .stringField('flags', reading.flags.join(','))
    .stringField('decimals', decimalsText(reading));
  for (const { vital, value } of reading.values) point.floatField(vital, value);
  if (reading.userSlot !== undefined) point.floatField('user_slot', reading.userSlot);
  if (reading.sequence !== undefined) point.floatField('sequence', reading.sequence);
  if (reading.deviceTime !== undefined) point.stringField('device_time', reading.deviceTime);
  if (reading.raw !== undefined) point.stringField('raw', reading.raw);
  // as JSON: a model is any text, and a line must hold no line break
  if (reading.model !== undefined) point.stringField('model', JSON.stringify(reading.model));
  return point.toLineProtocol() as string;
}

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

/** The reading that was written as this row, or undefined for a point that none of ours wrote. */
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
    takenAt: row.taken_at,
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

/**
 * `systolic=0,diastolic=0`: one field for all vital signs of a reading. A field for each would be as many columns more in every query, while
 * this text is nearly always that of the point before it, which compression makes almost nothing of.
 */
const decimalsText = ({ values }: StoredReading): string =>
  values.flatMap(({ vital, decimals }) => (decimals === undefined ? [] : [`${vital}=${decimals}`])).join(',');

function unquoted(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
