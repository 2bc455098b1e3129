import type { Alert } from '#domain/alert.ts';
import { type Pause, usualSilentAfterMinutes } from '#domain/care-plan.ts';
import type { PatientId, TeamId } from '#domain/ids.ts';
import type { Patient } from '#domain/people.ts';
import type { Task } from '#domain/task.ts';
import type { LatestValue } from '#domain/views.ts';
import type { Within } from './connect.ts';
import { findLatestValues } from './latest-values.ts';
import { patientsOfTeams } from './patients.ts';

/** Everything about one patient that decides whether somebody should look at them now. */
export type PatientMatter = {
  patient: Patient;
  addedAt: string;
  silentAfterMinutes: number;
  pause: Pause | null;
  latest: LatestValue[];
  /** Unresolved ones. */
  alerts: Pick<Alert, 'id' | 'severity' | 'state' | 'title' | 'openedAt'>[];
  /** Open ones that are due before the day the caller named. */
  tasks: Pick<Task, 'id' | 'title' | 'dueAt'>[];
};

/** All patients of these teams, whatever their state. @param dueBefore leaves later tasks out. */
export async function mattersOfTeams(db: Within, teams: TeamId[], dueBefore: string): Promise<PatientMatter[]> {
  const patients = await patientsOfTeams(db, teams);
  if (patients.length === 0) return [];
  const ids = patients.map(({ patient }) => patient.id);
  const [latest, plans, alerts, tasks] = await Promise.all([
    findLatestValues(db, ids),
    db
      .selectFrom('care_plan')
      .innerJoin('patient', 'patient.id', 'care_plan.patient_id')
      .where('patient.team_id', 'in', teams)
      .select(['care_plan.patient_id', 'care_plan.silent_after_minutes', 'care_plan.pause'])
      .execute(),
    db
      .selectFrom('alert')
      .where('team_id', 'in', teams)
      .where('state', '<>', 'resolved')
      .select(['id', 'patient_id', 'severity', 'state', 'title', 'opened_at'])
      .execute(),
    db
      .selectFrom('task')
      .where('team_id', 'in', teams)
      .where('done_at', 'is', null)
      .where('due_at', '<', new Date(dueBefore))
      .select(['id', 'patient_id', 'title', 'due_at'])
      .execute(),
  ]);
  const matters = new Map<PatientId, PatientMatter>();
  for (const { patient, addedAt } of patients)
    matters.set(patient.id, {
      patient,
      addedAt,
      silentAfterMinutes: usualSilentAfterMinutes,
      pause: null,
      latest: latest.get(patient.id) ?? [],
      alerts: [],
      tasks: [],
    });
  for (const plan of plans) {
    const matter = matters.get(plan.patient_id);
    if (!matter) continue;
    matter.silentAfterMinutes = plan.silent_after_minutes;
    matter.pause = plan.pause;
  }
  for (const { patient_id, opened_at, ...alert } of alerts)
    matters.get(patient_id)?.alerts.push({ ...alert, openedAt: opened_at.toISOString() });
  for (const { patient_id, due_at, ...task } of tasks)
    matters.get(patient_id)?.tasks.push({ ...task, dueAt: due_at.toISOString() });
  return [...matters.values()];
}
