import { z } from 'zod';
import { PersonRef, TaskView } from './views.ts';

/** One task and what people did about it, oldest first; `to` where it was handed over. */
export const TaskDetail = z.object({
  task: TaskView,
  events: z.array(
    z.object({
      at: z.iso.datetime(),
      kind: z.string(),
      actor: PersonRef.nullable(),
      note: z.string().nullable(),
      to: PersonRef.nullable(),
    }),
  ),
});
export type TaskDetail = z.infer<typeof TaskDetail>;
