import { parentPort, workerData } from 'node:worker_threads';
import type { BacktestKind, ParameterSet, PeopleModel } from '#domain/backtest.ts';
import { Outage, SetupFault } from '#domain/errors.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { faultDetails, silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { recordsAway } from '#runtime/records/away.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import { openAt, type VitalsAddress } from '#runtime/servers/vitals.ts';
import { type Answer, answerOf } from './answer.ts';
import { type Life, livesInCohort, livesInStore } from './lives.ts';
import { byPatient, type Replayed, type Span } from './outcome.ts';
import { withProposal } from './proposal.ts';
import { replay } from './replay.ts';

/** A thread that replays its share of the patients, away from whoever judges live. It ends by itself when it is through. */

export type Work = {
  history:
    | { in: 'store'; address: VitalsAddress; patients: readonly JudgedPatient[] }
    | { in: 'cohort'; path: string; nth: number; of: number };
  kind: BacktestKind;
  set: ParameterSet | null;
  span: Span;
  people: PeopleModel;
  /** Of a thread that puts the report together itself: the rules looked at. Null: whoever started it does. */
  rules: readonly string[] | null;
};

export type Word =
  | { replayed: Replayed }
  /** How many patients it is through with. */
  | { passed: number }
  | { answer: Answer }
  | { fault: 'history-away' }
  /** A sentence for people. */
  | { fault: 'set-up'; sentence: string }
  | { fault: 'fault'; details: object };

const say = (word: Word): void => parentPort?.postMessage(word);

async function work({ history, kind, set, span, people, rules }: Work): Promise<void> {
  const store = history.in === 'store' ? await openAt(history.address, { clock, log, random }) : undefined;
  const lives =
    history.in === 'cohort' ? livesInCohort(history.path, history) : livesInStore(store!, history.patients, span);
  const all: Replayed[] = [];
  try {
    for await (const life of lives) {
      const one = replayed(life, kind, set, { span, people });
      say(rules ? { passed: all.push(one) } : { replayed: one });
    }
  } finally {
    await store?.close();
  }
  if (rules) say({ answer: answerOf({ rules: [...rules], people, set, span }, all.sort(byPatient)) });
}

function replayed(
  { patient, heard, truth }: Life,
  kind: BacktestKind,
  set: ParameterSet | null,
  scope: { span: Span; people: PeopleModel },
): Replayed {
  const variants = set ? [patient, withProposal(patient, kind, set)] : [patient];
  const { readings, since, outcomes } = replay(variants, heard, scope);
  const [today, proposed] = outcomes;
  if (!today) throw new Error('a replay without an outcome');
  return {
    patient: patient.patient,
    timeZone: patient.team.timeZone,
    readings,
    since,
    today,
    proposed: proposed ?? null,
    truth,
  };
}

try {
  await work(workerData as Work);
} catch (fault) {
  if (fault instanceof SetupFault) say({ fault: 'set-up', sentence: fault.message });
  else if (fault instanceof Outage || recordsAway(fault)) say({ fault: 'history-away' });
  else say({ fault: 'fault', details: faultDetails(fault) });
}
