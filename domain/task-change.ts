import type { ClinicianId } from './ids.ts';
import { type Task, type TaskOutcome, taskOutcomes } from './task.ts';

/** How a task changes: every transition is `changeTask` and one row of its journal. */

/** `at` is RFC 3339. */
export type TaskChange = { at: string } /** From nobody, or from a colleague. */ & (
  | { kind: 'take'; by: ClinicianId }
  | { kind: 'hand-over'; by: ClinicianId; to: ClinicianId }
  /** Nobody has it any more. */
  | { kind: 'give-back'; by: ClinicianId }
  | { kind: 'move'; by: ClinicianId; dueAt: string; reason: string }
  /** A graver turn of its alert wants the same, sooner. */
  | { kind: 'hasten'; dueAt: string }
  | { kind: 'tick' | 'untick'; by: ClinicianId; item: number }
  | { kind: 'close'; by: ClinicianId; outcome: TaskOutcome; result: string }
  /** The patient recovered before anybody did it. */
  | { kind: 'drop' }
  /** Undoes a closing, for some minutes. */
  | { kind: 'reopen'; by: ClinicianId }
);

export type TaskRefusal =
  | 'already-done'
  | 'already-theirs'
  | 'already-ticked'
  | 'not-ticked'
  | 'not-theirs'
  | 'no-such-item'
  | 'no-such-outcome'
  | 'in-the-past'
  | 'not-sooner'
  | 'not-done'
  | 'too-late';

/** Long enough to notice a slip; a task that was closed in earnest stays closed. */
export const reopenWithinMinutes = 15;

/** Pure: the new task, or why not. Closing twice is refused so that the second person sees who was first. */
export function changeTask(task: Task, event: TaskChange): { task: Task } | { refused: TaskRefusal } {
  if (event.kind === 'reopen') return reopened(task, event.at);
  if (task.doneAt !== null) return { refused: 'already-done' };
  switch (event.kind) {
    case 'take':
      return task.owner === event.by ? { refused: 'already-theirs' } : { task: { ...task, owner: event.by } };
    case 'hand-over':
      return task.owner === event.to ? { refused: 'already-theirs' } : { task: { ...task, owner: event.to } };
    case 'give-back':
      return task.owner === event.by ? { task: { ...task, owner: null } } : { refused: 'not-theirs' };
    case 'move':
      if (Date.parse(event.dueAt) <= Date.parse(event.at)) return { refused: 'in-the-past' };
      return { task: { ...task, dueAt: event.dueAt } };
    case 'hasten':
      if (Date.parse(event.dueAt) >= Date.parse(task.dueAt)) return { refused: 'not-sooner' };
      return { task: { ...task, dueAt: event.dueAt } };
    case 'tick':
    case 'untick':
      return ticked(task, event);
    case 'close':
      if (!(taskOutcomes[task.kind] as readonly TaskOutcome[]).includes(event.outcome))
        return { refused: 'no-such-outcome' };
      return {
        task: { ...task, doneAt: event.at, doneBy: event.by, outcome: event.outcome, result: event.result },
      };
    case 'drop':
      return { task: { ...task, doneAt: event.at, doneBy: null, outcome: 'not-needed', result: null } };
  }
}

function ticked(
  task: Task,
  event: Extract<TaskChange, { kind: 'tick' | 'untick' }>,
): { task: Task } | { refused: TaskRefusal } {
  const item = task.checklist[event.item];
  if (!item) return { refused: 'no-such-item' };
  if (event.kind === 'tick' && item.done) return { refused: 'already-ticked' };
  if (event.kind === 'untick' && !item.done) return { refused: 'not-ticked' };
  const done = event.kind === 'tick' ? { by: event.by, at: event.at } : null;
  return { task: { ...task, checklist: task.checklist.with(event.item, { ...item, done }) } };
}

function reopened(task: Task, at: string): { task: Task } | { refused: TaskRefusal } {
  if (task.doneAt === null) return { refused: 'not-done' };
  if (Date.parse(at) - Date.parse(task.doneAt) > reopenWithinMinutes * 60_000) return { refused: 'too-late' };
  return { task: { ...task, doneAt: null, doneBy: null, outcome: null, result: null } };
}

/** A row of a task's journal. */
export type TaskEntry = {
  at: string;
  kind: string;
  actor: ClinicianId | null;
  note: string | null;
  detail: Readonly<Record<string, unknown>>;
};

const pastTense = {
  take: 'taken',
  'hand-over': 'handed-over',
  'give-back': 'given-back',
  move: 'moved',
  hasten: 'hastened',
  tick: 'ticked',
  untick: 'unticked',
  close: 'closed',
  drop: 'dropped',
  reopen: 'reopened',
} as const satisfies Record<TaskChange['kind'], string>;

/** @param before the task as it was. */
export function entryOfTask(event: TaskChange, before: Task): TaskEntry {
  const row = { at: event.at, kind: pastTense[event.kind], actor: 'by' in event ? event.by : null };
  switch (event.kind) {
    case 'take':
      return { ...row, note: null, detail: { from: before.owner } };
    case 'hand-over':
      return { ...row, note: null, detail: { from: before.owner, to: event.to } };
    case 'move':
      return { ...row, note: event.reason, detail: { from: before.dueAt, to: event.dueAt } };
    case 'hasten':
      return { ...row, note: null, detail: { from: before.dueAt, to: event.dueAt } };
    case 'tick':
    case 'untick':
      return { ...row, note: null, detail: { item: event.item } };
    case 'close':
      return { ...row, note: event.result, detail: { outcome: event.outcome } };
    case 'reopen':
      // what was undone stands nowhere else
      return { ...row, note: before.result, detail: { outcome: before.outcome, doneBy: before.doneBy } };
    default:
      return { ...row, note: null, detail: {} };
  }
}
