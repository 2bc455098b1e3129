import type { PatientId } from '#domain/ids.ts';
import type { Heard } from '../intake.ts';
import { createHistory, type History } from './history.ts';

/**
 * The histories of all patients whose readings this process has seen. They stand in memory alone: after a start they are incomplete until they have
 * been rebuilt from the store.
 */
export type Histories = {
  of(patient: PatientId): History;
  /** Those of whom something was heard, and whose past is not there yet. */
  incomplete(): PatientId[];
  /** The past of one is there. */
  complete(patient: PatientId): void;
  /** The past of all is there: whoever is new from now on has none. */
  completeAll(): void;
  isComplete(patient: PatientId): boolean;
  /** All whose past is there. */
  whole(): PatientId[];
  /**
   * Readings that came before the past did: some rules will judge them then. The latest of a patient, where they are many, and no more once there are
   * very many of all: how the patient stands is judged by the past itself, in which they are.
   */
  note(patient: PatientId, heard: readonly Heard[]): void;
  noted(patient: PatientId): readonly Heard[];
  forgetNoted(patients: Iterable<PatientId>): void;
  forget(patient: PatientId): void;
};

export function createHistories(notedOfAllAtMost = usualNotedOfAllAtMost): Histories {
  const histories = new Map<PatientId, History>();
  /** With what came meanwhile. */
  const incomplete = new Map<PatientId, Heard[]>();
  const noted = new Map<PatientId, readonly Heard[]>();
  let all = false;
  /** In `incomplete` and in `noted`. */
  let count = 0;

  return {
    of(patient) {
      const known = histories.get(patient);
      if (known) return known;
      const fresh = createHistory(all);
      histories.set(patient, fresh);
      if (!all) incomplete.set(patient, []);
      return fresh;
    },
    incomplete: () => [...incomplete.keys()],
    complete(patient) {
      const heard = incomplete.get(patient) ?? [];
      if (incomplete.delete(patient) && heard.length > 0) noted.set(patient, heard);
      const history = histories.get(patient);
      if (history) history.complete = true;
    },
    completeAll() {
      all = true;
    },
    whole() {
      const whole: PatientId[] = [];
      // nothing else runs meanwhile: no object for each of a million
      for (const [patient, { complete }] of histories) if (complete) whole.push(patient);
      return whole;
    },
    isComplete: (patient) => histories.get(patient)?.complete ?? all,
    note(patient, heard) {
      const before = incomplete.get(patient);
      if (!before || count >= notedOfAllAtMost) return;
      const now = [...before, ...heard].slice(-notedAtMost);
      incomplete.set(patient, now);
      count += now.length - before.length;
    },
    noted: (patient) => noted.get(patient) ?? [],
    forgetNoted(patients) {
      for (const patient of patients) {
        count -= noted.get(patient)?.length ?? 0;
        noted.delete(patient);
      }
    },
    forget(patient) {
      count -= (incomplete.get(patient)?.length ?? 0) + (noted.get(patient)?.length ?? 0);
      histories.delete(patient);
      incomplete.delete(patient);
      noted.delete(patient);
    },
  };
}

/** Some hours of a sensor that speaks every five minutes; a rebuild takes seconds unless the store is away. */
const notedAtMost = 64;
/** Half a gigabyte: a day of a hundred thousand patients, should the store be away for so long. */
const usualNotedOfAllAtMost = 500_000;
