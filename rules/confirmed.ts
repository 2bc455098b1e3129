import { z } from 'zod';
import { lateAfterMs } from '#domain/admission.ts';
import { Evidence, Severity } from '#domain/alert.ts';
import { DeviceId, ReadingId, SourceId } from '#domain/ids.ts';
import { artefactMarks, vitalIn } from '#domain/reading.ts';
import { Words } from '#domain/words.ts';
import { explainConfirmed, explainLate, explainUnanswered, withLatest } from './explain.ts';
import { type Grade, gradeOf, type Limit, limitsOf } from './limits.ts';
import type { Effect, Ground, Happening, JudgedReading, Judgement, Rule } from './rule.ts';

/**
 * "Never alarm on one reading, and never lose one": a value beyond a limit asks for a second measurement and starts a countdown
 * at the moment the server heard it. What follows is a function of the set of recent readings, not of the order they came in:
 * - two values beyond, far enough apart to be two measurements, raise the alert;
 * - a value better than the limit by the margin, taken after, calls the countdown off;
 * - if neither comes in time, the first value raises the alert by itself (or is forgotten, as the rule says).
 * A reading with an artefact mark asks to measure again and takes no other part. A late one raises a routine alert at most.
 */

/** A clean, live reading of the last minutes. `used`: it has been evidence already and counts towards nothing new. */
const Kept = z.object({
  evidence: Evidence,
  device: DeviceId,
  source: SourceId,
  receivedAt: z.number(),
  used: z.boolean(),
  asked: z.boolean(),
});
type Kept = z.infer<typeof Kept>;

export const ConfirmedMemory = z.object({
  kind: z.literal('confirmed'),
  kept: z.array(Kept),
  countdown: z.object({ first: ReadingId, at: z.number() }).nullable(),
  /**
   * The open episode; `from` is when its first value beyond the limit was taken. While its severity is less than the rule's
   * (raised by a late reading, or grown old), what is confirmed is raised anew.
   */
  episode: z.object({ severity: Severity, opening: Words, from: z.number() }).nullable(),
  /** The first 16 digits of the ids of readings beyond the limit: cuffs replay their memory days later. */
  known: z.array(z.string()),
});
export type ConfirmedMemory = z.infer<typeof ConfirmedMemory>;

/** One patient's readings of half an hour; more come only from a device gone wild. */
const keptAtMost = 24;
/** Two severe values a day for three months; a cuff holds fewer. */
const knownAtMost = 200;

/** The rule as it stands for one patient. */
type Terms = {
  rule: Rule;
  parameters: Record<string, number>;
  limits: Limit[];
  marginMmHg: number;
  windowMs: number;
  gapMs: number;
  unanswered: 'raise' | 'forget';
};

const termsOf = (rule: Rule, parameters: Record<string, number>): Terms => ({
  rule,
  parameters,
  limits: limitsOf(rule, parameters),
  marginMmHg: parameters['recovery-margin'] ?? 0,
  windowMs: 1000 * (parameters['confirm-within-seconds'] ?? 300),
  gapMs: 1000 * (parameters['min-gap-seconds'] ?? 30),
  unanswered: rule.judging.kind === 'confirmed' ? rule.judging.unanswered : 'raise',
});

export function confirmed(
  rule: Rule,
  parameters: Record<string, number>,
  before: ConfirmedMemory,
  happening: Happening,
  now: number,
): Judgement<ConfirmedMemory> {
  // a window that was over when this was heard is judged as over, however late we come to judge
  const lapsed = before.countdown !== null && before.countdown.at <= now;
  if (!lapsed && changesNothing(before, happening)) return { memory: before, effects: [] };
  const terms = termsOf(rule, parameters);
  const memory: ConfirmedMemory = {
    ...before,
    kept: before.kept.map((k) => ({ ...k })),
    episode: before.episode && { ...before.episode },
  };
  const effects: Effect[] = [];
  if (lapsed) lapse(terms, memory, effects);
  if (happening.kind === 'reading') take(terms, memory, effects, happening.reading, now);
  // its readings stay used: only new ones may open the next episode; a countdown under way goes on
  if (happening.kind === 'resolved') memory.episode = null;
  // what is confirmed from now on is raised, and joins no more in silence
  if (happening.kind === 'grown-old' && memory.episode) memory.episode.severity = 'routine';
  return { memory, effects };
}

function changesNothing(memory: ConfirmedMemory, happening: Happening): boolean {
  if (happening.kind === 'reading') return isKnown(memory, happening.reading);
  return happening.kind === 'lapse' || (happening.kind === 'grown-old' && memory.episode?.severity === 'routine');
}

const shortId = (evidence: Evidence): string => evidence.reading.slice(0, 16);

const isKnown = (memory: ConfirmedMemory, { evidence }: JudgedReading): boolean =>
  memory.known.includes(shortId(evidence)) || memory.kept.some((k) => k.evidence.reading === evidence.reading);

function take(terms: Terms, memory: ConfirmedMemory, effects: Effect[], reading: JudgedReading, now: number): void {
  const { evidence, device, source } = reading;
  if (isKnown(memory, reading)) return;
  const grade = grading(terms, evidence);
  if (grade === 'beyond') memory.known = [...memory.known, shortId(evidence)].slice(-knownAtMost);

  if (evidence.marks.some((mark) => artefactMarks.includes(mark))) {
    if (grade === 'beyond' && !reading.late)
      effects.push({ kind: 'measure-again', device, source, by: now + terms.windowMs });
    return;
  }
  if (reading.late) {
    if (grade === 'beyond') takeLate(terms, memory, effects, evidence, now);
    return;
  }
  const oldest = now - lateAfterMs - 2 * terms.windowMs;
  // the value that is being counted down is never pushed out
  const counted = (k: Kept) => k.evidence.reading === memory.countdown?.first;
  const others = memory.kept.filter((k) => !counted(k) && k.receivedAt >= oldest).slice(1 - keptAtMost);
  const fresh = { evidence, device, source, receivedAt: now, used: false, asked: false };
  memory.kept = [...memory.kept.filter(counted), ...others, fresh];
  settle(terms, memory, effects);
}

function takeLate(terms: Terms, memory: ConfirmedMemory, effects: Effect[], evidence: Evidence, now: number): void {
  if (terms.unanswered === 'forget') return;
  const explanation = explainLate(terms.rule, terms.parameters, evidence, now);
  if (memory.episode) {
    effects.push({ kind: 'join', evidence: [evidence], explanation: null });
    return;
  }
  memory.episode = { severity: 'routine', opening: explanation, from: Date.parse(evidence.takenAt) };
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
function settle(terms: Terms, memory: ConfirmedMemory, effects: Effect[]): void {
  const beyond = memory.kept.filter((k) => isWorry(terms, k));
  if (memory.episode?.severity === terms.rule.severity) {
    joinEpisode(terms, memory, effects, beyond);
    return;
  }
  if (beyond.some((a, i) => beyond.slice(i + 1).some((b) => confirms(terms, a, b)))) {
    raise(terms, memory, effects, 'confirmed');
    return;
  }

  const [first] = beyond
    .filter((k) => !isReassured(terms, memory, k))
    .sort((a, b) => a.receivedAt - b.receivedAt || takenAt(a) - takenAt(b) || (idOf(a) < idOf(b) ? -1 : 1));
  if (!first) {
    memory.countdown = null;
    return;
  }
  if (memory.countdown?.first === idOf(first)) return;
  const at = first.receivedAt + terms.windowMs;
  memory.countdown = { first: idOf(first), at };
  effects.push({ kind: 'countdown', at });
  if (!first.asked) {
    first.asked = true;
    effects.push({ kind: 'measure-again', device: first.device, source: first.source, by: at });
  }
}

function lapse(terms: Terms, memory: ConfirmedMemory, effects: Effect[]): void {
  const at = memory.countdown?.at ?? 0;
  memory.countdown = null;
  if (terms.unanswered === 'raise') {
    // a care plan that changed meanwhile may have left nothing to worry about
    if (memory.kept.some((k) => isWorry(terms, k))) raise(terms, memory, effects, 'unanswered');
    return;
  }
  for (const k of memory.kept) if (k.receivedAt + terms.windowMs <= at) k.used = true;
  settle(terms, memory, effects);
}

function raise(terms: Terms, memory: ConfirmedMemory, effects: Effect[], ground: Ground): void {
  const beyond = memory.kept.filter((k) => isWorry(terms, k));
  const from = Math.min(...beyond.map(takenAt));
  const evidence = use(memory, from);
  const explain = ground === 'confirmed' ? explainConfirmed : explainUnanswered;
  const opening = explain(terms.rule, terms.parameters, evidence);
  memory.countdown = null;
  memory.episode = { severity: terms.rule.severity, opening, from };
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
function joinEpisode(terms: Terms, memory: ConfirmedMemory, effects: Effect[], beyond: Kept[]): void {
  if (!memory.episode) return;
  memory.countdown = null;
  memory.episode.from = Math.min(memory.episode.from, ...beyond.map(takenAt));
  const evidence = use(memory, memory.episode.from);
  if (evidence.length === 0) return;
  const last = memory.kept.filter((k) => k.used).reduce((a, b) => (takenAt(b) > takenAt(a) ? b : a));
  const grade = grading(terms, last.evidence);
  effects.push({
    kind: 'join',
    evidence,
    explanation: withLatest(memory.episode.opening, last.evidence, grade, terms.parameters),
  });
}

/** Marks what was taken since `from` as used and answers it, oldest first. */
function use(memory: ConfirmedMemory, from: number): Evidence[] {
  const fresh = memory.kept.filter((k) => !k.used && takenAt(k) >= from);
  for (const k of fresh) k.used = true;
  return fresh.sort((a, b) => takenAt(a) - takenAt(b) || (idOf(a) < idOf(b) ? -1 : 1)).map((k) => k.evidence);
}

/** Two measurements, near enough to speak of one state: by when they were taken, or by when we heard of them. */
function confirms(terms: Terms, a: Kept, b: Kept): boolean {
  const takenApart = Math.abs(takenAt(a) - takenAt(b));
  return (
    takenApart >= terms.gapMs &&
    (takenApart <= terms.windowMs || Math.abs(a.receivedAt - b.receivedAt) <= terms.windowMs)
  );
}

const isReassured = (terms: Terms, memory: ConfirmedMemory, worry: Kept): boolean =>
  memory.kept.some((k) => takenAfter(worry, k) >= terms.gapMs && grading(terms, k.evidence) === 'within');

/** Two devices may disagree about the time: then a reading counts as taken when it was heard, at the latest. */
const takenAfter = (a: Kept, b: Kept): number =>
  a.device === b.device
    ? takenAt(b) - takenAt(a)
    : Math.min(takenAt(b), b.receivedAt) - Math.min(takenAt(a), a.receivedAt);

/** Beyond the limit, and not yet evidence of anything. */
const isWorry = (terms: Terms, k: Kept): boolean => !k.used && grading(terms, k.evidence) === 'beyond';

const grading = (terms: Terms, evidence: Evidence): Grade =>
  gradeOf(terms.limits, terms.marginMmHg, (vital) => vitalIn(evidence, vital));

const takenAt = (k: Kept): number => Date.parse(k.evidence.takenAt);
const idOf = (k: Kept): ReadingId => k.evidence.reading;
