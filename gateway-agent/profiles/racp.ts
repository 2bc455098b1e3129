import { type Answer, decodeAnswer, encodeAbort, encodeCount, encodeReport, type Which } from './racp-frames.ts';

/**
 * The dialogue with which records are fetched from a device's memory, as a pure state machine. A session feeds what happened and does
 * what each step says: write these bytes (with response) to the control point, and, unless something happens before, feed `late` after
 * `waitMs`. The step that holds an `outcome` is the last.
 *
 *   ask how many → ask for them → records … → final answer
 *
 * Only what is new is fetched: from the last known record on, which is asked for again as a witness. When it comes back as it was, the
 * numbering still stands; when it does not, the memory was cleared or the numbering has begun anew, and everything is fetched (what
 * is known already is recognised by the outbox). Where only the witness comes, the device is asked which record it made last: a meter that lost its
 * battery may number from 1 again and still hold the old ones, with higher numbers than any new one will have for long. Before the first write: bonded, and notifications and indications asked for.
 *
 * A whole memory whose fetch broke off leaves a run of records that came one after the other. The next fetch asks the device whether it holds
 * any below that run, and if not, goes on from its end instead of from the beginning.
 *
 * The session keeps `outcome.cursor` and `outcome.run` only after every record it has fed is on disk. A record that was lost on the way is never skipped: the
 * cursor does not move past a gap unless the device itself said that this was all and as many came as it had counted. One that measures meanwhile
 * is asked afterwards how many it holds by now: what it has told by itself must not stand in for what was lost.
 */
export type Cursor = {
  /** Of the newest record below which nothing is missing. */
  number: number;
  /** Its identity besides the number, such as its base time: tells a new numbering from the old. */
  witness: string;
};

/** Records of which none is missing in between, while nobody knows of those below. */
export type Run = { low: Cursor; high: Cursor };

export type Goal = {
  cursor?: Cursor;
  /** Of the fetch before, where that left no cursor. */
  run?: Run;
  /** From one record to the next: 1 for sequence numbers, the minutes of its interval for a CGM. */
  spacing?: number;
  /** The device tells what it measures meanwhile, too. */
  live?: boolean;
};

export type Happening =
  /** A record arrived. `torn`: without what it had announced to belong to it. */
  | ({ is: 'record' } & Arrival)
  /** The control point indicated. */
  | { is: 'answer'; bytes: Uint8Array }
  /** The write was refused with this ATT error. */
  | { is: 'refused'; att: number }
  | { is: 'late' }
  /** The session wants to leave. */
  | { is: 'leave' }
  | { is: 'link-lost' };

type Arrival = Cursor & { torn?: boolean };
/** The last one, and those before it: many are added one by one, and none is ever changed. */
type Arrivals = { last: Arrival; before: Arrivals | undefined; count: number };

export type Step = { state: State; write?: Uint8Array; waitMs?: number; outcome?: Outcome };

/**
 * `complete`: the device said that this was all. `incomplete`: broken off or something missing; what came is good, and the rest is asked
 * for next time. `refused`: the device will not be asked, and why. `records`: that came in the last asking. `cursor`: to be kept in place of the
 * one before; absent, there is nothing to stand on, and the next fetch asks for everything.
 */
export type Outcome = {
  end: 'complete' | 'incomplete' | 'refused';
  why: string;
  records: number;
  cursor?: Cursor;
  run?: Run;
};

export const racpLimits = {
  /** For any answer, and between two records: the profile's procedure time-out. */
  answerMs: 30_000,
  /** A busy server, or a procedure somebody else has under way, is asked again after so long, so many times. */
  busyMs: 2_000,
  busyTries: 5,
  /** Records of one fetch that are kept count of; a u16 cannot number more. */
  records: 65_536,
} as const;

export type State = {
  goal: Goal;
  phase: 'surveying' | 'counting' | 'fetching' | 'recounting' | 'looking' | 'resting' | 'aborting' | 'over';
  /** What is being asked for. `resting` goes back to it. */
  which: Which;
  counted?: number;
  /** While surveying: how many it holds in all. */
  total?: number;
  arrivals: Arrivals | undefined;
  busy: number;
  resume: 'counting' | 'fetching';
  /** Why an abort was asked for. */
  why: string;
};

export function beginFetch(goal: Goal): Step {
  const which: Which = goal.cursor ? { from: goal.cursor.number } : 'all';
  const state: State = { goal, phase: 'counting', which, arrivals: undefined, busy: 0, resume: 'counting', why: '' };
  if (goal.cursor || !goal.run) return count(state);
  return { state: { ...state, phase: 'surveying' }, write: encodeCount('all'), waitMs: racpLimits.answerMs };
}

export function next(state: State, happening: Happening): Step {
  if (state.phase === 'over') return { state };
  switch (happening.is) {
    case 'record':
      return record(state, happening);
    case 'answer': {
      const answer = decodeAnswer(happening.bytes);
      // an answer that does not conform answers nothing: go on waiting, the deadline will tell
      return 'fault' in answer ? wait(state) : answered(state, answer.said);
    }
    case 'refused':
      return refused(state, happening.att);
    case 'late':
      return late(state);
    case 'leave':
      return state.phase === 'aborting' ? wait(state) : abort(state, 'left');
    case 'link-lost':
      return over(state, 'incomplete', 'link-lost');
  }
}

const wait = (state: State): Step => ({ state, waitMs: racpLimits.answerMs });

const count = (state: State): Step => ({
  state: { ...state, phase: 'counting' },
  write: encodeCount(state.which),
  waitMs: racpLimits.answerMs,
});

const fetch = (state: State): Step => ({
  state: { ...state, phase: 'fetching' },
  write: encodeReport(state.which),
  waitMs: racpLimits.answerMs,
});

const recount = (state: State): Step => ({
  state: { ...state, phase: 'recounting' },
  write: encodeCount(state.which),
  waitMs: racpLimits.answerMs,
});

const look = (state: State): Step => ({
  state: { ...state, phase: 'looking' },
  write: encodeReport('last'),
  waitMs: racpLimits.answerMs,
});

/** Another than the witness was made last: the numbering has begun anew, below it. A device that knows no "last" brings none. */
const looked = (state: State): Step => (hasOnlyWitness(state) ? concluded(state) : fetchAll(state));

const hasOnlyWitness = (state: State): boolean => arrivalsIn(state).every((one) => isSame(one, state.goal.cursor));

const concluded = (state: State): Step =>
  missing(state) ? over(state, 'incomplete', 'fewer-than-counted') : over(state, 'complete', 'success');

/** The numbering has begun anew, or the device knows no "from": everything, once. */
const fetchAll = (state: State): Step => count({ ...state, which: 'all', counted: undefined, arrivals: undefined });

const abort = (state: State, why: string): Step => ({
  state: { ...state, phase: 'aborting', why },
  write: encodeAbort(),
  waitMs: racpLimits.answerMs,
});

const rest = (state: State): Step =>
  state.busy >= racpLimits.busyTries
    ? over(state, 'incomplete', 'busy')
    : {
        state: {
          ...state,
          phase: 'resting',
          busy: state.busy + 1,
          resume: state.phase === 'counting' ? 'counting' : 'fetching',
        },
        waitMs: racpLimits.busyMs,
      };

function record(state: State, { number, witness, torn }: Arrival): Step {
  const count = 1 + arrived(state);
  if (count > racpLimits.records) return wait(state);
  const last = { number, witness, ...(torn ? { torn } : {}) };
  return wait({ ...state, arrivals: { last, before: state.arrivals, count } });
}

const arrived = ({ arrivals }: State): number => arrivals?.count ?? 0;

/** In the order in which they came. */
function arrivalsIn(state: State): Arrival[] {
  const all: Arrival[] = [];
  for (let rest = state.arrivals; rest; rest = rest.before) all.push(rest.last);
  return all.reverse();
}

function answered(state: State, answer: Answer): Step {
  if (state.phase === 'surveying') return surveyed(state, answer);
  if (state.phase === 'recounting')
    return concluded(answer.is === 'count' ? { ...state, counted: answer.count } : state);
  if (state.phase === 'looking')
    return answer.is === 'response' && answer.to === 'report' ? looked(state) : wait(state);
  if (answer.is === 'count') {
    if (state.phase !== 'counting') return wait(state);
    // nothing from the known record on, not even that one
    if (answer.count === 0) return isPartial(state) ? fetchAll(state) : over(state, 'complete', 'no-records');
    return fetch({ ...state, counted: answer.count });
  }
  if (state.phase === 'aborting') return answer.to === 'abort' ? over(state, 'incomplete', state.why) : wait(state);
  if (answer.to === 'count' && state.phase === 'counting') return countRefused(state, answer.response);
  if (answer.to === 'report' && state.phase === 'fetching') return fetched(state, answer.response);
  return wait(state);
}

/** As many from the run's beginning on as in all: there is none below it. */
function surveyed(state: State, answer: Answer): Step {
  const { run } = state.goal;
  if (answer.is !== 'count' || !run) return fetchAll(state);
  if (state.total === undefined) {
    const write = encodeCount({ from: run.low.number });
    return { state: { ...state, total: answer.count }, write, waitMs: racpLimits.answerMs };
  }
  if (answer.count !== state.total) return fetchAll(state);
  return count({ ...state, goal: { ...state.goal, cursor: run.high }, which: { from: run.high.number } });
}

type Code = (Answer & { is: 'response' })['response'];

/** Not every device counts, and none has to. */
function countRefused(state: State, code: Code): Step {
  if (code === 'server-busy') return rest(state);
  if (code === 'no-records') return isPartial(state) ? fetchAll(state) : over(state, 'complete', code);
  return fetch(state);
}

function fetched(state: State, code: Code): Step {
  switch (code) {
    case 'success':
      if (isPartial(state) && !witnessed(state)) return fetchAll(state);
      if (isPartial(state) && !state.goal.live && hasOnlyWitness(state)) return look(state);
      return state.goal.live && state.counted !== undefined && !missing(state) ? recount(state) : concluded(state);
    case 'no-records':
      return isPartial(state) ? fetchAll(state) : over(state, 'complete', code);
    case 'server-busy':
      return rest(state);
    case 'not-completed':
      return over(state, 'incomplete', code);
    default:
      // it knows no "from"
      return isPartial(state) ? fetchAll(state) : over(state, 'refused', code);
  }
}

/** ATT errors of the procedure. Source: Bluetooth Core Specification Supplement (0xFD, 0xFE); older profiles (0x80, 0x81). */
const inProgress = [0x80, 0xfe];
const notSubscribed = [0x81, 0xfd];

function refused(state: State, att: number): Step {
  if (state.phase === 'aborting') return over(state, 'incomplete', state.why);
  if (state.phase === 'recounting' || state.phase === 'looking') return concluded(state);
  if (inProgress.includes(att) && state.phase !== 'surveying') return rest(state);
  return over(state, 'refused', notSubscribed.includes(att) ? 'not-subscribed' : 'att-error');
}

function late(state: State): Step {
  if (state.phase === 'resting') return state.resume === 'counting' ? count(state) : fetch(state);
  if (state.phase === 'aborting') return over(state, 'incomplete', state.why);
  if (state.phase === 'surveying') return fetchAll(state);
  if (state.phase === 'recounting' || state.phase === 'looking') return concluded(state);
  // a device that does not know how to count may not even say so
  if (state.phase === 'counting' && arrived(state) === 0 && state.busy === 0)
    return fetch({ ...state, busy: state.busy + 1 });
  return abort(state, 'late');
}

const isPartial = (state: State): boolean => typeof state.which === 'object';

/** The last known record came again as it was. */
const witnessed = (state: State): boolean => arrivalsIn(state).some((one) => isSame(one, state.goal.cursor));

const isSame = (one: Cursor, other: Cursor | undefined): boolean =>
  one.number === other?.number && one.witness === other.witness;

/** Fewer than counted, or one without what belongs to it. Of the one that was known before, only that it is still there counts. */
function missing(state: State): boolean {
  const { counted, goal } = state;
  const all = arrivalsIn(state);
  const nameOf = ({ number, witness }: Cursor) => `${number} ${witness}`;
  const whole = new Set(all.filter((one) => !one.torn || isSame(one, goal.cursor)).map(nameOf));
  if (all.some((one) => !whole.has(nameOf(one)))) return true;
  return counted !== undefined && whole.size < counted;
}

function over(state: State, end: Outcome['end'], why: string): Step {
  const cursor = end === 'complete' ? newest(state) : unbroken(state);
  const run = cursor || end === 'complete' ? undefined : runOf(state);
  return {
    state: { ...state, phase: 'over' },
    outcome: { end, why, records: arrived(state), ...(cursor ? { cursor } : {}), ...(run ? { run } : {}) },
  };
}

/** After all there was: its highest number; where there was nothing, the device's memory is empty and nothing is known of it. */
function newest(state: State): Cursor | undefined {
  const best = arrivalsIn(state).reduce<Cursor | undefined>(
    (best, one) => (best && best.number >= one.number ? best : one),
    undefined,
  );
  return best && { number: best.number, witness: best.witness };
}

/** After a part: as far as nothing is missing after the witness. */
const unbroken = (state: State): Cursor | undefined =>
  state.goal.cursor && witnessed(state) ? highestFrom(state, state.goal.cursor) : state.goal.cursor;

/** Devices send the oldest first. Of one that does not, the run holds the newest only, and the next survey finds more below. */
function runOf(state: State): Run | undefined {
  const low = arrivalsIn(state).find((one) => !one.torn);
  return low ? { low, high: highestFrom(state, low) } : state.goal.run;
}

function highestFrom(state: State, start: Cursor): Cursor {
  const spacing = state.goal.spacing ?? 1;
  const byNumber = new Map(arrivalsIn(state).flatMap((one) => (one.torn ? [] : [[one.number, one] as const])));
  let last = start;
  for (let one = byNumber.get(last.number + spacing); one; one = byNumber.get(last.number + spacing)) last = one;
  return last;
}
