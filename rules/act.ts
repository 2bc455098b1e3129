import type { Alert } from '#domain/alert.ts';
import { newAlert } from '#domain/alert.ts';
import { canary } from '#domain/canary.ts';
import { AlertId, type PatientId, TaskId, type TeamId } from '#domain/ids.ts';
import { newTask } from '#domain/task.ts';
import type { Agenda } from '#runtime/agenda.ts';
import { instant } from '#runtime/clock.ts';
import type { Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { Random } from '#runtime/random.ts';
import { nextCallOfAlert } from '#runtime/records/alert-pages.ts';
import { changeAlert, lockLastResolved, openAlert } from '#runtime/records/alerts.ts';
import type { Within } from '#runtime/records/connect.ts';
import { escalationOf } from '#runtime/records/policies.ts';
import { addTask, hastenTask } from '#runtime/records/tasks.ts';
import { changeOf, decide, openingOf, reopensWithinMs, type Speaking } from './decide.ts';
import type { Paging } from './paging/notify.ts';
import type { Effect, Rule, TaskWish } from './rule.ts';

/** Turns what a rule wants into rows, within the transaction of the judgement. */

export type ActDeps = { agenda: Agenda; paging: Paging; random: Random; log: Log; metrics: Metrics };

/** Whom and what a judgement is about. `open`: the unresolved episode of this problem, locked. */
export type Case = {
  rule: Rule;
  parameters: Record<string, number>;
  patient: PatientId;
  team: TeamId;
  open: Alert | undefined;
};

/** Answers the unresolved episode as it is afterwards. What homes are asked is gathered by the caller, for `askToMeasureAgain`. */
export async function act(
  deps: ActDeps,
  db: Within,
  matter: Case,
  effect: Effect,
  now: number,
): Promise<Alert | undefined> {
  switch (effect.kind) {
    case 'countdown':
      await deps.agenda.put(db, {
        key: `lapse-${matter.patient}-${matter.rule.rule}-${effect.at}`,
        kind: 'confirmation-lapse',
        subject: `${matter.patient}/${matter.rule.rule}`,
        step: 0,
        dueAt: effect.at,
      });
      return matter.open;
    case 'measure-again':
      return matter.open;
    default:
      return speak(deps, db, matter, effect, now);
  }
}

/** What concerns the episode: it opens, changes or stays, and calls or does not, as `decide` says. */
async function speak(
  deps: ActDeps,
  db: Within,
  matter: Case,
  effect: Speaking,
  now: number,
): Promise<Alert | undefined> {
  const { open, patient, rule, team } = matter;
  const raises = effect.kind === 'raise';
  const before =
    open ?? (raises ? await lockLastResolved(db, patient, rule.problem, now - reopensWithinMs(matter)) : undefined);
  // only an alert that is open can call, and only what would call asks
  const callPending = raises && effect.pages && open?.state === 'open' && (await nextCallOfAlert(db, open)) !== null;
  const decision = decide(matter, effect, before, { now, callPending });
  if (decision.kind === 'nothing') return open;
  const calls = 'calls' in decision && decision.calls;
  const severity = raises ? effect.severity : undefined;
  const escalation = calls && severity ? await escalationOf(db, team, severity) : null;

  let after: Alert;
  if (decision.kind === 'open') {
    if (!raises) return open;
    const who = { id: AlertId.parse(deps.random.uuid()), patient, team };
    after = newAlert(openingOf(matter, effect, who, escalation, instant(now)));
    await openAlert(db, after);
    if (team !== canary.team) deps.metrics.alerts.inc({ rule: rule.rule, severity: after.severity });
  } else {
    if (!before) return open;
    const event = changeOf(decision, matter, effect, before, escalation, instant(now));
    const changed = await changeAlert(db, before.id, event);
    if ('refused' in changed) return open;
    after = changed.alert;
  }
  if (raises) await addTasks(deps, db, after, effect.tasks, decision.kind === 'join' ? 'as-it-is' : 'sooner', now);
  if (calls) await deps.paging.begin(db, after, now);
  return after.state === 'resolved' ? undefined : after;
}

/** Once for each call of the alert. `sooner`: what is open already is due by the earlier of both. */
async function addTasks(
  deps: ActDeps,
  db: Within,
  alert: Alert,
  wishes: readonly TaskWish[],
  open: 'sooner' | 'as-it-is',
  now: number,
): Promise<void> {
  for (const wish of wishes) {
    const dueAt = instant(now + wish.dueAfterMinutes * 60_000);
    const task = newTask({
      id: TaskId.parse(deps.random.uuid()),
      patient: alert.patient,
      team: alert.team,
      alert: alert.id,
      ...{ kind: wish.kind, title: wish.title, role: wish.role, dueAt, createdAt: instant(now) },
    });
    const isNew = await addTask(db, task, alert.raisedAt);
    if (!isNew && open === 'sooner') await hastenTask(db, alert.id, wish.kind, dueAt, instant(now));
  }
}
