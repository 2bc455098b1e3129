import { z } from 'zod';
import { AlertId, ClinicianId, PatientId, TaskId, TeamId } from './ids.ts';
import { Role } from './people.ts';
import { Words } from './words.ts';

export const taskKinds = ['call', 'visit', 'measure-again', 'review-plan', 'check-device'] as const;
export const TaskKind = z.enum(taskKinds);
export type TaskKind = z.infer<typeof TaskKind>;

/** Something a person must do by a time. Closing it takes a result in words. */
export const Task = z.object({
  id: TaskId,
  patient: PatientId,
  team: TeamId,
  alert: AlertId.nullable(),
  kind: TaskKind,
  title: Words,
  role: Role,
  dueAt: z.iso.datetime(),
  createdAt: z.iso.datetime(),
  doneAt: z.iso.datetime().nullable(),
  doneBy: ClinicianId.nullable(),
  result: z.string().nullable(),
});
export type Task = z.infer<typeof Task>;
