import type { ActorView } from '#domain/administration.ts';
import type { PatientId, TeamId } from '#domain/ids.ts';
import type { Words } from '#domain/words.ts';
import { type Actor, clinicianIn } from '#runtime/records/actor.ts';
import { namesOfClinicians } from '#runtime/records/clinicians.ts';
import type { Records } from '#runtime/records/connect.ts';
import { findPatients } from '#runtime/records/patients.ts';

/** Who did something, and to whom, by the names they go by. */

export async function actorViews(
  records: Records,
  actors: readonly (string | null)[],
): Promise<(actor: string) => ActorView> {
  const known = actors.filter((actor) => actor !== null).map((actor) => clinicianIn(actor as Actor));
  const names = await namesOfClinicians(records, known);
  return (actor) => {
    const id = clinicianIn(actor as Actor);
    return { actor, name: (id && names.get(id)) ?? null };
  };
}

/** Of patients of these teams only. */
export async function patientNames(
  records: Records,
  teams: TeamId[],
  patients: readonly (PatientId | null)[],
): Promise<(patient: PatientId | null) => { id: PatientId; name: Words } | null> {
  const wanted = patients.filter((patient) => patient !== null);
  const found = await findPatients(records, teams, wanted);
  return (patient) => {
    const one = patient && found.get(patient);
    return one ? { id: one.id, name: one.name } : null;
  };
}
