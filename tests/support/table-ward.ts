import { createHash } from 'node:crypto';
import { lateAfterMs } from '#domain/admission.ts';
import { type Alert, newAlert } from '#domain/alert.ts';
import { change } from '#domain/alert-change.ts';
import { type Programme, usualSilentAfterMinutes } from '#domain/care-plan.ts';
import { AlertId, ClinicianId, DeviceId, PatientId, ReadingId, SourceId, TeamId } from '#domain/ids.ts';
import { vitals } from '#domain/vitals.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import { changeOf, decide, openingOf, type Speaking } from '../../rules/decide.ts';
import { createHistory } from '../../rules/history/history.ts';
import type { Heard } from '../../rules/intake.ts';
import type { Rule } from '../../rules/rule.ts';
import { type Matter, type Outcome, ofTime, weigh } from '../../rules/weigh.ts';
import { type TableHistory, type TablePlan, type TableReading, tableStart } from './table-notation.ts';

/**
 * One patient, the whole book, and nothing around it: what the rules make of a history and what becomes of that, by the very functions that judge
 * live. Nobody acknowledges; a person closes what is open when the table says so.
 */

/** What a care team saw: an alert each time one opened or came back. `worse`: what it became when a graver rule spoke. */
export type TableAlert = { rule: string; severity: string; ground: string; worse: string[]; closed: boolean };
/** `misquoted`: rules in whose name an alert gave the reasons of another. */
export type TableSeen = {
  alerts: TableAlert[];
  pages: number;
  asks: number;
  explanations: Alert['explanation'][];
  misquoted: string[];
};

const id = '11111111-1111-4111-8111-111111111111';
const person = ClinicianId.parse(id);
const hourMs = 3_600_000;

export function playTable(history: TableHistory, plan: TablePlan): TableSeen {
  const kept = createHistory();
  const seen: TableSeen = { alerts: [], pages: 0, asks: 0, explanations: [], misquoted: [] };
  const told = new Map<string, TableAlert>();
  const resolved = new Map<string, Alert>();
  const lapses: { rule: string; at: number }[] = [];
  const reasons = new Map<string, string[]>();
  const { silence, ...planned } = plan;
  const silences = new Map(ofTime.map(({ rule }) => [rule, silence]));
  const isHeard = silence === 'patient';
  let made = 0;
  let patient: JudgedPatient = {
    patient: PatientId.parse(id),
    team: { team: TeamId.parse(id), timeZone: 'UTC', overrides: {} },
    plan: { ...planned, silentAfterMinutes: usualSilentAfterMinutes, from: tableStart },
    memories: new Map(),
    alerts: [],
  };

  const judge = (matter: Matter, now: number): void => {
    const { outcomes, faults } = weigh(patient, kept, matter, now);
    if (faults[0]) throw faults[0].cause;
    const memories = new Map(patient.memories);
    // through JSON, as between two processes
    for (const { rule, state } of outcomes)
      if (state) memories.set(rule.rule, JSON.parse(JSON.stringify(state)));
      else memories.delete(rule.rule);
    patient = { ...patient, memories };
    for (const outcome of outcomes) act(outcome, now);
  };

  const act = ({ rule, parameters, effects }: Outcome, now: number): void => {
    for (const effect of effects)
      if (effect.kind === 'countdown') lapses.push({ rule: rule.rule, at: effect.at });
      else if (effect.kind === 'measure-again') seen.asks++;
      else speak(rule, parameters, effect, now);
  };

  const speak = (rule: Rule, parameters: Record<string, number>, effect: Speaking, now: number): void => {
    const speaker = { rule, parameters };
    const alert = patient.alerts.find(({ problem }) => problem === rule.problem) ?? resolved.get(rule.problem);
    const decision = decide(speaker, effect, alert, { now, callPending: false });
    if (decision.kind === 'nothing') return;
    if ('calls' in decision && decision.calls) seen.pages++;
    const at = new Date(now).toISOString();
    if (decision.kind === 'open') {
      if (effect.kind !== 'raise') return;
      const who = { id: AlertId.parse(`${String(++made).padStart(8, '0')}${id.slice(8)}`), patient: patient.patient };
      const opened = newAlert(openingOf(speaker, effect, { ...who, team: patient.team.team }, null, at));
      patient = { ...patient, alerts: [...patient.alerts, opened] };
    } else if (alert) put(alert, changeOf(decision, speaker, effect, alert, null, at));
    if (effect.kind === 'raise') reasons.set(rule.rule, [...(reasons.get(rule.rule) ?? []), effect.explanation.en]);
    const standing = patient.alerts.find(({ problem }) => problem === rule.problem);
    if (standing && !reasons.get(standing.rule)?.some((reason) => standing.explanation.en.startsWith(reason)))
      seen.misquoted.push(standing.rule);
    if (effect.kind !== 'raise') return;
    seen.explanations.push(effect.explanation);
    const entry = told.get(rule.problem);
    if (decision.kind === 'open' || decision.kind === 'reopen') {
      const fresh = { rule: rule.rule, severity: effect.severity, ground: effect.ground, worse: [], closed: false };
      told.set(rule.problem, fresh);
      seen.alerts.push(fresh);
    } else if (entry && decision.kind === 'worsen') {
      if (entry.rule === rule.rule && entry.worse.length === 0) entry.severity = effect.severity;
      else entry.worse.push(`${rule.rule} ${effect.severity} ${effect.ground}`);
    }
  };

  const put = (alert: Alert, event: Parameters<typeof change>[1]): void => {
    const answer = change(alert, event);
    if ('refused' in answer) throw new Error(`an alert refused a change: ${answer.refused}`);
    const others = patient.alerts.filter((other) => other.id !== alert.id);
    const isOver = answer.alert.state === 'resolved';
    patient = { ...patient, alerts: isOver ? others : [...others, answer.alert] };
    if (!isOver) return;
    resolved.set(alert.problem, answer.alert);
    if (event.kind === 'resolve' && event.by === null) told.get(alert.problem)!.closed = true;
  };

  const happenings = [
    ...history.closings.map((at) => ({ at, do: () => closeAll(at) })),
    ...history.enrolments.map(({ at, programme, isIn }) => ({ at, do: () => enrol(programme, isIn) })),
    ...(plan.expected.length > 0 ? hours(history.until) : []).map((at) => ({
      at,
      do: () => judge({ kind: 'tick', patient: patient.patient, silences, isHeard }, at),
    })),
    ...history.readings.map((reading) => ({
      at: reading.receivedAt,
      do: () => judge({ kind: 'heard', patient: patient.patient, heard: [heardOf(reading)] }, reading.receivedAt),
    })),
  ].sort((a, b) => a.at - b.at);
  const closeAll = (at: number): void => {
    for (const alert of patient.alerts)
      put(alert, { kind: 'resolve', by: person, outcome: 'treated', note: null, at: new Date(at).toISOString() });
  };
  const enrol = (programme: Programme, isIn: boolean): void => {
    const others = patient.plan.programmes.filter((one) => one !== programme);
    patient = { ...patient, plan: { ...patient.plan, programmes: isIn ? [...others, programme] : others } };
  };
  const lapseUntil = (now: number): void => {
    lapses.sort((a, b) => a.at - b.at);
    while ((lapses[0]?.at ?? Number.POSITIVE_INFINITY) < now) {
      const { rule, at } = lapses.shift()!;
      judge({ kind: 'lapse', patient: patient.patient, rule, at }, at);
    }
  };
  for (const { at, do: happen } of happenings) {
    lapseUntil(at);
    happen();
  }
  lapseUntil(history.until + 1);
  return seen;
}

const hours = (until: number): number[] =>
  Array.from({ length: Math.floor((until - tableStart) / hourMs) }, (_, i) => tableStart + (i + 1) * hourMs);

function heardOf({ panel, values, marks, takenAt, receivedAt }: TableReading): Heard {
  const text = [panel, takenAt, ...values.flat(), ...marks].join('|');
  const taken = new Date(takenAt).toISOString();
  return {
    reading: {
      evidence: {
        reading: ReadingId.parse(createHash('sha256').update(text).digest('hex').slice(0, 32)),
        panel,
        takenAt: taken,
        heardAt: taken,
        values: values.map(([vital, value]) => ({ vital, value, unit: vitals[vital].ucum })),
        marks: [...marks],
      },
      device: DeviceId.parse(`${panel}-1`),
      source: SourceId.parse('gw-1'),
      late: receivedAt - takenAt > lateAfterMs,
    },
    receivedAt,
  };
}
