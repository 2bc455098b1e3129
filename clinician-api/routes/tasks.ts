import { z } from 'zod';
import { ClinicianId, PatientId, TaskId, type TeamId } from '#domain/ids.ts';
import { newTask } from '#domain/task.ts';
import type { TaskChange, TaskRefusal } from '#domain/task-change.ts';
import { TaskDetail } from '#domain/task-views.ts';
import { TaskView } from '#domain/views.ts';
import { instant } from '#runtime/clock.ts';
import { namesOfClinicians } from '#runtime/records/clinicians.ts';
import { mayTakeOver } from '#runtime/records/on-call.ts';
import { findPatient } from '#runtime/records/patients.ts';
import { addTask, applyTaskChange, eventsOfTask, findTask, listTasks } from '#runtime/records/tasks.ts';
import { alertOfTeams } from '../alert-views.ts';
import { TaskList } from '../answers.ts';
import { AddTask, CompleteTask, HandOverTask, MoveTask, Nothing, TickTask } from '../bodies.ts';
import { invalid, notFound, Refusal } from '../problems.ts';
import { viewsOfTasks } from '../task-views.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** Tasks: what is to be done by when, who has it, and that it is done. */

const tasksAtMost = 200;
const params = z.object({ id: TaskId });
const truth = z.enum(['true', 'false']).transform((text) => text === 'true');

export function taskRoutes(app: Web, { records, clock, random }: ApiDeps): void {
  const now = () => instant(clock.now());

  app.get(
    '/api/v1/tasks',
    {
      schema: {
        summary: 'Tasks of your care teams: what is due first comes first, of those done the latest',
        tags: ['tasks'],
        querystring: z.strictObject({
          done: truth.optional(),
          /** Those that should have been done by now. */
          overdue: z.literal('true').optional(),
          owner: z.union([z.enum(['me', 'nobody']), ClinicianId]).optional(),
          patient: PatientId.optional(),
          limit: z.coerce.number().int().min(1).max(tasksAtMost).default(100),
        }),
        response: { 200: TaskList },
      },
    },
    async (request) => {
      const { teamIds, clinician } = whoAsks(request);
      const { owner, overdue, ...query } = request.query;
      const tasks = await listTasks(records, {
        ...query,
        teams: teamIds,
        owner: owner === 'me' ? clinician.id : owner === 'nobody' ? null : owner,
        overdueAt: overdue && now(),
      });
      return { tasks: await viewsOfTasks(records, teamIds, tasks, clock.now()) };
    },
  );

  app.get(
    '/api/v1/tasks/:id',
    {
      schema: { summary: 'One task with its history', tags: ['tasks'], params, response: { 200: TaskDetail } },
    },
    async (request) => {
      const task = await viewOf(whoAsks(request).teamIds, request.params.id);
      const events = await eventsOfTask(records, task.id);
      const names = await namesOfClinicians(
        records,
        events.flatMap((event) => [event.actor, handedTo(event.detail)]),
      );
      const person = (id: ClinicianId | null) => id && { id, name: names.get(id) ?? { en: '?', zh: '?' } };
      return {
        task,
        events: events.map(({ at, kind, actor, note, detail }) => ({
          ...{ at, kind, actor: person(actor), note, to: person(handedTo(detail)) },
        })),
      };
    },
  );

  app.post(
    '/api/v1/patients/:id/tasks',
    {
      schema: {
        summary: 'Ask for something to be done by a time',
        tags: ['tasks'],
        params: z.object({ id: PatientId }),
        body: AddTask,
        response: { 200: TaskView },
      },
    },
    async (request) => {
      const { teamIds, clinician } = whoAsks(request);
      const patient = await findPatient(records, teamIds, request.params.id);
      if (!patient) throw notFound();
      const { title, checklist, owner, alert, ...wanted } = request.body;
      if (Date.parse(wanted.dueAt) <= clock.now())
        throw invalid([{ pointer: '/dueAt', detail: 'must be in the future' }]);
      if (owner) await demandColleague(patient.team, owner, '/owner');
      if (alert && (await alertOfTeams(records, teamIds, alert))?.patient !== patient.id)
        throw invalid([{ pointer: '/alert', detail: 'must be an alert of this patient' }]);
      // whoever writes it writes one language
      const words = (text: string) => ({ en: text, zh: text });
      const task = newTask({
        ...wanted,
        id: TaskId.parse(random.uuid()),
        patient: patient.id,
        team: patient.team,
        alert,
        title: words(title),
        owner,
        checklist: checklist.map(words),
        createdAt: now(),
        createdBy: clinician.id,
      });
      await records.transaction().execute((db) => addTask(db, task));
      return viewOf(teamIds, task.id);
    },
  );

  change('take', 'Take a task, from nobody or from a colleague', Nothing.nullable(), () => ({ kind: 'take' }));
  change('give-back', 'Nobody has the task any more', Nothing.nullable(), () => ({ kind: 'give-back' }));
  change('hand-over', 'Give a task to a colleague of its team', HandOverTask, ({ to }) => ({ kind: 'hand-over', to }));
  change('move', 'Set another time by which it is due, and say why', MoveTask, (body) => ({ kind: 'move', ...body }));
  change(
    'checklist',
    'Tick an item of the list, counted from 0, or take the tick back',
    TickTask,
    ({ item, done }) => ({
      kind: done ? 'tick' : 'untick',
      item,
    }),
  );
  change('complete', 'Close a task with its result', CompleteTask, (body) => ({ kind: 'close', ...body }));
  change('reopen', 'Undo the closing of a task, for a quarter of an hour', Nothing.nullable(), () => ({
    kind: 'reopen',
  }));

  function change<Body extends z.ZodType>(
    verb: string,
    summary: string,
    body: Body,
    wish: (body: z.infer<Body>) => Wish,
  ): void {
    app.post(
      `/api/v1/tasks/:id/${verb}`,
      { schema: { summary, tags: ['tasks'], params, body: body as z.ZodType, response: { 200: TaskView } } },
      async (request) => {
        const { teamIds, clinician } = whoAsks(request);
        const before = await viewOf(teamIds, request.params.id);
        const event: TaskChange = { ...wish(request.body as z.infer<Body>), by: clinician.id, at: now() };
        if (event.kind === 'hand-over') await demandColleague(before.team, event.to, '/to');
        const result = await applyTaskChange(records, before.id, event);
        const after = await viewOf(teamIds, before.id);
        if ('refused' in result) throw result.refused === 'unknown' ? notFound() : refusalOf(result.refused, after);
        return after;
      },
    );
  }

  async function viewOf(teams: TeamId[], id: TaskId): Promise<TaskView> {
    const found = await findTask(records, id);
    const [view] = found && teams.includes(found.team) ? await viewsOfTasks(records, teams, [found], clock.now()) : [];
    if (!view) throw notFound();
    return view;
  }

  async function demandColleague(team: TeamId, who: ClinicianId, pointer: string): Promise<void> {
    if (!(await mayTakeOver(records, team, who)))
      throw invalid([{ pointer, detail: 'must be a nurse or a doctor of the care team' }]);
  }
}

/** What a person wishes; who and when is added here. */
type Wish = TaskChange extends infer One ? (One extends { by: ClinicianId } ? Omit<One, 'by' | 'at'> : never) : never;

const handedTo = (detail: Readonly<Record<string, unknown>>): ClinicianId | null =>
  typeof detail.to === 'string' && ClinicianId.safeParse(detail.to).success ? (detail.to as ClinicianId) : null;

/** What is wrong with the request itself points into it; what somebody else did meanwhile is a conflict and says who. */
function refusalOf(code: TaskRefusal, task: TaskView): Refusal {
  const fault = faults[code];
  if (fault) return invalid([fault]);
  const [by, name] = task.doneAt === null ? [task.owner, task.ownerName] : [task.doneBy, task.doneByName];
  return new Refusal({
    status: 409,
    code,
    detail: conflicts[code],
    by: by && name ? { id: by, name } : undefined,
    at: task.doneAt ?? undefined,
  });
}

const faults: Partial<Record<TaskRefusal, { pointer: string; detail: string }>> = {
  'no-such-item': { pointer: '/item', detail: 'the list has no such item' },
  'no-such-outcome': { pointer: '/outcome', detail: 'a task of this kind cannot end so' },
  'in-the-past': { pointer: '/dueAt', detail: 'must be in the future' },
};

const conflicts: Partial<Record<TaskRefusal, string>> = {
  'already-done': 'The task is done.',
  'already-theirs': 'They have the task already.',
  'already-ticked': 'The item is ticked.',
  'not-ticked': 'The item is not ticked.',
  'not-theirs': 'The task is not yours to give back.',
  'not-done': 'The task is open.',
  'too-late': 'The task has been closed for too long, or has been asked for anew.',
};
