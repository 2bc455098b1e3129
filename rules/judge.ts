import type { Alert } from '#domain/alert.ts';
import type { PatientId } from '#domain/ids.ts';
import { type Clock, createPauses } from '#runtime/clock.ts';
import { faultDetails } from '#runtime/log.ts';
import type { Within } from '#runtime/records/connect.ts';
import { type JudgedPatient, lockJudgedPatients } from '#runtime/records/judged-patients.ts';
import { type MemoryChange, saveMemories } from '#runtime/records/rule-memory.ts';
import { type ActDeps, act } from './act.ts';
import type { Histories } from './history/histories.ts';
import type { History } from './history/history.ts';
import { type Ask, askToMeasureAgain, withdrawAsked } from './rounds/asking.ts';
import { alertOf, type Matter, type Outcome, type Weighing, weigh } from './weigh.ts';

/**
 * Judges within the caller's transaction, on what the records hold under its locks: states, alerts, tasks, pages, agenda entries and what homes are
 * asked change together or not at all. A rule that throws keeps its state as it was and hinders no other. Answers how many did, a
 * patient who could not be judged at all being one.
 * @param matters at most one for each patient
 */
export async function judge(
  deps: ActDeps & { clock: Clock; histories: Histories },
  db: Within,
  matters: readonly Matter[],
): Promise<number> {
  const matterOf = new Map(matters.map((matter) => [matter.patient, matter]));
  const asks: Ask[] = [];
  const judged: PatientId[] = [];
  const changes: MemoryChange[] = [];
  let faults = 0;
  const pause = createPauses(deps.clock);
  for (const patient of await lockJudgedPatients(db, [...matterOf.keys()])) {
    await pause();
    const history = deps.histories.of(patient.patient);
    const weighing = weighedAlone(deps, patient, history, matterOf.get(patient.patient)!);
    if (!weighing) {
      faults++;
      continue;
    }
    for (const { rule, cause } of weighing.faults) {
      faults++;
      deps.log.error('a rule failed to judge', { rule: rule.rule, ...faultDetails(cause) });
    }
    for (const { rule, state } of weighing.outcomes)
      changes.push({ patient: patient.patient, rule: rule.rule, memory: state });
    await actOn(deps, db, patient, weighing.outcomes, asks);
    judged.push(patient.patient);
  }
  await saveMemories(db, changes);
  await withdrawAsked(db, judged, deps.clock.now());
  await askToMeasureAgain(deps, db, asks, deps.clock.now());
  return faults;
}

/** Undefined where what the records hold of the patient is faulty, which hinders no other patient. */
function weighedAlone(
  { clock, log }: ActDeps & { clock: Clock },
  patient: JudgedPatient,
  history: History,
  matter: Matter,
): Weighing | undefined {
  try {
    return weigh(patient, history, matter, clock.now());
  } catch (fault) {
    log.error('a patient could not be judged', { patient: patient.patient, ...faultDetails(fault) });
    return undefined;
  }
}

/** Rules of one problem share its episode: each finds it as the one before has left it. */
async function actOn(
  deps: ActDeps & { clock: Clock },
  db: Within,
  patient: JudgedPatient,
  outcomes: readonly Outcome[],
  asks: Ask[],
): Promise<void> {
  const open = new Map<string, Alert | undefined>();
  for (const { rule, parameters, effects } of outcomes)
    for (const effect of effects) {
      if (effect.kind === 'measure-again')
        asks.push({ ...effect, patient: patient.patient, team: patient.team.team, rule });
      const unresolved = open.has(rule.problem) ? open.get(rule.problem) : alertOf(patient, rule);
      const { team } = patient.team;
      const matter = { rule, parameters, patient: patient.patient, team, open: unresolved };
      open.set(rule.problem, await act(deps, db, matter, effect, deps.clock.now()));
    }
}
