import { type Alert, type Evidence, hasGrownOld, newAlert, severities } from '#domain/alert.ts';
import { AlertId, type DeviceId, type PatientId, type SourceId, TaskId, type TeamId } from '#domain/ids.ts';
import { newTask } from '#domain/task.ts';
import type { Agenda } from '#runtime/agenda.ts';
import { instant } from '#runtime/clock.ts';
import type { Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { Random } from '#runtime/random.ts';
import { byRule } from '#runtime/records/actor.ts';
import { nextCallOfAlert } from '#runtime/records/alert-pages.ts';
import { changeAlert, openAlert, recordAlertEvent } from '#runtime/records/alerts.ts';
import { keepCommand } from '#runtime/records/commands.ts';
import type { Within } from '#runtime/records/connect.ts';
import { callPlanOf } from '#runtime/records/on-call.ts';
import { addTask } from '#runtime/records/tasks.ts';
import { freezeEscalation } from './escalate.ts';
import type { Paging } from './notify.ts';
import type { Effect, Rule, TaskWish } from './rule.ts';

/** Turns what a rule wants into rows, within the transaction of the judgement. */

export type ActDeps = { agenda: Agenda; paging: Paging; random: Random; log: Log; metrics: Metrics };

/** Whom and what a judgement is about. `open`: the unresolved episode of this rule, locked. */
export type Case = {
  rule: Rule;
  parameters: Record<string, number>;
  patient: PatientId;
  team: TeamId;
  open: Alert | undefined;
};

/** Answers the unresolved episode as it is afterwards. What homes are asked is gathered by the caller, for `askHomes`. */
export async function act(
  deps: ActDeps,
  db: Within,
  matter: Case,
  effect: Effect,
  now: number,
): Promise<Alert | undefined> {
  const { open, rule, patient } = matter;
  switch (effect.kind) {
    case 'raise':
      return raise(deps, db, matter, effect, now);
    case 'join':
      return open && join(db, open, effect.evidence, effect.explanation, now);
    case 'clear': {
      // a graver episode is closed by a person only
      if (open?.severity !== 'routine') return open;
      await changeAlert(db, open.id, { kind: 'resolve', by: null, outcome: 'recovered', note: null, at: instant(now) });
      return undefined;
    }
    case 'countdown':
      await deps.agenda.put(db, {
        key: `lapse-${patient}-${rule.rule}-${effect.at}`,
        kind: 'confirmation-lapse',
        subject: `${patient}/${rule.rule}`,
        step: 0,
        dueAt: effect.at,
      });
      return open;
    case 'measure-again':
      return open;
  }
}

/** A wish that the home measures once more, before `by`, ms since 1970. */
export type Ask = { device: DeviceId; source: SourceId; by: number; patient: PatientId; rule: string };

/**
 * Keeps a request for each device: what several rules ask of one home is one measurement. Judged after an outage, the moment to
 * measure again may be over. What a home has too much of already is not asked: it does not listen.
 */
export async function askHomes(deps: ActDeps, db: Within, asks: readonly Ask[], now: number): Promise<void> {
  const byDevice = new Map<DeviceId, Ask>();
  for (const ask of asks) if ((byDevice.get(ask.device)?.by ?? now) < ask.by) byDevice.set(ask.device, ask);
  for (const { device, source, by, patient, rule } of byDevice.values()) {
    const command = { v: 1, id: deps.random.uuid(), command: 'measure-again', device, by: instant(by) } as const;
    if (!(await keepCommand(db, { source, command, patient, by: byRule(rule), now })))
      deps.log.warn('a home has too many commands open to be asked again', { source });
  }
}

async function raise(
  deps: ActDeps,
  db: Within,
  matter: Case,
  effect: Extract<Effect, { kind: 'raise' }>,
  now: number,
): Promise<Alert | undefined> {
  const { open } = matter;
  const worse = open && severities.indexOf(effect.severity) > severities.indexOf(open.severity);
  if (open && !worse && !(effect.pages && (await mustCallAgain(db, open, now)))) {
    await addTasks(deps, db, open, effect.tasks, now);
    return join(db, open, effect.evidence, effect.explanation, now);
  }
  const { escalation, rota } = effect.pages ? await whomToCall(db, matter.team) : { escalation: null, rota: true };
  const alert = open
    ? await reopen(db, open, worse ? 'worsen' : 'renew', effect, escalation, now)
    : await openNew(deps, db, matter, effect, escalation, now);
  if (!alert) return open;
  await addTasks(deps, db, alert, effect.tasks, now);
  if (!effect.pages) return alert;
  if (!rota) {
    deps.log.error('nobody is on call, everybody of the team is called', { alert: alert.id, team: alert.team });
    await recordAlertEvent(db, alert.id, { at: instant(now), kind: 'nobody-on-call', actor: null, note: null });
  }
  await deps.paging.begin(db, alert, now);
  return alert;
}

async function openNew(
  deps: ActDeps,
  db: Within,
  { rule, parameters, patient, team }: Case,
  effect: Extract<Effect, { kind: 'raise' }>,
  escalation: Alert['escalation'],
  now: number,
): Promise<Alert> {
  const alert = newAlert({
    id: AlertId.parse(deps.random.uuid()),
    patient,
    team,
    rule: rule.rule,
    problem: rule.problem,
    ruleVersion: rule.version,
    parameters,
    severity: effect.severity,
    title: rule.title,
    explanation: effect.explanation,
    evidence: effect.evidence,
    escalation,
    openedAt: instant(now),
  });
  await openAlert(db, alert);
  deps.metrics.alerts.inc({ rule: rule.rule, severity: effect.severity });
  return alert;
}

/** An alert that still calls needs no second round beside the first. */
const mustCallAgain = async (db: Within, open: Alert, now: number): Promise<boolean> =>
  hasGrownOld(open, now) && (await nextCallOfAlert(db, open)) === null;

async function reopen(
  db: Within,
  open: Alert,
  kind: 'worsen' | 'renew',
  effect: Extract<Effect, { kind: 'raise' }>,
  escalation: Alert['escalation'],
  now: number,
): Promise<Alert | undefined> {
  const { severity, evidence, explanation } = effect;
  const { rule, ruleVersion, parameters, title } = open;
  const changed = await changeAlert(db, open.id, {
    kind,
    voice: { rule, ruleVersion, parameters, title },
    ...{ severity, evidence, explanation, escalation },
    at: instant(now),
  });
  return 'refused' in changed ? undefined : changed.alert;
}

async function join(
  db: Within,
  open: Alert,
  evidence: Evidence[],
  explanation: Alert['explanation'] | null,
  now: number,
): Promise<Alert> {
  if (evidence.every((e) => open.evidence.some((o) => o.reading === e.reading))) return open;
  const changed = await changeAlert(db, open.id, {
    kind: 'join',
    evidence,
    ...(explanation ? { explanation } : {}),
    at: instant(now),
  });
  return 'refused' in changed ? open : changed.alert;
}

async function addTasks(
  deps: ActDeps,
  db: Within,
  alert: Alert,
  wishes: readonly TaskWish[],
  now: number,
): Promise<void> {
  for (const wish of wishes)
    await addTask(
      db,
      newTask({
        id: TaskId.parse(deps.random.uuid()),
        patient: alert.patient,
        team: alert.team,
        alert: alert.id,
        kind: wish.kind,
        title: wish.title,
        role: wish.role,
        dueAt: instant(now + wish.dueAfterMinutes * 60_000),
        createdAt: instant(now),
      }),
      alert.raisedAt,
    );
}

/** A gap in the rota must not silence an alert: then everybody of the team is called. */
async function whomToCall(db: Within, team: TeamId): Promise<{ escalation: Alert['escalation']; rota: boolean }> {
  const plan = await callPlanOf(db, team);
  const escalation = freezeEscalation(plan.policy, plan.onCall);
  if (escalation) return { escalation, rota: true };
  if (plan.everybody.length === 0) return { escalation: null, rota: false };
  const { repeatAfterSeconds, rounds } = plan.policy;
  return {
    escalation: { steps: [{ afterSeconds: 0, recipients: plan.everybody }], repeatAfterSeconds, rounds },
    rota: false,
  };
}
