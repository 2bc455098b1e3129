import type { DeviceId, PatientId, SourceId, TeamId } from '#domain/ids.ts';
import { TaskId } from '#domain/ids.ts';
import { newTask } from '#domain/task.ts';
import { instant } from '#runtime/clock.ts';
import type { Log } from '#runtime/log.ts';
import type { Random } from '#runtime/random.ts';
import { byRule } from '#runtime/records/actor.ts';
import { keepCommand } from '#runtime/records/commands.ts';
import type { Within } from '#runtime/records/connect.ts';
import { sourcesWithoutGateway } from '#runtime/records/sources.ts';
import { addTask, dropAskedTasks } from '#runtime/records/tasks.ts';
import type { Rule } from '../rule.ts';

/** A wish that somebody measures once more, before `by`, ms since 1970. */
export type Ask = { device: DeviceId; source: SourceId; by: number; patient: PatientId; team: TeamId; rule: Rule };

type Deps = { random: Random; log: Log };

/**
 * Keeps a request for each device: what several rules ask of one home is one measurement. Judged after an outage, the moment to
 * measure again may be over. What a home has too much of already is not asked: it does not listen.
 *
 * A device that speaks MQTT itself may have nothing on which to tell anybody: there the care team asks too, unless it can wait for the next measurement.
 */
export async function askToMeasureAgain(deps: Deps, db: Within, asks: readonly Ask[], now: number): Promise<void> {
  if (asks.length === 0) return;
  const byDevice = new Map<DeviceId, Ask>();
  for (const ask of asks) if ((byDevice.get(ask.device)?.by ?? now) < ask.by) byDevice.set(ask.device, ask);
  const alone = await sourcesWithoutGateway(
    db,
    [...byDevice.values()].map(({ source }) => source),
  );
  for (const { device, source, by, patient, team } of byDevice.values()) {
    const ofDevice = asks.filter((ask) => ask.device === device);
    const grave = ofDevice.find(({ rule }) => rule.severity !== 'routine');
    if (grave && alone.has(source)) await askTeam(deps, db, { patient, team, by }, now);
    const command = { v: 1, id: deps.random.uuid(), command: 'measure-again', device, by: instant(by) } as const;
    const { rule } = grave ?? ofDevice[0]!;
    if (!(await keepCommand(db, { source, command, patient, by: byRule(rule.rule), now })))
      deps.log.warn('a home has too many commands open to be asked again', { source });
  }
}

/** Whatever has come since, or that nothing came in time, speaks for itself. */
export const withdrawAsked = (db: Within, patients: readonly PatientId[], now: number): Promise<void> =>
  dropAskedTasks(db, patients, instant(now));

async function askTeam(
  { random }: Deps,
  db: Within,
  { patient, team, by }: { patient: PatientId; team: TeamId; by: number },
  now: number,
): Promise<void> {
  const id = TaskId.parse(random.uuid());
  await addTask(
    db,
    newTask({ id, patient, team, kind: 'measure-again', ...wish, dueAt: instant(by), createdAt: instant(now) }),
  );
}

const wish = {
  role: 'nurse',
  title: {
    en: 'Ask the patient to rest and measure again now: one value beyond its limit waits to be confirmed.',
    zh: '请患者休息后立即复测：一次超限数值待确认。',
  },
} as const;
