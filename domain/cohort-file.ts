import { z } from 'zod';
import { CarePlan } from './care-plan.ts';
import { DeviceId, PatientId, ReadingId, SourceId } from './ids.ts';
import { type Mark, marks, type StoredReading, type Value } from './reading.ts';
import { panelNames, vitals, vitalsOf } from './vitals.ts';
import { Words } from './words.ts';

/**
 * A cohort: patients whose truth is known, for judging the rules. As a file: JSON lines, gzip. The first line is a CohortHead; then, patient
 * after patient, one CohortPatientLine, lines of readings in the order of their arrival (`readingsLine`), and one TruthLine.
 * The truth stands apart from the readings: whoever judges is handed the readings alone.
 */

/** What truly happens to people, whatever their devices show of it. */
export const dangers = [
  'hypertensive-crisis',
  'hypotension',
  'severe-hypoglycaemia',
  'ketoacidosis',
  'heart-failure-decompensation',
  'copd-exacerbation',
  'atrial-fibrillation',
  'bradycardia',
  'tachycardia',
  'sepsis',
] as const;
export const Danger = z.enum(dangers);
export type Danger = z.infer<typeof Danger>;

export const DangerousEvent = z.object({
  kind: Danger,
  /** ms since 1970: from when the person was in danger, and until when. */
  onset: z.int(),
  until: z.int(),
  /** An alert of any of these problems speaks of it. */
  problems: z.array(z.string()).min(1),
  /**
   * Clean readings of this person that meet the clinical definition of the event while it was on, in order of arrival. When there are enough of
   * them for the definition it could have been found: `detectableAt` is when the server heard the one that made it so, ms since 1970.
   */
  shownBy: z.array(ReadingId),
  detectableAt: z.int().nullable(),
});
export type DangerousEvent = z.infer<typeof DangerousEvent>;

/**
 * Readings that do not tell how the person is, whether the device marked them or not: what moved or sat loose, what a sensor under a sleeping
 * arm makes of glucose, somebody else's arm, a pulse just after the stairs, a strip that was no good. `marked`: the device said that it may be wrong.
 */
export const flaws = [
  'movement',
  'loose-cuff',
  'compression',
  'somebody-else',
  'exertion',
  'bad-strip',
  'poor-signal',
  'clothes',
] as const;
export const Flawed = z.object({ reading: ReadingId, flaw: z.enum(flaws), marked: z.boolean() });
export type Flawed = z.infer<typeof Flawed>;

/** What the rules must never see. */
export const Truth = z.object({ events: z.array(DangerousEvent), flawed: z.array(Flawed) });
export type Truth = z.infer<typeof Truth>;

export const CohortDevice = z.object({
  device: DeviceId,
  source: SourceId,
  panel: z.enum(panelNames),
  model: z.string(),
});
export type CohortDevice = z.infer<typeof CohortDevice>;

export const CohortHead = z.object({
  cohort: z.literal(1),
  seed: z.int(),
  patients: z.int().positive(),
  /** ms since 1970; `to` exclusive. */
  from: z.int(),
  to: z.int(),
});
export type CohortHead = z.infer<typeof CohortHead>;

export const CohortPerson = z.object({
  id: PatientId,
  name: Words,
  conditions: z.array(Words),
  timeZone: z.string(),
  plan: CarePlan.pick({
    programmes: true,
    overrides: true,
    expected: true,
    followUp: true,
    pause: true,
    silentAfterMinutes: true,
  }),
  devices: z.array(CohortDevice).min(1).max(16),
});
export type CohortPerson = z.infer<typeof CohortPerson>;

/** A reading as the rules come to see it. */
export type CohortReading = Pick<
  StoredReading,
  'id' | 'panel' | 'takenAt' | 'heardAt' | 'values' | 'marks' | 'device' | 'source'
>;
/** `receivedAt`: when the server journalled it, ms since 1970. What a device sends again comes again, under the same id. */
export type HeardCohortReading = { reading: CohortReading; receivedAt: number };

/** One patient. `readings()` begins anew each time, in order of arrival. */
export type CohortPatient = CohortPerson & {
  readings(): Iterable<HeardCohortReading>;
} & Truth;

export type CohortLine = CohortHead | { person: CohortPerson } | { readings: ReadingRow[] } | { truth: Truth };

/**
 * `[id, number of the device, takenAt in ms since 1970, ms from then to heardAt, ms from takenAt to receivedAt, values in the order of the panel
 * (null: none), numbers of the marks]`; a reading without marks ends before them.
 */
export type ReadingRow = [string, number, number, number, number, (number | null)[], number[]?];

export const rowsPerLine = 256;

export function rowOf({ reading, receivedAt }: HeardCohortReading, person: CohortPerson): ReadingRow {
  const takenAt = Date.parse(reading.takenAt);
  const values = vitalsOf(reading.panel).map(
    (vital) => reading.values.find((value) => value.vital === vital)?.value ?? null,
  );
  const row: ReadingRow = [
    reading.id,
    person.devices.findIndex(({ device, panel }) => device === reading.device && panel === reading.panel),
    takenAt,
    Date.parse(reading.heardAt) - takenAt,
    receivedAt - takenAt,
    values,
  ];
  if (reading.marks.length > 0) row.push(reading.marks.map((mark) => marks.indexOf(mark)));
  return row;
}

export function readingOf(row: ReadingRow, person: CohortPerson): HeardCohortReading {
  const [id, nth, takenAt, toHeard, toReceived, told, markNumbers] = row;
  const { device, source, panel } = person.devices[nth]!;
  const values: Value[] = [];
  for (const [i, vital] of vitalsOf(panel).entries()) {
    const value = told[i];
    if (typeof value === 'number') values.push({ vital, value, unit: vitals[vital].ucum });
  }
  return {
    reading: {
      id: id as ReadingId,
      panel,
      takenAt: new Date(takenAt).toISOString(),
      heardAt: new Date(takenAt + toHeard).toISOString(),
      values,
      marks: markNumbers ? markNumbers.map((number): Mark => marks[number]!) : [],
      device,
      source,
    },
    receivedAt: takenAt + toReceived,
  };
}

/** The other lines are recognised by their one key; rows are ours and taken as they are. */
export const PersonLine = z.object({ person: CohortPerson });
export const TruthLine = z.object({ truth: Truth });
