import { followUpsDue } from '#domain/follow-up.ts';
import { type PatientId, TaskId } from '#domain/ids.ts';
import { newTask } from '#domain/task.ts';
import type { Agenda, AgendaEntry } from '#runtime/agenda.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import type { Records } from '#runtime/records/connect.ts';
import { patientsFollowedUp } from '#runtime/records/follow-ups.ts';
import { addTask } from '#runtime/records/tasks.ts';

/**
 * Tasks that a care plan asks for again and again. Looks every hour, so that a day begins when it begins where the team is, and a plan
 * changed or a pause ended by day counts that day; each task comes once, however often this looks.
 */
export interface FollowUps {
  /** Looks now, and from then on every hour. After every start: an agenda that was lost begins anew. */
  begin(): Promise<void>;
}

const kind = 'follow-ups';
const hourMs = 3_600_000;
const patientsAtOnce = 500;

export function createFollowUps(deps: { records: Records; agenda: Agenda; clock: Clock; random: Random }): FollowUps {
  const { records, agenda, clock, random } = deps;

  /** What a pass did stays when the next page fails: nothing is added twice. */
  const addDue = async (now: number): Promise<void> => {
    let after: PatientId | null = null;
    do {
      const page = await patientsFollowedUp(records, { after, limit: patientsAtOnce });
      const due = page.flatMap(({ timeZone, plannedAt, ...one }) =>
        followUpsDue(one, timeZone, now, plannedAt).map((each) => ({ ...one, ...each })),
      );
      await records.transaction().execute(async (db) => {
        for (const { patient, team, followUp, on, dueAt } of due) {
          const { kind, title, role, checklist } = followUp;
          await addTask(
            db,
            newTask({
              id: TaskId.parse(random.uuid()),
              ...{ patient, team, kind, title, role, checklist },
              dueAt: instant(dueAt),
              createdAt: instant(now),
              followUp: { id: followUp.id, on },
            }),
          );
        }
      });
      after = page.length < patientsAtOnce ? null : (page.at(-1)?.patient ?? null);
    } while (after);
  };

  const put = (hour: number): Promise<void> =>
    agenda.put(records, { key: `${kind}-${hour}`, kind, subject: 'all', step: 0, dueAt: hour * hourMs });

  agenda.handle(kind, async (_entry: AgendaEntry) => {
    const now = clock.now();
    await addDue(now);
    await put(Math.floor(now / hourMs) + 1);
  });

  return {
    async begin() {
      await put(Math.floor(clock.now() / hourMs));
      agenda.nudge();
    },
  };
}
