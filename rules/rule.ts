import type { Evidence, Severity } from '#domain/alert.ts';
import type { DeviceId, SourceId } from '#domain/ids.ts';
import type { Role } from '#domain/people.ts';
import type { RuleEntry } from '#domain/rule-book.ts';
import type { TaskKind } from '#domain/task.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { Words } from '#domain/words.ts';

/**
 * A rule as data. Its limits are those parameters that name a vital sign (`limits` in domain/rule-book.ts): what a chart draws
 * is what judges. `above` means at or above, `below` means strictly below, as the guidelines write it (≥180, <90).
 */
export type Rule = RuleEntry & {
  /** It looks at readings of this panel and at no other. */
  panel: PanelName;
  judging: Judging;
  /** Whether an alert of this rule calls the people on call. A late reading never does, whatever stands here. */
  pages: boolean;
  tasks: readonly TaskWish[];
  /** What whoever is called should do first; stands in every page, so it says nothing of the patient. */
  advice: Words;
};

/** How a rule comes to its judgement; each kind is one file beside this one and brings its own memory. */
export type Judging =
  /**
   * A value beyond a limit asks for a second measurement and starts a countdown. A second value beyond it raises the alert, a
   * clearly better one calls it off. `unanswered`: what becomes of the first value when nothing decides before the window lapses.
   */
  | { kind: 'confirmed'; unanswered: 'raise' | 'forget' }
  /** The average of a week of home readings is beyond a limit and higher than in the week before. */
  | { kind: 'rising-average' };

/** What an alert asks of a person. */
export type TaskWish = { kind: TaskKind; role: Role; dueAfterMinutes: number; title: Words };

/** An admitted reading as rules see it. `day` counts the patient's own calendar days since 1970. */
export type JudgedReading = { evidence: Evidence; device: DeviceId; source: SourceId; late: boolean; day: number };

/**
 * `lapse`: a countdown may be over. `resolved`: the episode of this rule has been closed, by a person or by the rule itself.
 * `grown-old`: it is open, but nobody looks after it any more: a new crisis must call again.
 */
export type Happening =
  | { kind: 'reading'; reading: JudgedReading }
  | { kind: 'lapse' }
  | { kind: 'resolved' }
  | { kind: 'grown-old' };

/** On what grounds an alert was raised. `late` says what an old reading would have done. */
export const grounds = ['confirmed', 'unanswered', 'late', 'average'] as const;
export type Ground = (typeof grounds)[number];

export type Effect =
  | {
      kind: 'raise';
      severity: Severity;
      ground: Ground;
      pages: boolean;
      evidence: Evidence[];
      explanation: Words;
      tasks: readonly TaskWish[];
    }
  /** Further readings of an episode that is open; the explanation tells how it stands now, null leaves the words as they are. */
  | { kind: 'join'; evidence: Evidence[]; explanation: Words | null }
  /** The problem has gone by itself: closes a routine episode, and no other. */
  | { kind: 'clear' }
  /** Somebody at home should rest and measure once more before `by` (ms since 1970). */
  | { kind: 'measure-again'; device: DeviceId; source: SourceId; by: number }
  /** Ask again at `at` (ms since 1970), by a `lapse`. */
  | { kind: 'countdown'; at: number };

export type Judgement<Memory> = { memory: Memory; effects: Effect[] };
