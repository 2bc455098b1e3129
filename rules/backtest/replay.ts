import { lateAfterMs } from '#domain/admission.ts';
import type { Alert } from '#domain/alert.ts';
import { newAlert } from '#domain/alert.ts';
import { type AlertChange, change } from '#domain/alert-change.ts';
import type { PeopleModel } from '#domain/backtest.ts';
import type { HeardCohortReading } from '#domain/cohort-file.ts';
import { AlertId, ClinicianId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import { instant } from '#runtime/clock.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import { changeOf, decide, openingOf, type Speaking } from '../decide.ts';
import { createHistory, type History } from '../history/history.ts';
import { type Heard, heardIn } from '../intake.ts';
import type { Rule, Silence } from '../rule.ts';
import { type Outcome as Judged, type Matter, ofTime, weigh } from '../weigh.ts';
import type { Outcome, Span } from './outcome.ts';
import type { SeenAlert } from './verdict.ts';

/**
 * One patient's history, judged once more by the very functions that judge live: `weigh` says what the rules make of it, `decide` what
 * becomes of that. Time is what the history says it was; people do what the model says. Several variants of a plan are judged side by side on
 * one history, which does not depend on them.
 *
 * What the stored readings do not tell: whose silence a silence was (it is taken for the patient's), what people really did, and care plans as
 * they were before.
 */
export function replay(
  variants: readonly JudgedPatient[],
  heard: Iterable<Heard>,
  scope: { span: Span; people: PeopleModel },
): { readings: number; since: number | null; outcomes: Outcome[] } {
  const history = createHistory();
  const wards = variants.map((patient) => createWard(patient, history, scope));
  const { from, to } = scope.span;
  let readings = 0;
  let since: number | null = null;
  for (const one of heard) {
    if (one.receivedAt >= to) break;
    since ??= one.receivedAt;
    if (one.receivedAt >= from) readings++;
    for (const ward of wards) ward.pass(one.receivedAt);
    for (const ward of wards) ward.judge({ kind: 'heard', heard: [one] }, one.receivedAt);
  }
  for (const ward of wards) ward.pass(to);
  return { readings, since, outcomes: wards.map((ward) => ward.outcome()) };
}

/** A reading of the store, in the order in which they came: `storedAt` is when it was on our disk. */
export const heardFromStore = (stored: StoredReading): Heard => heardIn(stored, Date.parse(stored.storedAt));

export const heardFromCohort = ({ reading, receivedAt }: HeardCohortReading): Heard => {
  const { id, panel, takenAt, heardAt, values, marks, device, source } = reading;
  return {
    reading: {
      evidence: { reading: id, panel, takenAt, heardAt, storedAt: instant(receivedAt), values, marks },
      device,
      source,
      late: receivedAt - Date.parse(takenAt) > lateAfterMs,
    },
    receivedAt,
  };
};

/** So long after it began to call, an alert that nobody acknowledged has called everybody. */
const callsForMs = 3_600_000;
const tickEveryMs = 3_600_000;
const somebody = ClinicianId.parse('00000000-0000-4000-8000-000000000000');

/** What is kept of an alert beside itself. Times are ms since 1970. */
type Kept = { seen: SeenAlert; calledAt: number | null; evidenceAt: number };

/** One patient under one plan, with alerts and people. */
function createWard(
  judged: JudgedPatient,
  history: History,
  { span, people }: { span: Span; people: PeopleModel },
): {
  /** Does whatever is due before `now`. */
  pass(now: number): void;
  judge(matter: Ask, now: number): void;
  outcome(): Outcome;
} {
  let patient = judged;
  const resolved = new Map<string, Alert>();
  const kept = new Map<AlertId, Kept>();
  const lapses = new Map<string, { rule: string; at: number }>();
  const seen: Outcome = { alerts: [], pages: [] };
  const isExpected = patient.plan.expected.length > 0 && ofTime.length > 0;
  let tickAt = isExpected ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  /** The earliest of all that is due; nearly always there is nothing. */
  let dueAt = isExpected ? tickAt : Number.POSITIVE_INFINITY;
  let alertsMade = 0;

  const pass = (now: number): void => {
    if (tickAt === Number.NEGATIVE_INFINITY) {
      tickAt = Math.ceil(now / tickEveryMs) * tickEveryMs;
      reckon();
    }
    while (dueAt < now) doWhatIsDue(dueAt);
  };

  function doWhatIsDue(at: number): void {
    for (const [key, lapse] of lapses) {
      if (lapse.at > at) continue;
      lapses.delete(key);
      judge({ kind: 'lapse', rule: lapse.rule, at: lapse.at }, at);
    }
    for (const alert of patient.alerts) {
      if (closesAt(alert) <= at)
        put(alert, { kind: 'resolve', by: somebody, outcome: 'treated', note: null, at: instant(at) });
      else if (acknowledgedAt(alert) <= at)
        put(alert, { kind: 'acknowledge', by: somebody, note: null, at: instant(at) });
    }
    if (tickAt <= at) {
      tickAt += tickEveryMs;
      judge({ kind: 'tick', silences, isHeard: true }, at);
    }
    reckon();
  }

  function reckon(): void {
    dueAt = tickAt;
    for (const { at } of lapses.values()) dueAt = Math.min(dueAt, at);
    for (const alert of patient.alerts) dueAt = Math.min(dueAt, closesAt(alert), acknowledgedAt(alert));
  }

  const closesAt = (alert: Alert): number =>
    people.closeAfterHours === null
      ? Number.POSITIVE_INFINITY
      : keptOf(alert).evidenceAt + 3_600_000 * people.closeAfterHours;
  const acknowledgedAt = (alert: Alert): number =>
    people.acknowledgeAfterMinutes === null || alert.state !== 'open'
      ? Number.POSITIVE_INFINITY
      : (keptOf(alert).calledAt ?? Date.parse(alert.raisedAt)) + 60_000 * people.acknowledgeAfterMinutes;
  const keptOf = ({ id }: Alert): Kept => kept.get(id)!;

  const judge = (matter: Ask, now: number): void => {
    const { outcomes, faults } = weigh(patient, history, { ...matter, patient: patient.patient }, now);
    if (faults[0]) throw faults[0].cause;
    if (outcomes.length === 0) return;
    const memories = new Map(patient.memories);
    for (const { rule, state } of outcomes) {
      if (state) memories.set(rule.rule, state);
      else memories.delete(rule.rule);
    }
    patient = { ...patient, memories };
    for (const judgement of outcomes) act(judgement, now);
    reckon();
  };

  function act({ rule, parameters, effects }: Judged, now: number): void {
    for (const effect of effects) {
      if (effect.kind === 'countdown') lapses.set(`${rule.rule} ${effect.at}`, { rule: rule.rule, at: effect.at });
      else if (effect.kind !== 'measure-again') speak(rule, parameters, effect, now);
    }
  }

  function speak(rule: Rule, parameters: Record<string, number>, effect: Speaking, now: number): void {
    const speaker = { rule, parameters };
    const open = patient.alerts.find(({ problem }) => problem === rule.problem);
    const alert = open ?? resolved.get(rule.problem);
    const called = open && keptOf(open).calledAt;
    const callPending = open?.state === 'open' && called !== null && called !== undefined && now - called < callsForMs;
    const decision = decide(speaker, effect, alert, { now, callPending });
    if (decision.kind === 'nothing') return;
    const at = instant(now);
    let changed: Alert | undefined;
    if (decision.kind === 'open') {
      if (effect.kind !== 'raise') return;
      const id = AlertId.parse(`00000000-0000-4000-8000-${(++alertsMade).toString(16).padStart(12, '0')}`);
      const opened = newAlert(
        openingOf(speaker, effect, { id, patient: patient.patient, team: patient.team.team }, null, at),
      );
      changed = opened;
      begin(opened, now);
    } else if (alert) changed = put(alert, changeOf(decision, speaker, effect, alert, null, at));
    if (!changed || !('evidence' in effect)) return;
    // whoever is back inside is well: what joins then keeps nobody from closing the alert
    const isTrouble = effect.kind === 'raise' || effect.standing !== 'within';
    if (isTrouble && effect.evidence.length > 0) keptOf(changed).evidenceAt = now;
    if ('calls' in decision && decision.calls) call(rule, changed, effect.evidence, now);
  }

  function begin(alert: Alert, now: number): void {
    const one: SeenAlert = {
      patient: alert.patient,
      rule: alert.rule,
      problem: alert.problem,
      severity: alert.severity,
      openedAt: now,
      resolvedAt: null,
      byItself: false,
      evidence: alert.evidence.map(({ reading }) => reading),
    };
    kept.set(alert.id, { seen: one, calledAt: null, evidenceAt: now });
    if (now >= span.from) seen.alerts.push(one);
    patient = { ...patient, alerts: [...patient.alerts, alert] };
  }

  function call(rule: Rule, alert: Alert, evidence: Alert['evidence'], now: number): void {
    keptOf(alert).calledAt = now;
    if (now < span.from) return;
    const { patient: whose, problem } = alert;
    seen.pages.push({ patient: whose, rule: rule.rule, problem, at: now, evidence: evidence.map((e) => e.reading) });
  }

  /** Answers the alert as it is then; undefined where it refuses the change. */
  function put(alert: Alert, event: AlertChange): Alert | undefined {
    const answer = change(alert, event);
    if ('refused' in answer) return undefined;
    const { alert: changed } = answer;
    const isOver = changed.state === 'resolved';
    const others = patient.alerts.filter(({ id }) => id !== alert.id);
    patient = { ...patient, alerts: isOver ? others : [...others, changed] };
    if (isOver) resolved.set(changed.problem, changed);
    else resolved.delete(changed.problem);
    const { seen: one } = keptOf(changed);
    one.severity = changed.severity;
    one.resolvedAt = changed.resolvedAt === null ? null : Date.parse(changed.resolvedAt);
    one.byItself = isOver && changed.resolvedBy === null;
    return changed;
  }

  return { pass, judge, outcome: () => seen };
}

type Ask = Matter extends infer One ? (One extends Matter ? Omit<One, 'patient'> : never) : never;

/** Whose silence it was stands in no reading. */
const silences: ReadonlyMap<string, Silence> = new Map(ofTime.map(({ rule }) => [rule, 'patient']));
