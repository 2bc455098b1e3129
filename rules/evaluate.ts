import { absence } from './combinators/absence.ts';
import { adherence } from './combinators/adherence.ts';
import { average } from './combinators/average.ts';
import { change } from './combinators/change.ts';
import { combination } from './combinators/combination.ts';
import { confirmed } from './combinators/confirmed.ts';
import { ConfirmedState } from './combinators/confirmed-state.ts';
import { type Combinator, CourseState, course } from './combinators/course.ts';
import { forecast } from './combinators/forecast.ts';
import { repeated } from './combinators/repeated.ts';
import { score } from './combinators/score.ts';
import { share } from './combinators/share.ts';
import { sustained } from './combinators/sustained.ts';
import { variability } from './combinators/variability.ts';
import { type History, type Kept, keptFor } from './history/history.ts';
import type { Effect, Expected, Happening, Judging, Rule } from './rule.ts';
import { type Terms, termsOf } from './terms.ts';

/** What a rule has to remember of one patient while something goes on: small JSON. Undefined when nothing is: nearly always. */
export type State = ConfirmedState | CourseState;

export type Judgement = { state: State; effects: Effect[] };

/** What is known of the patient. `plan`: what is expected of them, for the rules on adherence and absence. */
export type Subject = { history: History; state: State | undefined; plan?: Expected };

/**
 * The judgement. Pure and incremental: the same history in any order of arrival ends in the same alerts where time allows, and
 * a reading that comes again changes nothing. Answers undefined when the state stays as it is and nothing is to be done, and makes no object then.
 *
 * @param parameters in force for the patient, from `parametersInForce`. One object for as many patients as share it: what a rule works
 *   out of it is kept by the object.
 * @param subject a reading that is judged stands in the history already.
 * @param now when the server heard the reading, or when a lapse is asked about; ms since 1970. Judging late (after an outage)
 *   therefore gives what judging in time would have given.
 */
export function evaluate(
  rule: Rule,
  parameters: Record<string, number>,
  subject: Subject,
  happening: Happening,
  now: number,
): Judgement | undefined {
  return judgeBy(termsOf(rule, parameters), subject, happening, now);
}

/** The same, for who keeps the terms: working them out, or looking them up, takes as long as most rules do with a reading. */
export function judgeBy(terms: Terms, subject: Subject, happening: Happening, now: number): Judgement | undefined {
  const { rule } = terms;
  if (happening.kind === 'reading' && !rule.panels.includes(happening.reading.evidence.panel)) return undefined;
  const { history, state, plan } = subject;
  const { kind } = rule.judging;
  if (kind === 'confirmed') {
    if (state && state.kind !== 'confirmed') throw strange(rule);
    return confirmed(terms, history, state, happening, now);
  }
  if (state && state.kind !== 'course') throw strange(rule);
  return course(combinators[kind], terms, history, state, happening, now, plan);
}

const combinators: Record<Exclude<Judging['kind'], 'confirmed'>, Combinator> = {
  repeated,
  sustained,
  average,
  change,
  forecast,
  share,
  variability,
  combination,
  score,
  adherence,
  absence,
};

/** State as it was stored; undefined when it is of another shape than this version's, and the rule must start afresh. */
export function readState(rule: Rule, stored: unknown): State | undefined {
  const parsed = (rule.judging.kind === 'confirmed' ? ConfirmedState : CourseState).safeParse(stored);
  return parsed.success ? parsed.data : undefined;
}

/** What the histories of patients must hold for these rules. */
export const keptOf = (book: readonly Rule[]): Kept =>
  keptFor(book, (rule) => (rule.judging.kind === 'confirmed' ? 1 : combinators[rule.judging.kind].daysBack(rule)));

/** Whether a rule must see a patient's past in full, and judges nothing while that is being rebuilt. */
export const needsPast = ({ judging }: Rule): boolean =>
  judging.kind !== 'confirmed' && combinators[judging.kind].needsPast === true;

const strange = (rule: Rule): Error => new Error(`the state of another kind of rule was given to ${rule.rule}`);
