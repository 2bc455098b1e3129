import { type Alert, hasGrownOld } from '#domain/alert.ts';
import type { PatientId } from '#domain/ids.ts';
import { judgesPatientsOf, parametersInForce } from '#domain/rule-book.ts';
import type { PanelName } from '#domain/vitals.ts';
import { dayNumberIn } from '#domain/zone.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import { book } from './book/index.ts';
import { evaluate, judgeBy, keptOf, readState, type State } from './evaluate.ts';
import { type History, insertReading } from './history/history.ts';
import { momentOf } from './history/history-records.ts';
import type { Heard } from './intake.ts';
import { expectedOf } from './rounds/expecting.ts';
import type { Effect, Happening, Rule, Silence } from './rule.ts';
import { type Terms, termsOf } from './terms.ts';

/**
 * What is to be judged of one patient.
 * - `heard`: readings, in the order of the journal.
 * - `lapse`: a countdown of one rule may be over; `at`: when it was to be.
 * - `rebuilt`: the past is there, and with it the readings that some rules could not judge without it.
 * - `tick`: time has passed; `silences` by rule, of those that are about it. `isHeard`: as far as anybody knows, all that was measured came: only then
 *   is it the patient who measures too seldom.
 */
export type Matter = { patient: PatientId } & (
  | { kind: 'heard'; heard: readonly Heard[] }
  | { kind: 'lapse'; rule: string; at: number }
  | { kind: 'rebuilt'; missed: readonly Heard[] }
  | { kind: 'tick'; silences: ReadonlyMap<string, Silence>; isHeard: boolean }
);

/** What a rule makes of a matter, where that is anything. `state`: as it is afterwards. */
export type Outcome = { rule: Rule; parameters: Record<string, number>; state: State | undefined; effects: Effect[] };
export type Weighing = { outcomes: Outcome[]; faults: { rule: Rule; cause: unknown }[] };

/** What the histories must hold for the rules of the book. */
export const kept = keptOf(book);

/**
 * What the rules make of it, by what is known of the patient. Changes nothing but the history, into which readings go that are not there yet; weighed
 * again it comes to the same. A rule that fails hinders no other.
 * @param now ms since 1970; readings are judged as of when the server heard them.
 */
export function weigh(patient: JudgedPatient, history: History, matter: Matter, now: number): Weighing {
  const mine = rulesFor(patient);
  const cases = new Map<Rule, Case>();

  const tell = (rule: Rule, happening: Happening, at: number): void => {
    let of = cases.get(rule);
    if (!of) {
      if (isQuiet(patient, rule) && happening.kind === 'reading' && comesToNothing(rule, happening, at)) return;
      of = openCase(patient, rule);
      cases.set(rule, of);
      for (const before of sinceLastTime(patient, rule, of.state, at)) hear(of, before, at);
    }
    // what the next judgement would find grown old is so within this one too: a relapse calls, however the readings travelled
    if (of.isBackInside && rule.pages) hear(of, { kind: 'grown-old' }, at);
    hear(of, happening, at);
  };

  /** Nearly every reading, for nearly every rule: then there is no case to open. */
  const blank = { history, state: undefined, plan: patient.plan };
  const comesToNothing = (rule: Rule, happening: Happening, at: number): boolean => {
    try {
      return judgeBy(termsFor(patient, rule), blank, happening, at) === undefined;
    } catch {
      // heard again as a case, which keeps the fault
      return false;
    }
  };

  const hear = (of: Case, happening: Happening, at: number): void => {
    if (of.fault) return;
    try {
      const plan = ofTime.includes(of.rule) ? expectedOf(patient, history, of.rule) : patient.plan;
      const subject = { history, state: of.state, plan };
      const judgement = evaluate(of.rule, of.parameters, subject, happening, at);
      if (!judgement) return;
      of.isChanged = true;
      of.state = judgement.state;
      for (const effect of judgement.effects) {
        of.effects.push(effect);
        if (effect.kind === 'join' && effect.standing === 'within') of.isBackInside = true;
        if (effect.kind === 'raise') of.isBackInside = false;
      }
    } catch (cause) {
      of.fault = { cause };
    }
  };

  const tellReadings = (heard: readonly Heard[], to: readonly Rule[] | undefined) => {
    for (const { reading, receivedAt } of heard) {
      const day = dayNumberIn(patient.team.timeZone, momentOf(reading.evidence));
      const judged = { ...reading, day };
      insertReading(history, kept, judged, receivedAt);
      const happening: Happening = { kind: 'reading', reading: judged };
      for (const rule of mine.byPanel.get(reading.evidence.panel) ?? [])
        if (!to || to.includes(rule)) tell(rule, happening, receivedAt);
    }
  };

  const today = () => dayNumberIn(patient.team.timeZone, now);
  switch (matter.kind) {
    case 'heard':
      tellReadings(matter.heard, undefined);
      break;
    case 'lapse': {
      const rule = mine.rules.find((one) => one.rule === matter.rule);
      // a clock that was set back between the agenda and here must not make a lapse come to nothing
      if (rule) tell(rule, { kind: 'lapse' }, Math.max(now, matter.at));
      break;
    }
    case 'rebuilt':
      tellReadings(matter.missed, lookingBack);
      for (const rule of lookingBack)
        if (mine.rules.includes(rule) && !ofTime.includes(rule))
          tell(rule, { kind: 'tick', day: today(), silence: null }, now);
      break;
    case 'tick':
      for (const rule of ofTime)
        if (mine.rules.includes(rule) && (matter.isHeard || rule.judging.kind !== 'adherence'))
          tell(rule, { kind: 'tick', day: today(), silence: matter.silences.get(rule.rule) ?? null }, now);
  }

  const outcomes: Outcome[] = [];
  const faults: Weighing['faults'] = [];
  for (const { rule, parameters, state, effects, isChanged, fault } of cases.values()) {
    if (fault) faults.push({ rule, cause: fault.cause });
    else if (isChanged) outcomes.push({ rule, parameters, state, effects });
  }
  return { outcomes, faults };
}

export const isRemarkable = ({ outcomes, faults }: Weighing): boolean => outcomes.length > 0 || faults.length > 0;

/** `isBackInside`: its trouble was over at a moment of this judgement. */
type Case = Outcome & { isChanged: boolean; isBackInside: boolean; fault: { cause: unknown } | undefined };

const openCase = (patient: JudgedPatient, rule: Rule): Case => ({
  rule,
  parameters: parametersFor(patient, rule),
  state: stateOf(patient, rule),
  effects: [],
  isChanged: false,
  isBackInside: false,
  fault: undefined,
});

/** What became of the episode between two judgements. */
function sinceLastTime(patient: JudgedPatient, rule: Rule, state: State | undefined, at: number): Happening[] {
  if (!state?.episode) return [];
  const alert = alertOf(patient, rule);
  if (!alert) return [{ kind: 'resolved' }];
  return rule.pages && hasGrownOld(alert, rule.rule, at) ? [{ kind: 'grown-old' }] : [];
}

export const alertOf = ({ alerts }: JudgedPatient, rule: Rule): Alert | undefined =>
  alerts.find(({ problem }) => problem === rule.problem);

/** Read once for each time that it was read from the records. */
const states = new WeakMap<JudgedPatient, Map<string, State | undefined>>();
function stateOf(patient: JudgedPatient, rule: Rule): State | undefined {
  const stored = patient.memories.get(rule.rule);
  if (stored === undefined) return undefined;
  const read = states.get(patient) ?? new Map<string, State | undefined>();
  states.set(patient, read);
  if (!read.has(rule.rule)) read.set(rule.rule, readState(rule, stored));
  return read.get(rule.rule);
}

const isQuiet = ({ memories }: JudgedPatient, { rule }: Rule): boolean => memories.size === 0 || !memories.has(rule);

/** Those of nearly every patient are worked out before anything is heard. */
const termsFor = (patient: JudgedPatient, rule: Rule): Terms =>
  (patient.plan.overrides[rule.rule] ?? patient.team.overrides[rule.rule])
    ? termsOf(rule, parametersFor(patient, rule))
    : usualTerms[rule.rule]!;

/** One object for all whom nobody set anything: what rules work out of it is kept by the object. */
function parametersFor({ plan, team }: JudgedPatient, rule: Rule): Record<string, number> {
  const ofPlan = plan.overrides[rule.rule];
  const ofTeam = team.overrides[rule.rule];
  const key = ofPlan ?? ofTeam;
  if (!key) return usual.get(rule)!;
  const known = parameters.get(key);
  if (known) return known;
  const inForce = parametersInForce(rule, ofPlan, ofTeam);
  parameters.set(key, inForce);
  return inForce;
}
const usual: ReadonlyMap<Rule, Record<string, number>> = new Map(book.map((rule) => [rule, parametersInForce(rule)]));
const usualTerms: Record<string, Terms> = Object.fromEntries(
  book.map((rule) => [rule.rule, termsOf(rule, usual.get(rule)!)]),
);
/** By what was set; both of a patient were read at the same time. */
const parameters = new WeakMap<object, Record<string, number>>();

/**
 * Those of the programmes, and those that wait for a second measurement: what has been asked comes to its end whatever the programmes are by then. In
 * the order of the book.
 */
function rulesFor(patient: JudgedPatient): Mine {
  const usual = rulesOf(patient.plan.programmes);
  for (const name of patient.memories.keys())
    if (!usual.names.has(name))
      return byPanelOf(book.filter((rule) => usual.names.has(rule.rule) || isWaiting(stateOf(patient, rule))));
  return usual;
}

const isWaiting = (state: State | undefined): boolean => state?.kind === 'confirmed' && state.countdown !== null;

/** There are few sets of programmes, and many patients of each. */
function rulesOf(programmes: JudgedPatient['plan']['programmes']): Mine {
  const key = programmes.length === 0 ? '' : programmes.join();
  const known = byProgrammes.get(key);
  if (known) return known;
  const mine = byPanelOf(book.filter((rule) => judgesPatientsOf(rule, programmes)));
  byProgrammes.set(key, mine);
  return mine;
}
const byProgrammes = new Map<string, Mine>();

type Mine = { rules: readonly Rule[]; names: ReadonlySet<string>; byPanel: ReadonlyMap<PanelName, readonly Rule[]> };
function byPanelOf(rules: readonly Rule[]): Mine {
  const byPanel = new Map<PanelName, Rule[]>();
  for (const rule of rules) for (const panel of rule.panels) byPanel.set(panel, [...(byPanel.get(panel) ?? []), rule]);
  return { rules, names: new Set(rules.map(({ rule }) => rule)), byPanel };
}

/** Those that judge by the history, and those to which something happens when nothing comes. */
const lookingBack = book.filter(({ judging }) => judging.kind !== 'confirmed');
export const ofTime = book.filter(({ judging }) => judging.kind === 'absence' || judging.kind === 'adherence');
