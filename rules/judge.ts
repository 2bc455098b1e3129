import { type Alert, hasGrownOld } from '#domain/alert.ts';
import type { PatientId } from '#domain/ids.ts';
import { parametersInForce } from '#domain/rule-book.ts';
import { dayNumberIn } from '#domain/zone.ts';
import { type Clock, createPauses } from '#runtime/clock.ts';
import { faultDetails } from '#runtime/log.ts';
import { lockUnresolvedAlerts } from '#runtime/records/alerts.ts';
import type { Within } from '#runtime/records/connect.ts';
import { type JudgedPatient, type KeptMemories, lockForJudgement, saveMemories } from '#runtime/records/rule-memory.ts';
import { type ActDeps, type Ask, act, askHomes } from './act.ts';
import { book } from './book/index.ts';
import { evaluate, keptOf, readState, type State } from './evaluate.ts';
import { createHistory, type History, insertReading } from './history.ts';
import type { Heard } from './intake.ts';
import type { Effect, Happening, Rule } from './rule.ts';

/** What is to be judged of one patient: readings in the order of the journal, or the lapse at `at` of a countdown of one rule. */
export type Matter =
  | { patient: PatientId; heard: readonly Heard[] }
  | { patient: PatientId; lapseOf: string; at: number };

/**
 * Judges within the caller's transaction: memories, alerts, tasks, pages, agenda entries and what homes are asked change together
 * or not at all. A rule that throws keeps its memory as it was and hinders no other. Answers how many did.
 */
export async function judge(
  deps: ActDeps & { clock: Clock; kept?: KeptMemories; histories: Map<PatientId, History> },
  db: Within,
  matters: readonly Matter[],
): Promise<number> {
  const patients = await lockForJudgement(
    db,
    matters.map((m) => m.patient),
    deps.kept,
  );
  const matterOf = new Map(matters.map((matter) => [matter.patient, matter]));
  const open = await lockUnresolvedAlerts(
    db,
    patients.map((p) => p.patient),
  );
  const openOf = Map.groupBy(open, (alert) => alert.patient);
  const asks: Ask[] = [];
  let faults = 0;
  const changed: { patient: PatientId; rule: string; memory: State }[] = [];
  const pause = createPauses(deps.clock);
  for (const patient of patients) {
    await pause();
    const matter = matterOf.get(patient.patient);
    const heard = matter && 'heard' in matter ? onDays(matter.heard, patient.timeZone) : [];
    const history = deps.histories.get(patient.patient) ?? createHistory();
    deps.histories.set(patient.patient, history);
    for (const { happening, at } of heard)
      if (happening.kind === 'reading') insertReading(history, keptByBook, happening.reading, at);
    for (const rule of book) {
      const happenings = matter ? happeningsFor(rule, matter, heard, deps.clock.now()) : [];
      if (happenings.length === 0) continue;
      const alert = openOf.get(patient.patient)?.find((a) => a.rule === rule.rule);
      try {
        const memory = await judgeRule(deps, db, rule, patient, history, happenings, alert, asks);
        if (memory) changed.push({ patient: patient.patient, rule: rule.rule, memory });
      } catch (fault) {
        if (!(fault instanceof RuleFault)) throw fault;
        faults++;
        deps.log.error('a rule failed to judge', { rule: rule.rule, ...faultDetails(fault.cause) });
      }
    }
  }
  await saveMemories(db, changed, deps.kept);
  await askHomes(deps, db, asks, deps.clock.now());
  return faults;
}

const keptByBook = keptOf(book);

type Timed = { happening: Happening; at: number };

function happeningsFor(rule: Rule, matter: Matter, heard: readonly Timed[], now: number): Timed[] {
  // a clock that was set back between the agenda and here must not make a lapse come to nothing
  if ('lapseOf' in matter)
    return matter.lapseOf === rule.rule ? [{ happening: { kind: 'lapse' }, at: Math.max(now, matter.at) }] : [];
  return heard.filter(
    ({ happening }) => happening.kind === 'reading' && rule.panels.includes(happening.reading.evidence.panel),
  );
}

const onDays = (heard: readonly Heard[], timeZone: string): Timed[] =>
  heard.map(({ reading, receivedAt }) => ({
    happening: {
      kind: 'reading',
      reading: { ...reading, day: dayNumberIn(timeZone, Date.parse(reading.evidence.takenAt)) },
    },
    at: receivedAt,
  }));

/** Answers the memory when it has changed. */
async function judgeRule(
  deps: ActDeps & { clock: Clock },
  db: Within,
  rule: Rule,
  patient: JudgedPatient,
  history: History,
  happenings: Timed[],
  unresolved: Alert | undefined,
  asks: Ask[],
): Promise<State | undefined> {
  const parameters = parametersInForce(rule, patient.overrides[rule.rule]);
  const before = readState(rule, patient.memories.get(rule.rule));
  const effects: Effect[] = [];
  let state = before;
  try {
    for (const { happening, at } of [
      ...sinceLastTime(rule, state, unresolved, happenings, deps.clock.now()),
      ...happenings,
    ]) {
      const judgement = evaluate(rule, parameters, { history, state }, happening, at);
      if (!judgement) continue;
      state = judgement.state;
      effects.push(...judgement.effects);
    }
  } catch (cause) {
    throw new RuleFault(cause);
  }
  let open = unresolved;
  for (const effect of effects) {
    open = await act(
      deps,
      db,
      { rule, parameters, patient: patient.patient, team: patient.team, open },
      effect,
      deps.clock.now(),
    );
    if (effect.kind === 'measure-again') asks.push({ ...effect, patient: patient.patient, rule: rule.rule });
  }
  return state === before ? undefined : state;
}

/** What became of the episode between two judgements. */
function sinceLastTime(
  rule: Rule,
  state: State | undefined,
  unresolved: Alert | undefined,
  then: Timed[],
  now: number,
): Timed[] {
  if (!state?.episode) return [];
  const at = then[0]?.at ?? now;
  if (!unresolved) return [{ happening: { kind: 'resolved' }, at }];
  return rule.pages && hasGrownOld(unresolved, at) ? [{ happening: { kind: 'grown-old' }, at }] : [];
}

/** A fault of a rule itself, not of the records: nothing has been written yet. */
class RuleFault extends Error {
  constructor(cause: unknown) {
    super('a rule failed', { cause });
    this.name = 'RuleFault';
  }
}
