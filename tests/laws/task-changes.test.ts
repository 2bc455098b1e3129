import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClinicianId, PatientId, TaskId, TeamId } from '#domain/ids.ts';
import { newTask, type Task, taskKinds, taskOutcomeNames, taskOutcomes } from '#domain/task.ts';
import { changeTask, entryOfTask, reopenWithinMinutes, type TaskChange } from '#domain/task-change.ts';
import { iso, minute, people, words } from '../support/alerts.ts';

/** What holds of a task whatever people do to it, in any order. */

const task = (kind: Task['kind'] = 'call'): Task =>
  newTask({
    id: TaskId.parse('00000000-0000-4000-8000-000000000020'),
    patient: PatientId.parse('00000000-0000-4000-8000-000000000021'),
    team: TeamId.parse('00000000-0000-4000-8000-000000000022'),
    ...{ kind, title: words, role: 'nurse', dueAt: iso(60 * minute), createdAt: iso(0) },
    checklist: [words, words],
  });

const person: fc.Arbitrary<ClinicianId> = fc.constantFrom(...people);
const changeAt = (ms: number): fc.Arbitrary<TaskChange> => {
  const at = fc.constant(iso(ms));
  const due = fc.integer({ min: -500, max: 5_000 }).map((minutes) => iso(ms + minutes * minute));
  return fc.oneof(
    fc.record({ kind: fc.constantFrom('take' as const, 'give-back' as const, 'reopen' as const), by: person, at }),
    fc.record({ kind: fc.constant('hand-over' as const), by: person, to: person, at }),
    fc.record({ kind: fc.constant('move' as const), by: person, dueAt: due, reason: fc.constant('asleep'), at }),
    fc.record({ kind: fc.constant('hasten' as const), dueAt: due, at }),
    fc.record({
      ...{ kind: fc.constantFrom('tick' as const, 'untick' as const), by: person, at },
      item: fc.integer({ min: 0, max: 3 }),
    }),
    fc.record({
      ...{ kind: fc.constant('close' as const), by: person, at, result: fc.constant('Reached her.') },
      outcome: fc.constantFrom(...taskOutcomeNames),
    }),
    fc.record({ kind: fc.constant('drop' as const), at }),
  );
};

type Step = { before: Task; event: TaskChange; after: Task };

const always = (law: (step: Step) => void) =>
  fc.assert(
    fc.property(
      fc.constantFrom(...taskKinds),
      fc
        .array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 })
        .chain((gaps) =>
          fc.tuple(...gaps.map((_, i) => changeAt(minute * gaps.slice(0, i + 1).reduce((a, b) => a + b)))),
        ),
      (kind, events) => {
        let one = task(kind);
        for (const event of events) {
          const result = changeTask(Object.freeze(one), event);
          if ('refused' in result) continue;
          law({ before: one, event, after: result.task });
          one = result.task;
        }
      },
    ),
    { numRuns: 300 },
  );

describe('a task', () => {
  it('is done once, with a result of its kind, and changes no more unless its closing is undone in time', () => {
    always(({ before, event, after }) => {
      expect(before.doneAt !== null).toBe(event.kind === 'reopen');
      if (event.kind === 'reopen')
        expect(Date.parse(event.at) - Date.parse(before.doneAt ?? '')).toBeLessThanOrEqual(
          reopenWithinMinutes * minute,
        );
      if (after.doneAt === null) expect([after.doneBy, after.outcome, after.result]).toEqual([null, null, null]);
      else expect(taskOutcomes[after.kind]).toContain(after.outcome);
    });
  });

  it('that was not needed any more was done by nobody; every other by who closed it, in words', () => {
    always(({ event, after }) => {
      if (event.kind === 'drop') expect([after.doneBy, after.outcome]).toEqual([null, 'not-needed']);
      if (event.kind === 'close') expect([after.doneBy, after.result]).toEqual([event.by, event.result]);
    });
  });

  it('is somebody else’s only when it was taken or handed over, and nobody’s when whoever had it gave it back', () => {
    always(({ before, event, after }) => {
      if (before.owner === after.owner) return;
      expect(['take', 'hand-over', 'give-back']).toContain(event.kind);
      if (event.kind === 'give-back') expect([event.by, after.owner]).toEqual([before.owner, null]);
    });
  });

  it('is never due in the past by moving it, and only sooner for a graver turn', () => {
    always(({ before, event, after }) => {
      if (event.kind === 'move') expect(Date.parse(after.dueAt)).toBeGreaterThan(Date.parse(event.at));
      else if (event.kind === 'hasten') expect(Date.parse(after.dueAt)).toBeLessThan(Date.parse(before.dueAt));
      else expect(after.dueAt).toBe(before.dueAt);
    });
  });

  it('keeps its list as it was written, and who ticked what', () => {
    always(({ before, event, after }) => {
      expect(after.checklist.map((item) => item.text)).toEqual(before.checklist.map((item) => item.text));
      if (event.kind === 'tick') expect(after.checklist[event.item]?.done).toEqual({ by: event.by, at: event.at });
      if (event.kind === 'untick') expect(after.checklist[event.item]?.done).toBeNull();
    });
  });

  it('has one row of its journal for each change, from which the change can be undone by hand', () => {
    always(({ before, event, after }) => {
      const entry = entryOfTask(event, before);
      expect(entry).toMatchObject({ at: event.at, actor: 'by' in event ? event.by : null });
      if (before.dueAt !== after.dueAt) expect(entry.detail).toMatchObject({ from: before.dueAt, to: after.dueAt });
      if (before.owner !== null && after.owner !== null && before.owner !== after.owner)
        expect(entry.detail).toMatchObject({ from: before.owner });
      if (event.kind === 'reopen') expect(entry.detail).toMatchObject({ outcome: before.outcome });
    });
  });

  it('of every kind can end in more than one way, and need not have been needed', () => {
    for (const kind of taskKinds) {
      expect(taskOutcomes[kind].length).toBeGreaterThan(2);
      expect(taskOutcomes[kind]).toContain('not-needed');
    }
  });
});
