import type { Evidence, Severity } from '#domain/alert.ts';
import type { Expectation, Pause } from '#domain/care-plan.ts';
import type { DeviceId, SourceId } from '#domain/ids.ts';
import type { Role } from '#domain/people.ts';
import type { Mark } from '#domain/reading.ts';
import type { RuleEntry } from '#domain/rule-book.ts';
import type { TaskKind } from '#domain/task.ts';
import type { PanelName, VitalName } from '#domain/vitals.ts';
import type { Words } from '#domain/words.ts';
import type { Grade } from './limits.ts';

/**
 * A rule as data. Its limits are those parameters that name a vital sign (`limits` in domain/rule-book.ts): what a chart draws
 * is what judges. `above` means at or above, `below` means strictly below, as the guidelines write it (≥180, <90).
 */
export type Rule = RuleEntry & {
  /** It looks at readings of these panels and at no other; the first is the one it mostly speaks of. */
  panels: readonly [PanelName, ...PanelName[]];
  judging: Judging;
  /** Whether an alert of this rule calls the people on call. A late reading never does, whatever stands here. */
  pages: boolean;
  tasks: readonly TaskWish[];
  /** What whoever is called should do first; stands in every page, so it says nothing of the patient. */
  advice: Words;
};

/**
 * How a rule comes to its judgement: one combinator each, a file of that name under `combinators/`, which documents the names of the
 * parameters it reads. A parameter in brackets may be left out of the rule. `limits…`: every parameter that names a vital sign.
 *
 * An alert of a `routine` rule clears by itself once the trouble is better than its limit by `recovery-margin`; a graver one, and what a second
 * measurement confirmed, says "back inside" and stays for a person. Whatever is found again after a person closed the alert opens it again or a new one (see
 * decide.ts; every rule may have `reopen-within-hours`), the trends (average, change, share, variability, adherence) not before `quiet-days`
 * after they were last told.
 */
export type Judging =
  /**
   * A value beyond a limit asks for a second measurement and starts a countdown. A second value beyond it raises the alert, a
   * clearly better one calls it off. `unanswered`: what becomes of the first value when nothing decides before the window lapses.
   * Parameters: limits…, confirm-within-seconds, min-gap-seconds, recovery-margin.
   */
  | { kind: 'confirmed'; unanswered: 'raise' | 'forget' }
  /**
   * `readings-at-least` of the last `of-last` readings within `within-hours`, each `min-gap-seconds` after the one before, are beyond a
   * limit, or carry one of `marks`: what a device says of itself, so that each panel counts for itself. With `of-last` equal to `readings-at-least` they must follow each other.
   * Parameters: limits… (none with marks), readings-at-least, of-last, within-hours, [min-gap-seconds], [recovery-margin].
   */
  | { kind: 'repeated'; marks?: readonly Mark[] }
  /**
   * Every sample of the last `for-minutes` is beyond a limit, and of as long before as makes `samples-at-least`, and none further than
   * `gap-minutes-at-most` from the next: never over a gap. For what is worn and measures by itself.
   * A step of more than `jump-at-most` in five minutes into it puts it in doubt for `doubtful-for-minutes`.
   * Parameters: limits…, for-minutes, gap-minutes-at-most, samples-at-least, [jump-at-most], [doubtful-for-minutes: 60], [recovery-margin].
   */
  | { kind: 'sustained' }
  /**
   * The average of the last `days` of the patient's days, the first `dropped-days` left out, over `readings-at-least` on
   * `days-at-least`, is beyond a limit; `days-before`: and worse than that of as many days before by `rise-at-least`.
   * Parameters: limits… (of the average), readings-at-least, days-at-least, [days: 7], [dropped-days: 1], [rise-at-least],
   * [recovery-margin], [quiet-days: 7].
   */
  | { kind: 'average'; against: 'limit' | 'days-before' }
  /**
   * The latest value against the median of the `days` before it, each day once, by its own median, and `readings-at-least` of them: up or down
   * by `change-at-least`. With `beyond-at-least` 2 a second measurement must say the same, and the home is asked for it.
   * Parameters: change-at-least, days, readings-at-least, [beyond-at-least: 1], [min-gap-seconds: 30], [recovery-margin], [quiet-days: 0].
   */
  | { kind: 'change'; vital: VitalName; direction: 'up' | 'down' }
  /**
   * Where the samples of the last `over-minutes` are going: the limit is reached within `within-minutes`. `linear`: a straight line
   * through them; `ar2`: the second-order autoregression of Nightscout, for sensor glucose. What is beyond the limit already is no forecast.
   * Parameters: limits…, within-minutes, over-minutes, samples-at-least, gap-minutes-at-most, [jump-at-most], [recovery-margin].
   */
  | { kind: 'forecast'; model: 'linear' | 'ar2' }
  /**
   * The share of samples of the last `days` that lie in the range, above or below it. Trouble: `in` under `share-percent`; `above`,
   * `below` at `share-percent` or over. Only when `coverage-percent` of the window was measured; judged once a day.
   * Parameters: range-low (in, below), range-high (in, above), share-percent, days, coverage-percent, [recovery-margin], [quiet-days: 7].
   */
  | { kind: 'share'; vital: VitalName; of: 'in' | 'above' | 'below' }
  /**
   * Standard deviation, or coefficient of variation in percent, over the last `days` is at `variability-at-least` or over; judged once a day.
   * Parameters: variability-at-least, days, readings-at-least (of a continuous panel: coverage-percent), [recovery-margin], [quiet-days: 7].
   */
  | { kind: 'variability'; vital: VitalName; measure: 'cv' | 'sd' }
  /**
   * The latest values of several vitals, all taken within `within-minutes`, are beyond `limits-at-least` of the limits (all of them
   * unless it stands there). Parameters: limits…, within-minutes, [limits-at-least], [recovery-margin].
   */
  | { kind: 'combination' }
  /**
   * A score such as NEWS2 out of the latest values, all taken within `within-minutes`; incomplete, it is none. Trouble:
   * `score-at-least` in all, or one item alone with `single-at-least`.
   * Parameters: score-at-least, within-minutes, [single-at-least], [recovery-margin: points], and those that lines name.
   */
  | { kind: 'score'; items: readonly ScoreItem[] }
  /**
   * Of what the care plan expects of these panels in the last `days`, less than `adherence-percent` came; on one day no more counts than was
   * expected of it. Judged at a tick of a new day, over whole days, without those on which the patient was paused.
   * Parameters: days, adherence-percent, [recovery-margin: percent], [quiet-days: 7].
   */
  | { kind: 'adherence' }
  /**
   * What the care plan expects of these panels has not come for `missed-at-least` measurements in a row, and `grace-hours`; `cause` says whose
   * silence it is, and must be what a tick says. Judged at a tick; the next reading of the panel ends it.
   * Parameters: missed-at-least, grace-hours, [quiet-days: 1].
   */
  | { kind: 'absence'; cause: Silence };

/** Whose silence it is: nothing of the home is heard; its gateway speaks and this device does not; both speak and nobody measures; ourselves. */
export const silences = ['gateway', 'device', 'patient', 'platform'] as const;
export type Silence = (typeof silences)[number];

/**
 * One line of a score. `vitals`: the latest of any of these counts. `bands` are ascending: the points of the first band whose `upTo` is not
 * less than the value. `when`: the line counts only while all of this holds: a parameter has that value (such as the SpO2 scale of a
 * patient), another vital lies in that range, both ends included (such as the flow of oxygen). A vital that stands in a line that
 * counts, or in a condition, must have been measured: else the score is incomplete.
 */
export type ScoreItem = {
  name: Words;
  vitals: readonly [VitalName, ...VitalName[]];
  bands: readonly { upTo: number; points: number }[];
  when?: readonly ScoreCondition[];
};
export type ScoreCondition = { parameter: string; is: number } | { vital: VitalName; from?: number; upTo?: number };

/** What an alert asks of a person. */
export type TaskWish = { kind: TaskKind; role: Role; dueAfterMinutes: number; title: Words };

/** An admitted reading as rules see it. `day` counts the patient's own calendar days since 1970. */
export type JudgedReading = { evidence: Evidence; device: DeviceId; source: SourceId; late: boolean; day: number };

/** What is expected of a patient. `from`: since when, ms since 1970; what was expected before is nobody's fault. */
export type Expected = { expected: readonly Expectation[]; from: number; pause: Pause | null };

/**
 * `reading`: it stands in the history already. `lapse`: a countdown may be over. `tick`: time has passed, or a history has been
 * rebuilt; `day` is the patient's today, `silence` what the judge knows of the home. `resolved`: the episode has been closed, by a
 * person or by the rule itself. `grown-old`: it is open, but nobody looks after it any more: a new crisis must call again.
 */
export type Happening =
  | { kind: 'reading'; reading: JudgedReading }
  | { kind: 'lapse' }
  | { kind: 'tick'; day: number; silence: Silence | null }
  | { kind: 'resolved' }
  | { kind: 'grown-old' };

/** On what grounds an alert was raised. `late` says what an old reading would have done. */
export const grounds = [
  'confirmed',
  'unanswered',
  'late',
  'repeated',
  'sustained',
  'average',
  'change',
  'forecast',
  'share',
  'variability',
  'combination',
  'score',
  'adherence',
  'absence',
] as const;
export type Ground = (typeof grounds)[number];

export type Effect =
  /** Opens an episode, worsens the one of this problem, or calls anew for one that has grown old. `severity` may be less than the rule's. */
  | {
      kind: 'raise';
      severity: Severity;
      ground: Ground;
      pages: boolean;
      evidence: Evidence[];
      explanation: Words;
      tasks: readonly TaskWish[];
    }
  /**
   * Further readings of an episode that is open; the explanation tells how it stands now, null leaves the words as they are.
   * `standing`: `within` is back inside the limit by the margin, `near` inside it by less.
   */
  | { kind: 'join'; evidence: Evidence[]; explanation: Words | null; standing: Grade }
  /** The problem has gone by itself: closes a routine episode, and no other. */
  | { kind: 'clear' }
  /** Somebody at home should rest and measure once more before `by` (ms since 1970). */
  | { kind: 'measure-again'; device: DeviceId; source: SourceId; by: number }
  /** Ask again at `at` (ms since 1970), by a `lapse`. */
  | { kind: 'countdown'; at: number };
