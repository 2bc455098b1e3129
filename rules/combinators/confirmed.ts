import type { Evidence } from '#domain/alert.ts';
import type { DeviceId, SourceId } from '#domain/ids.ts';
import { artefactMarks, vitalIn } from '#domain/reading.ts';
import { isContinuous } from '#domain/vitals.ts';
import type { History } from '../history/history.ts';
import { takenAt as takenIn } from '../history/history-records.ts';
import { type Grade, gradeOf } from '../limits.ts';
import type { Effect, Ground, Happening, JudgedReading } from '../rule.ts';
import type { Terms } from '../terms.ts';
import { explainConfirmed, explainLate, explainUnanswered, withLatest } from '../words/explain.ts';
import {
  type ConfirmedState,
  idOf,
  isKnown,
  type Kept,
  keep,
  know,
  measuresAny,
  oldestKept,
  takenAt,
  timesOf,
  use,
} from './confirmed-state.ts';

/**
 * "Never alarm on one reading, and never lose one": a value beyond a limit asks for a second measurement and starts a countdown
 * at the moment the server heard it. What follows is a function of the set of recent readings, not of the order they came in:
 * - two values beyond, far enough apart to be two measurements, raise the alert;
 * - a value better than the limit by the margin, taken after, calls the countdown off;
 * - if neither comes in time, the first value raises the alert by itself (or is forgotten, as the rule says).
 * A reading with an artefact mark asks to measure again and takes no other part. A late one raises a routine alert at most, and says of an
 * open episode that the trouble was over where nothing newer is known.
 * What is worn is asked nothing: its next sample comes by itself.
 *
 * Parameters: limits…, confirm-within-seconds, min-gap-seconds, recovery-margin.
 *
 * As long as nothing is beyond a limit there is no state at all: what came before the first such value is taken from the history.
 */

export function confirmed(
  terms: Terms,
  history: History,
  before: ConfirmedState | undefined,
  happening: Happening,
  now: number,
): { state: ConfirmedState; effects: Effect[] } | undefined {
  // a window that was over when this was heard is judged as over, however late we come to judge
  const lapsed = before?.countdown != null && before.countdown.at <= now;
  if (!lapsed && changesNothing(terms, before, happening, oldestKept(terms, now))) return undefined;
  const state: ConfirmedState = before
    ? { ...before, kept: before.kept.map((k) => ({ ...k })), episode: before.episode && { ...before.episode } }
    : { kind: 'confirmed', kept: [], countdown: null, episode: null, known: [] };
  const effects: Effect[] = [];
  if (lapsed) lapse(terms, state, effects);
  if (happening.kind === 'reading') take(terms, history, state, effects, happening.reading, now);
  // its readings stay used: only new ones may open the next episode; a countdown under way goes on
  if (happening.kind === 'resolved') state.episode = null;
  // what is confirmed from now on is raised, and joins no more in silence
  if (happening.kind === 'grown-old' && state.episode) state.episode.severity = 'routine';
  return { state, effects };
}

/** @param oldest what was received before plays no part any more. */
function changesNothing(
  terms: Terms,
  state: ConfirmedState | undefined,
  happening: Happening,
  oldest: number,
): boolean {
  switch (happening.kind) {
    case 'reading': {
      const { evidence } = happening.reading;
      if (!measuresAny(terms, evidence)) return true;
      const idle = !state || (!state.countdown && !state.episode && state.kept.every((k) => k.receivedAt < oldest));
      if (idle && grading(terms, evidence) !== 'beyond') return true;
      return state !== undefined && isKnown(state, happening.reading);
    }
    case 'grown-old':
      return !state?.episode || state.episode.severity === 'routine';
    case 'resolved':
      return !state?.episode;
    default:
      return true;
  }
}

/** What becomes of a first value when nothing decides. */
const isRaisedUnanswered = ({ rule }: Terms): boolean =>
  rule.judging.kind === 'confirmed' && rule.judging.unanswered === 'raise';

function take(
  terms: Terms,
  history: History,
  state: ConfirmedState,
  effects: Effect[],
  reading: JudgedReading,
  now: number,
): void {
  const { evidence, device, source } = reading;
  if (isKnown(state, reading)) return;
  const grade = grading(terms, evidence);
  if (grade === 'beyond') know(state, evidence);

  if (evidence.marks.some((mark) => artefactMarks.includes(mark))) {
    if (grade === 'beyond' && !reading.late) askAgain(effects, evidence, device, source, now + timesOf(terms).windowMs);
    return;
  }
  if (reading.late) {
    if (grade === 'beyond') takeLate(terms, state, effects, evidence, now);
    if (grade === 'within') recoverLate(terms, history, state, effects, evidence);
    return;
  }
  keep(terms, history, state, reading, now);
  settle(terms, state, effects);
}

function askAgain(effects: Effect[], { panel }: Evidence, device: DeviceId, source: SourceId, by: number): void {
  if (!isContinuous(panel)) effects.push({ kind: 'measure-again', device, source, by });
}

function takeLate(terms: Terms, state: ConfirmedState, effects: Effect[], evidence: Evidence, now: number): void {
  if (!isRaisedUnanswered(terms)) return;
  const explanation = explainLate(terms.rule, terms.parameters, evidence, now);
  if (state.episode) {
    effects.push({ kind: 'join', evidence: [evidence], explanation: null, standing: 'beyond' });
    return;
  }
  state.episode = { severity: 'routine', opening: explanation, from: Date.parse(evidence.takenAt) };
  effects.push({
    kind: 'raise',
    severity: 'routine',
    ground: 'late',
    pages: false,
    evidence: [evidence],
    explanation,
    tasks: [lateTask],
  });
}

/** What lay in a gateway that was away: beyond the limit again after this, the patient is in a new crisis. */
function recoverLate(
  terms: Terms,
  history: History,
  state: ConfirmedState,
  effects: Effect[],
  evidence: Evidence,
): void {
  const taken = Date.parse(evidence.takenAt);
  if (!state.episode || taken < state.episode.from || !isNewest(terms, history, taken)) return;
  know(state, evidence);
  const explanation = withLatest(terms.rule, state.episode.opening, evidence, 'within');
  effects.push({ kind: 'join', evidence: [evidence], explanation, standing: 'within' });
}

const isNewest = ({ rule }: Terms, history: History, taken: number): boolean =>
  rule.panels.every((panel) => {
    const records = history.panels.get(panel)?.records;
    return !records || records.count === 0 || takenIn(records, records.count - 1) <= taken;
  });

const lateTask = {
  kind: 'measure-again',
  role: 'nurse',
  dueAfterMinutes: 4 * 60,
  title: {
    en: 'Ask for a fresh measurement: a worrying value arrived late.',
    zh: '请患者重新测量：一条异常数值延迟到达。',
  },
} as const;

/** What the readings at hand amount to. */
function settle(terms: Terms, state: ConfirmedState, effects: Effect[]): void {
  const beyond = state.kept.filter((k) => isWorry(terms, k));
  if (state.episode?.severity === terms.rule.severity) {
    joinEpisode(terms, state, effects, beyond);
    return;
  }
  if (beyond.some((a, i) => beyond.slice(i + 1).some((b) => confirms(terms, a, b)))) {
    raise(terms, state, effects, 'confirmed');
    return;
  }

  const [first] = beyond
    .filter((k) => !isReassured(terms, state, k))
    .sort((a, b) => a.receivedAt - b.receivedAt || takenAt(a) - takenAt(b) || (idOf(a) < idOf(b) ? -1 : 1));
  if (!first) {
    state.countdown = null;
    return;
  }
  if (state.countdown?.first === idOf(first)) return;
  const at = first.receivedAt + timesOf(terms).windowMs;
  state.countdown = { first: idOf(first), at };
  effects.push({ kind: 'countdown', at });
  if (!first.asked) {
    first.asked = true;
    askAgain(effects, first.evidence, first.device, first.source, at);
  }
}

function lapse(terms: Terms, state: ConfirmedState, effects: Effect[]): void {
  const at = state.countdown?.at ?? 0;
  state.countdown = null;
  if (isRaisedUnanswered(terms)) {
    // a care plan that changed meanwhile may have left nothing to worry about
    if (state.kept.some((k) => isWorry(terms, k))) raise(terms, state, effects, 'unanswered');
    return;
  }
  for (const k of state.kept) if (k.receivedAt + timesOf(terms).windowMs <= at) k.used = true;
  settle(terms, state, effects);
}

function raise(terms: Terms, state: ConfirmedState, effects: Effect[], ground: Ground): void {
  const beyond = state.kept.filter((k) => isWorry(terms, k));
  const from = Math.min(...beyond.map(takenAt));
  const evidence = use(state, from);
  const explain = ground === 'confirmed' ? explainConfirmed : explainUnanswered;
  const opening = explain(terms.rule, terms.parameters, evidence);
  state.countdown = null;
  state.episode = { severity: terms.rule.severity, opening, from };
  effects.push({
    kind: 'raise',
    severity: terms.rule.severity,
    ground,
    pages: terms.rule.pages,
    evidence,
    explanation: opening,
    tasks: terms.rule.tasks,
  });
}

/** Everything taken since the trouble began belongs to the episode, better values too: a person must see how it went on. */
function joinEpisode(terms: Terms, state: ConfirmedState, effects: Effect[], beyond: Kept[]): void {
  if (!state.episode) return;
  state.countdown = null;
  state.episode.from = Math.min(state.episode.from, ...beyond.map(takenAt));
  const evidence = use(state, state.episode.from);
  if (evidence.length === 0) return;
  const last = state.kept.filter((k) => k.used).reduce((a, b) => (takenAt(b) > takenAt(a) ? b : a));
  const grade = grading(terms, last.evidence);
  effects.push({
    kind: 'join',
    evidence,
    explanation: withLatest(terms.rule, state.episode.opening, last.evidence, grade),
    standing: grade,
  });
}

/** Two measurements, near enough to speak of one state: by when they were taken, or by when we heard of them. */
function confirms(terms: Terms, a: Kept, b: Kept): boolean {
  const takenApart = Math.abs(takenAt(a) - takenAt(b));
  return (
    takenApart >= timesOf(terms).gapMs &&
    (takenApart <= timesOf(terms).windowMs || Math.abs(a.receivedAt - b.receivedAt) <= timesOf(terms).windowMs)
  );
}

const isReassured = (terms: Terms, state: ConfirmedState, worry: Kept): boolean =>
  state.kept.some((k) => takenAfter(worry, k) >= timesOf(terms).gapMs && grading(terms, k.evidence) === 'within');

/** Two devices may disagree about the time: then a reading counts as taken when it was heard, at the latest. */
const takenAfter = (a: Kept, b: Kept): number =>
  a.device === b.device
    ? takenAt(b) - takenAt(a)
    : Math.min(takenAt(b), b.receivedAt) - Math.min(takenAt(a), a.receivedAt);

/** Beyond the limit, and not yet evidence of anything. */
const isWorry = (terms: Terms, k: Kept): boolean => !k.used && grading(terms, k.evidence) === 'beyond';

const grading = (terms: Terms, evidence: Evidence): Grade =>
  gradeOf(terms.limits, terms.margin, (vital) => vitalIn(evidence, vital));
