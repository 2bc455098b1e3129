import type { PatientId } from '#domain/ids.ts';
import type { Records } from '#runtime/records/connect.ts';
import { createJudgedChanges } from '#runtime/records/judged-changes.ts';
import { findJudgedPatients, type JudgedPatient } from '#runtime/records/judged-patients.ts';

/**
 * What the judge knows of patients beside their readings, kept in memory for as long as nobody changes it: so that a reading of which nothing comes
 * costs no query of its own.
 */
export type KnownPatients = {
  /**
   * Whoever is not in the answer is not there, or was erased. It holds every change that was committed before the call, for one small query per call;
   * whoever is not known yet costs a few more, however many they are.
   */
  of(patients: readonly PatientId[]): Promise<ReadonlyMap<PatientId, JudgedPatient>>;
  /** Nobody has changed anything of them that we have heard of since this was read. */
  stillKnows(patient: JudgedPatient): boolean;
  /** They are read anew when they are asked for again. */
  drop(patients: Iterable<PatientId>): void;
  /** All of them, and what has changed meanwhile: after a fault of the records. */
  forget(): void;
};

export function createKnownPatients(records: Records): KnownPatients {
  const known = new Map<PatientId, JudgedPatient>();
  const changes = createJudgedChanges();
  /** One call at a time: what one reads, a look of the next must not fall into. */
  let before: Promise<unknown> = Promise.resolve();

  async function find(patients: readonly PatientId[]): Promise<ReadonlyMap<PatientId, JudgedPatient>> {
    const changed = await changes.look(records);
    if (changed === 'all') known.clear();
    else if (changed.size > 0) dropChanged(changed);
    const answer = new Map<PatientId, JudgedPatient>();
    const unknown: PatientId[] = [];
    for (const patient of patients) {
      const found = known.get(patient);
      if (found) answer.set(patient, found);
      else unknown.push(patient);
    }
    for (let at = 0; at < unknown.length; at += atOnce)
      for (const found of await findJudgedPatients(records, unknown.slice(at, at + atOnce))) {
        known.set(found.patient, found);
        answer.set(found.patient, found);
      }
    return answer;
  }

  function dropChanged(changed: ReadonlySet<string>): void {
    let teams = false;
    for (const subject of changed) if (!known.delete(subject as PatientId)) teams = true;
    // rarely: somebody has changed the parameters of a team, or of a patient who is not known here
    if (teams) for (const [patient, { team }] of known) if (changed.has(team.team)) known.delete(patient);
  }

  return {
    of(patients) {
      const found = before.then(() => find(patients));
      before = found.catch(() => {
        known.clear();
        changes.forget();
      });
      return found;
    },
    stillKnows: (patient) => known.get(patient.patient) === patient,
    drop(patients) {
      for (const patient of patients) known.delete(patient);
    },
    forget() {
      known.clear();
      changes.forget();
    },
  };
}

/** Some milliseconds of PostgreSQL's time. */
const atOnce = 1_000;
