import { useMutation, useQuery } from '@tanstack/react-query';
import type { TaskKind, TaskOutcome } from '#domain/task.ts';
import { TaskDetail } from '#domain/task-views.ts';
import { upshotOf, useAfterwards } from './actions.ts';
import { keys } from './queries.ts';
import { request, send } from './request.ts';

/** One task with what people did about it; `asked` false asks nothing yet. */
export const useTask = (id: string, asked: boolean) =>
  useQuery({
    queryKey: [...keys.tasks, 'one', id],
    queryFn: ({ signal }) => request(`/tasks/${id}`, TaskDetail, { signal }),
    enabled: asked,
  });

export type TaskWish =
  | { verb: 'take' | 'give-back' | 'reopen' }
  | { verb: 'hand-over'; to: string }
  | { verb: 'move'; dueAt: string; reason: string }
  | { verb: 'checklist'; item: number; done: boolean }
  | { verb: 'complete'; outcome: TaskOutcome; result: string };

export function useChangeTask() {
  const afterwards = useAfterwards();
  return useMutation({
    mutationFn: ({ task, verb, ...body }: { task: string } & TaskWish) =>
      upshotOf(send(`/tasks/${task}/${verb}`, { method: 'POST', body })),
    onSettled: () => afterwards(),
  });
}

export type NewTask = {
  kind: TaskKind;
  title: string;
  role: 'nurse' | 'doctor';
  dueAt: string;
  owner: string | null;
  checklist: string[];
  alert: string | null;
};

export function useAddTask(patient: string) {
  const afterwards = useAfterwards();
  return useMutation({
    mutationFn: (body: NewTask) => send(`/patients/${patient}/tasks`, { method: 'POST', body }),
    onSettled: () => afterwards(),
  });
}
