import { z } from 'zod';
import { lateAfterMs } from '#domain/admission.ts';
import { type Evidence, evidenceAtMost, Severity, severities } from '#domain/alert.ts';
import type { DeviceId, SourceId } from '#domain/ids.ts';
import { artefactMarks, type Mark } from '#domain/reading.ts';
import { isContinuous } from '#domain/vitals.ts';
import { Words } from '#domain/words.ts';
import type { Finding } from '../finding.ts';
import type { History } from '../history/history.ts';
import { momentOf, takenAt } from '../history/history-records.ts';
import type { Effect, Expected, Happening, JudgedReading, Rule } from '../rule.ts';
import { parameterOf, type Terms } from '../terms.ts';
import { withLatest } from '../words/explain.ts';
import { explainFinding } from '../words/explain-findings.ts';

/**
 * The course of an episode, the same for every combinator that judges by looking at the history: what it sees is trouble, well, or neither, and this
 * makes an episode of it. What was in trouble at any moment opens one, so that it does not matter in which order readings came; what
 * clears by itself (a routine rule) is open or not by the last clear verdict.
 */

/** A combinator of this kind: a pure look at the history. */
export type Combinator = {
  /** How it stood at `moment.until`, by what was taken after `moment.since`. Makes no object unless there is trouble. */
  look(terms: Terms, history: History, moment: Moment): Verdict;
  /**
   * Whether this reading, being the newest, can open an episode at all; a cheap question, asked first. `never`: no reading can, time does.
   */
  mayOpen?: 'never' | ((terms: Terms, evidence: Evidence) => boolean);
  /** How many days back it looks at most, whatever a care plan sets within its bounds. */
  daysBack(rule: Rule): number;
  /** It speaks of days and weeks: closed by a person, it is told again after `quiet-days` (this many unless the rule says so) only. */
  quietDays?: number;
  /** It must see the past in full, and does not judge while that is being rebuilt. */
  needsPast?: true;
};

/** `now`, `since`, `until`: ms since 1970. `plan`: what is expected of the patient. */
export type Moment = {
  happening: Happening;
  now: number;
  plan: Expected | undefined;
  since: number;
  until: number;
};

/** `near`: inside the limit by less than the margin. `unclear`: too little to say anything; leaves all as it is. */
export type Verdict = Trouble | Doubt | 'near' | 'unclear' | 'well';
/** `from`, `latest`: when the first and the last of its readings were taken, ms since 1970. */
export type Trouble = { is: 'trouble'; finding: Finding; evidence: Evidence[]; from: number; latest: number };
/** One value alone says so: the home is asked to measure again. */
export type Doubt = { is: 'doubt'; device: DeviceId; source: SourceId; taken: number; withinMs: number };

export const CourseState = z.object({
  kind: z.literal('course'),
  episode: z
    .object({
      severity: Severity,
      opening: Words,
      /** When the first of its readings was taken. */
      from: z.number(),
      standing: z.enum(['beyond', 'near', 'within']),
      /** When the last reading was taken that it has taken up: only what is newer says how it goes on. */
      toldAt: z.number(),
    })
    .nullable(),
  /** When the last reading was taken by which it was raised last; null once it cleared by itself. */
  raisedBy: z.number().nullable(),
  /** What was taken up to then has been closed by a person, and is evidence of nothing new. */
  closedUpTo: z.number().nullable(),
  /** When the measurement was taken for which the home was asked to measure again. */
  asked: z.number().nullable(),
});
export type CourseState = z.infer<typeof CourseState>;
const fresh: CourseState = { kind: 'course', episode: null, raisedBy: null, closedUpTo: null, asked: null };

/** What ended longer ago is in the chart and news to nobody: two days, so that who measures daily may miss one. */
const newsForMs = 48 * 3_600_000;
/** Of what measures all day, an open episode takes up a sample every so often, and every change of how it stands. */
const toldEveryMs = 30 * 60_000;
/** How many readings after the one that came late are looked at. */
const stepsBackAtMost = 64;
const dayMs = 86_400_000;

type Outcome = { state: CourseState; effects: Effect[] } | undefined;

export function course(
  combinator: Combinator,
  terms: Terms,
  history: History,
  before: CourseState | undefined,
  happening: Happening,
  now: number,
  plan: Expected | undefined,
): Outcome {
  switch (happening.kind) {
    case 'lapse':
      return undefined;
    case 'resolved':
      return before?.episode
        ? { state: { ...before, episode: null, closedUpTo: newestIn(terms, history) ?? now }, effects: [] }
        : undefined;
    case 'grown-old':
      return before?.episode && before.episode.severity !== 'routine'
        ? { state: { ...before, episode: { ...before.episode, severity: 'routine' } }, effects: [] }
        : undefined;
    case 'reading':
      if (isNoEvidence(terms, happening.reading)) return undefined;
      if (!before?.episode && isUnremarkable(combinator, terms, history, happening.reading.evidence)) return undefined;
  }
  if (combinator.needsPast && !history.complete) return undefined;
  const moment = { happening, now, plan, since: sinceOf(combinator, before), until: newestIn(terms, history) ?? now };
  const verdict = verdictOf(combinator, terms, history, moment);
  if (isTrouble(verdict)) return trouble(combinator, terms, before, verdict, moment);
  if (isDoubt(verdict)) return doubt(before, verdict, now);
  if (!before?.episode) return undefined;
  if (verdict === 'well' && terms.rule.severity === 'routine')
    return { state: { ...before, episode: null, raisedBy: null }, effects: [{ kind: 'clear' }] };
  if (verdict === 'unclear') return undefined;
  return tell(combinator, terms, before, verdict === 'well' ? 'within' : 'near', moment);
}

/**
 * How it stands. Nearly always that is a look at the end; a reading that came after later ones may change how it stood at each of those.
 */
function verdictOf(combinator: Combinator, terms: Terms, history: History, moment: Moment): Verdict {
  const latest = combinator.look(terms, history, moment);
  if (moment.happening.kind !== 'reading' || isTrouble(latest)) return latest;
  const taken = momentOf(moment.happening.reading.evidence);
  if (taken >= moment.until) return latest;
  const clears = terms.rule.severity === 'routine';
  if (clears && latest === 'well') return latest;
  for (const until of momentsFrom(terms, history, taken, moment.until)) {
    const verdict = combinator.look(terms, history, { ...moment, until });
    if (isTrouble(verdict)) return verdict;
    if (clears && verdict === 'well') return verdict;
  }
  return latest;
}

/** When readings were taken that are older than the newest, back to `taken`. */
function momentsFrom(terms: Terms, history: History, taken: number, newest: number): number[] {
  const moments = new Set<number>();
  for (const panel of terms.rule.panels) {
    const records = history.panels.get(panel)?.records;
    for (let i = (records?.count ?? 0) - 1; records && i >= 0 && takenAt(records, i) >= taken; i--)
      if (takenAt(records, i) < newest) moments.add(takenAt(records, i));
  }
  return [...moments].sort((a, b) => b - a).slice(0, stepsBackAtMost);
}

/** What a trend said before a person closed it is not forgotten by that; it is quiet for a while instead. */
const sinceOf = ({ quietDays }: Combinator, before: CourseState | undefined): number =>
  quietDays === undefined ? (before?.closedUpTo ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY;

function trouble(
  combinator: Combinator,
  terms: Terms,
  state: CourseState = fresh,
  found: Trouble,
  moment: Moment,
): Outcome {
  const { rule } = terms;
  const late = rule.severity !== 'routine' && moment.now - found.latest > lateAfterMs;
  const severity = late ? 'routine' : rule.severity;
  if (state.episode && severities.indexOf(severity) <= severities.indexOf(state.episode.severity))
    return tell(combinator, terms, state, 'beyond', moment);
  if (moment.now - found.latest > newsForMs) return undefined;
  if (!state.episode && state.closedUpTo !== null && found.latest <= state.closedUpTo) return undefined;
  const quietMs = dayMs * parameterOf(terms, 'quiet-days', combinator.quietDays ?? 0);
  if (!state.episode && state.raisedBy !== null && found.latest < state.raisedBy + quietMs) return undefined;
  const evidence = found.evidence.slice(-evidenceAtMost);
  const explanation = explainFinding(
    rule,
    terms.parameters,
    found.finding,
    late ? moment.now - found.latest : undefined,
  );
  return {
    state: {
      ...state,
      episode: {
        severity,
        opening: explanation,
        from: Math.min(found.from, state.episode?.from ?? found.from),
        standing: 'beyond',
        toldAt: moment.until,
      },
      raisedBy: found.latest,
    },
    effects: [
      {
        kind: 'raise',
        severity,
        ground: late ? 'late' : found.finding.ground,
        pages: rule.pages && !late,
        evidence,
        explanation,
        tasks: rule.tasks,
      },
    ],
  };
}

/**
 * How the open episode goes on: by every reading that is newer than all before; of what measures all day or speaks of weeks, by what is news. What
 * comes again, or late into the midst of it, stands in the chart.
 */
function tell(
  combinator: Combinator,
  terms: Terms,
  state: CourseState,
  standing: 'beyond' | 'near' | 'within',
  { happening, until }: Moment,
): Outcome {
  const { episode } = state;
  if (!episode || happening.kind !== 'reading') return undefined;
  const { evidence } = happening.reading;
  const taken = momentOf(evidence);
  if (taken < until || taken <= episode.toldAt) return undefined;
  // what one device says of itself, no reading of another goes on with
  const about = marksOf(terms.rule);
  if (about && !evidence.marks.some((mark) => about.includes(mark))) return undefined;
  if (standing === episode.standing) {
    if (combinator.quietDays !== undefined) return undefined;
    if (isContinuous(evidence.panel) && taken < episode.toldAt + toldEveryMs) return undefined;
  }
  const explanation = withLatest(terms.rule, episode.opening, evidence, standing);
  return {
    state: { ...state, episode: { ...episode, standing, toldAt: taken } },
    effects: [{ kind: 'join', evidence: [evidence], explanation, standing }],
  };
}

function doubt(state: CourseState = fresh, { device, source, taken, withinMs }: Doubt, now: number): Outcome {
  if (state.episode || now - taken > lateAfterMs || (state.asked !== null && taken < state.asked + askedEveryMs))
    return undefined;
  return {
    state: { ...state, asked: taken },
    effects: [{ kind: 'measure-again', device, source, by: now + withinMs }],
  };
}
/** A home is asked for the same thing twice a day at most. */
const askedEveryMs = 12 * 3_600_000;

const isTrouble = (verdict: Verdict): verdict is Trouble => typeof verdict === 'object' && verdict.is === 'trouble';
const isDoubt = (verdict: Verdict): verdict is Doubt => typeof verdict === 'object' && verdict.is === 'doubt';

/** What a rule about the device itself looks for. */
export const marksOf = ({ judging }: Rule): readonly Mark[] | undefined =>
  judging.kind === 'repeated' ? judging.marks : undefined;

/** No later one is changed by it, and it cannot open an episode itself. */
const isUnremarkable = ({ mayOpen }: Combinator, terms: Terms, history: History, evidence: Evidence): boolean =>
  mayOpen === 'never' ||
  (mayOpen !== undefined &&
    !mayOpen(terms, evidence) &&
    momentOf(evidence) >= (newestIn(terms, history) ?? Number.NEGATIVE_INFINITY));

/** Marked as an artefact, and the rule is not about such marks. */
function isNoEvidence({ rule }: Terms, { evidence }: JudgedReading): boolean {
  if (evidence.marks.length === 0) return false;
  const about = marksOf(rule);
  return (
    evidence.marks.some((mark) => artefactMarks.includes(mark)) && !about?.some((mark) => artefactMarks.includes(mark))
  );
}

function newestIn({ rule }: Terms, history: History): number | undefined {
  let newest: number | undefined;
  for (const panel of rule.panels) {
    const records = history.panels.get(panel)?.records;
    if (!records || records.count === 0) continue;
    const taken = takenAt(records, records.count - 1);
    if (newest === undefined || taken > newest) newest = taken;
  }
  return newest;
}
