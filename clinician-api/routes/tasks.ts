import { z } from 'zod';
import { PatientId, TaskId, type TeamId } from '#domain/ids.ts';
import { ageOn } from '#domain/people.ts';
import type { Task } from '#domain/task.ts';
import { TaskView } from '#domain/views.ts';
import { instant } from '#runtime/clock.ts';
import { namesOfClinicians } from '#runtime/records/clinicians.ts';
import { findPatients } from '#runtime/records/patients.ts';
import { completeTask, findTask, listTasks } from '#runtime/records/tasks.ts';
import { TaskList } from '../answers.ts';
import { CompleteTask } from '../bodies.ts';
import { notFound, Refusal } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** Tasks: what is to be done by when, and that it is done. */

const tasksAtMost = 200;

export function taskRoutes(app: Web, { records, clock }: ApiDeps): void {
  app.get(
    '/api/v1/tasks',
    {
      schema: {
        summary: 'Tasks of your care teams: what is due first comes first, of those done the latest',
        tags: ['tasks'],
        querystring: z.strictObject({
          done: z
            .enum(['true', 'false'])
            .transform((text) => text === 'true')
            .optional(),
          patient: PatientId.optional(),
          limit: z.coerce.number().int().min(1).max(tasksAtMost).default(100),
        }),
        response: { 200: TaskList },
      },
    },
    async (request) => {
      const { teamIds } = whoAsks(request);
      return { tasks: await viewsOf(teamIds, await listTasks(records, { teams: teamIds, ...request.query })) };
    },
  );

  app.post(
    '/api/v1/tasks/:id/complete',
    {
      schema: {
        summary: 'Close a task with its result in words',
        tags: ['tasks'],
        params: z.object({ id: TaskId }),
        body: CompleteTask,
        response: { 200: TaskView },
      },
    },
    async (request) => {
      const { teamIds, clinician } = whoAsks(request);
      const { id } = request.params;
      const before = await findTask(records, id);
      const [mine] = before && teamIds.includes(before.team) ? await viewsOf(teamIds, [before]) : [];
      if (!mine) throw notFound();
      const at = instant(clock.now());
      const result = await completeTask(records, id, { by: clinician.id, result: request.body.result, at });
      const [after] = await viewsOf(teamIds, [('task' in result ? result.task : await findTask(records, id)) ?? mine]);
      if (!after) throw notFound();
      if ('task' in result) return after;
      throw new Refusal({
        status: 409,
        code: 'already-done',
        detail: 'The task is done.',
        by: after.doneBy && after.doneByName ? { id: after.doneBy, name: after.doneByName } : undefined,
        at: after.doneAt ?? undefined,
      });
    },
  );

  /** Without those whose patient has left the team. */
  async function viewsOf(teams: TeamId[], tasks: Task[]): Promise<TaskView[]> {
    const now = clock.now();
    const patients = await findPatients(
      records,
      teams,
      tasks.map((task) => task.patient),
    );
    const names = await namesOfClinicians(
      records,
      tasks.map((task) => task.doneBy),
    );
    return tasks.flatMap((task) => {
      const patient = patients.get(task.patient);
      if (!patient) return [];
      return {
        ...task,
        patientName: patient.name,
        patientAge: ageOn(patient.birthDate, instant(now).slice(0, 10)),
        doneByName: (task.doneBy && names.get(task.doneBy)) ?? null,
        overdue: task.doneAt === null && Date.parse(task.dueAt) <= now,
      };
    });
  }
}
