import { expect, it } from 'vitest';
import { createHistories } from '../../rules/history/histories.ts';
import { heardIn } from '../../rules/intake.ts';
import { anyPatient, storedReading } from '../support/readings.ts';

/** What waits for the past: bounded for each patient and for all of them. */

it('notes so many readings of one and of all, and has room again for what was judged or forgotten', () => {
  const histories = createHistories(100);
  const people = Array.from({ length: 20 }, anyPatient);
  const heard = people.map((patient) => heardIn(storedReading(patient), 0));
  for (let round = 0; round < 80; round++)
    people.forEach((patient, n) => {
      histories.of(patient);
      histories.note(patient, [heard[n]!]);
    });
  for (const patient of people) histories.complete(patient);
  const noted = () => people.reduce((sum, patient) => sum + histories.noted(patient).length, 0);
  expect(noted()).toBe(100);
  histories.forgetNoted(people.slice(0, 10));
  for (const patient of people.slice(10)) histories.forget(patient);
  const late = anyPatient();
  histories.of(late);
  for (let n = 0; n < 80; n++) histories.note(late, [heard[0]!]);
  histories.complete(late);
  expect(histories.noted(late)).toHaveLength(64);
});
