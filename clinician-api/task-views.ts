import type { TeamId } from '#domain/ids.ts';
import { ageOn } from '#domain/people.ts';
import { isOverdue, type Task } from '#domain/task.ts';
import type { TaskView } from '#domain/views.ts';
import { namesOfClinicians } from '#runtime/records/clinicians.ts';
import type { Records } from '#runtime/records/connect.ts';
import { findPatients } from '#runtime/records/patients.ts';

/** Tasks as care teams see them, without those whose patient has left the team. @param now ms since 1970. */
export async function viewsOfTasks(records: Records, teams: TeamId[], tasks: Task[], now: number): Promise<TaskView[]> {
  const today = new Date(now).toISOString().slice(0, 10);
  const [patients, names] = await Promise.all([
    findPatients(
      records,
      teams,
      tasks.map((task) => task.patient),
    ),
    namesOfClinicians(
      records,
      tasks.flatMap((task) => [task.owner, task.createdBy, task.doneBy]),
    ),
  ]);
  const nameOf = (id: Task['owner']) => (id && names.get(id)) ?? null;
  return tasks.flatMap((task) => {
    const patient = patients.get(task.patient);
    if (!patient) return [];
    return {
      ...task,
      patientName: patient.name,
      patientAge: ageOn(patient.birthDate, today),
      ownerName: nameOf(task.owner),
      createdByName: nameOf(task.createdBy),
      doneByName: nameOf(task.doneBy),
      overdue: isOverdue(task, now),
    };
  });
}
