import { z } from 'zod';
import { AlertId, ClinicianId, PatientId, TaskId, TeamId } from './ids.ts';
import { Role } from './people.ts';
import { Words } from './words.ts';

export const taskKinds = ['call', 'visit', 'measure-again', 'review-plan', 'check-device'] as const;
export const TaskKind = z.enum(taskKinds);
export type TaskKind = z.infer<typeof TaskKind>;

/** How a task of each kind can end. `not-needed`: its reason went away; the platform says so itself when a patient recovers. */
export const taskOutcomes = {
  call: ['reached', 'relative-reached', 'not-reached', 'not-needed', 'other'],
  visit: ['visited', 'not-at-home', 'declined', 'not-needed', 'other'],
  'measure-again': ['measured', 'not-reached', 'declined', 'not-needed', 'other'],
  'review-plan': ['plan-kept', 'plan-changed', 'referred', 'not-needed', 'other'],
  'check-device': ['works', 'repaired', 'replaced', 'not-needed', 'other'],
} as const satisfies Record<TaskKind, readonly string[]>;

export const taskOutcomeNames = [...new Set(Object.values(taskOutcomes).flat())];
export const TaskOutcome = z.enum(taskOutcomeNames);
export type TaskOutcome = z.infer<typeof TaskOutcome>;

export const checklistAtMost = 20;

/** One thing on a task's list; `done` is null until somebody ticks it. */
export const ChecklistItem = z.object({
  text: Words,
  done: z.object({ by: ClinicianId, at: z.iso.datetime() }).nullable(),
});
export type ChecklistItem = z.infer<typeof ChecklistItem>;

/** Something a person must do by a time. Closing it takes a result: a word from the list of its kind, and a note. */
export const Task = z.object({
  id: TaskId,
  patient: PatientId,
  team: TeamId,
  alert: AlertId.nullable(),
  kind: TaskKind,
  title: Words,
  /** For whom it is meant until somebody takes it. */
  role: Role,
  /** Who has taken it. */
  owner: ClinicianId.nullable(),
  checklist: z.array(ChecklistItem).max(checklistAtMost),
  dueAt: z.iso.datetime(),
  createdAt: z.iso.datetime(),
  /** Null: a rule or the care plan asked for it. */
  createdBy: ClinicianId.nullable(),
  /** The entry of the care plan's follow-up that it comes from, and the day of the care team (`YYYY-MM-DD`) it stands for. */
  followUp: z.object({ id: z.uuid(), on: z.iso.date() }).nullable(),
  doneAt: z.iso.datetime().nullable(),
  /** Null where it is done: it was not needed any more. */
  doneBy: ClinicianId.nullable(),
  outcome: TaskOutcome.nullable(),
  /** In words. */
  result: z.string().nullable(),
});
export type Task = z.infer<typeof Task>;

export type TaskWanted = Pick<Task, 'id' | 'patient' | 'team' | 'kind' | 'title' | 'role' | 'dueAt' | 'createdAt'> &
  Partial<Pick<Task, 'alert' | 'owner' | 'createdBy' | 'followUp'>> & { checklist?: readonly Words[] };

export const newTask = ({ checklist = [], ...wanted }: TaskWanted): Task => ({
  alert: null,
  owner: null,
  createdBy: null,
  followUp: null,
  ...wanted,
  checklist: checklist.map((text) => ({ text, done: null })),
  doneAt: null,
  doneBy: null,
  outcome: null,
  result: null,
});

/** @param now ms since 1970. */
export const isOverdue = (task: Pick<Task, 'dueAt' | 'doneAt'>, now: number): boolean =>
  task.doneAt === null && Date.parse(task.dueAt) <= now;
