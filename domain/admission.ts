import type { PatientId, SourceId } from './ids.ts';
import { type Reading, type ReadingFlag, testMarks, type Value, vitalIn } from './reading.ts';
import { panels, type VitalName, vitals, vitalsOf } from './vitals.ts';

/**
 * May this reading enter, and whose is it? Pure, and used by ingest and by rules alike, so that recorder and judge never
 * disagree. A reading that may not enter is kept in quarantine with one of these reasons; nothing is guessed or dropped.
 */
export const refusals = [
  'malformed',
  'unknown-device',
  'foreign-device',
  'not-assigned',
  'erased',
  'wrong-panel',
  'wrong-unit',
  'impossible-value',
  'taken-in-the-future',
  'taken-too-long-ago',
  'test-reading',
] as const;
export type Refusal = (typeof refusals)[number];

/** `erased`: the patient asked to be forgotten. Whatever speaks of them is refused, and its content is not even kept in quarantine. */
export type Assignment = {
  patient: PatientId;
  userSlot: number | null;
  from: string;
  to: string | null;
  erased?: true;
};
export type Registration = { source: SourceId; assignments: Assignment[] };

/** `detail` is English, for engineers, and quotes no value. */
export type Refused = { outcome: 'refused'; reason: Refusal; detail: string };
export type Admission = { outcome: 'admitted'; patient: PatientId; flags: ReadingFlag[] } | Refused;

/** A device clock may run ahead of ours by so much before we call it wrong. */
export const futureToleranceMs = 10 * 60_000;
/** Connected health devices are younger than this; years before it come from clocks that were never set. */
export const earliestTakenAt = Date.UTC(2015, 0, 1);
/** Heard so long after it was taken, a reading is a backfill: kept and shown, but it never pages as if live. */
export const lateAfterMs = 15 * 60_000;

/**
 * @param from the source that sent it, by its own credential
 * @param receivedAt when the server journalled it, ms since 1970
 */
export function admit(
  reading: Reading,
  from: SourceId,
  registration: Registration | undefined,
  receivedAt: number,
): Admission {
  const kinds = reading.values;
  const refusal = refusalOfKind({ ...reading, kinds }, from, registration);
  if (refusal || !registration) return refusal ?? unknownDevice;
  return admitSample(reading, registration, receivedAt);
}

/** What is wrong with a reading, or with a whole series, whatever its values and times: undefined when nothing is. */
export function refusalOfKind(
  told: Pick<Reading, 'panel' | 'marks'> & { kinds: readonly Pick<Value, 'vital' | 'unit'>[] },
  from: SourceId,
  registration: Registration | undefined,
): Refused | undefined {
  if (!registration) return unknownDevice;
  if (registration.source !== from) return refuse('foreign-device', 'the device is registered with another source');
  if (told.marks.some((m) => testMarks.includes(m))) return refuse('test-reading', 'a demo or control reading');
  const allowed = vitalsOf(told.panel);
  const isTwice = ({ vital }: { vital: VitalName }, i: number) => told.kinds.findIndex((k) => k.vital === vital) < i;
  if (told.kinds.some(isTwice)) return refuse('wrong-panel', 'a vital sign stands twice');
  const strange = told.kinds.filter(({ vital }) => !allowed.includes(vital));
  if (strange.length > 0) return refuse('wrong-panel', `with ${strange.map(({ vital }) => vital).join(', ')}`);
  for (const { vital, unit } of told.kinds)
    if (unit !== vitals[vital].ucum) return refuse('wrong-unit', `${vital} must be in ${vitals[vital].ucum}`);
  return undefined;
}

/** One reading, or one sample of a series, of whose kind nothing is wrong. */
export function admitSample(
  reading: Pick<Reading, 'panel' | 'values' | 'takenAt' | 'userSlot'>,
  registration: Registration,
  receivedAt: number,
): Admission {
  const isMissing = (name: VitalName) => !reading.values.some(({ vital }) => vital === name);
  const { required } = panels[reading.panel];
  if (required.some(isMissing)) return refuse('wrong-panel', `without ${required.filter(isMissing).join(', ')}`);
  const standing = standingValues(reading);
  for (const { vital, value } of standing) {
    const [low, high] = vitals[vital].hard;
    if (!isPossible({ vital, value })) return refuse('impossible-value', `${vital} must be ${low} to ${high}`);
  }
  const systolic = vitalIn(reading, 'systolic');
  const diastolic = vitalIn(reading, 'diastolic');
  if (systolic !== undefined && diastolic !== undefined && systolic <= diastolic)
    return refuse('impossible-value', 'systolic must be above diastolic');

  const takenAt = Date.parse(reading.takenAt);
  if (takenAt > receivedAt + futureToleranceMs) return refuse('taken-in-the-future', 'takenAt is ahead of our clock');
  if (takenAt < earliestTakenAt) return refuse('taken-too-long-ago', 'takenAt is before 2015');

  const owner = ownerAt(registration.assignments, reading.userSlot, takenAt);
  if (owner === 'erased') return refuse('erased', 'the data of this patient was erased');
  if (!owner) return refuse('not-assigned', whyNobodys(registration.assignments, takenAt));

  const flags: ReadingFlag[] = [];
  if (receivedAt - takenAt > lateAfterMs) flags.push('late');
  if (standing.length < reading.values.length) flags.push('incomplete');
  if (standing.some(({ vital, value }) => value < vitals[vital].soft[0] || value > vitals[vital].soft[1]))
    flags.push('implausible');
  return { outcome: 'admitted', patient: owner, flags };
}

const refuse = (reason: Refusal, detail: string): Refused => ({ outcome: 'refused', reason, detail });
const unknownDevice = refuse('unknown-device', 'no such device is registered');

/**
 * The values that are stored and judged. One that nobody could have, and that its panel can do without, is left out and the rest stands: a
 * pressure of 210/120 must not go unheard because the cuff counted a pulse of 255. The frame is kept with the reading for audit.
 */
export function standingValues({ panel, values }: Pick<Reading, 'panel' | 'values'>): Value[] {
  const stands = (value: Value) => isPossible(value) || panels[panel].required.some((vital) => vital === value.vital);
  // nearly always all of them
  return values.every(stands) ? values : values.filter(stands);
}

const isPossible = ({ vital, value }: Pick<Value, 'vital' | 'value'>): boolean =>
  value >= vitals[vital].hard[0] && value <= vitals[vital].hard[1];

/**
 * An assignment for a slot covers that slot only; one without a slot covers every reading of the device. Should two
 * different patients be possible, nobody is: never guessed. Where nobody else has the device, it still speaks of whom we forgot.
 */
function ownerAt(
  assignments: Assignment[],
  userSlot: number | undefined,
  at: number,
): PatientId | 'erased' | undefined {
  let owner: PatientId | undefined;
  let erased = false;
  for (const assignment of assignments) {
    const { from, to, patient } = assignment;
    if (assignment.userSlot !== null && assignment.userSlot !== userSlot) continue;
    if (at < Date.parse(from) || (to !== null && at >= Date.parse(to))) continue;
    if (assignment.erased) erased = true;
    else if (owner !== undefined && owner !== patient) return undefined;
    else owner = patient;
  }
  return owner ?? (erased ? 'erased' : undefined);
}

/** A clock that stands before the first assignment is as often wrong as early: who looks at it should know which way to look. */
function whyNobodys(assignments: Assignment[], at: number): string {
  if (assignments.length === 0) return 'the device was never assigned to anybody';
  const first = Math.min(...assignments.map(({ from }) => Date.parse(from)));
  if (at < first) return 'taken before the device belonged to anybody';
  return 'the device belonged to nobody at that time, or to another user slot';
}
