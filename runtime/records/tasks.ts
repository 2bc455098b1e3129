import type { Selectable } from 'kysely';
import type { AlertId, ClinicianId, PatientId, TaskId, TeamId } from '#domain/ids.ts';
import type { Task } from '#domain/task.ts';
import { announce } from './changes.ts';
import type { Within } from './connect.ts';
import type { Database } from './database.ts';

/** Once per alert and kind: adding the same again changes nothing. */
export async function addTask(db: Within, task: Task): Promise<void> {
  const added = await db
    .insertInto('task')
    .values({
      id: task.id,
      patient_id: task.patient,
      team_id: task.team,
      alert_id: task.alert,
      kind: task.kind,
      title: JSON.stringify(task.title),
      role: task.role,
      due_at: task.dueAt,
      created_at: task.createdAt,
      done_at: task.doneAt,
      done_by: task.doneBy,
      result: task.result,
    })
    .onConflict((conflict) => conflict.columns(['alert_id', 'kind']).doNothing())
    .returning('id')
    .execute();
  if (added.length > 0) await announce(db, [{ kind: 'task', team: task.team, patient: task.patient, id: task.id }]);
}

/** Closes a task with its result; `already-done` when somebody was first. */
export async function completeTask(
  db: Within,
  id: TaskId,
  done: { by: ClinicianId; result: string; at: string },
): Promise<{ task: Task } | { refused: 'already-done' | 'unknown' }> {
  const row = await db
    .updateTable('task')
    .set({ done_at: done.at, done_by: done.by, result: done.result })
    .where('id', '=', id)
    .where('done_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (!row) return { refused: (await findTask(db, id)) ? 'already-done' : 'unknown' };
  const task = taskOf(row);
  await announce(db, [{ kind: 'task', team: task.team, patient: task.patient, id }]);
  return { task };
}

export async function findTask(db: Within, id: TaskId): Promise<Task | undefined> {
  const row = await db.selectFrom('task').selectAll().where('id', '=', id).executeTakeFirst();
  return row && taskOf(row);
}

/** What is due first comes first; of those done, the latest. */
export async function listTasks(
  db: Within,
  query: { teams: TeamId[]; patient?: PatientId; alert?: AlertId; done?: boolean; limit: number },
): Promise<Task[]> {
  if (query.teams.length === 0) return [];
  let rows = db.selectFrom('task').selectAll().where('team_id', 'in', query.teams);
  if (query.patient) rows = rows.where('patient_id', '=', query.patient);
  if (query.alert) rows = rows.where('alert_id', '=', query.alert);
  if (query.done !== undefined) rows = rows.where('done_at', query.done ? 'is not' : 'is', null);
  rows = query.done ? rows.orderBy('done_at', 'desc') : rows.orderBy('due_at');
  return (await rows.orderBy('id').limit(query.limit).execute()).map(taskOf);
}

function taskOf(row: Selectable<Database['task']>): Task {
  return {
    id: row.id,
    patient: row.patient_id,
    team: row.team_id,
    alert: row.alert_id,
    kind: row.kind,
    title: row.title,
    role: row.role,
    dueAt: row.due_at.toISOString(),
    createdAt: row.created_at.toISOString(),
    doneAt: row.done_at?.toISOString() ?? null,
    doneBy: row.done_by,
    result: row.result,
  };
}
