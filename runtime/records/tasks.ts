import { type Selectable, sql } from 'kysely';
import type { AlertId, ClinicianId, PatientId, TaskId, TeamId } from '#domain/ids.ts';
import type { Task } from '#domain/task.ts';
import { changeTask, entryOfTask, type TaskChange, type TaskEntry, type TaskRefusal } from '#domain/task-change.ts';
import { announce } from './changes.ts';
import type { Records, Within } from './connect.ts';
import type { Database } from './database.ts';

/**
 * Adds a task, with the first row of its journal. What a rule wants is added once per call of its alert and kind, what the care plan
 * wants once per day; adding the same again changes nothing. @param raisedAt which call of its alert wants it: the alert's
 * `raisedAt`; undefined where a person or the care plan does. @returns whether it is new.
 */
export async function addTask(db: Within, task: Task, raisedAt?: string): Promise<boolean> {
  const [added] = await db
    .insertInto('task')
    .values({ ...rowOf(task), raised_at: raisedAt ?? null })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .execute();
  if (!added) return false;
  await recordTaskEvent(db, task.id, {
    ...{ at: task.createdAt, kind: 'created', actor: task.createdBy, note: null },
    detail: { dueAt: task.dueAt, owner: task.owner },
  });
  await announce(db, [{ kind: 'task', team: task.team, patient: task.patient, id: task.id }]);
  return true;
}

/** Applies one change to one task under a row lock: the pure transition, its journal row, and the announcement. */
export async function applyTaskChange(
  records: Within,
  id: TaskId,
  event: TaskChange,
): Promise<{ task: Task } | { refused: TaskRefusal; task: Task } | { refused: 'unknown' }> {
  const apply = async (db: Within) => {
    const row = await db.selectFrom('task').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    if (!row) return { refused: 'unknown' as const };
    const before = taskOf(row);
    const result = changeTask(before, event);
    if ('refused' in result) return { refused: result.refused, task: before };
    // the same has been asked for anew: there must not be two of it
    if (event.kind === 'reopen' && (await hasOpenTwin(db, before)))
      return { refused: 'too-late' as const, task: before };
    const { id: _, ...columns } = rowOf(result.task);
    await db.updateTable('task').set(columns).where('id', '=', id).execute();
    await recordTaskEvent(db, id, entryOfTask(event, before));
    await announce(db, [{ kind: 'task', team: before.team, patient: before.patient, id }]);
    return result;
  };
  return records.isTransaction ? apply(records) : (records as Records).transaction().execute(apply);
}

async function hasOpenTwin(db: Within, task: Task): Promise<boolean> {
  let twins = db.selectFrom('task').select('id').where('done_at', 'is', null).where('id', '<>', task.id);
  if (task.followUp) twins = twins.where('patient_id', '=', task.patient).where('follow_up', '=', task.followUp.id);
  else if (task.alert && task.createdBy === null)
    twins = twins.where('alert_id', '=', task.alert).where('kind', '=', task.kind).where('created_by', 'is', null);
  else return false;
  return (await twins.executeTakeFirst()) !== undefined;
}

/** What rules asked for about this alert and nobody has done: not needed any more. What a person asked for stays. */
export async function dropTasksOfAlert(db: Within, alert: AlertId, at: string): Promise<void> {
  for (const { id } of await openTasksOfAlert(db, alert)) await applyTaskChange(db, id, { kind: 'drop', at });
}

/** Such a task is open already, and now wanted by `dueAt`: changes nothing unless that is sooner. */
export async function hastenTask(
  db: Within,
  alert: AlertId,
  kind: Task['kind'],
  dueAt: string,
  at: string,
): Promise<void> {
  for (const task of await openTasksOfAlert(db, alert))
    if (task.kind === kind) await applyTaskChange(db, task.id, { kind: 'hasten', dueAt, at });
}

/** What rules asked for about this alert and nobody has done, locked. */
async function openTasksOfAlert(db: Within, alert: AlertId): Promise<Task[]> {
  const rows = await db
    .selectFrom('task')
    .selectAll()
    .where('alert_id', '=', alert)
    .where('created_by', 'is', null)
    .where('done_at', 'is', null)
    .orderBy('id')
    .forUpdate()
    .execute();
  return rows.map(taskOf);
}

/** What rules asked for of these patients without an alert, and nobody has done: not needed any more. */
export async function dropAskedTasks(db: Within, patients: readonly PatientId[], at: string): Promise<void> {
  if (patients.length === 0) return;
  const rows = await db
    .selectFrom('task')
    .select('id')
    .where('patient_id', '=', sql<PatientId>`any(${[...patients]}::uuid[])`)
    .where('kind', '=', 'measure-again')
    .where('alert_id', 'is', null)
    .where('created_by', 'is', null)
    .where('follow_up', 'is', null)
    .where('done_at', 'is', null)
    .orderBy('id')
    .execute();
  for (const { id } of rows) await applyTaskChange(db, id, { kind: 'drop', at });
}

async function recordTaskEvent(db: Within, task: TaskId, { detail, ...entry }: TaskEntry): Promise<void> {
  await db
    .insertInto('task_event')
    .values({ task_id: task, ...entry, detail: JSON.stringify(detail) })
    .execute();
}

/** People tick and move; nobody does so for ever. */
const eventsAtMost = 500;

/** Oldest first. */
export async function eventsOfTask(db: Within, task: TaskId): Promise<TaskEntry[]> {
  const rows = await db
    .selectFrom('task_event')
    .selectAll()
    .where('task_id', '=', task)
    .orderBy('id')
    .limit(eventsAtMost)
    .execute();
  return rows.map(({ at, kind, actor, note, detail }) => ({
    ...{ at: at.toISOString(), kind, actor, note },
    detail: detail as TaskEntry['detail'],
  }));
}

export async function findTask(db: Within, id: TaskId): Promise<Task | undefined> {
  const row = await db.selectFrom('task').selectAll().where('id', '=', id).executeTakeFirst();
  return row && taskOf(row);
}

export type TaskQuery = {
  teams: TeamId[];
  patient?: PatientId | undefined;
  alert?: AlertId | undefined;
  done?: boolean | undefined;
  /** Null: nobody's. */
  owner?: ClinicianId | null | undefined;
  /** Open ones that were due by then. */
  overdueAt?: string | undefined;
  limit: number;
};

/** What is due first comes first; of those done, the latest. */
export async function listTasks(db: Within, query: TaskQuery): Promise<Task[]> {
  if (query.teams.length === 0) return [];
  let rows = db.selectFrom('task').selectAll().where('team_id', 'in', query.teams);
  if (query.patient) rows = rows.where('patient_id', '=', query.patient);
  if (query.alert) rows = rows.where('alert_id', '=', query.alert);
  if (query.done !== undefined) rows = rows.where('done_at', query.done ? 'is not' : 'is', null);
  if (query.owner !== undefined)
    rows = query.owner === null ? rows.where('owner', 'is', null) : rows.where('owner', '=', query.owner);
  if (query.overdueAt !== undefined)
    rows = rows.where('done_at', 'is', null).where('due_at', '<=', new Date(query.overdueAt));
  rows = query.done ? rows.orderBy('done_at', 'desc') : rows.orderBy('due_at');
  return (await rows.orderBy('id').limit(query.limit).execute()).map(taskOf);
}

function rowOf(task: Task) {
  return {
    id: task.id,
    patient_id: task.patient,
    team_id: task.team,
    alert_id: task.alert,
    kind: task.kind,
    title: JSON.stringify(task.title),
    role: task.role,
    owner: task.owner,
    checklist: JSON.stringify(task.checklist),
    due_at: task.dueAt,
    created_at: task.createdAt,
    created_by: task.createdBy,
    follow_up: task.followUp?.id ?? null,
    follow_up_on: task.followUp?.on ?? null,
    done_at: task.doneAt,
    done_by: task.doneBy,
    outcome: task.outcome,
    result: task.result,
  };
}

export function taskOf(row: Selectable<Database['task']>): Task {
  return {
    id: row.id,
    patient: row.patient_id,
    team: row.team_id,
    alert: row.alert_id,
    kind: row.kind,
    title: row.title,
    role: row.role,
    owner: row.owner,
    checklist: row.checklist,
    dueAt: row.due_at.toISOString(),
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    followUp: row.follow_up && row.follow_up_on ? { id: row.follow_up, on: row.follow_up_on } : null,
    doneAt: row.done_at?.toISOString() ?? null,
    doneBy: row.done_by,
    outcome: row.outcome,
    result: row.result,
  };
}
