import type { CohortPatient } from '#domain/cohort-file.ts';
import { seededRandom } from '#runtime/random.ts';
import { deliver } from './cohort/delivery.ts';
import type { Measurement } from './cohort/measurement.ts';
import { type Person, personOf } from './cohort/person.ts';
import { sensorReadings } from './cohort/sensor.ts';
import { measurementsOf } from './cohort/sessions.ts';
import { truthOf } from './cohort/truth.ts';
import { createPhysiology } from './physiology/physiology.ts';

/**
 * Patients with a known truth, to judge the rules against. The same request yields the same bytes, and the patient of a number is the same
 * however many there are. `from`: ms since 1970.
 */
export type CohortRequest = { seed: number; patients: number; days: number; from: number };

/** One patient at a time: a cohort need not fit into memory. */
export function* createCohort({ seed, patients, days, from }: CohortRequest): Generator<CohortPatient> {
  const span = { from, to: from + days * 86_400_000 };
  for (let nth = 0; nth < patients; nth++) yield patientOf(personOf(seed, nth, span), span);
}

export function patientOf(person: Person, span: { from: number; to: number }): CohortPatient {
  const body = createPhysiology(seededRandom(person.seed), person.body);
  const sent = deliver(person, measuredBy(person, body, span));
  const heard = sent.map(({ reading, receivedAt }) => ({ reading, receivedAt }));
  return { ...person.told, readings: () => heard, ...truthOf(person, body, sent, span) };
}

function* measuredBy(
  person: Person,
  body: ReturnType<typeof createPhysiology>,
  span: { from: number; to: number },
): Generator<Measurement> {
  yield* measurementsOf(person, body, span);
  if (person.kind.programmes.includes('cgm')) yield* sensorReadings(person, body, span);
}
